//! The table: a line for each row, a column for each peer, the ratios, the floor.

use super::figures::{Figure, Figures};
use super::{RAW, floors};

/// For the terminal: columns lined up with blanks.
pub(super) fn text(figures: &Figures) -> String {
    let lines = cells(figures);
    let columns = lines[0].len();
    let widths: Vec<usize> = (0..columns)
        .map(|i| lines.iter().map(|line| line[i].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for line in &lines {
        let mut out = String::new();
        for (i, cell) in line.iter().enumerate() {
            let width = widths[i];
            // Names to the left, numbers to the right, the verdict to the left again.
            if i < 2 || i + 2 >= columns {
                out.push_str(&format!("{cell:<width$}  "));
            } else {
                out.push_str(&format!("{cell:>width$}  "));
            }
        }
        text.push_str(out.trim_end());
        text.push('\n');
    }
    text
}

/// For a page: a table in Markdown.
pub(super) fn markdown(figures: &Figures) -> String {
    let lines = cells(figures);
    let mut text = String::new();
    for (i, line) in lines.iter().enumerate() {
        text.push_str(&format!("| {} |\n", line.join(" | ")));
        if i == 0 {
            let numbers = line.len() - 4;
            text.push_str(&format!("|---|---|{}---|---|\n", "--:|".repeat(numbers)));
        }
    }
    text
}

/// For the front page: corio, tokio, and the best of the others by name.
pub(super) fn summary(figures: &Figures) -> String {
    let mut text = String::from("| row | unit | corio | tokio | best other | corio ÷ best |\n");
    text.push_str("|---|---|--:|--:|---|--:|\n");
    for row in figures.rows() {
        let corio = figures.get(row, super::CORIO);
        let best = figures.best(row);
        text.push_str(&format!(
            "| {row} | {} | {} | {} | {} | {} |\n",
            corio.map(|one| one.unit.as_str()).unwrap_or_default(),
            value(corio),
            value(figures.get(row, "tokio")),
            best.map_or_else(
                || "–".to_owned(),
                |one| format!("{} {}", one.peer, number(one.median))
            ),
            ratio(figures.ratio(row, best)),
        ));
    }
    text
}

fn cells(figures: &Figures) -> Vec<Vec<String>> {
    let peers = figures.peers();
    let mut head = vec!["row".to_owned(), "unit".to_owned()];
    head.extend(peers.iter().map(|peer| (*peer).to_owned()));
    head.extend(["÷ best", "÷ tokio", "÷ raw", "floor", ""].map(str::to_owned));
    let mut lines = vec![head];
    for row in figures.rows() {
        let unit = peers.iter().find_map(|peer| figures.get(row, peer));
        let mut line = vec![row.to_owned(), unit.map(|one| one.unit.clone()).unwrap_or_default()];
        line.extend(peers.iter().map(|peer| value(figures.get(row, peer))));
        line.push(ratio(figures.ratio(row, figures.best(row))));
        line.push(ratio(figures.ratio(row, figures.get(row, "tokio"))));
        line.push(ratio(figures.ratio(row, figures.get(row, RAW))));
        line.push(floors::words(row));
        line.push(floors::verdict(figures, row).to_string());
        lines.push(line);
    }
    lines
}

fn value(figure: Option<&Figure>) -> String {
    figure.map_or_else(|| "–".to_owned(), |figure| number(figure.median))
}

/// Three digits that matter: `1.23`, `12.3`, `123`, `12345`.
pub(super) fn number(value: f64) -> String {
    if value < 10.0 {
        format!("{value:.2}")
    } else if value < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

fn ratio(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"))
}

#[cfg(test)]
mod tests {
    use super::super::figures::tests::figures_of;
    use super::*;

    #[test]
    fn the_table_has_values_ratios_and_verdicts() {
        let figures = figures_of(&[
            ("yield_one", "corio", 5.0),
            ("yield_one", "tokio", 100.0),
            ("yield_one", "smol", 20.0),
            ("other", "corio", 12.345),
        ]);
        let expected = "\
| row | unit | corio | tokio | smol | ÷ best | ÷ tokio | ÷ raw | floor |  |
|---|---|--:|--:|--:|--:|--:|--:|---|---|
| yield_one | ns | 5.00 | 100 | 20.0 | 0.25 | 0.05 | – | best × 1, tokio × 0.1 | aim met |
| other | ns | 12.3 | – | – | – | – | – |  |  |
";
        assert_eq!(markdown(&figures), expected);
        let text = text(&figures);
        let second = text.lines().nth(1).unwrap();
        assert!(second.starts_with("yield_one  ns     5.00    100  20.0    0.25"), "{text}");
    }
}
