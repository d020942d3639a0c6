//! Polls that take too long.
//!
//! A poll that computes or blocks keeps every other task of its loop waiting. The executor measures
//! polls while the switch is on, compares with [`slow_poll`] and calls [`report_slow_poll`] after a
//! slow one, with asyncio's words.

use std::cell::Cell;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use log::Level;

use crate::emit::report;
use crate::event::TaskLabel;
use crate::{recent, targets};

/// Log target of polls that take too long.
pub use crate::targets::SLOW as TARGET_SLOW;

/// What counts as slow until the program says otherwise: asyncio's `slow_callback_duration`.
pub const SLOW_POLL_DEFAULT: Duration = Duration::from_millis(100);

const NANOS_DEFAULT: u64 = 100_000_000;
const _: () = assert!(SLOW_POLL_DEFAULT.as_nanos() == NANOS_DEFAULT as u128);

static SLOW_POLL_NANOS: AtomicU64 = AtomicU64::new(NANOS_DEFAULT);

/// How long a poll may take before it is reported.
#[inline]
pub fn slow_poll() -> Duration {
    // Relaxed: a number by itself, it guards nothing.
    Duration::from_nanos(SLOW_POLL_NANOS.load(Ordering::Relaxed))
}

/// [`slow_poll`], in nanoseconds: for comparisons at each poll.
#[inline]
pub fn slow_poll_nanos() -> u64 {
    SLOW_POLL_NANOS.load(Ordering::Relaxed)
}

/// Sets [`slow_poll`] for the whole process. [`Duration::ZERO`] reports every poll, what is longer
/// than 584 years reports none.
pub fn set_slow_poll(limit: Duration) {
    let nanos = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
    SLOW_POLL_NANOS.store(nanos, Ordering::Relaxed);
}

std::thread_local! {
    /// How long the polls of this thread took that were reported, all together, in nanoseconds.
    static TOLD: Cell<u64> = const { Cell::new(0) };
}

fn count_told(took: Duration) {
    let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
    let _ = TOLD.try_with(|told| told.set(told.get().wrapping_add(nanos)));
}

/// How long the polls of this thread took that were reported, all together, in nanoseconds; it wraps.
pub fn told_nanos_here() -> u64 {
    TOLD.try_with(Cell::get).unwrap_or(0)
}

/// Warns, on the log target `corio::slow`, that a poll of this task took long.
///
/// The line is asyncio's: `Executing <Task name='Task-3' spawned at src/main.rs:10:5> took 0.120
/// seconds`. The caller has compared `took` with [`slow_poll`]; nothing is compared here.
#[cold]
pub fn report_slow_poll(
    id: u64,
    name: Option<&str>,
    location: &'static Location<'static>,
    took: Duration,
) {
    recent::took(Some(id), name, location, took);
    count_told(took);
    let task = TaskLabel { id, name, location: Some(location) };
    let took = took.as_secs_f64();
    report(Level::Warn, TARGET_SLOW, format_args!("Executing {task} took {took:.3} seconds"));
}

/// As [`report_slow_poll`], for a function that the loop called: `Executing <Handle created at
/// src/main.rs:10:5> took 0.120 seconds`.
#[cold]
pub fn report_slow_call(location: &'static Location<'static>, took: Duration) {
    recent::took(None, None, location, took);
    count_told(took);
    let took = took.as_secs_f64();
    report(
        Level::Warn,
        TARGET_SLOW,
        format_args!("Executing <Handle created at {location}> took {took:.3} seconds"),
    );
}

/// Warns that the loop of this thread was busy for so long with `polls` polls and callbacks, none of which
/// took long by itself, before it looked at its sockets and timers again.
#[cold]
pub fn report_slow_turn(polls: u64, took: Duration) {
    let took = took.as_secs_f64();
    report(
        Level::Warn,
        TARGET_SLOW,
        format_args!(
            "Executing {polls} polls and callbacks in a row took {took:.3} seconds, none of them long by itself: \
             no socket and no timer had its turn meanwhile"
        ),
    );
}

/// Warns that a wait of the loop for the OS, `limit` long at most, ended so late; in asyncio's words.
#[cold]
pub fn report_late_wait(limit: Duration, took: Duration, events: usize) {
    let (limit, took) = (limit.as_secs_f64() * 1e3, took.as_secs_f64() * 1e3);
    let late = took - limit;
    report(
        Level::Warn,
        targets::LOOP,
        format_args!(
            "poll {limit:.3} ms took {took:.3} ms: {events} events, {late:.3} ms late: the process was stopped, or \
             other programs kept the processors"
        ),
    );
}
