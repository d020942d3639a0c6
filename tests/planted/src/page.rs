//! The programs of `docs/debugging.md`: what they print is compared with what the page says of it.
//!
//! A program begins with the hidden line `let program = Program::begin();` and ends with
//! `program.prints("name")` or `program.is_silent()`. What it prints stands in a block ` ```text name ` of
//! the page. Of the real words these differ: places are those of the program as the reader sees it, times
//! are `...`, and what depends on the machine (the module's path, ports, process numbers) is made the same.

use std::panic::Location;
use std::time::Duration;

use crate::told::{Line, PANIC, lines, listen};

/// The page.
pub const PAGE: &str = include_str!("../../../docs/debugging.md");

/// From when on a poll is slow, for programs that do not say it themselves: a machine that is busy with other
/// things is not what the page is about.
const SLOW: Duration = Duration::from_secs(60);

/// A program of the page, while it runs.
#[derive(Debug)]
pub struct Program {
    begin: &'static Location<'static>,
}

impl Program {
    /// The line after this is the first that the reader sees.
    ///
    /// # Panics
    /// If the process has a logger already.
    #[track_caller]
    #[must_use]
    pub fn begin() -> Program {
        listen();
        corio::debug::set_slow_poll(SLOW);
        Program { begin: Location::caller() }
    }

    /// The program has ended, and the log has what the block `name` of the page shows.
    ///
    /// # Panics
    /// If it has something else.
    #[track_caller]
    pub fn prints(&self, name: &str) {
        let lines = lines().into_iter().filter(|line| line.target != PANIC && !is_live(line));
        let printed: Vec<String> = lines.map(|line| self.shown(&line)).collect();
        let printed = printed.join("\n");
        let blocks = blocks("text", PAGE);
        let expected = blocks.iter().find(|(of, _)| of == name).map(|(_, text)| text.as_str());
        assert!(
            expected == Some(printed.as_str()),
            "the page says that {name:?} prints\n{}\nand it prints\n{printed}",
            expected.unwrap_or("(there is no such block)"),
        );
    }

    /// The program has ended, and nothing was said, not even by a panic.
    ///
    /// # Panics
    /// If something was.
    #[track_caller]
    pub fn is_silent(&self) {
        let printed: Vec<String> = lines().iter().map(|line| self.shown(line)).collect();
        assert!(printed.is_empty(), "there is nothing to say, but: {printed:#?}");
    }

    /// A line as the page has it.
    fn shown(&self, line: &Line) -> String {
        let mut text = with_names(&with_places(&line.to_string(), self.begin));
        text = between(&text, " took ", &[" seconds"], "...");
        text = between(&text, "127.0.0.1:", &[",", " "], "...");
        text = between(&text, "fd: ", &[" "], "...");
        text = between(&text, "<Child ", &[" '"], "...");
        match text.split_once(", for ") {
            Some((jobs, _)) if text.contains("jobs on other threads") => format!("{jobs}, for ..."),
            _ => text,
        }
    }
}

/// Whether it is of a poll that was still running: that has a stack, which is another one on each machine.
fn is_live(line: &Line) -> bool {
    line.target == "corio::slow" && !line.text.ends_with(" seconds")
}

/// `text` with the places that are in the file of `begin` as the reader counts them.
fn with_places(text: &str, begin: &Location<'_>) -> String {
    let file = format!("{}:", begin.file());
    let mut parts = text.split(file.as_str());
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let line = part[..digits].parse::<u32>().unwrap_or_default();
        let line = line.saturating_sub(begin.line());
        shown.push_str(&format!("src/main.rs:{line}{}", &part[digits..]));
    }
    shown
}

/// `text` with the names of what is in the program's `main` as if the program were called `myapp`.
fn with_names(text: &str) -> String {
    let words = text.split_inclusive([' ', '\n']);
    words
        .map(|word| {
            let end = word.find("{{closure}}").unwrap_or(0);
            let begin = word[..end].rfind('=').map_or(0, |at| at + 1);
            match word[begin..end].contains("main::") {
                true => format!("{}myapp::main::{}", &word[..begin], &word[end..]),
                false => word.to_owned(),
            }
        })
        .collect()
}

/// `text` with `instead` between each `before` and the first of `afters` that follows it.
fn between(text: &str, before: &str, afters: &[&str], instead: &str) -> String {
    let mut parts = text.split(before);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push_str(before);
        match afters.iter().filter_map(|after| part.find(after)).min() {
            Some(at) => shown.push_str(&format!("{instead}{}", &part[at..])),
            None => shown.push_str(part),
        }
    }
    shown
}

/// The blocks of `page` in the language `language`: what follows the language, and the lines.
///
/// ```
/// let page = "words\n```text name\none\ntwo\n```\n";
/// let blocks = corio_planted_tests::blocks("text", page);
/// assert_eq!(blocks, [("name".to_owned(), "one\ntwo".to_owned())]);
/// ```
pub fn blocks(language: &str, page: &str) -> Vec<(String, String)> {
    let fence = format!("```{language}");
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix(fence.as_str()) {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            found.push((name.trim().to_owned(), text.join("\n")));
        }
    }
    found
}
