//! From samples to figures: medians, and who is best.

use super::plan::column;
use super::{CORIO, RAW};

/// One measurement.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    pub(super) row: String,
    pub(super) peer: String,
    pub(super) unit: String,
    pub(super) value: f64,
}

/// The samples of one row so far.
#[derive(Debug, Default)]
pub(super) struct Samples {
    samples: Vec<Sample>,
}

impl Samples {
    /// Adds what one process printed.
    pub(super) fn extend(&mut self, samples: Vec<Sample>) {
        self.samples.extend(samples);
    }

    /// The figures of it, by peer in the table's order.
    pub(super) fn figures(self) -> Vec<Figure> {
        let mut figures: Vec<Figure> = Vec::new();
        let mut rest = self.samples;
        while let Some(first) = rest.first().cloned() {
            let (same, other): (Vec<Sample>, Vec<Sample>) =
                rest.into_iter().partition(|one| one.row == first.row && one.peer == first.peer);
            rest = other;
            let values: Vec<f64> = same.iter().map(|sample| sample.value).collect();
            figures.push(Figure::new(first, values));
        }
        figures.sort_by_key(|figure| column(&figure.peer));
        figures
    }
}

/// What a row is for one peer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figure {
    pub(super) row: String,
    pub(super) peer: String,
    pub(super) unit: String,
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) n: usize,
}

impl Figure {
    fn new(sample: Sample, mut values: Vec<f64>) -> Figure {
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Figure {
            row: sample.row,
            peer: sample.peer,
            unit: sample.unit,
            median,
            min: values[0],
            max: values[values.len() - 1],
            n: values.len(),
        }
    }

    /// The figure as a line of JSON.
    pub(super) fn json(&self) -> String {
        let Figure { row, peer, unit, median, min, max, n } = self;
        format!(
            r#"{{"row":"{row}","peer":"{peer}","unit":"{unit}","median":{median:.3},"min":{min:.3},"max":{max:.3},"n":{n}}}"#
        )
    }
}

/// All figures of a run.
#[derive(Debug, Default)]
pub(super) struct Figures {
    figures: Vec<Figure>,
}

impl Figures {
    /// Adds one.
    pub(super) fn push(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// The rows, in the order they came.
    pub(super) fn rows(&self) -> Vec<&str> {
        let mut rows: Vec<&str> = Vec::new();
        for figure in &self.figures {
            if !rows.contains(&figure.row.as_str()) {
                rows.push(&figure.row);
            }
        }
        rows
    }

    /// The peers that have a figure, in the table's order.
    pub(super) fn peers(&self) -> Vec<&str> {
        let mut peers: Vec<&str> = Vec::new();
        for figure in &self.figures {
            if !peers.contains(&figure.peer.as_str()) {
                peers.push(&figure.peer);
            }
        }
        peers.sort_by_key(|peer| column(peer));
        peers
    }

    /// The figure of `peer` in `row`.
    pub(super) fn get(&self, row: &str, peer: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.row == row && figure.peer == peer)
    }

    /// The best of the other runtimes in `row`: the smallest, for every row counts a cost. The raw
    /// limit is no runtime.
    pub(super) fn best(&self, row: &str) -> Option<&Figure> {
        self.figures
            .iter()
            .filter(|figure| {
                figure.row == row && !figure.peer.starts_with(CORIO) && figure.peer != RAW
            })
            .min_by(|a, b| a.median.total_cmp(&b.median))
    }

    /// corio's figure divided by that of `peer`.
    pub(super) fn ratio(&self, row: &str, peer: Option<&Figure>) -> Option<f64> {
        let corio = self.get(row, CORIO)?.median;
        let other = peer?.median;
        // Peers that submit to a ring make almost no system calls: a ratio to that says nothing.
        let least = if row.ends_with("_syscalls") { 0.5 } else { 0.0 };
        (other > least).then_some(corio / other)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Figures with these medians, in nanoseconds.
    pub(in super::super) fn figures_of(medians: &[(&str, &str, f64)]) -> Figures {
        let mut figures = Figures::default();
        for (row, peer, value) in medians {
            let (row, peer) = ((*row).to_owned(), (*peer).to_owned());
            let sample = Sample { row, peer, unit: "ns".to_owned(), value: *value };
            figures.push(Figure::new(sample, vec![*value]));
        }
        figures
    }

    #[test]
    fn a_figure_is_a_median_with_its_spread() {
        let mut samples = Samples::default();
        for (peer, value) in [("raw", 9.0), ("corio", 3.0), ("corio", 1.0), ("corio", 2.0)] {
            let (row, unit) = ("a".to_owned(), "ns".to_owned());
            samples.extend(vec![Sample { row, peer: peer.to_owned(), unit, value }]);
        }
        let figures = samples.figures();
        let lines: Vec<String> = figures.iter().map(Figure::json).collect();
        assert_eq!(
            lines[0],
            r#"{"row":"a","peer":"corio","unit":"ns","median":2.000,"min":1.000,"max":3.000,"n":3}"#
        );
        assert!(lines[1].contains("raw") && lines.len() == 2);
    }

    #[test]
    fn the_best_is_another_runtime() {
        let figures = figures_of(&[
            ("a", "corio", 2.0),
            ("a", "raw", 1.0),
            ("a", "smol", 4.0),
            ("a", "tokio", 8.0),
        ]);
        assert_eq!(figures.best("a").unwrap().peer, "smol");
        assert_eq!(figures.ratio("a", figures.best("a")), Some(0.5));
        assert_eq!(figures.ratio("a", figures.get("a", "monoio")), None);
        assert_eq!(figures.peers(), ["corio", "tokio", "smol", "raw"]);
    }
}
