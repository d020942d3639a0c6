//! Why a lookup gave nothing.

use std::error::Error;
use std::fmt;
use std::io;

/// Why a name could not be looked up: which one, what kind of failure it is, and the
/// resolver's own words.
///
/// It converts into an [`io::Error`], and is inside the ones that [`lookup_host`](super::lookup_host) gives:
///
/// ```
/// use corio_net::resolve::{LookupError, LookupErrorKind};
///
/// # corio_base::park::block_on(async {
/// let error = corio_net::lookup_host("no name at all:80").await.unwrap_err();
/// let inner = error.get_ref().unwrap().downcast_ref::<LookupError>().unwrap();
/// assert_eq!(inner.name(), "no name at all");
/// # });
/// ```
#[derive(Debug)]
pub struct LookupError {
    name: Box<str>,
    kind: LookupErrorKind,
    words: io::Error,
}

/// What kind of failure a [`LookupError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LookupErrorKind {
    /// The resolver says that there is no such name, or could not be asked: the message has its words.
    Resolver,
    /// The resolver knows the name, and has no address of it.
    NoAddress,
    /// The name cannot be one: it has a NUL byte, or there is none.
    InvalidName,
    /// The blocking pool did not run the lookup to its end: it is being closed, or its queue is full.
    Pool,
}

/// What stands before the resolver's words in std's messages.
const PREFIX: &str = "failed to lookup address information: ";

impl LookupError {
    /// The name that was looked up.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> LookupErrorKind {
        self.kind
    }

    /// The kind it has as an [`io::Error`].
    pub(crate) fn io_kind(&self) -> io::ErrorKind {
        match self.kind {
            LookupErrorKind::Resolver => self.words.kind(),
            LookupErrorKind::NoAddress => io::ErrorKind::NotFound,
            LookupErrorKind::InvalidName => io::ErrorKind::InvalidInput,
            LookupErrorKind::Pool => io::ErrorKind::Other,
        }
    }

    #[cold]
    pub(super) fn of_system(name: &str, error: io::Error) -> LookupError {
        let words = match error.to_string().strip_prefix(PREFIX) {
            Some(said) => io::Error::other(said.to_owned()),
            None => error,
        };
        LookupError { name: name.into(), kind: LookupErrorKind::Resolver, words }
    }

    #[cold]
    pub(super) fn of_pool(name: &str, error: &dyn fmt::Display) -> LookupError {
        let words = io::Error::other(format!("its job on the blocking pool gave nothing: {error}"));
        LookupError { name: name.into(), kind: LookupErrorKind::Pool, words }
    }

    #[cold]
    pub(super) fn of_resolver(name: &str, error: io::Error) -> LookupError {
        match error.downcast::<LookupError>() {
            Ok(error) => error,
            Err(words) => LookupError { name: name.into(), kind: LookupErrorKind::Resolver, words },
        }
    }

    #[cold]
    pub(super) fn empty(name: &str) -> LookupError {
        let words = io::Error::other("the resolver knows it, but has no address of it");
        LookupError { name: name.into(), kind: LookupErrorKind::NoAddress, words }
    }

    #[cold]
    pub(super) fn nothing() -> LookupError {
        let words = io::Error::new(
            io::ErrorKind::InvalidInput,
            "neither a host nor a service was given: give one at least",
        );
        LookupError { name: "".into(), kind: LookupErrorKind::InvalidName, words }
    }

    #[cold]
    pub(super) fn has_nul(name: &str, at: usize) -> LookupError {
        let words = io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("a name has no NUL byte, and this one has one at {at}"),
        );
        LookupError { name: name.into(), kind: LookupErrorKind::InvalidName, words }
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lookup of `{}` failed: {}", self.name.escape_debug(), self.words)
    }
}

impl Error for LookupError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.words)
    }
}

impl From<LookupError> for io::Error {
    /// An error with the [`LookupError`] inside; its kind is what the resolver said, `NotFound` without an
    /// address, `InvalidInput` for what is no name, or `Other`.
    fn from(error: LookupError) -> io::Error {
        io::Error::new(error.io_kind(), error)
    }
}
