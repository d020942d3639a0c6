//! What a program is told of its mistakes, line by line: the table of log targets, and who may be told in
//! place of the log.
//!
//! Logger and switch are the process's, so each test runs in a process of its own.

mod actions;
mod destroyed;
mod handlers;
mod hangs;
mod loggers;
mod never_awaited;
mod unseen;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Mutex;

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::util::{assert_passed, in_child, inside_child};

/// A line: its level, its target without `corio::`, and its text.
pub(super) type Line = (Level, String, String);

static LINES: Mutex<Vec<Line>> = Mutex::new(Vec::new());

/// What to do for a line.
type Beside = dyn Fn(&Record<'_>);

std::thread_local! {
    /// What the logger does for each line on this thread, beside keeping it.
    static BESIDE: RefCell<Option<Rc<Beside>>> = const { RefCell::new(None) };
}

struct Keeps;

impl Log for Keeps {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let Some(target) = record.target().strip_prefix("corio::") else { return };
        // To print a panic's stack may take longer than a poll should.
        if record.level() <= Level::Warn && target != "slow" {
            let line = (record.level(), target.to_owned(), record.args().to_string());
            LINES.lock().unwrap().push(line);
        }
        let beside = BESIDE.with_borrow(|beside| beside.clone());
        if let Some(beside) = beside {
            beside(record);
        }
    }

    fn flush(&self) {}
}

/// Runs `body` in a process of its own, of which `test` is the name, in debug mode.
#[track_caller]
pub(super) fn alone(test: &str, body: impl FnOnce()) {
    if !inside_child() {
        return assert_passed(&in_child(&format!("told::{test}"), &[]));
    }
    log::set_logger(&Keeps).expect("one test a process");
    log::set_max_level(LevelFilter::Trace);
    corio_trace::set_enabled(true);
    body();
    let left = lines();
    assert!(left.is_empty(), "nobody asked for {left:#?}");
}

/// From now on the logger of this thread does this, too.
pub(super) fn beside(what: impl Fn(&Record<'_>) + 'static) {
    BESIDE.set(Some(Rc::new(what)));
}

/// Warnings and errors since the last call.
pub(super) fn lines() -> Vec<Line> {
    std::mem::take(&mut *LINES.lock().unwrap())
}

/// The one line since the last call, which is of this level and target.
#[track_caller]
pub(super) fn line(level: Level, target: &str) -> String {
    let mut lines = lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let (of, to, text) = lines.remove(0);
    assert_eq!((of, to.as_str()), (level, target), "{text}");
    text
}

/// Nothing was said since the last call.
#[track_caller]
pub(super) fn silence() {
    let lines = lines();
    assert!(lines.is_empty(), "{lines:#?}");
}
