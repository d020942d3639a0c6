//! What a stop looks like on the terminal: a heading, code, results, and a little prose.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// The terminal, as the stops write to it.
#[derive(Debug)]
pub struct Page {
    stop: usize,
    colours: bool,
}

const BOLD: &str = "1";
const BLUE: &str = "34";
const GREEN: &str = "32";

impl Page {
    /// An empty page; in colours if somebody sees them.
    pub fn new() -> Page {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Page { stop: 0, colours: wanted && std::io::stdout().is_terminal() }
    }

    /// The beginning or the end of the walk.
    pub fn title(&mut self, title: &str, text: &str) {
        self.line(&format!("\n{}\n{text}", self.paint(BOLD, title)));
    }

    /// The next stop.
    pub fn stop(&mut self, title: &str) {
        self.stop += 1;
        let heading = format!("── {} · {title} ", self.stop);
        let rule = "─".repeat(78usize.saturating_sub(heading.chars().count()));
        self.line(&format!("\n{}", self.paint(BOLD, &(heading + &rule))));
    }

    /// A sentence or two.
    pub fn say(&mut self, text: &str) {
        for line in text.lines() {
            self.line(&format!("  {line}"));
        }
    }

    /// The lines of `source` between `// [name]` and `// [end]`, as they stand there.
    pub fn code(&mut self, source: &str, name: &str) {
        let begin = format!("// [{name}]");
        let lines: Vec<&str> = source
            .lines()
            .skip_while(|line| line.trim() != begin)
            .skip(1)
            .take_while(|line| line.trim() != "// [end]")
            .collect();
        assert!(!lines.is_empty(), "the source has no part {begin}");
        let indent = |line: &&str| line.len() - line.trim_start().len();
        let least =
            lines.iter().filter(|line| !line.is_empty()).map(indent).min().unwrap_or_default();
        for line in lines {
            let code = line.get(least..).unwrap_or_default();
            self.line(&format!("  {} {}", self.paint(BLUE, "│"), self.paint(BLUE, code)));
        }
    }

    /// What came of it.
    pub fn result(&mut self, result: impl Display) {
        self.line(&format!("  {} {result}", self.paint(GREEN, "→")));
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colours { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn line(&self, line: &str) {
        if writeln!(std::io::stdout(), "{line}").is_err() {
            // Whoever was reading has gone (`cargo tour | head`): the walk is over.
            std::process::exit(0);
        }
    }
}

/// The middle one of `samples`.
pub fn median(samples: &mut [Duration]) -> Duration {
    samples.sort_unstable();
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}
