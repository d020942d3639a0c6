//! Why a queue refused. What could not be put comes back.

use std::error::Error;
use std::fmt;

/// The queue was shut down: nothing is taken in any more, and nothing is left to be got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueShutDown;

impl fmt::Display for QueueShutDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue was shut down and is empty; stop getting")
    }
}

impl Error for QueueShutDown {}

/// The queue was shut down; this is the item that it did not take.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PutError<T>(pub T);

/// Why nothing could be put without waiting, with the item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TryPutError<T> {
    /// As many items are in the queue as it may have.
    Full(T),
    /// The queue was shut down.
    ShutDown(T),
}

/// Why nothing could be got without waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryGetError {
    /// Nothing is in the queue.
    Empty,
    /// The queue was shut down, and nothing is left in it.
    ShutDown,
}

/// `task_done` was called more often than items were put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskDoneTooOften;

impl<T> PutError<T> {
    /// The item.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> TryPutError<T> {
    /// The item.
    pub fn into_inner(self) -> T {
        match self {
            TryPutError::Full(item) | TryPutError::ShutDown(item) => item,
        }
    }

    /// Whether waiting would help.
    pub fn is_full(&self) -> bool {
        matches!(self, TryPutError::Full(_))
    }
}

const PUT_AFTER_SHUTDOWN: &str = "the queue was shut down; keep the item, and stop putting";

// Without the item, so that any error can be unwrapped.
impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PutError(..)")
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PUT_AFTER_SHUTDOWN)
    }
}

impl<T> Error for PutError<T> {}

impl<T> fmt::Debug for TryPutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryPutError::Full(_) => "Full(..)",
            TryPutError::ShutDown(_) => "ShutDown(..)",
        })
    }
}

impl<T> fmt::Display for TryPutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryPutError::Full(_) => "the queue is full; try later, or await `put`",
            TryPutError::ShutDown(_) => PUT_AFTER_SHUTDOWN,
        })
    }
}

impl<T> Error for TryPutError<T> {}

impl fmt::Display for TryGetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryGetError::Empty => "the queue is empty; try later, or await `get`",
            TryGetError::ShutDown => "the queue was shut down and is empty; stop getting",
        })
    }
}

impl Error for TryGetError {}

impl fmt::Display for TaskDoneTooOften {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`task_done` called too often; call it once for each item that was got")
    }
}

impl Error for TaskDoneTooOften {}
