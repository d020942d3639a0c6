//! The lines of a reader as a `Stream`.
//!
//! What `read_line` leaves of a line that is too long is no line: the rest of it is thrown away here,
//! however late it comes, lest a peer have half of its line taken for a whole one.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use corio_base::budget::READY_PER_POLL_MAX;
use futures_core::Stream;
use memchr::memchr;

use super::StreamReader;
use crate::error::ReadError;

/// The lines of a reader, each with the `\n` at its end; made by [`StreamReader::lines`]. Also a
/// [`Stream`].
///
/// After a line that was too long, which is one error, it goes on with the next, behind the end of that
/// line; an error of the connection is its last item.
#[derive(Debug)]
#[must_use = "nothing is read unless it is asked for"]
pub struct Lines<'a> {
    reader: &'a mut StreamReader,
    /// How much of the buffer is known to have no end of line.
    searched: usize,
    /// In a line that was too long.
    is_skipping: bool,
    is_done: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn new(reader: &'a mut StreamReader) -> Self {
        Lines { reader, searched: 0, is_skipping: false, is_done: false }
    }

    /// The next line; `None` after the last.
    ///
    /// # Errors
    /// As [`StreamReader::read_line`].
    ///
    /// # Cancel safety
    /// Dropped, it has taken nothing.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        poll_fn(|context| self.poll_line(context)).await.transpose()
    }

    fn poll_line(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Vec<u8>, ReadError>>> {
        if self.is_done {
            return Poll::Ready(None);
        }
        if self.is_skipping
            && let Err(error) = ready!(self.poll_skip(context))
        {
            self.is_done = true;
            return Poll::Ready(Some(Err(error.into())));
        }
        let result = ready!(self.reader.poll_line(context, &mut self.searched));
        self.searched = 0;
        Poll::Ready(match result {
            Ok(line) if line.is_empty() => {
                self.is_done = true;
                None
            }
            Err(error) => {
                self.is_done = matches!(error, ReadError::Io(_));
                self.is_skipping =
                    matches!(&error, ReadError::LimitOverrun(overrun) if !overrun.is_found);
                Some(Err(error))
            }
            line => Some(line),
        })
    }

    /// Throws away what is left of a line that was too long, with its end.
    fn poll_skip(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.reader.begin()?;
        for _ in 0..READY_PER_POLL_MAX {
            let waiting = self.reader.buffer.waiting();
            let end = memchr(b'\n', waiting);
            let skipped = end.map_or(waiting.len(), |end| end + 1);
            self.reader.buffer.skip(skipped);
            if end.is_some() || ready!(self.reader.poll_fill(context))? == 0 {
                self.is_skipping = false;
                return Poll::Ready(Ok(()));
            }
        }
        // A source that is always ready, and no line in sight: others have their turn.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Stream for Lines<'_> {
    type Item = Result<Vec<u8>, ReadError>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Vec<u8>, ReadError>>> {
        self.poll_line(context)
    }
}
