//! What a program is told: a logger that keeps warnings and errors, and panics beside them.
//!
//! Logger, panic hook and debug switch are the process's, so each program has a process of its own.

use std::fmt;
use std::panic;
use std::sync::{Mutex, PoisonError};

use log::{Level, LevelFilter, Log, Metadata, Record};

/// The target of a panic, which no logger hears of: the words that standard error would show.
pub const PANIC: &str = "panic";

/// Something that a program is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How bad it is.
    pub level: Level,
    /// The log target, or [`PANIC`].
    pub target: String,
    /// The message, which may have several lines.
    pub text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.level, self.target, self.text)
    }
}

static LINES: Mutex<Vec<Line>> = Mutex::new(Vec::new());

struct Keeps;

impl Log for Keeps {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        keep(record.level(), record.target(), record.args().to_string());
    }

    fn flush(&self) {}
}

fn keep(level: Level, target: &str, text: String) {
    let line = Line { level, target: target.to_owned(), text };
    LINES.lock().unwrap_or_else(PoisonError::into_inner).push(line);
}

/// Turns debug mode on, and keeps from now on what the log (from `info` on) and panics say.
///
/// # Panics
/// If the process has a logger already.
pub fn listen() {
    log::set_logger(&Keeps).expect("one program a process");
    log::set_max_level(LevelFilter::Info);
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let words = panic.payload_as_str().unwrap_or("a value");
        keep(Level::Error, PANIC, words.to_owned());
        // Standard error has it as well: where a test fails, it is shown.
        before(panic);
    }));
    corio::debug::set(true);
}

/// What has been said since the last call.
///
/// ```
/// corio_planted_tests::listen();
/// corio::run(async {
///     drop(corio::task::Builder::new());
/// });
/// let lines = corio_planted_tests::lines();
/// assert_eq!(lines.len(), 1);
/// assert_eq!(lines[0].target, "corio::coroutine");
/// ```
pub fn lines() -> Vec<Line> {
    std::mem::take(&mut *LINES.lock().unwrap_or_else(PoisonError::into_inner))
}
