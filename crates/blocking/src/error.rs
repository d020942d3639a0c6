//! What does not come to be: a job for which there is no room, one whose result nobody wants any more.

use std::fmt;

/// So many jobs wait already that the [bound](crate::Config::queue_max) is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull {
    pub(crate) waiting: usize,
    pub(crate) queue_max: usize,
}

impl QueueFull {
    /// How many jobs waited.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many may.
    pub fn queue_max(&self) -> usize {
        self.queue_max
    }
}

impl fmt::Display for QueueFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the queue of the blocking pool is full: {} jobs wait for a thread, and {} may; await \
             `Pool::ready` first, or raise `queue_max` or `threads_max`",
            self.waiting, self.queue_max,
        )
    }
}

impl std::error::Error for QueueFull {}

/// A job that was not taken, and why: the function comes back.
pub struct TrySpawnError<F> {
    pub(crate) function: F,
    pub(crate) full: QueueFull,
}

impl<F> TrySpawnError<F> {
    /// The function that was to be run.
    pub fn into_inner(self) -> F {
        self.function
    }

    /// The numbers.
    pub fn full(&self) -> QueueFull {
        self.full
    }
}

impl<F> fmt::Debug for TrySpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrySpawnError").field("full", &self.full).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for TrySpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.full.fmt(f)
    }
}

impl<F> std::error::Error for TrySpawnError<F> {}

/// The job that asked is to end: who awaits it was cancelled, or nobody does any more, or the pool is
/// being closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobCancelled(pub(crate) ());

impl fmt::Display for JobCancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the job was asked to end: what it computes is not wanted any more")
    }
}

impl std::error::Error for JobCancelled {}
