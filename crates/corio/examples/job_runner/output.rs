//! What children print, line by line, with the name of the job before each line.
//!
//! Lines of different jobs never mix: each is written whole. It is written while the loop waits, so a
//! terminal that is held up holds the runner up, and with it, when their pipes are full, the jobs.

use std::io::{self, Write};

use corio::io::framed::LineError;
use corio::io::prelude::*;
use corio::io::{FramedRead, Lines};
use corio::process::ChildStdout;

/// The longest line that is passed on, in bytes; of a longer one it is said that it was there.
const LINE_MAX: usize = 16 * 1024;

/// Prints one line of `name`'s.
pub fn say(name: &str, line: &str) {
    // Nobody reads the output any more: no reason to leave children without a supervisor.
    let _ = writeln!(io::stdout().lock(), "[{name}] {line}");
}

/// Prints what comes out of `pipe`, until everyone who can write to it has closed it.
pub async fn pass_on(name: String, pipe: ChildStdout) {
    let mut lines = FramedRead::new(pipe, Lines::max(LINE_MAX));
    while let Some(line) = lines.next().await {
        match line {
            Ok(line) => say(&name, &line),
            Err(LineError::Io(error)) => return say(&name, &format!("(cannot be read: {error})")),
            Err(bad) => say(&name, &format!("({bad})")),
        }
    }
}
