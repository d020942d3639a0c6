//! What comes instead of a value when a scope was cancelled.

use std::error::Error;
use std::fmt;

use corio_task::Reason;

/// A scope was cancelled, and its body has no value.
#[derive(Clone, Debug)]
pub struct Stopped {
    pub(super) reason: Reason,
    pub(super) is_deadline: bool,
    pub(super) is_dropped: bool,
}

impl Stopped {
    /// Why.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// Whether its deadline passed; else a handle cancelled it.
    pub fn is_deadline(&self) -> bool {
        self.is_deadline
    }

    /// Whether the body was dropped in the midst of its cleanup, because the grace was over.
    pub fn is_dropped(&self) -> bool {
        self.is_dropped
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the scope was cancelled: {}", self.reason)?;
        if self.is_dropped {
            f.write_str("; its cleanup took longer than its grace, and was dropped")?;
        }
        Ok(())
    }
}

impl Error for Stopped {}
