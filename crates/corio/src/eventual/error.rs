//! What can be had in place of a value that was promised.

use std::fmt;

use corio_task::Reason;

/// A value, or an error, came too late: there was an outcome already.
#[derive(Debug, PartialEq, Eq)]
pub struct AlreadyDone<V> {
    pub(super) value: V,
    pub(super) was_cancelled: bool,
}

impl<V> AlreadyDone<V> {
    /// What was refused.
    pub fn into_inner(self) -> V {
        self.value
    }

    /// Whether the outcome that was there is a cancellation.
    pub fn was_cancelled(&self) -> bool {
        self.was_cancelled
    }
}

impl<V> fmt::Display for AlreadyDone<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.was_cancelled {
            true => "it was cancelled before: nobody waits for an outcome (ask `is_cancelled`)",
            false => "an outcome was given before, and there is one only (ask `is_done`)",
        })
    }
}

impl<V: fmt::Debug> std::error::Error for AlreadyDone<V> {}

/// Why an awaited [`Eventual`](super::Eventual) has no value.
#[derive(Clone, Debug)]
pub enum EventualError<E> {
    /// This error was given.
    Error(E),
    /// It was cancelled.
    Cancelled(Reason),
}

impl<E> EventualError<E> {
    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, EventualError::Cancelled(_))
    }

    /// The error that was given, if one was.
    pub fn into_error(self) -> Option<E> {
        match self {
            EventualError::Error(error) => Some(error),
            EventualError::Cancelled(_) => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for EventualError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EventualError::Error(error) => error.fmt(f),
            EventualError::Cancelled(reason) => write!(f, "cancelled: {reason}"),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for EventualError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            EventualError::Error(error) => error.source(),
            EventualError::Cancelled(_) => None,
        }
    }
}

/// Why [`Eventual::result`](super::Eventual::result) has no value.
#[derive(Debug)]
pub enum ResultError<'a, E> {
    /// There is no outcome yet.
    NotDone,
    /// This error was given.
    Error(&'a E),
    /// It was cancelled.
    Cancelled(&'a Reason),
}

impl<E> ResultError<'_, E> {
    /// Whether there is no outcome yet.
    pub fn is_not_done(&self) -> bool {
        matches!(self, ResultError::NotDone)
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, ResultError::Cancelled(_))
    }
}

impl<E: fmt::Display> fmt::Display for ResultError<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResultError::NotDone => {
                f.write_str("there is no result yet: await it, or ask `is_done`")
            }
            ResultError::Error(error) => error.fmt(f),
            ResultError::Cancelled(reason) => write!(f, "cancelled: {reason}"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for ResultError<'_, E> {}
