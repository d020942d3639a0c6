//! Why the first use of a descriptor could not register it.
//!
//! The error surfaces far from where the descriptor came from, so it names the descriptor and says
//! what was being done; the kind stays the system's, whose own error is its source.

use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::RawFd;

/// The content of the error; made by [`FirstUse::failed`].
#[derive(Debug)]
pub(crate) struct FirstUse {
    fd: RawFd,
    /// What was to become of the descriptor.
    doing: &'static str,
    error: io::Error,
}

impl FirstUse {
    /// `fd` could not be `doing` at its first use.
    #[cold]
    pub(crate) fn failed(fd: RawFd, doing: &'static str, error: io::Error) -> io::Error {
        io::Error::new(error.kind(), FirstUse { fd, doing, error })
    }
}

impl fmt::Display for FirstUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FirstUse { fd, doing, error } = self;
        write!(f, "descriptor {fd} could not be {doing} at its first use: {error}")
    }
}

impl Error for FirstUse {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}
