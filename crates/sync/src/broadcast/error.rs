//! Why nothing was sent or received.

use std::error::Error;
use std::fmt;

pub use crate::channel::SendError;

/// Why no value was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvError {
    /// Nothing is left and nobody sends any more.
    Closed,
    /// The receiver was too slow: so many values are lost to it. The next call gives the oldest one
    /// that is left.
    Lagged(u64),
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecvError::Closed => f.write_str("nobody sends to this channel any more"),
            RecvError::Lagged(count) => lagged(*count, f),
        }
    }
}

fn lagged(count: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(
        f,
        "{count} values were lost because the receiver was too slow; receive again for the oldest \
         one left, or use a greater capacity"
    )
}

impl Error for RecvError {}

/// Why no value could be received at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// Nothing is there yet.
    Empty,
    /// Nothing is left and nobody sends any more.
    Closed,
    /// The receiver was too slow: so many values are lost to it.
    Lagged(u64),
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TryRecvError::Empty => f.write_str("nothing is there yet; try later, or await `recv`"),
            TryRecvError::Closed => f.write_str("nobody sends to this channel any more"),
            TryRecvError::Lagged(count) => lagged(*count, f),
        }
    }
}

impl Error for TryRecvError {}
