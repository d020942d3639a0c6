//! [`StreamReader`]: the bytes of a connection, and messages cut out of them.
//!
//! ```text
//!   connection ─┐
//!   AsyncRead  ─┼─ poll_fill ─▶ buffer ─┬─ read, read_some: what there is
//!   Feeder     ─┘                       └─ read_exact, read_line, read_until: a message, whole
//! ```
//!
//! **Nothing that was read is lost.** A read that waits keeps what has come in the reader's buffer, and
//! takes it out in the same poll in which it is ready. So every read may be dropped at any time.
//!
//! A reader asks its source only when its buffer does not hold the answer. So the peer is held back by
//! the system's buffers, and a reader at rest holds no more than its limit and one read.

mod buffer;
mod separator;
mod source;

mod lines;
mod reads;
#[cfg(feature = "tls")]
mod upgrade;

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncBufRead, AsyncRead};

pub use lines::Lines;
pub use separator::Separators;
pub use source::Feeder;

use crate::error::Sticky;
use crate::link::Link;
use buffer::ReadBuffer;
use source::{Hand, Source};

/// How long a line, or what comes before a separator, may be unless the reader is told otherwise:
/// asyncio's number, so that a peer cannot fill the memory with a line that never ends.
pub const LIMIT_DEFAULT: usize = 64 * 1024;

/// Reads bytes, lines and messages from a connection: asyncio's `StreamReader`.
///
/// [`open_connection`](crate::open_connection) and [`start_server`](crate::start_server) make them. One
/// can be put over any [`AsyncRead`], and one can be fed by hand:
///
/// ```
/// use corio_stream::StreamReader;
///
/// # corio_base::park::block_on(async {
/// let (mut reader, feeder) = StreamReader::fed();
/// feeder.feed_data(b"GET / HTTP/1.0\r\nHost: here\r\n\r\nbody");
/// feeder.feed_eof();
/// assert_eq!(reader.read_line().await?, b"GET / HTTP/1.0\r\n");
/// assert_eq!(reader.read_until(b"\r\n\r\n").await?, b"Host: here\r\n\r\n");
/// assert_eq!(reader.read_exactly(4).await?, b"body");
/// assert!(reader.at_eof());
/// # Ok::<(), corio_stream::ReadError>(())
/// # }).unwrap();
/// ```
///
/// Only one task can read: the reads take `&mut self`. It is an [`AsyncRead`] and an [`AsyncBufRead`], too.
pub struct StreamReader {
    buffer: ReadBuffer,
    source: Source,
    limit: usize,
    eof: bool,
    error: Option<Sticky>,
}

impl StreamReader {
    /// Reads from `source`, with a limit of 64 KiB ([`LIMIT_DEFAULT`]).
    ///
    /// ```
    /// use corio_stream::StreamReader;
    /// use futures::io::Cursor;
    ///
    /// # corio_base::park::block_on(async {
    /// let mut reader = StreamReader::new(Cursor::new(b"one\ntwo\n"));
    /// assert_eq!(reader.read_line().await.unwrap(), b"one\n");
    /// # });
    /// ```
    pub fn new(source: impl AsyncRead + Send + 'static) -> StreamReader {
        StreamReader::over(Source::Reads(Box::pin(source)), LIMIT_DEFAULT)
    }

    /// A reader without a connection, and what feeds it.
    pub fn fed() -> (StreamReader, Feeder) {
        let hand = Arc::<Hand>::default();
        let reader = StreamReader::over(Source::Hand(hand.clone()), LIMIT_DEFAULT);
        (reader, Feeder(hand))
    }

    pub(crate) fn of_link(link: Arc<Link>, limit: usize) -> StreamReader {
        StreamReader::over(Source::Link(link), limit)
    }

    fn over(source: Source, limit: usize) -> StreamReader {
        StreamReader { buffer: ReadBuffer::new(), source, limit, eof: false, error: None }
    }

    /// With another limit of lines and of what comes before a separator. Reads of a number of bytes
    /// that the caller gives are not limited.
    ///
    /// # Panics
    /// If `limit` is 0: no line would be short enough.
    #[track_caller]
    #[must_use]
    pub fn with_limit(mut self, limit: usize) -> StreamReader {
        check_limit(limit);
        self.limit = limit;
        self
    }

    /// How long a line may be, without its end.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Whether everything was read and nothing will come any more. It is known once a read has found
    /// the end.
    pub fn at_eof(&self) -> bool {
        self.buffer.is_empty() && (self.eof || self.source.has_ended())
    }

    /// The bytes that have come and that no read has taken.
    pub fn buffered(&mut self) -> &[u8] {
        self.take_fed();
        self.buffer.waiting()
    }

    /// Puts `bytes` behind those that have come, as if the source had given them.
    ///
    /// # Panics
    /// After the end: see [`StreamReader::feed_eof`].
    #[track_caller]
    pub fn feed_data(&mut self, bytes: &[u8]) {
        assert!(
            !self.eof,
            "feed_data after the end of the stream: make a new reader for what comes after it"
        );
        self.take_fed();
        self.buffer.push(bytes);
    }

    /// Ends the stream: the source is not asked any more.
    pub fn feed_eof(&mut self) {
        self.take_fed();
        self.eof = true;
    }

    /// Why reads fail, if they do.
    #[doc(alias = "exception")]
    pub fn error(&self) -> Option<&io::Error> {
        self.error.as_ref().map(Sticky::get)
    }

    /// Lets every read fail with `error` from now on, and every [`drain`](crate::StreamWriter::drain)
    /// of the writer of the same connection. What has come stays in [`StreamReader::buffered`].
    #[doc(alias = "set_exception")]
    pub fn set_error(&mut self, error: io::Error) {
        let error = Sticky::new(error);
        if let Source::Link(link) = &self.source {
            link.set_reader_error(error.clone());
        }
        self.error = Some(error);
    }

    /// Every read begins with this: what was fed counts as read, and an error is told again.
    fn begin(&mut self) -> io::Result<()> {
        self.take_fed();
        if self.error.is_none()
            && let Source::Hand(hand) = &self.source
        {
            self.error = hand.error();
        }
        self.error.as_ref().map_or(Ok(()), |error| Err(error.again()))
    }

    /// What was fed by hand is as good as in the buffer.
    fn take_fed(&mut self) {
        let Source::Hand(hand) = &self.source else { return };
        let (bytes, eof) = hand.take();
        if !bytes.is_empty() {
            self.buffer.push(&bytes);
        }
        self.eof |= eof;
    }

    /// Gets more bytes into the buffer; 0 at the end, and then for ever.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.eof {
            return Poll::Ready(Ok(0));
        }
        if let Source::Hand(hand) = &self.source {
            let fed = ready!(hand.poll_fed(context));
            return Poll::Ready(match fed {
                Ok(fed) => {
                    self.eof = fed.is_empty();
                    self.buffer.push(&fed);
                    Ok(fed.len())
                }
                Err(error) => Err(self.fail(error)),
            });
        }
        match ready!(self.source.poll_read(context, self.buffer.room())) {
            Ok(0) => {
                self.eof = true;
                Poll::Ready(Ok(0))
            }
            Ok(count) => {
                self.buffer.put(count);
                Poll::Ready(Ok(count))
            }
            Err(error) => Poll::Ready(Err(self.fail(error))),
        }
    }

    /// Gets more bytes into `into`, past the buffer, which is empty.
    fn poll_past(&mut self, context: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.eof {
            return Poll::Ready(Ok(0));
        }
        match ready!(self.source.poll_read(context, into)) {
            Ok(count) => {
                self.eof = count == 0;
                Poll::Ready(Ok(count))
            }
            Err(error) => Poll::Ready(Err(self.fail(error))),
        }
    }

    /// The source failed; it will not get better.
    fn fail(&mut self, error: io::Error) -> io::Error {
        let error = Sticky::new(error);
        let again = error.again();
        self.error = Some(error);
        again
    }
}

impl AsyncRead for StreamReader {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        StreamReader::poll_read(self.get_mut(), context, into)
    }
}

impl AsyncBufRead for StreamReader {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        this.begin()?;
        if this.buffer.is_empty() {
            ready!(this.poll_fill(context))?;
        }
        Poll::Ready(Ok(this.buffer.waiting()))
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        self.get_mut().buffer.skip(count);
    }
}

/// A limit of 0 is a mistake of the program.
#[track_caller]
pub(crate) fn check_limit(limit: usize) {
    assert!(limit > 0, "limit cannot be 0: no line is that short; the default is {LIMIT_DEFAULT}");
}

/// As asyncio shows it: `<StreamReader 4 bytes eof limit=100>`.
impl fmt::Debug for StreamReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<StreamReader")?;
        let (fed, ended, is_hand) = match &self.source {
            Source::Hand(hand) => (hand.len(), hand.has_eof(), true),
            source => (0, source.has_ended(), false),
        };
        match self.buffer.len() + fed {
            0 => {}
            waiting => write!(f, " {waiting} bytes")?,
        }
        if self.eof || ended {
            f.write_str(" eof")?;
        }
        if self.limit != LIMIT_DEFAULT {
            write!(f, " limit={}", self.limit)?;
        }
        match (&self.error, &self.source) {
            (Some(error), _) => write!(f, " error={:?}", error.get())?,
            (None, Source::Hand(hand)) => {
                if let Some(error) = hand.error() {
                    write!(f, " error={:?}", error.get())?;
                }
            }
            _ => {}
        }
        if !is_hand {
            write!(f, " source={:?}", self.source)?;
        }
        f.write_str(">")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_may_go_to_other_threads() {
        fn check<T: Send>() {}
        check::<StreamReader>();
        check::<Feeder>();
        check::<Lines<'_>>();
    }

    #[test]
    #[should_panic(expected = "limit cannot be 0")]
    fn a_limit_of_nothing_is_refused() {
        let _ = StreamReader::fed().0.with_limit(0);
    }
}
