//! A log that can be waited for, and polls that block until they are reported.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, Once, PoisonError};
use std::thread;
use std::time::Duration;

use corio_trace::pulse::Pulse;

/// What counts as slow in these tests: long enough for a thread that has to wait for a processor.
pub(crate) const SLOW: Duration = Duration::from_millis(30);

/// The longest wait for a report: reading debug information takes long on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
static WRITTEN: Condvar = Condvar::new();

/// What the log does beside with its next line.
static NEXT_LINE: Mutex<Option<Box<dyn FnOnce() + Send>>> = Mutex::new(None);

/// Has the log do this with its next line, on the thread that writes it.
pub(crate) fn with_next_line(work: impl FnOnce() + Send + 'static) {
    *NEXT_LINE.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(work));
}

struct Log;

impl log::Log for Log {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target() == "corio::slow"
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = format!("{}: {}", record.level(), record.args());
            LINES.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            WRITTEN.notify_all();
            let next = NEXT_LINE.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(next) = next {
                next();
            }
        }
    }

    fn flush(&self) {}
}

/// Turns debug mode on, with a log, and without a watchdog yet.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Log).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        corio_trace::set_slow_poll(SLOW);
        corio_trace::set_enabled(true);
    });
}

/// The lines about a task so far.
pub(crate) fn lines_of(task: u64) -> Vec<String> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    lines.iter().filter(|line| is_about(line, task)).cloned().collect()
}

fn is_about(line: &str, task: u64) -> bool {
    line.contains(&format!("<Task name='Task-{task}'"))
}

/// Waits for the `count`-th line about a task.
pub(crate) fn wait_for(task: u64, count: usize) -> String {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    let about =
        |lines: &[String]| lines.iter().filter(|line| is_about(line, task)).nth(count - 1).cloned();
    let lines = WRITTEN.wait_timeout_while(lines, PATIENCE, |lines| about(lines).is_none());
    let (lines, _) = lines.unwrap_or_else(PoisonError::into_inner);
    about(&lines).unwrap_or_else(|| panic!("no report {count} about Task-{task} in {PATIENCE:?}"))
}

/// A number that no other task of this process has.
pub(crate) fn new_task() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Until when a poll goes on.
pub(crate) struct Until(AtomicBool);

impl Until {
    /// Whether the poll shall go on.
    pub(crate) fn goes_on(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Polls `work` on a thread of its own with this much stack, and returns what is reported about it. `work` is
/// told to end, and `release` is called, only when it has been: so the report came while it ran.
pub(crate) fn report_of(
    stack_size: usize,
    work: impl FnOnce(&Until) + Send,
    release: impl FnOnce(),
) -> String {
    let task = new_task();
    let until = Until(AtomicBool::new(true));
    struct End<'a, F: FnOnce()>(&'a Until, Option<F>);
    impl<F: FnOnce()> Drop for End<'_, F> {
        fn drop(&mut self) {
            self.0.0.store(false, Ordering::Release);
            if let Some(release) = self.1.take() {
                release();
            }
        }
    }
    thread::scope(|scope| {
        let until = &until;
        let end = End(until, Some(release));
        let poll = move || {
            let pulse = Pulse::register(0);
            pulse.refresh();
            let around = pulse.start(task, Some(Location::caller()));
            work(until);
            let _ = pulse.end(around);
        };
        thread::Builder::new().stack_size(stack_size).spawn_scoped(scope, poll).unwrap();
        let line = wait_for(task, 1);
        drop(end);
        line
    })
}

/// A stack like a loop's.
pub(crate) const STACK: usize = 2 << 20;

/// Checks that the report says all of these, in this order.
#[track_caller]
pub(crate) fn check(report: &str, says: &[&str]) {
    let mut rest = report;
    for text in says {
        match rest.find(text) {
            Some(at) => rest = &rest[at + text.len()..],
            None => panic!("not, or not in this order, {text:?} in:\n{report}"),
        }
    }
}
