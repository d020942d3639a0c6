//! Tokio's `AsyncRead`, `AsyncWrite` and `AsyncSeek` of a file.
//!
//! Only the traits: nothing of tokio runs. Tokio's seek is asked for and completed in two calls: [`Seeking`]
//! is what the file keeps from the one to the other.

use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use corio_base::{tokio_read, tokio_write};
use tokio::io::AsyncSeek;

use super::File;

tokio_read!([] File);
tokio_write!([] File, vectored: false);
tokio_read!([] & File);
tokio_write!([] &File, vectored: false);

/// A seek that was asked for, and where the last one led.
#[derive(Debug, Default)]
pub(super) struct Seeking {
    wish: Option<SeekFrom>,
    position: u64,
}

impl AsyncSeek for File {
    fn start_seek(mut self: Pin<&mut Self>, to: SeekFrom) -> io::Result<()> {
        self.seeking.wish = Some(to);
        Ok(())
    }

    /// Without a seek that was asked for it is where the last one led, and nothing is done.
    fn poll_complete(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<u64>> {
        if let Some(to) = self.seeking.wish {
            let sought = ready!(self.engine.poll_seek(context, to));
            self.seeking.wish = None;
            self.seeking.position = sought?;
        }
        Poll::Ready(Ok(self.seeking.position))
    }
}
