//! The warning's words.
//!
//! Written by `watch`, outside every lock, to the log target `corio::slow`.

use std::fmt;
use std::time::Duration;

use crate::frame::{NoStack, Stack};
use crate::trim::{self, Trimmed};

/// What is known of a poll that takes long.
#[derive(Debug)]
pub(crate) struct Report {
    /// What is polled: how its task is called.
    pub(crate) what: String,
    /// How long its poll had taken when its stack was taken.
    pub(crate) taken: Duration,
    /// Which report about this poll it is, from 1 on.
    pub(crate) count: u32,
    /// Whether the poll went on when its stack had been made out.
    pub(crate) still_runs: bool,
    pub(crate) stack: Result<Stack, NoStack>,
}

impl Report {
    /// The warning.
    pub(crate) fn text(self) -> String {
        let Report { what, taken, count, still_runs, stack } = self;
        let taken = taken.as_secs_f64();
        let count = if count > 1 { format!(" (report {count})") } else { String::new() };
        let (so_far, is) = match still_runs {
            true => (format!("has taken {taken:.3} seconds and still runs{count}"), "is"),
            false => (format!("took more than {taken:.3} seconds{count}"), "was"),
        };
        match stack {
            Ok(mut stack) => {
                let cut = stack.cut.take();
                let mut text = format!("Executing {what} {so_far}; it {is} here:");
                // Writing into a String does not fail.
                let _ = list(&mut text, &trim::trim(stack));
                if let Some(cut) = cut {
                    text.push_str(&format!("\n  ... {cut}"));
                }
                text
            }
            Err(reason) => {
                format!("Executing {what} {so_far}; where it {is} cannot be shown: {reason}")
            }
        }
    }
}

/// The frames, one a line, numbered from the innermost on.
fn list(to: &mut impl fmt::Write, frames: &Trimmed) -> fmt::Result {
    let mut number = 0;
    for frame in &frames.inner {
        write!(to, "\n{number:>3}: {frame}")?;
        number += frame.times;
    }
    if frames.skipped > 0 {
        write!(to, "\n  ... {} frames", frames.skipped)?;
        number += frames.skipped;
    }
    for frame in &frames.outer {
        write!(to, "\n{number:>3}: {frame}")?;
        number += frame.times;
    }
    match frames.runtime {
        0 => Ok(()),
        1 => write!(to, "\n  ... 1 frame of the runtime"),
        more => write!(to, "\n  ... {more} frames of the runtime"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Frame;

    fn frame(name: &str, place: Option<&str>) -> Frame {
        Frame { name: name.to_owned(), place: place.map(str::to_owned), times: 1 }
    }

    fn report(stack: Result<Stack, NoStack>) -> Report {
        Report {
            what: "<Task name='Task-3' spawned at src/main.rs:10:5>".to_owned(),
            taken: Duration::from_millis(200),
            count: 1,
            still_runs: true,
            stack,
        }
    }

    #[test]
    fn a_stack_is_listed_up_to_the_task() {
        let frames = vec![
            frame("std::thread::sleep", Some("library/std/src/thread/mod.rs:300:9")),
            frame("myapp::handler", Some("src/main.rs:42:9")),
            frame("corio_task::runnable::Runnable::run", None),
            frame("main", None),
        ];
        let text = report(Ok(Stack { frames, cut: None })).text();
        assert_eq!(
            text,
            "Executing <Task name='Task-3' spawned at src/main.rs:10:5> has taken 0.200 seconds and still \
             runs; it is here:\n  0: std::thread::sleep at library/std/src/thread/mod.rs:300:9\n  1: \
             myapp::handler at src/main.rs:42:9\n  ... 2 frames of the runtime"
        );
    }

    #[test]
    fn a_later_report_has_its_count_and_a_poll_that_ended_is_told_so() {
        let cut = Some("deeper frames, beyond the 256 KiB that are looked at".to_owned());
        let stack = Stack { frames: vec![frame("f", None)], cut };
        let text = Report { count: 2, still_runs: false, ..report(Ok(stack)) }.text();
        assert!(
            text.contains("took more than 0.200 seconds (report 2); it was here:\n  0: f\n"),
            "{text}"
        );
        assert!(
            text.ends_with("  ... deeper frames, beyond the 256 KiB that are looked at"),
            "{text}"
        );
    }

    #[test]
    fn why_there_is_no_stack_is_said() {
        let text = report(Err(NoStack::Because("stacks are turned off".to_owned()))).text();
        assert!(text.ends_with("; where it is cannot be shown: stacks are turned off"), "{text}");
    }
}
