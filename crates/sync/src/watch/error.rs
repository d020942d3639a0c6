//! Why nothing was sent or will change.

use std::error::Error;
use std::fmt;

pub use crate::channel::SendError;

/// All senders are gone: the value does not change any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError;

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("all senders are gone, the value does not change any more; stop waiting for it")
    }
}

impl Error for RecvError {}
