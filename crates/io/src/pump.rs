//! One direction of a copy: a buffer that is filled from a reader and emptied into a writer.
//!
//! It owns neither, and keeps everything between two polls: what is in the buffer, how much has gone
//! out, and an error of the reader's until all that was read before it has been written. `copy` has
//! one of them, `bidirectional` two.
//!
//! ```text
//!   reader ──poll_fill──▶ [ written │ waits to be written │ room ] ──poll_drain──▶ writer
//! ```
//!
//! While the writer waits the room is filled on, so that neither side waits for the other longer than
//! it must; while the reader waits the writer is flushed, so that nobody waits for bytes that lie in
//! between.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use corio_base::budget::READY_PER_POLL_MAX;
use futures_io::{AsyncRead, AsyncWrite};

/// How much a copy holds at most, in each direction, if nobody says otherwise: two pages. A proxy has
/// two such buffers per connection, so 1000 idle connections cost 16 MiB; for bulk data over few
/// connections 64 KiB saves system calls.
pub const COPY_BUFFER_BYTES: usize = 8 * 1024;

/// How many chunks go through in one poll, lest two streams that are always ready keep the task for
/// themselves. At the bound the task goes to the back of the queue.
const CHUNKS_PER_POLL_MAX: u64 = READY_PER_POLL_MAX;

/// One direction of a copy.
#[derive(Debug)]
pub(crate) struct Pump {
    buffer: Box<[u8]>,
    /// `buffer[start..end]` waits to be written.
    start: usize,
    end: usize,
    written: u64,
    /// The reader has come to its end, or has failed.
    has_ended: bool,
    read_error: Option<io::Error>,
    /// Something may lie in the writer that is not on its way.
    needs_flush: bool,
}

/// What failed, and on which side.
#[derive(Debug)]
pub(crate) enum Failure {
    Reading(io::Error),
    Writing(io::Error),
}

/// What came of an attempt to read.
enum Filled {
    Some,
    /// There was no room, or nothing is left to come.
    Nothing,
    Waits,
}

impl Pump {
    #[track_caller]
    pub(crate) fn new(capacity: usize) -> Pump {
        assert!(capacity > 0, "a copy needs a buffer of at least one byte, and was given 0");
        Pump {
            buffer: vec![0; capacity].into_boxed_slice(),
            start: 0,
            end: 0,
            written: 0,
            has_ended: false,
            read_error: None,
            // The caller may have written something before.
            needs_flush: true,
        }
    }

    /// How many bytes the writer has taken.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// What was read and not written yet.
    pub(crate) fn unwritten(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Moves what can be moved. Ready when the reader has ended and everything is written and flushed.
    pub(crate) fn poll<R, W>(
        &mut self,
        context: &mut Context<'_>,
        mut reader: Pin<&mut R>,
        mut writer: Pin<&mut W>,
    ) -> Poll<Result<u64, Failure>>
    where
        R: AsyncRead + ?Sized,
        W: AsyncWrite + ?Sized,
    {
        for _ in 0..CHUNKS_PER_POLL_MAX {
            let filled = self.poll_fill(context, reader.as_mut());
            let drained = self.poll_drain(context, writer.as_mut()).map_err(Failure::Writing)?;
            if drained.is_pending() {
                // The writer will wake us; until then there may be more to read.
                if matches!(filled, Filled::Some) && self.end < self.buffer.len() {
                    continue;
                }
                return Poll::Pending;
            }
            match filled {
                Filled::Some => {}
                Filled::Waits => {
                    // Ready or not: the reader is waited for, and the flush goes on by the way.
                    let _ = self.poll_flush(context, writer).map_err(Failure::Writing)?;
                    return Poll::Pending;
                }
                Filled::Nothing if self.has_ended => {
                    ready!(self.poll_flush(context, writer)).map_err(Failure::Writing)?;
                    return Poll::Ready(match self.read_error.take() {
                        Some(error) => Err(Failure::Reading(error)),
                        None => Ok(self.written),
                    });
                }
                // It was full, and is empty now.
                Filled::Nothing => {}
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_fill<R>(&mut self, context: &mut Context<'_>, reader: Pin<&mut R>) -> Filled
    where
        R: AsyncRead + ?Sized,
    {
        let room = &mut self.buffer[self.end..];
        if self.has_ended || room.is_empty() {
            return Filled::Nothing;
        }
        let most = room.len();
        match reader.poll_read(context, room) {
            Poll::Ready(Ok(0)) => {
                self.has_ended = true;
                Filled::Nothing
            }
            Poll::Ready(Ok(n)) => {
                assert!(n <= most, "a reader says that it put {n} bytes into a buffer of {most}");
                self.end += n;
                Filled::Some
            }
            Poll::Ready(Err(error)) => {
                self.has_ended = true;
                self.read_error = Some(error);
                Filled::Nothing
            }
            Poll::Pending => Filled::Waits,
        }
    }

    /// Ready when the buffer is empty.
    fn poll_drain<W>(
        &mut self,
        context: &mut Context<'_>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + ?Sized,
    {
        while self.start < self.end {
            let rest = &self.buffer[self.start..self.end];
            let n = ready!(writer.as_mut().poll_write(context, rest))?;
            if n == 0 {
                return Poll::Ready(Err(took_nothing(rest.len())));
            }
            assert!(n <= rest.len(), "a writer says that it took {n} of {} bytes", rest.len());
            self.start += n;
            self.written += n as u64;
            self.needs_flush = true;
        }
        (self.start, self.end) = (0, 0);
        Poll::Ready(Ok(()))
    }

    fn poll_flush<W>(
        &mut self,
        context: &mut Context<'_>,
        writer: Pin<&mut W>,
    ) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + ?Sized,
    {
        if self.needs_flush {
            ready!(writer.poll_flush(context))?;
            self.needs_flush = false;
        }
        Poll::Ready(Ok(()))
    }
}

/// A loop that trusts a writer which takes nothing would never end.
#[cold]
pub(crate) fn took_nothing(left: usize) -> io::Error {
    let message = format!("the writer took none of the {left} bytes that were left to write");
    io::Error::new(io::ErrorKind::WriteZero, message)
}
