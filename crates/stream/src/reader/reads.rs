//! The reads of a [`StreamReader`].
//!
//! Each is a loop around `poll_fill` that looks at the buffer first. What it knows besides (how far it
//! has searched) can be found again, so dropping one loses nothing.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use super::separator::{self, Separators};
use super::{Lines, StreamReader};
use crate::error::{IncompleteRead, LimitOverrun, ReadError};

impl StreamReader {
    /// Reads what there is, at least one byte, into `into`, and says how many bytes; 0 at the end.
    ///
    /// ```
    /// # use corio_stream::StreamReader;
    /// # corio_base::park::block_on(async {
    /// let (mut reader, feeder) = StreamReader::fed();
    /// feeder.feed_data(b"abc");
    /// let mut bytes = [0; 2];
    /// assert_eq!(reader.read(&mut bytes).await?, 2);
    /// assert_eq!(&bytes, b"ab");
    /// # Ok::<(), std::io::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// What the source says; it says so to every later read, too.
    ///
    /// # Cancel safety
    /// Dropped, it has taken nothing.
    pub async fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        poll_fn(|context| self.poll_read(context, into)).await
    }

    /// The poll form of [`StreamReader::read`].
    ///
    /// # Errors
    /// As [`StreamReader::read`].
    pub fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.begin()?;
        if into.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if self.buffer.is_empty() {
            if into.len() >= self.buffer.next_room() {
                return self.poll_past(context, into);
            }
            ready!(self.poll_fill(context))?;
        }
        Poll::Ready(Ok(self.buffer.copy_out(into)))
    }

    /// Reads what there is, at least one byte and at most `max`; nothing at the end: asyncio's
    /// `read(n)`.
    ///
    /// # Errors
    /// As [`StreamReader::read`].
    ///
    /// # Cancel safety
    /// Dropped, it has taken nothing.
    pub async fn read_some(&mut self, max: usize) -> io::Result<Vec<u8>> {
        poll_fn(|context| {
            self.begin()?;
            if max > 0 && self.buffer.is_empty() {
                ready!(self.poll_fill(context))?;
            }
            let count = self.buffer.len().min(max);
            Poll::Ready(Ok(self.buffer.take(count)))
        })
        .await
    }

    /// Reads everything up to the end: asyncio's `read()`.
    ///
    /// # Errors
    /// As [`StreamReader::read`]; what came before stays in [`StreamReader::buffered`].
    ///
    /// # Cancel safety
    /// Dropped, it has taken nothing: what came is read by the next read.
    pub async fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        self.begin()?;
        poll_fn(|context| {
            while ready!(self.poll_fill(context))? > 0 {}
            let count = self.buffer.len();
            Poll::Ready(Ok(self.buffer.take(count)))
        })
        .await
    }

    /// Fills `into`: all of it, or it is an error.
    ///
    /// # Errors
    /// [`ReadError::Incomplete`] if the stream ends before, with what there was, which has left the
    /// buffer; [`ReadError::Io`] as [`StreamReader::read`].
    ///
    /// # Cancel safety
    /// Dropped, it has taken nothing: what came is read by the next read.
    pub async fn read_exact(&mut self, into: &mut [u8]) -> Result<(), ReadError> {
        self.wait_for(into.len()).await?;
        self.buffer.copy_out(into);
        Ok(())
    }

    /// Reads exactly `count` bytes: asyncio's `readexactly`. The reader's limit is no limit here;
    /// memory is taken as the bytes come.
    ///
    /// ```
    /// # use corio_stream::{ReadError, StreamReader};
    /// # corio_base::park::block_on(async {
    /// let (mut reader, feeder) = StreamReader::fed();
    /// feeder.feed_data(b"header");
    /// assert_eq!(reader.read_exactly(4).await.unwrap(), b"head");
    /// feeder.feed_eof();
    /// match reader.read_exactly(4).await {
    ///     Err(ReadError::Incomplete(error)) => {
    ///         assert_eq!((error.partial, error.expected), (b"er".to_vec(), Some(4)));
    ///     }
    ///     other => panic!("the stream has ended: {other:?}"),
    /// }
    /// # });
    /// ```
    ///
    /// # Errors
    /// As [`StreamReader::read_exact`].
    ///
    /// # Cancel safety
    /// Dropped, it has taken nothing: what came is read by the next read.
    #[doc(alias = "readexactly")]
    pub async fn read_exactly(&mut self, count: usize) -> Result<Vec<u8>, ReadError> {
        self.wait_for(count).await?;
        Ok(self.buffer.take(count))
    }

    async fn wait_for(&mut self, count: usize) -> Result<(), ReadError> {
        self.begin()?;
        poll_fn(|context| {
            while self.buffer.len() < count {
                if ready!(self.poll_fill(context))? == 0 {
                    let partial = self.buffer.take(self.buffer.len());
                    let error = IncompleteRead { partial, expected: Some(count) };
                    return Poll::Ready(Err(error.into()));
                }
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Reads a line with the `\n` at its end: asyncio's `readline`. Only the last line of the stream may
    /// lack it; nothing at all is the end.
    ///
    /// # Errors
    /// [`ReadError::LimitOverrun`] if the line without its end is longer than the limit. The line is then
    /// dropped as far as it has come, up to and with its end if that has: the next read begins behind.
    /// [`ReadError::Io`] as [`StreamReader::read`].
    ///
    /// # Cancel safety
    /// Dropped, it has taken nothing: what came is read by the next read.
    #[doc(alias = "readline")]
    pub async fn read_line(&mut self) -> Result<Vec<u8>, ReadError> {
        let mut searched = 0;
        poll_fn(|context| self.poll_line(context, &mut searched)).await
    }

    /// One step of [`StreamReader::read_line`]; `searched` bytes are known to have no end of line.
    pub(super) fn poll_line(
        &mut self,
        context: &mut Context<'_>,
        searched: &mut usize,
    ) -> Poll<Result<Vec<u8>, ReadError>> {
        match ready!(self.poll_until(context, &[b"\n"], searched)) {
            Err(ReadError::Incomplete(error)) => Poll::Ready(Ok(error.partial)),
            Err(ReadError::LimitOverrun(error)) => {
                let line = if error.is_found { error.consumed + 1 } else { self.buffer.len() };
                self.buffer.skip(line);
                Poll::Ready(Err(error.into()))
            }
            result => Poll::Ready(result),
        }
    }

    /// Reads up to a separator, and with it: asyncio's `readuntil`. Of several separators the one that
    /// ends first counts.
    ///
    /// # Errors
    /// [`ReadError::Incomplete`] if the stream ends before, with what there was, which has left the
    /// buffer; [`ReadError::LimitOverrun`] if what comes before the separator is longer than the limit:
    /// all of it stays in the buffer, to be read in another way; [`ReadError::BadSeparator`] if one is
    /// empty or there is none; [`ReadError::Io`] as [`StreamReader::read`].
    ///
    /// # Cancel safety
    /// Dropped, it has taken nothing: what came is read by the next read.
    #[doc(alias = "readuntil")]
    pub async fn read_until(&mut self, separators: impl Separators) -> Result<Vec<u8>, ReadError> {
        let mut searched = 0;
        poll_fn(|context| {
            separators.with_list(|list| self.poll_until(context, list, &mut searched))
        })
        .await
    }

    fn poll_until(
        &mut self,
        context: &mut Context<'_>,
        list: &[&[u8]],
        searched: &mut usize,
    ) -> Poll<Result<Vec<u8>, ReadError>> {
        let (shortest, longest) = separator::lengths(list)?;
        self.begin()?;
        let limit = self.limit;
        loop {
            let waiting = self.buffer.waiting();
            if waiting.len() >= *searched + shortest {
                if let Some(found) = separator::find(list, waiting, *searched) {
                    return Poll::Ready(if found.start > limit {
                        Err(LimitOverrun { consumed: found.start, limit, is_found: true }.into())
                    } else {
                        Ok(self.buffer.take(found.end))
                    });
                }
                // A separator may have begun in the last bytes; the longest has begun the earliest.
                *searched = (waiting.len() + 1).saturating_sub(longest);
                if *searched > limit {
                    let error = LimitOverrun { consumed: *searched, limit, is_found: false };
                    return Poll::Ready(Err(error.into()));
                }
            }
            if ready!(self.poll_fill(context))? == 0 {
                let partial = self.buffer.take(self.buffer.len());
                return Poll::Ready(Err(IncompleteRead { partial, expected: None }.into()));
            }
        }
    }

    /// The lines one after the other: asyncio's `async for line in reader`.
    ///
    /// ```
    /// # use corio_stream::StreamReader;
    /// # corio_base::park::block_on(async {
    /// # let (mut reader, feeder) = StreamReader::fed();
    /// # feeder.feed_data(b"one\ntwo\nlast");
    /// # feeder.feed_eof();
    /// let mut lines = reader.lines();
    /// let mut count = 0;
    /// while let Some(line) = lines.next().await? {
    ///     assert!(line.ends_with(b"\n") || line == b"last");
    ///     count += 1;
    /// }
    /// assert_eq!(count, 3);
    /// # Ok::<(), corio_stream::ReadError>(())
    /// # }).unwrap();
    /// ```
    ///
    /// Where `AsyncBufReadExt` of the futures crates is imported, `reader.lines()` is that one's: it takes the
    /// reader itself, and Rust looks for such methods before it lends. Lend it yourself:
    ///
    /// ```
    /// use corio_stream::StreamReader;
    /// use futures::AsyncBufReadExt as _;
    ///
    /// # corio_base::park::block_on(async {
    /// let (mut reader, feeder) = StreamReader::fed();
    /// feeder.feed_data(b"one\n");
    /// assert_eq!((&mut reader).lines().next().await?.unwrap(), b"one\n");
    /// # Ok::<(), corio_stream::ReadError>(())
    /// # }).unwrap();
    /// ```
    pub fn lines(&mut self) -> Lines<'_> {
        Lines::new(self)
    }
}
