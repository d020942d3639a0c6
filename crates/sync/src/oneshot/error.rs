//! Why nothing was received.

use std::error::Error;
use std::fmt;

/// The sender was dropped, or the channel closed, before anything was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError;

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing was sent before the sender was dropped or the channel closed")
    }
}

impl Error for RecvError {}

/// Why nothing could be received at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// Nothing was sent yet.
    Empty,
    /// Nothing was sent before the sender was dropped or the channel closed, or it was received
    /// already.
    Closed,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryRecvError::Empty => "nothing was sent yet; try later, or await the receiver",
            TryRecvError::Closed => "nothing will be sent any more; stop receiving",
        })
    }
}

impl Error for TryRecvError {}
