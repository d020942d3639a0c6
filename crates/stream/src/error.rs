//! What can go wrong while a message is read, as values: each reason a type of its own.
//!
//! The reads that know what they look for ([`StreamReader::read_exact`], [`StreamReader::read_line`],
//! [`StreamReader::read_until`]) return a [`ReadError`]. It turns into an [`io::Error`], so `?` works
//! where a program has only those. Nothing here reads or waits.
//!
//! [`StreamReader::read_exact`]: crate::StreamReader::read_exact
//! [`StreamReader::read_line`]: crate::StreamReader::read_line
//! [`StreamReader::read_until`]: crate::StreamReader::read_until

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

/// Why a read of a whole message did not succeed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The stream ended in the midst of the message.
    Incomplete(IncompleteRead),
    /// The message is longer than the reader's limit.
    LimitOverrun(LimitOverrun),
    /// There is nothing to look for.
    BadSeparator(BadSeparator),
    /// The connection failed.
    Io(io::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Incomplete(error) => error.fmt(f),
            ReadError::LimitOverrun(error) => error.fmt(f),
            ReadError::BadSeparator(error) => error.fmt(f),
            ReadError::Io(error) => error.fmt(f),
        }
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ReadError::Io(error) => error.source(),
            _ => None,
        }
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        ReadError::Io(error)
    }
}

/// The kinds are `UnexpectedEof`, `InvalidData` and `InvalidInput`; the reason is the inner error.
impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => error,
            ReadError::Incomplete(error) => io::Error::new(io::ErrorKind::UnexpectedEof, error),
            ReadError::LimitOverrun(error) => io::Error::new(io::ErrorKind::InvalidData, error),
            ReadError::BadSeparator(error) => io::Error::new(io::ErrorKind::InvalidInput, error),
        }
    }
}

/// The stream ended before the message did: asyncio's `IncompleteReadError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncompleteRead {
    /// What there was of it. It has left the reader's buffer.
    pub partial: Vec<u8>,
    /// How many bytes were expected, where that was known.
    pub expected: Option<usize>,
}

impl fmt::Display for IncompleteRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read = self.partial.len();
        match self.expected {
            Some(expected) => {
                write!(f, "{read} bytes read on a total of {expected} expected bytes")
            }
            None => write!(f, "{read} bytes read on a total of undefined expected bytes"),
        }
    }
}

impl Error for IncompleteRead {}

impl From<IncompleteRead> for ReadError {
    fn from(error: IncompleteRead) -> Self {
        ReadError::Incomplete(error)
    }
}

/// The message is longer than the reader's limit: asyncio's `LimitOverrunError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitOverrun {
    /// How many bytes there are, at least, before the separator.
    pub consumed: usize,
    /// The limit of the reader.
    pub limit: usize,
    /// Whether the separator was there, behind too much.
    pub is_found: bool,
}

impl fmt::Display for LimitOverrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LimitOverrun { consumed, limit, is_found } = self;
        let (found, but) = if *is_found { ("found", "but") } else { ("not found", "and") };
        write!(
            f,
            "separator is {found}, {but} the chunk of {consumed} bytes is longer than the limit of \
             {limit}: give the reader a larger limit, or read the chunk in pieces"
        )
    }
}

impl Error for LimitOverrun {}

impl From<LimitOverrun> for ReadError {
    fn from(error: LimitOverrun) -> Self {
        ReadError::LimitOverrun(error)
    }
}

/// A separator of a `read_until` is empty, or there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadSeparator {
    /// The one with this number, counted from 0, has no bytes.
    Empty(usize),
    /// The list of separators is empty.
    None,
}

impl fmt::Display for BadSeparator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadSeparator::Empty(number) => write!(
                f,
                "separator {number} is empty and would be found everywhere: a separator has at least \
                 one byte"
            ),
            BadSeparator::None => f.write_str(
                "the list of separators is empty: give one at least, or use `read_to_end`",
            ),
        }
    }
}

impl Error for BadSeparator {}

impl From<BadSeparator> for ReadError {
    fn from(error: BadSeparator) -> Self {
        ReadError::BadSeparator(error)
    }
}

/// An error of a connection that everybody who uses it later is told, too.
///
/// An [`io::Error`] cannot be cloned. What the system said can be said again; any other error is kept
/// as the source of those that are made from it.
#[derive(Clone, Debug)]
pub(crate) struct Sticky(Arc<io::Error>);

impl Sticky {
    pub(crate) fn new(error: io::Error) -> Self {
        Sticky(Arc::new(error))
    }

    pub(crate) fn get(&self) -> &io::Error {
        &self.0
    }

    /// The error, once more.
    pub(crate) fn again(&self) -> io::Error {
        match self.0.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(self.0.kind(), self.clone()),
        }
    }
}

impl fmt::Display for Sticky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Sticky {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_carry_their_numbers_and_a_remedy() {
        let incomplete = IncompleteRead { partial: vec![0; 18], expected: Some(36) };
        assert_eq!(incomplete.to_string(), "18 bytes read on a total of 36 expected bytes");
        let overrun = LimitOverrun { consumed: 9, limit: 3, is_found: false };
        let words = overrun.to_string();
        assert!(words.contains("not found") && words.contains("limit of 3"), "{words}");
        assert!(BadSeparator::Empty(1).to_string().contains("separator 1"));
        let error = io::Error::from(ReadError::from(incomplete));
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_sticky_error_is_told_alike_every_time() {
        let system = Sticky::new(io::Error::from_raw_os_error(104));
        assert_eq!(system.again().raw_os_error(), Some(104));
        let own = Sticky::new(io::Error::other("of the program"));
        let (first, second) = (own.again(), own.again());
        assert_eq!(first.to_string(), second.to_string());
        assert_eq!(first.to_string(), "of the program");
    }
}
