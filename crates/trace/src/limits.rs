//! How long something may last before the watchdog calls it a mistake: settings of the process, like
//! [`crate::slow_poll`].
//!
//! They stand here, below both who sets them (the facade) and who goes by them (the watchdog). Each may be
//! set at any time; what is longer than 584 years means never.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;

/// What is limited.
///
/// ```
/// use corio_trace::Limit;
/// use std::time::Duration;
///
/// assert_eq!(Limit::LockHeld.get(), Duration::from_secs(10));
/// Limit::LockHeld.set(Duration::from_millis(500));
/// assert_eq!(Limit::LockHeld.get(), Duration::from_millis(500));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Limit {
    /// How long loops may rest with nothing in sight that could wake one: 10 seconds unless set. Longer
    /// than a person's look at a program that seems to hang, and than pauses of other threads mostly are.
    Hang,
    /// How long a waiter that was granted something may leave it unused while others wait: 5 seconds unless
    /// set. A loop that is late by as much has been reported for slow polls long before.
    Grant,
    /// How long a lock may be held while others wait for it: 10 seconds unless set, a third of what clients
    /// mostly give a server to answer.
    LockHeld,
    /// How long a task may take to end after it was asked to: 10 seconds unless set, which is what process
    /// managers give whole programs before they kill them.
    Cancel,
}

/// In the order of [`Limit`].
static NANOS: [AtomicU64; 4] = [
    AtomicU64::new(10 * SECOND),
    AtomicU64::new(5 * SECOND),
    AtomicU64::new(10 * SECOND),
    AtomicU64::new(10 * SECOND),
];

impl Limit {
    /// The limit.
    pub fn get(self) -> Duration {
        // Relaxed, here and below: a number by itself, it guards nothing.
        Duration::from_nanos(NANOS[self as usize].load(Ordering::Relaxed))
    }

    /// Sets the limit for the whole process. [`Duration::MAX`] is never.
    pub fn set(self, limit: Duration) {
        let nanos = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        NANOS[self as usize].store(nanos, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_place_of_its_own() {
        let all = [Limit::Hang, Limit::Grant, Limit::Cancel];
        for (at, limit) in all.into_iter().enumerate() {
            limit.set(Duration::from_secs(100 + at as u64));
        }
        let set = all.map(|limit| limit.get().as_secs());
        assert_eq!(set, [100, 101, 102]);
        Limit::Cancel.set(Duration::MAX);
        assert_eq!(Limit::Cancel.get(), Duration::from_nanos(u64::MAX));
    }
}
