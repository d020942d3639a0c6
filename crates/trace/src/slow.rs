//! Polls that take too long.
//!
//! A poll that computes or blocks keeps every other task of its loop waiting. The executor measures
//! polls while the switch is on, compares with [`slow_poll`] and calls [`report_slow_poll`] after a
//! slow one, with asyncio's words.

use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::emit::harmlessly;
use crate::event::TaskLabel;

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
    let task = TaskLabel { id, name, location: Some(location) };
    harmlessly(|| {
        log::warn!(target: TARGET_SLOW, "Executing {task} took {:.3} seconds", took.as_secs_f64());
    });
}

/// As [`report_slow_poll`], for a function that the loop called: `Executing <Handle created at
/// src/main.rs:10:5> took 0.120 seconds`.
#[cold]
pub fn report_slow_call(location: &'static Location<'static>, took: Duration) {
    harmlessly(|| {
        let took = took.as_secs_f64();
        log::warn!(target: TARGET_SLOW, "Executing <Handle created at {location}> took {took:.3} seconds");
    });
}
