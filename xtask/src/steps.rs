//! Steps of a longer run: what they are called, how they ended, how long they took.
//!
//! A step passes, fails, or says why it could not run here. Nothing is skipped in silence: the box
//! at the end of a run has a line for every step.

use std::time::{Duration, Instant};

use crate::Fail;

/// How a step that did not fail ended.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    /// It ran, and all is well.
    Passed,
    /// It could not run here; the text says why, and what to install.
    Skipped(String),
}

/// How a step ended, in the report.
#[derive(Debug, PartialEq)]
enum End {
    Passed,
    Skipped(String),
    Failed(String),
    LeftOut,
}

/// The steps of one run so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    steps: Vec<(&'static str, Duration, End)>,
}

impl Report {
    /// Runs `step` under a heading and notes how it ended.
    pub(crate) fn step(
        &mut self,
        name: &'static str,
        step: impl FnOnce() -> Result<Outcome, Fail>,
    ) {
        eprintln!("\n━━ {name} {}", "━".repeat(72_usize.saturating_sub(name.len())));
        let start = Instant::now();
        let end = match step() {
            Ok(Outcome::Passed) => End::Passed,
            Ok(Outcome::Skipped(why)) => End::Skipped(why),
            Err(error) => End::Failed(error.to_string()),
        };
        let took = start.elapsed();
        let (word, why) = end.words();
        eprintln!("━━ {name} {word} after {} {why}", in_words(took));
        self.steps.push((name, took, end));
    }

    /// Notes a step that was not asked for.
    pub(crate) fn left_out(&mut self, name: &'static str) {
        self.steps.push((name, Duration::ZERO, End::LeftOut));
    }

    /// How many steps failed, and how many could not run here.
    pub(crate) fn bad(&self) -> (usize, usize) {
        let count =
            |wanted: fn(&End) -> bool| self.steps.iter().filter(|(_, _, end)| wanted(end)).count();
        (count(|end| matches!(end, End::Failed(_))), count(|end| matches!(end, End::Skipped(_))))
    }

    /// The box that ends a run.
    pub(crate) fn summary(&self) -> String {
        let total = self.steps.iter().map(|(_, took, _)| *took).sum();
        let mut lines = Vec::new();
        for (name, took, end) in &self.steps {
            let (word, why) = end.words();
            let why = why.lines().next().unwrap_or_default();
            lines.push(format!("{word:<8} {name:<10} {:>8}  {why}", in_words(*took)));
        }
        lines.push(format!("{:<8} {:<10} {:>8}", "", "", in_words(total)));
        let width = lines.iter().map(|line| line.trim_end().chars().count()).max().unwrap_or(0);
        let mut text = format!("┌{}┐\n", "─".repeat(width + 2));
        for line in &lines {
            text.push_str(&format!("│ {:<width$} │\n", line.trim_end()));
        }
        text.push_str(&format!("└{}┘", "─".repeat(width + 2)));
        text
    }
}

impl End {
    fn words(&self) -> (&'static str, &str) {
        match self {
            End::Passed => ("passed", ""),
            End::Skipped(why) => ("SKIPPED", why),
            End::Failed(why) => ("FAILED", why),
            End::LeftOut => ("left out", ""),
        }
    }
}

/// `1.2 s`, or from two minutes on `2 m 05 s`.
pub(crate) fn in_words(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    if seconds < 120.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{} m {:02} s", took.as_secs() / 60, took.as_secs() % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_in_the_box() {
        let mut report = Report::default();
        report.step("good", || Ok(Outcome::Passed));
        report.step("bad", || Err("two things\nin detail".into()));
        report.step("absent", || Ok(Outcome::Skipped("install it".into())));
        report.left_out("unasked");
        assert_eq!(report.bad(), (1, 1));
        let text = report.summary();
        for part in ["passed   good", "FAILED   bad", "two things", "SKIPPED  absent", "left out"] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
        assert!(!text.contains("in detail"));
        let widths: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "the box is crooked:\n{text}");
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(in_words(Duration::from_millis(1250)), "1.2 s");
        assert_eq!(in_words(Duration::from_secs(125)), "2 m 05 s");
    }
}
