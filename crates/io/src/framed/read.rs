//! A stream of frames out of a reader and a codec.
//!
//! ```text
//!   Reading ──1 poll_frame: a read of 0 bytes──▶ Ended ──3 poll_frame: the codec wants more──▶ Over
//!      └─────2 poll_frame: the reader fails, or the codec says so──────────────────────────────▶ Over
//! ```
//!
//! [`Incoming`] is the state beside the reader: what has come and was not taken. `both` has one, too.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use corio_base::budget::READY_PER_POLL_MAX;
use futures_core::Stream;
use futures_io::AsyncRead;

use super::{Decode, Step};

/// How much room a read gets at least: two pages, as std's buffered reader has.
const READ_MIN: usize = 8 * 1024;

/// How much a buffer that has grown for a large frame keeps when it is empty: what 8 reads fill.
const KEEP_MAX: usize = 64 * 1024;

/// How many reads and skipped pieces one poll makes without a frame, lest a reader that is always ready,
/// such as a flood of bytes without an end of line, keeps the task for itself.
const STEPS_PER_POLL_MAX: u64 = READY_PER_POLL_MAX;

/// Frames read from `R` by the codec `C`: a `Stream` of `Result<C::Item, C::Error>`.
///
/// ```
/// use corio_io::prelude::*;
/// use corio_io::{FramedRead, Lines};
///
/// # fn main() -> Result<(), corio_io::framed::LineError> {
/// # corio_base::park::block_on(async {
/// let mut lines = FramedRead::new(&b"one\r\ntwo"[..], Lines::max(80));
/// assert_eq!(lines.next().await.unwrap()?, "one");
/// assert_eq!(lines.next().await.unwrap()?, "two");
/// assert!(lines.next().await.is_none());
/// # Ok(())
/// # })
/// # }
/// ```
///
/// # Cancel safety
/// A `next` that is dropped has taken nothing, and the bytes that have come are kept.
pub struct FramedRead<R, C> {
    reader: R,
    codec: C,
    incoming: Incoming,
}

impl<R, C> FramedRead<R, C> {
    /// Frames of `reader`, by `codec`.
    pub fn new(reader: R, codec: C) -> Self {
        FramedRead { reader, codec, incoming: Incoming::default() }
    }

    /// The reader.
    pub fn get_ref(&self) -> &R {
        &self.reader
    }

    /// The reader. What is read from it is missing in the frames.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// The codec, to change a limit say.
    pub fn codec_mut(&mut self) -> &mut C {
        &mut self.codec
    }

    /// The reader and the codec, and what has been read and belongs to no frame yet.
    pub fn into_parts(self) -> (R, C, Vec<u8>) {
        (self.reader, self.codec, self.incoming.into_bytes())
    }
}

impl<R: Unpin, C> Unpin for FramedRead<R, C> {}

/// What every type with a reader, a codec and an [`Incoming`] is: a stream of frames.
macro_rules! reads_frames {
    ($framed:ident, $reader:ident) => {
        impl<R, C> $framed<R, C> {
            /// What has been read and belongs to no frame yet.
            pub fn read_buffer(&self) -> &[u8] {
                self.incoming.bytes()
            }
        }

        impl<R, C> Stream for $framed<R, C>
        where
            R: AsyncRead + Unpin,
            C: Decode,
        {
            type Item = Result<C::Item, C::Error>;

            fn poll_next(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<Option<Self::Item>> {
                let this = &mut *self;
                this.incoming.poll_frame(context, Pin::new(&mut this.$reader), &mut this.codec)
            }
        }
    };
}

pub(super) use reads_frames;

reads_frames!(FramedRead, reader);

impl<R: fmt::Debug, C: fmt::Debug> fmt::Debug for FramedRead<R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FramedRead")
            .field("reader", &self.reader)
            .field("codec", &self.codec)
            .field("incoming", &self.incoming)
            .finish()
    }
}

/// What has come and was not taken.
#[derive(Default)]
pub(super) struct Incoming {
    /// `buffer[start..end]` has come; behind it is room.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// With fewer bytes the codec need not be asked.
    at_least: usize,
    /// The codec has found a fault in just these bytes.
    is_faulty: bool,
    stage: Stage,
}

/// The states in the picture above.
#[derive(Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Reading,
    Ended,
    Over,
}

impl Incoming {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.buffer.truncate(self.end);
        self.buffer.drain(..self.start);
        self.buffer
    }

    pub(super) fn poll_frame<R, C>(
        &mut self,
        context: &mut Context<'_>,
        mut reader: Pin<&mut R>,
        codec: &mut C,
    ) -> Poll<Option<Result<C::Item, C::Error>>>
    where
        R: AsyncRead,
        C: Decode,
    {
        for _ in 0..STEPS_PER_POLL_MAX {
            if self.stage == Stage::Over {
                return Poll::Ready(None);
            }
            let has_ended = self.stage == Stage::Ended;
            if has_ended || self.end - self.start >= self.at_least {
                match codec.decode(&self.buffer[self.start..self.end], has_ended) {
                    Ok(Step::Frame { item, taken }) => {
                        self.take(taken);
                        return Poll::Ready(Some(Ok(item)));
                    }
                    Ok(Step::Skip { taken }) => {
                        self.take(taken);
                        continue;
                    }
                    Ok(Step::More { at_least }) if !has_ended => {
                        // At least one more, or the same question would be asked again.
                        self.at_least = at_least.max(self.end - self.start + 1);
                    }
                    // Edge 3, and edge 2.
                    Ok(Step::More { .. } | Step::End) => {
                        self.stage = Stage::Over;
                        return Poll::Ready(None);
                    }
                    // Edge 2: it has nothing else to say of these bytes, nor will it have.
                    Err(_) if self.is_faulty => {
                        self.stage = Stage::Over;
                        return Poll::Ready(None);
                    }
                    Err(error) => {
                        self.at_least = 0;
                        self.is_faulty = true;
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            }
            if let Err(error) = ready!(self.poll_fill(context, reader.as_mut())) {
                // Edge 2: what fails once may fail for ever, and a loop over the frames is to end.
                self.stage = Stage::Over;
                return Poll::Ready(Some(Err(error.into())));
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads once.
    fn poll_fill<R>(
        &mut self,
        context: &mut Context<'_>,
        reader: Pin<&mut R>,
    ) -> Poll<io::Result<()>>
    where
        R: AsyncRead,
    {
        self.make_room();
        let room = &mut self.buffer[self.end..];
        let most = room.len();
        match ready!(reader.poll_read(context, room))? {
            // Edge 1.
            0 => self.stage = Stage::Ended,
            n => {
                assert!(n <= most, "a reader says that it put {n} bytes into a buffer of {most}");
                self.end += n;
                self.is_faulty = false;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Room behind the bytes, worth a read. It grows with what has come, and not with what the codec waits
    /// for: a frame's length is the peer's claim.
    fn make_room(&mut self) {
        if self.start > 0 && self.buffer.len() - self.end < READ_MIN {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.buffer.len() - self.end < READ_MIN / 2 {
            // Doubles, so that a long frame is moved a few times only.
            let room = self.end.max(READ_MIN);
            self.buffer.resize(self.end + room, 0);
        }
    }

    fn take(&mut self, taken: usize) {
        let there = self.end - self.start;
        assert!(
            0 < taken && taken <= there,
            "a codec took {taken} of {there} bytes: a frame takes at least one, and no more than came"
        );
        self.start += taken;
        self.at_least = 0;
        self.is_faulty = false;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.buffer.len() > KEEP_MAX {
                self.buffer = Vec::new();
            }
        }
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("bytes", &(self.end - self.start))
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}
