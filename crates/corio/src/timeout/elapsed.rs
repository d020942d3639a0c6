//! The error of a body that had no more time.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

/// The time was over before the body returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed {
    pub(super) limit: Option<Duration>,
}

impl Elapsed {
    pub(crate) fn after(limit: Duration) -> Self {
        Elapsed { limit: Some(limit) }
    }

    /// How much time the body had; `None` where a deadline was given.
    pub fn limit(&self) -> Option<Duration> {
        self.limit
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit {
            Some(limit) => write!(f, "timed out after {limit:?}"),
            None => f.write_str("timed out: the deadline has passed"),
        }
    }
}

impl Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        io::Error::new(io::ErrorKind::TimedOut, elapsed)
    }
}
