//! [`about`]: an error of the system's, with what was being done and where.
//!
//! The system says "connection refused"; a program that talks to ten peers has to know which. Called
//! where a socket is connected or bound. Never on the way of bytes: whoever reads or writes has the
//! stream in its hand.

use std::error::Error;
use std::fmt;
use std::io;

/// `error` with `what` before it. The kind stays, and the system's error, with its number, is the source;
/// an error that is not the system's own says what it is about already.
#[cold]
pub(crate) fn about(error: io::Error, what: fmt::Arguments<'_>) -> io::Error {
    if error.raw_os_error().is_none() {
        return error;
    }
    io::Error::new(error.kind(), About { what: what.to_string(), error })
}

#[derive(Debug)]
struct About {
    what: String,
    error: io::Error,
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.error)
    }
}

impl Error for About {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_and_the_systems_number_are_kept() {
        let error = about(io::Error::from_raw_os_error(24), format_args!("cannot listen at {}", 7));
        assert_eq!(error.kind(), io::Error::from_raw_os_error(24).kind());
        assert!(error.to_string().starts_with("cannot listen at 7: "), "{error}");
        let system = error.source().and_then(|source| source.downcast_ref::<io::Error>()).unwrap();
        assert_eq!(system.raw_os_error(), Some(24));
        let again = about(error, format_args!("once more"));
        assert!(!again.to_string().contains("once more"), "said already");
    }
}
