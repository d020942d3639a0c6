//! Where events go: to the sink, if one is installed, or else into the log.
//!
//! Called by every mechanism of corio, from its loop's thread, with no lock of its own held: a sink
//! and a logger are other people's code. They may be slow, may use corio themselves, and may panic;
//! a panic in either is caught here, so that watching a program never ends it (under `panic =
//! "abort"` nothing can be caught and it does).
//!
//! **Where nobody listens**, in a program that has not set a logger, the warnings and errors of debug mode go
//! to the standard error output, as Python's `logging` does it: who turns it on asks to be told, and would
//! take silence for good news.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use corio_base::quiet::drop_quietly;
use log::{Level, LevelFilter};

use crate::event::Event;

pub use crate::targets::{
    LOOP as TARGET_LOOP, PROCESS as TARGET_PROCESS, REACTOR as TARGET_REACTOR, TASK as TARGET_TASK,
    TIMER as TARGET_TIMER,
};

/// How many reports may be under way on one thread, each made while the one before is being told. A
/// logger that makes a mistake of its own is told of it; one whose every line sets off another line
/// would never come to an end.
pub const NESTED_MAX: u32 = 2;

std::thread_local! {
    /// How many reports are under way on this thread.
    static UNDER_WAY: Cell<u32> = const { Cell::new(0) };
}

/// What receives events in place of the log.
pub type Sink = fn(&Event<'_>);

static SINK: OnceLock<Sink> = OnceLock::new();

/// Sends every event to `sink`, and none to the log, from now until the process ends.
///
/// A sink is called on the thread where the event happens, between two steps of its loop. It must
/// return soon and must not keep what the event borrows.
///
/// # Errors
/// Gives `sink` back if there is one already: the first one stays.
pub fn set_sink(sink: Sink) -> Result<(), Sink> {
    SINK.set(sink)
}

/// Tells the sink, or else the log, that `event` happened; does nothing while the switch is off.
///
/// Lives of tasks are logged at debug level, everything else at trace level.
#[inline]
pub fn emit(event: &Event<'_>) {
    if crate::enabled() {
        deliver(event);
    }
}

/// Whether anybody would be told of polls: there is a sink, or the log lets them through. What each poll
/// asks while the switch is on.
#[inline]
pub fn polls_are_told() -> bool {
    SINK.get().is_some() || log::log_enabled!(target: TARGET_TASK, Level::Trace)
}

/// Whether anybody would be told of the beginnings and ends of tasks.
#[inline]
pub fn lives_are_told() -> bool {
    SINK.get().is_some() || log::log_enabled!(target: TARGET_TASK, Level::Debug)
}

#[cold]
fn deliver(event: &Event<'_>) {
    harmlessly(|| match SINK.get() {
        Some(sink) => sink(event),
        None => {
            let (target, level) = address(event);
            log::log!(target: target, level, "{event}");
        }
    });
}

fn address(event: &Event<'_>) -> (&'static str, Level) {
    match event {
        Event::TaskSpawned { .. } | Event::TaskEnded { .. } => (TARGET_TASK, Level::Debug),
        Event::PollStarted { .. } | Event::PollEnded { .. } => (TARGET_TASK, Level::Trace),
        Event::LoopParked { .. } | Event::LoopUnparked { .. } => (TARGET_LOOP, Level::Trace),
        Event::TimerFired { .. } => (TARGET_TIMER, Level::Trace),
        Event::IoReady { .. } => (TARGET_REACTOR, Level::Trace),
    }
}

/// Logs something that went wrong in a runtime and that no caller can be told, whatever the switch
/// says. Under `target`, at error level.
#[cold]
pub fn report_error(target: &str, message: fmt::Arguments<'_>) {
    report(Level::Error, target, message);
}

/// Logs, under `target` and at warning level, something that is likely a mistake of the program and that
/// no caller can be told; does nothing while the switch is off.
#[inline]
pub fn report_warning(target: &str, message: fmt::Arguments<'_>) {
    if crate::enabled() {
        report(Level::Warn, target, message);
    }
}

/// Logs, under `target` and at info level, something that took longer than it should and that is no mistake
/// of the program; does nothing while the switch is off.
#[inline]
pub fn report_info(target: &str, message: fmt::Arguments<'_>) {
    if crate::enabled() {
        report(Level::Info, target, message);
    }
}

/// Logs a line, or writes it where nobody listens.
#[cold]
pub(crate) fn report(level: Level, target: &str, message: fmt::Arguments<'_>) {
    harmlessly(|| {
        // Off is what it is until a logger is set. Who has set one, and wants nothing of it, turns debug mode off.
        let nobody_listens = log::max_level() == LevelFilter::Off;
        if nobody_listens && level <= Level::Warn && crate::enabled() {
            // In one piece, so that lines of several threads do not mix. An output that is closed is no news.
            let line = format!("{level} {target}: {message}\n");
            let _ = io::stderr().write_all(line.as_bytes());
        } else {
            log::log!(target: target, level, "{message}");
        }
    });
}

/// Runs other people's code and survives its panic. Does nothing for what that code sets off itself,
/// beyond [`NESTED_MAX`].
pub(crate) fn harmlessly(report: impl FnOnce()) {
    // A thread that is being torn down has no count any more, and few lines to come.
    let _ = UNDER_WAY.try_with(|under_way| under_way.set(under_way.get() + 1));
    if UNDER_WAY.try_with(Cell::get).unwrap_or(0) <= NESTED_MAX {
        // Unwind safe: `report` only reads what it borrows, nothing is left half changed.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(report)) {
            drop_quietly(payload);
        }
    }
    let _ = UNDER_WAY.try_with(|under_way| under_way.set(under_way.get() - 1));
}
