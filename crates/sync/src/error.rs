//! Why something was refused, one small type per reason.

use std::error::Error;
use std::fmt;

/// The semaphore was closed: nobody will get a permit any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcquireError;

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the semaphore was closed; stop, or make a new one")
    }
}

impl Error for AcquireError {}

/// Why no permit could be had at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryAcquireError {
    /// The semaphore was closed: nobody will get a permit any more.
    Closed,
    /// Too few permits are there, or others wait for them.
    NoPermits,
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryAcquireError::Closed => "the semaphore was closed; stop, or make a new one",
            TryAcquireError::NoPermits => {
                "no permit is free for one who does not wait; try later, or await `acquire`"
            }
        })
    }
}

impl Error for TryAcquireError {}

/// A bounded semaphore was released more often than it was acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OverReleased {
    /// How many permits the semaphore may have.
    pub bound: usize,
    /// How many were free already.
    pub available: usize,
}

impl fmt::Display for OverReleased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OverReleased { bound, available } = self;
        write!(
            f,
            "released too often: {available} of {bound} permits are free already; release once for \
             each permit that was forgotten, or let permits return by themselves"
        )
    }
}

impl Error for OverReleased {}

/// The lock is held, or others wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TryLockError;

impl fmt::Display for TryLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lock is held or waited for; try later, or await `lock`")
    }
}

impl Error for TryLockError {}
