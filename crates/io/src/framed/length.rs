//! Frames that begin with their length.
//!
//! ```text
//!   | length: 1 to 8 bytes | that many bytes |
//! ```

use std::error::Error;
use std::fmt;
use std::io;

use super::{Decode, Encode, Step};

/// The length of a length, unless it is set: what most protocols have.
const LENGTH_BYTES: usize = 4;

/// A codec of frames that begin with their length, a number of 4 bytes, the highest first.
///
/// A frame that is too long is an error, and the end: what follows it is not looked at. The buffer
/// grows with the bytes that come, not with the length that the peer claims.
#[derive(Clone, Debug)]
pub struct LengthDelimited {
    max: usize,
    length_bytes: usize,
    lowest_first: bool,
    has_failed: bool,
}

impl LengthDelimited {
    /// Frames of up to `max` bytes, without the length.
    pub fn max(max: usize) -> LengthDelimited {
        LengthDelimited { max, length_bytes: LENGTH_BYTES, lowest_first: false, has_failed: false }
    }

    /// Makes the length a number of so many bytes.
    ///
    /// # Panics
    /// If it is not 1 to 8.
    #[track_caller]
    #[must_use]
    pub fn length_bytes(mut self, count: usize) -> LengthDelimited {
        assert!((1..=8).contains(&count), "a length has 1 to 8 bytes, not {count}");
        self.length_bytes = count;
        self
    }

    /// Makes the length a number with its lowest byte first.
    #[must_use]
    pub fn little_endian(mut self) -> LengthDelimited {
        self.lowest_first = true;
        self
    }

    fn length(&self, header: &[u8]) -> u64 {
        let add = |length: u64, byte: &u8| length << 8 | u64::from(*byte);
        if self.lowest_first {
            header.iter().rev().fold(0, add)
        } else {
            header.iter().fold(0, add)
        }
    }

    /// The longest frame that the limit and the length of the length let through.
    fn longest(&self) -> u64 {
        let by_header = u64::MAX >> (64 - 8 * self.length_bytes);
        by_header.min(u64::try_from(self.max).unwrap_or(u64::MAX))
    }
}

impl Decode for LengthDelimited {
    type Item = Vec<u8>;
    type Error = FrameError;

    fn decode(&mut self, bytes: &[u8], has_ended: bool) -> Result<Step<Vec<u8>>, FrameError> {
        if self.has_failed {
            return Ok(Step::End);
        }
        let wanted = match bytes.split_at_checked(self.length_bytes) {
            Some((header, _)) => {
                let length = self.length(header);
                if length > self.longest() {
                    self.has_failed = true;
                    return Err(FrameError::TooLong { length, max: self.longest() });
                }
                // It is no more than `max`, which is a usize.
                self.length_bytes.saturating_add(length as usize)
            }
            None => self.length_bytes,
        };
        if bytes.len() >= wanted && bytes.len() >= self.length_bytes {
            let item = bytes[self.length_bytes..wanted].to_vec();
            return Ok(Step::Frame { item, taken: wanted });
        }
        if has_ended && !bytes.is_empty() {
            self.has_failed = true;
            return Err(FrameError::Unfinished { seen: bytes.len(), expected: wanted });
        }
        Ok(Step::More { at_least: wanted })
    }
}

impl<T: AsRef<[u8]>> Encode<T> for LengthDelimited {
    type Error = FrameError;

    fn encode(&mut self, frame: T, bytes: &mut Vec<u8>) -> Result<(), FrameError> {
        let frame = frame.as_ref();
        let length = frame.len() as u64;
        if length > self.longest() {
            return Err(FrameError::TooLong { length, max: self.longest() });
        }
        if self.lowest_first {
            bytes.extend_from_slice(&length.to_le_bytes()[..self.length_bytes]);
        } else {
            bytes.extend_from_slice(&length.to_be_bytes()[8 - self.length_bytes..]);
        }
        bytes.extend_from_slice(frame);
        Ok(())
    }
}

/// What can be wrong with a frame.
#[derive(Debug)]
#[non_exhaustive]
pub enum FrameError {
    /// It has more bytes than the codec lets through.
    TooLong {
        /// How many, by its header.
        length: u64,
        /// How many it may have.
        max: u64,
    },
    /// The stream has ended in the midst of it.
    Unfinished {
        /// How many bytes came, with the header.
        seen: usize,
        /// How many there should be at least.
        expected: usize,
    },
    /// The stream failed.
    Io(io::Error),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::TooLong { length, max } => {
                write!(
                    f,
                    "a frame of {length} bytes is too long: {max} are let through by \
                     LengthDelimited::max and the length of its header"
                )
            }
            FrameError::Unfinished { seen, expected } => {
                write!(f, "the stream ended after {seen} of the {expected} bytes of a frame")
            }
            FrameError::Io(error) => error.fmt(f),
        }
    }
}

impl Error for FrameError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            FrameError::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> FrameError {
        FrameError::Io(error)
    }
}

impl From<FrameError> for io::Error {
    /// The stream's error as it is; another one as `InvalidData` or `UnexpectedEof`, with the
    /// [`FrameError`] inside.
    fn from(error: FrameError) -> io::Error {
        match error {
            FrameError::Io(error) => error,
            FrameError::TooLong { .. } => io::Error::new(io::ErrorKind::InvalidData, error),
            FrameError::Unfinished { .. } => io::Error::new(io::ErrorKind::UnexpectedEof, error),
        }
    }
}
