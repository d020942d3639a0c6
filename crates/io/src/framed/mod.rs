//! Frames over byte streams: messages with a beginning and an end.
//!
//! A codec says where one frame ends and the next begins; it sees a slice and does no I/O, so it can be
//! tested by a table. [`FramedRead`] makes a `Stream` of frames out of a reader and a codec,
//! [`FramedWrite`] a `Sink`, and [`Framed`] both out of one stream.
//!
//! ```
//! use corio_io::prelude::*;
//! use corio_io::{Framed, Lines, duplex};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # corio_base::park::block_on(async {
//! let (near, far) = duplex(64);
//! let mut near = Framed::new(near, Lines::max(1024));
//! let mut far = Framed::new(far, Lines::max(1024));
//! near.send("who is there?").await?;
//! assert_eq!(far.next().await.unwrap()?, "who is there?");
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! All state is in the stream of frames and none in a future, so `next` can be dropped and called
//! again, in a `select!` say, and no byte is lost. A `send` dropped half-way has its frame either
//! not begun or in the buffer, whole, and the next one sends it.
//!
//! A frame that is too long, a broken line: bad input comes out as an error item, with its numbers. Whether
//! there is a way on is the codec's to say: [`Lines`] goes on behind the bad line,
//! [`LengthDelimited`] is at its end, since nobody knows where the next frame begins. An error of the
//! reader's is the last item, too.
//!
//! | module | what it is |
//! |---|---|
//! | `read` | [`FramedRead`] |
//! | `write` | [`FramedWrite`] |
//! | `both` | [`Framed`] |
//! | `lines` | the codec [`Lines`] |
//! | `length` | the codec [`LengthDelimited`] |

use std::io;

mod both;
mod length;
mod lines;
mod read;
mod write;

pub use both::Framed;
pub use length::{FrameError, LengthDelimited};
pub use lines::{LineError, Lines};
pub use read::FramedRead;
pub use write::FramedWrite;

/// Finds the frames in a stream of bytes.
///
/// ```
/// use corio_io::framed::{Decode, Step};
///
/// /// Frames of two bytes.
/// struct Pairs;
///
/// impl Decode for Pairs {
///     type Item = [u8; 2];
///     type Error = std::io::Error;
///
///     fn decode(&mut self, bytes: &[u8], has_ended: bool) -> Result<Step<[u8; 2]>, std::io::Error> {
///         match bytes {
///             [a, b, ..] => Ok(Step::Frame { item: [*a, *b], taken: 2 }),
///             [_] if has_ended => Err(std::io::ErrorKind::UnexpectedEof.into()),
///             _ => Ok(Step::More { at_least: 2 }),
///         }
///     }
/// }
/// ```
pub trait Decode {
    /// A frame.
    type Item;
    /// What can be wrong with one. An [`io::Error`] of the reader's is turned into it.
    type Error: From<io::Error>;

    /// Looks at the bytes that have come and not been taken yet, and says what to do with them.
    ///
    /// It is called again with what is left. `has_ended`: no more will come. Then [`Step::More`] is the end
    /// of the stream, whatever is left; a codec for which that is half a frame says so with an error.
    ///
    /// # Errors
    /// Bad input. The stream of frames goes on with the next call, for the same bytes: skip them there
    /// ([`Step::Skip`]), or end it ([`Step::End`]). An error for the same bytes again ends it, too.
    fn decode(&mut self, bytes: &[u8], has_ended: bool) -> Result<Step<Self::Item>, Self::Error>;
}

/// What a [`Decode`] makes of the bytes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<T> {
    /// The first `taken` bytes are this frame.
    Frame {
        /// The frame.
        item: T,
        /// How many bytes it took, with whatever marks its bounds. 0 is a mistake of the codec's.
        taken: usize,
    },
    /// The first `taken` bytes are nothing.
    Skip {
        /// How many to throw away. 0 is a mistake of the codec's.
        taken: usize,
    },
    /// A frame is not complete.
    More {
        /// How many bytes there must be, with those that are there, before it is worth asking again.
        at_least: usize,
    },
    /// There are no more frames, whatever bytes come.
    End,
}

/// Turns frames into bytes.
pub trait Encode<T> {
    /// What can be wrong with a frame. An [`io::Error`] of the writer's is turned into it.
    type Error: From<io::Error>;

    /// Appends the bytes of `item` to `bytes`.
    ///
    /// # Errors
    /// If it cannot be a frame. Then what was appended is taken back.
    fn encode(&mut self, item: T, bytes: &mut Vec<u8>) -> Result<(), Self::Error>;
}
