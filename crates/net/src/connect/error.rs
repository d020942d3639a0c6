//! Why nothing was connected: every attempt's error.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::resolve::{Family, LookupError};

/// Why [`Connect`](crate::Connect) gave no connection: what was to be connected to, and the error of every
/// attempt.
///
/// An [`io::Error`] made of it has [`ConnectError::kind`] and this error inside; the system's own errors,
/// with their numbers, are in [`ConnectError::attempts`]. The message names the address; of several
/// attempts it has all (`Multiple exceptions: …`, as asyncio's).
///
/// An `io::Error` has words or the system's number, not both, and these are words: its `raw_os_error()` is
/// `None`. The number is that of its source, and `corio::io::raw_os_error` finds it.
#[derive(Debug)]
pub struct ConnectError {
    /// The name that was asked for, with the port; `None` if addresses were given.
    name: Option<String>,
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
        ConnectError { name: None, why: Why::Target(error) }
    }

    #[cold]
    pub(super) fn of_lookup(name: &str, error: LookupError) -> ConnectError {
        ConnectError { name: Some(name.to_owned()), why: Why::Lookup(error) }
    }

    #[cold]
    pub(super) fn of_nothing(
        name: Option<String>,
        found: usize,
        family: Option<Family>,
    ) -> ConnectError {
        ConnectError { name, why: Why::Nothing { found, family } }
    }

    #[cold]
    pub(super) fn of_attempts(
        name: Option<String>,
        attempts: Vec<(SocketAddr, io::Error)>,
    ) -> ConnectError {
        ConnectError { name, why: Why::Attempts(attempts) }
    }

    /// The one attempt at an address has failed.
    #[cold]
    pub(crate) fn of_attempt(address: SocketAddr, error: io::Error) -> ConnectError {
        ConnectError::of_attempts(None, vec![(address, error)])
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
                let name = self.name.as_deref().unwrap_or("the list");
                return write!(f, "none of the {found} addresses of {name} is an {family} address");
            }
            Why::Attempts(attempts) => attempts,
        };
        if let [(address, error)] = &attempts[..] {
            return match &self.name {
                None => write!(f, "cannot connect to {address}: {error}"),
                Some(name) => write!(f, "cannot connect to {name} at {address}: {error}"),
            };
        }
        f.write_str("Multiple exceptions: ")?;
        for (number, (address, error)) in attempts.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{address}: {error}")?;
        }
        match &self.name {
            None => Ok(()),
            Some(name) => write!(f, "; no address of {name} can be connected to"),
        }
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
    /// The [`ConnectError`] is inside, unless it did not come to an attempt: then it is the error of the
    /// target, or of the lookup.
    fn from(error: ConnectError) -> io::Error {
        let kind = error.kind();
        match error.why {
            Why::Target(error) => error,
            Why::Lookup(error) => error.into(),
            _ => io::Error::new(kind, error),
        }
    }
}
