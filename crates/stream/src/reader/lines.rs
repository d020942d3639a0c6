//! The lines of a reader as a `Stream`.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::StreamReader;
use crate::error::ReadError;

/// The lines of a reader, each with the `\n` at its end; made by [`StreamReader::lines`]. Also a
/// [`Stream`].
///
/// After a line that was too long it goes on with the next; an error of the connection is its last item.
#[derive(Debug)]
#[must_use = "nothing is read unless it is asked for"]
pub struct Lines<'a> {
    reader: &'a mut StreamReader,
    /// How much of the buffer is known to have no end of line.
    searched: usize,
    is_done: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn new(reader: &'a mut StreamReader) -> Self {
        Lines { reader, searched: 0, is_done: false }
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
        let result = ready!(self.reader.poll_line(context, &mut self.searched));
        self.searched = 0;
        Poll::Ready(match result {
            Ok(line) if line.is_empty() => {
                self.is_done = true;
                None
            }
            Err(error) => {
                self.is_done = matches!(error, ReadError::Io(_));
                Some(Err(error))
            }
            line => Some(line),
        })
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
