//! Lines of text as frames, with a limit.
//!
//! ```text
//!   Searching ──1 decode: no end of line within the limit──▶ Skipping
//!       ▲                                                      │
//!       └──────────2 skip: the end of that line────────────────┘
//! ```

use std::error::Error;
use std::fmt;
use std::io;

use memchr::memchr;

use super::{Decode, Encode, Step};

/// A codec of lines of UTF-8: read up to `\n` or `\r\n`, written with `\n`.
///
/// What follows the last line break is a line, too, if it is not empty. A line that is too long or no UTF-8
/// is one error item; the next item is the line after it. No more than the limit and one read is ever
/// kept.
#[derive(Clone, Debug)]
pub struct Lines {
    max: usize,
    /// How many bytes of the present line have been searched for its end.
    searched: usize,
    /// In a line that was too long.
    is_skipping: bool,
}

impl Lines {
    /// Lines of up to `max` bytes, without their ends.
    pub fn max(max: usize) -> Lines {
        Lines { max, searched: 0, is_skipping: false }
    }

    /// Finds `\n`; goes on where it stopped, so that a line that comes byte by byte is searched once.
    fn find_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let searched = self.searched.min(bytes.len());
        let found = memchr(b'\n', &bytes[searched..]);
        self.searched = if found.is_some() { 0 } else { bytes.len() };
        found.map(|place| searched + place)
    }

    /// Edge 2.
    fn skip(&mut self, bytes: &[u8]) -> Step<String> {
        let end = self.find_end(bytes);
        // Skipped bytes are not seen again.
        self.searched = 0;
        match (end, bytes.len()) {
            (Some(end), _) => {
                self.is_skipping = false;
                Step::Skip { taken: end + 1 }
            }
            (None, 0) => Step::More { at_least: 1 },
            (None, all) => Step::Skip { taken: all },
        }
    }

    fn too_long(&mut self, seen: usize) -> LineError {
        self.is_skipping = true;
        self.searched = 0;
        LineError::TooLong { seen, max: self.max }
    }
}

impl Decode for Lines {
    type Item = String;
    type Error = LineError;

    fn decode(&mut self, bytes: &[u8], has_ended: bool) -> Result<Step<String>, LineError> {
        if self.is_skipping {
            return Ok(self.skip(bytes));
        }
        let (line, taken) = match self.find_end(bytes) {
            Some(end) => (without_return(&bytes[..end]), end + 1),
            None if has_ended && !bytes.is_empty() => (bytes, bytes.len()),
            // A `\r` may be the beginning of the line's end.
            None if without_return(bytes).len() > self.max => {
                return Err(self.too_long(bytes.len()));
            }
            None => return Ok(Step::More { at_least: bytes.len() + 1 }),
        };
        if line.len() > self.max {
            return Err(self.too_long(line.len()));
        }
        match std::str::from_utf8(line) {
            Ok(line) => Ok(Step::Frame { item: line.to_owned(), taken }),
            Err(error) => {
                self.is_skipping = true;
                Err(LineError::NotUtf8 { valid: error.valid_up_to(), length: line.len() })
            }
        }
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

impl<T: AsRef<str>> Encode<T> for Lines {
    type Error = LineError;

    fn encode(&mut self, line: T, bytes: &mut Vec<u8>) -> Result<(), LineError> {
        let line = line.as_ref();
        if line.len() > self.max {
            return Err(LineError::TooLong { seen: line.len(), max: self.max });
        }
        if let Some(at) = line.find('\n') {
            return Err(LineError::HasLineBreak { at });
        }
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        Ok(())
    }
}

/// What can be wrong with a line.
#[derive(Debug)]
#[non_exhaustive]
pub enum LineError {
    /// It has more bytes than the codec lets through.
    TooLong {
        /// How many there are at least: more may follow.
        seen: usize,
        /// How many there may be.
        max: usize,
    },
    /// It is no UTF-8.
    NotUtf8 {
        /// So many bytes are.
        valid: usize,
        /// How many it has.
        length: usize,
    },
    /// To be written, it has a line break within, and would be two lines at the other end.
    HasLineBreak {
        /// Where.
        at: usize,
    },
    /// The stream failed.
    Io(io::Error),
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LineError::TooLong { seen, max } => {
                write!(
                    f,
                    "a line of at least {seen} bytes is too long: Lines::max lets {max} through"
                )
            }
            LineError::NotUtf8 { valid, length } => {
                write!(f, "a line of {length} bytes is no UTF-8 after the first {valid}")
            }
            LineError::HasLineBreak { at } => {
                write!(f, "a line to be written has a line break at {at}: split it there")
            }
            LineError::Io(error) => error.fmt(f),
        }
    }
}

impl Error for LineError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            LineError::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for LineError {
    fn from(error: io::Error) -> LineError {
        LineError::Io(error)
    }
}

impl From<LineError> for io::Error {
    /// The stream's error as it is; another one as `InvalidData` (`InvalidInput` for a line to be
    /// written), with the [`LineError`] inside.
    fn from(error: LineError) -> io::Error {
        match error {
            LineError::Io(error) => error,
            LineError::HasLineBreak { .. } => io::Error::new(io::ErrorKind::InvalidInput, error),
            error => io::Error::new(io::ErrorKind::InvalidData, error),
        }
    }
}
