//! docs/benchmarks.svg: for each row, corio's cost as a part of the best other runtime's.
//!
//! Written by hand, without a library: bars from zero, a line where the best one stands. The colours
//! follow the reader's choice of light or dark.

use std::fmt::Write as _;

use super::figures::Figures;

/// Sizes in pixels.
const LINE: f64 = 22.0;
const BAR: f64 = 14.0;
const NAMES: f64 = 190.0;
const BARS: f64 = 420.0;
const NUMBERS: f64 = 110.0;
const TOP: f64 = 46.0;

/// The ratio at the right edge; a longer bar is cut there and its number says how long it is.
const RATIO_MAX: f64 = 1.5;

const STYLE: &str = "\
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.small { fill: #57606a }
.bar { fill: #2da44e } .over { fill: #cf7a30 }
.best { stroke: #57606a; stroke-width: 1.5 } .grid { stroke: #d0d7de }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .small { fill: #9da7b1 }
.bar { fill: #3fb950 } .over { fill: #e3954a }
.best { stroke: #9da7b1 } .grid { stroke: #30363d }
}";

/// The drawing.
pub(super) fn svg(figures: &Figures) -> String {
    let bars: Vec<(&str, f64, &str)> = figures
        .rows()
        .into_iter()
        .filter_map(|row| {
            let best = figures.best(row)?;
            Some((row, figures.ratio(row, Some(best))?, best.peer.as_str()))
        })
        .collect();
    let width = NAMES + BARS + NUMBERS;
    let bottom = TOP + LINE * bars.len() as f64;
    let height = bottom + 12.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\">\n\
         <title>corio's cost as a part of the best other runtime's</title>\n\
         <style>\n{STYLE}\n</style>\n\
         <text class=\"title\" x=\"8\" y=\"20\">cost, best other runtime = 1 (shorter is better)</text>\n",
    );
    for tick in [0.0, 0.5, 1.0, RATIO_MAX] {
        let x = x_of(tick);
        let class = if tick == 1.0 { "best" } else { "grid" };
        let _ = writeln!(
            svg,
            "<line class=\"{class}\" x1=\"{x}\" y1=\"{TOP}\" x2=\"{x}\" y2=\"{bottom}\"/>\n\
             <text class=\"small\" x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{tick}</text>",
            TOP - 6.0
        );
    }
    for (i, (row, ratio, best)) in bars.iter().enumerate() {
        let y = TOP + LINE * i as f64;
        let (text_y, bar_y) = (y + LINE * 0.7, y + (LINE - BAR) / 2.0);
        let class = if *ratio <= 1.0 { "bar" } else { "over" };
        let long = x_of(ratio.min(RATIO_MAX)) - NAMES;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{text_y}\" text-anchor=\"end\">{row}</text>\n\
             <rect class=\"{class}\" x=\"{NAMES}\" y=\"{bar_y}\" width=\"{long:.1}\" \
             height=\"{BAR}\" rx=\"2\"/>\n\
             <text x=\"{}\" y=\"{text_y}\">{ratio:.2} <tspan class=\"small\">{best}</tspan></text>",
            NAMES - 8.0,
            NAMES + BARS + 6.0,
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn x_of(ratio: f64) -> f64 {
    NAMES + BARS * ratio / RATIO_MAX
}

#[cfg(test)]
mod tests {
    use super::super::figures::tests::figures_of;
    use super::*;

    #[test]
    fn there_is_a_bar_for_each_row_with_a_rival() {
        let figures = figures_of(&[
            ("a", "corio", 1.0),
            ("a", "tokio", 2.0),
            ("b", "corio", 9.0),
            ("b", "smol", 3.0),
            ("c", "corio", 1.0),
        ]);
        let svg = svg(&figures);
        assert_eq!(svg.matches("<rect").count(), 2);
        assert!(svg.contains(">0.50 <tspan class=\"small\">tokio<"));
        assert!(svg.contains("class=\"over\"") && svg.contains(&format!("width=\"{BARS:.1}\"")));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }
}
