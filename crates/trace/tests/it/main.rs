//! The trace crate from outside: what reaches the log, and what does not.
//!
//! One logger serves the process and keeps each thread's lines apart, so tests may run side by
//! side; those that turn the switch or move a limit hold [`switch`] meanwhile.

mod log_lines;
mod loggers;
mod never_awaited;
mod own_process;
mod readers;
mod turned;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use log::{LevelFilter, Log, Metadata, Record};

/// What a logger does on this thread for each line, beside keeping it.
type Beside = Rc<dyn Fn()>;

std::thread_local! {
    static BESIDE: RefCell<Option<Beside>> = const { RefCell::new(None) };
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Capture;

impl Log for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = format!("{} {} {}", record.level(), record.target(), record.args());
        assert!(!line.contains("explosive"), "a logger that panics");
        LINES.with_borrow_mut(|lines| lines.push(line));
        let beside = BESIDE.with_borrow(Clone::clone);
        if let Some(beside) = beside {
            beside();
        }
    }

    fn flush(&self) {}
}

/// What this thread has logged since the last call.
fn lines() -> Vec<String> {
    LINES.take()
}

/// Runs `work` with a logger that does `beside` for each line, and keeps it.
fn during(beside: impl Fn() + 'static, work: impl FnOnce()) {
    BESIDE.set(Some(Rc::new(beside)));
    work();
    BESIDE.take();
}

/// Installs the logger and gives the right to turn the process's switch.
fn switch() -> MutexGuard<'static, ()> {
    static SWITCH: Mutex<()> = Mutex::new(());
    static LOGGER: Once = Once::new();
    LOGGER.call_once(|| {
        log::set_logger(&Capture).expect("no other logger");
        log::set_max_level(LevelFilter::Trace);
    });
    SWITCH.lock().unwrap_or_else(PoisonError::into_inner)
}
