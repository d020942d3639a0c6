//! Why nothing was connected: every attempt's error.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::resolve::{Family, LookupError};

/// Why [`Connect`](crate::Connect) gave no connection: what was to be connected to, and the error of every
/// attempt.
///
/// As an [`io::Error`] it is by asyncio's rules: errors that are all the same become that one; if they
/// differ the message has all of them (`Multiple exceptions: …`), and this error is inside.
#[derive(Debug)]
pub struct ConnectError {
    target: String,
    why: Why,
}

#[derive(Debug)]
enum Why {
    /// It is nothing to connect to.
    Target(io::Error),
    Lookup(LookupError),
    /// There was no address, of this family.
    Nothing {
        found: usize,
        family: Option<Family>,
    },
    /// At least one, in the order in which they came.
    Attempts(Vec<(SocketAddr, io::Error)>),
}

impl ConnectError {
    #[cold]
    pub(super) fn of_target(error: io::Error) -> ConnectError {
        ConnectError { target: String::new(), why: Why::Target(error) }
    }

    #[cold]
    pub(super) fn of_lookup(target: &str, error: LookupError) -> ConnectError {
        ConnectError { target: target.to_owned(), why: Why::Lookup(error) }
    }

    #[cold]
    pub(super) fn of_nothing(target: String, found: usize, family: Option<Family>) -> ConnectError {
        ConnectError { target, why: Why::Nothing { found, family } }
    }

    #[cold]
    pub(super) fn of_attempts(
        target: String,
        attempts: Vec<(SocketAddr, io::Error)>,
    ) -> ConnectError {
        ConnectError { target, why: Why::Attempts(attempts) }
    }

    /// The attempts, each with its address, in the order in which they failed. Empty if it did not come to
    /// one.
    pub fn attempts(&self) -> &[(SocketAddr, io::Error)] {
        match &self.why {
            Why::Attempts(attempts) => attempts,
            _ => &[],
        }
    }

    /// Why the name could not be looked up, if that is what failed.
    pub fn lookup(&self) -> Option<&LookupError> {
        match &self.why {
            Why::Lookup(error) => Some(error),
            _ => None,
        }
    }

    /// The attempts' common kind, or `Other` if they differ; the kind of whatever else it was.
    pub fn kind(&self) -> io::ErrorKind {
        match &self.why {
            Why::Target(error) => error.kind(),
            Why::Lookup(error) => error.io_kind(),
            Why::Nothing { .. } => io::ErrorKind::AddrNotAvailable,
            Why::Attempts(attempts) => {
                let first = attempts[0].1.kind();
                let is_common = attempts.iter().all(|(_, error)| error.kind() == first);
                if is_common { first } else { io::ErrorKind::Other }
            }
        }
    }

    /// Whether all attempts failed with the same error.
    fn is_one(&self) -> bool {
        let attempts = self.attempts();
        let Some(((_, first), rest)) = attempts.split_first() else { return false };
        let text = first.to_string();
        rest.iter().all(|(_, error)| {
            (error.kind(), error.raw_os_error()) == (first.kind(), first.raw_os_error())
                && error.to_string() == text
        })
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attempts = match &self.why {
            Why::Target(error) => return error.fmt(f),
            Why::Lookup(error) => return error.fmt(f),
            Why::Nothing { found: 0, .. } => {
                return f.write_str("there is no address to connect to: the list is empty");
            }
            Why::Nothing { found, family } => {
                let family = if *family == Some(Family::V4) { "IPv4" } else { "IPv6" };
                let target = &self.target;
                return write!(
                    f,
                    "none of the {found} addresses of {target} is an {family} address"
                );
            }
            Why::Attempts(attempts) => attempts,
        };
        if let [(address, error)] = &attempts[..] {
            return write!(f, "cannot connect to {address}: {error}");
        }
        f.write_str("Multiple exceptions: ")?;
        for (number, (address, error)) in attempts.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{address}: {error}")?;
        }
        Ok(())
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.why {
            Why::Target(error) => Some(error),
            Why::Lookup(error) => Some(error),
            Why::Nothing { .. } => None,
            Why::Attempts(attempts) => Some(&attempts[0].1),
        }
    }
}

impl From<ConnectError> for io::Error {
    /// Errors that are all the same become that one, with the system's number; otherwise the
    /// [`ConnectError`] is inside, and the kind is [`ConnectError::kind`].
    fn from(error: ConnectError) -> io::Error {
        let (kind, is_one) = (error.kind(), error.is_one());
        match error.why {
            Why::Target(error) => error,
            Why::Lookup(error) => error.into(),
            Why::Attempts(mut attempts) if is_one => attempts.swap_remove(0).1,
            _ => io::Error::new(kind, error),
        }
    }
}
