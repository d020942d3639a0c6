//! Where a reader's bytes come from: a connection, any `AsyncRead`, or somebody's hand.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use corio_base::WakerCell;
use futures_io::AsyncRead;

use crate::error::Sticky;
use crate::link::Link;

/// Asked for bytes by the one [`StreamReader`](crate::StreamReader) that owns it.
pub(crate) enum Source {
    Link(Arc<Link>),
    Reads(Pin<Box<dyn AsyncRead + Send>>),
    Hand(Arc<Hand>),
}

impl Source {
    /// Reads into `room`, which is not empty; 0 is the end.
    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            Source::Link(link) => link.poll_read(context, room),
            Source::Reads(reads) => reads.as_mut().poll_read(context, room),
            Source::Hand(hand) => hand.poll_read(context, room),
        }
    }

    /// Whether it is known, without asking, that nothing will come any more.
    pub(crate) fn has_ended(&self) -> bool {
        match self {
            Source::Link(link) => link.has_ended_reading(),
            Source::Reads(_) => false,
            Source::Hand(hand) => {
                let state = hand.lock();
                state.eof && state.bytes.is_empty()
            }
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Link(link) => link.fmt(f),
            Source::Reads(_) => f.write_str("AsyncRead"),
            Source::Hand(_) => f.write_str("Feeder"),
        }
    }
}

/// What a feeder and its reader share.
#[derive(Debug, Default)]
pub(crate) struct Hand {
    state: Mutex<Fed>,
    /// Of the reader, which is one.
    reader: WakerCell,
}

#[derive(Debug, Default)]
struct Fed {
    bytes: Vec<u8>,
    eof: bool,
    error: Option<Sticky>,
}

impl Hand {
    fn lock(&self) -> MutexGuard<'_, Fed> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes that were fed since, and whether that was all.
    pub(crate) fn take(&self) -> (Vec<u8>, bool) {
        let mut state = self.lock();
        (std::mem::take(&mut state.bytes), state.eof)
    }

    /// The error that it was given.
    pub(crate) fn error(&self) -> Option<Sticky> {
        self.lock().error.clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().bytes.len()
    }

    /// Whether nothing more will be fed.
    pub(crate) fn has_eof(&self) -> bool {
        self.lock().eof
    }

    /// All that was fed since; nothing is the end. All at once: whether a line is too long must not hang on how
    /// much of it is looked at.
    pub(crate) fn poll_fed(&self, context: &mut Context<'_>) -> Poll<io::Result<Vec<u8>>> {
        let mut state = ready!(self.poll_ready(context))?;
        Poll::Ready(Ok(std::mem::take(&mut state.bytes)))
    }

    fn poll_read(&self, context: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut state = ready!(self.poll_ready(context))?;
        let count = state.bytes.len().min(room.len());
        room[..count].copy_from_slice(&state.bytes[..count]);
        state.bytes.drain(..count);
        Poll::Ready(Ok(count))
    }

    /// Ready when there are bytes, or there is the end.
    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<MutexGuard<'_, Fed>>> {
        // The race: bytes come between the look and the sleep. The waker is there before the look.
        self.reader.register(context.waker());
        let state = self.lock();
        if let Some(error) = &state.error {
            return Poll::Ready(Err(error.again()));
        }
        match state.bytes.is_empty() && !state.eof {
            true => Poll::Pending,
            false => Poll::Ready(Ok(state)),
        }
    }
}

/// Feeds a reader by hand; made by [`StreamReader::fed`](crate::StreamReader::fed).
///
/// It may be used from any thread, also while the reader waits. Dropping it ends the stream, as
/// [`Feeder::feed_eof`] does.
#[derive(Debug)]
#[must_use = "the stream ends when its feeder is dropped"]
pub struct Feeder(pub(crate) Arc<Hand>);

impl Feeder {
    /// Gives the reader `bytes`, and wakes it if it waits.
    ///
    /// # Panics
    /// After [`Feeder::feed_eof`]: what the reader was told was the end.
    #[track_caller]
    pub fn feed_data(&self, bytes: &[u8]) {
        let mut state = self.0.lock();
        let eof = state.eof;
        if !eof {
            state.bytes.extend_from_slice(bytes);
        }
        drop(state);
        assert!(!eof, "feed_data after feed_eof: make a new reader for what comes after the end");
        self.0.reader.wake();
    }

    /// Tells the reader that nothing will come any more.
    pub fn feed_eof(&self) {
        self.0.lock().eof = true;
        self.0.reader.wake();
    }

    /// Lets every read fail with `error` from now on; the first error stays.
    pub fn set_error(&self, error: io::Error) {
        let error = Sticky::new(error);
        let mut state = self.0.lock();
        let unused = match &state.error {
            Some(_) => Some(error),
            None => state.error.replace(error),
        };
        drop(state);
        drop(unused);
        self.0.reader.wake();
    }

    /// How many bytes the reader has not taken yet: whoever feeds may wait while that is too much.
    pub fn waiting(&self) -> usize {
        self.0.len()
    }
}

impl Drop for Feeder {
    fn drop(&mut self) {
        self.feed_eof();
    }
}
