//! What one look has found, and which of it is to be told.

use std::collections::HashSet;
use std::fmt;

use corio_base::clock::Time;

/// What is found, for being told once: the same as long as it is the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// The tasks, from the smallest number on in the order in which they wait.
    Circle(Vec<u64>),
    /// The tasks, and how often each was polled.
    Hang(Vec<(u64, u64)>),
    /// The task, the object, and when it was granted.
    Grant(u64, u64, Time),
    /// The object, the task that holds it, and since when.
    Held(u64, u64, Time),
    /// The task, and when it was asked.
    Asked(u64, Time),
}

/// A line for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) target: &'static str,
    pub(crate) is_error: bool,
    pub(crate) text: String,
}

impl Line {
    pub(crate) fn warning(target: &'static str, text: impl fmt::Display) -> Line {
        Line { target, is_error: false, text: text.to_string() }
    }

    pub(crate) fn error(target: &'static str, text: impl fmt::Display) -> Line {
        Line { target, is_error: true, text: text.to_string() }
    }
}

/// What this look has found so far.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    pub(crate) now: Time,
    known: &'a HashSet<Key>,
    pub(crate) found: HashSet<Key>,
    pub(crate) lines: Vec<Line>,
    /// When the first of what is not found yet would be, if it lasts.
    pub(crate) due: Time,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(now: Time, known: &'a HashSet<Key>) -> Findings<'a> {
        let (found, lines) = (HashSet::new(), Vec::new());
        Findings { now, known, found, lines, due: Time::NEVER }
    }

    /// Whether this was told after an earlier look.
    pub(crate) fn is_known(&self, key: &Key) -> bool {
        self.known.contains(key)
    }

    /// Something that is a finding from `due` on.
    pub(crate) fn add(&mut self, key: Key, due: Time, line: impl FnOnce() -> Line) {
        if self.now < due {
            self.due = self.due.min(due);
            return;
        }
        if !self.is_known(&key) && !self.found.contains(&key) {
            self.lines.push(line());
        }
        self.found.insert(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_told_once_and_what_is_to_come_is_waited_for() {
        let (now, later) = (Time::from_nanos(10), Time::from_nanos(20));
        let key = |task| Key::Asked(task, Time::ZERO);
        let known = HashSet::from([key(1)]);
        let mut findings = Findings::new(now, &known);
        findings.add(key(1), now, || unreachable!("it is known"));
        findings.add(key(2), now, || Line::warning("target", "two"));
        findings.add(key(2), now, || unreachable!("it was told"));
        findings.add(key(3), later, || unreachable!("it is not due"));
        assert_eq!(findings.lines.len(), 1);
        assert_eq!((findings.found.len(), findings.due), (2, later));
    }
}
