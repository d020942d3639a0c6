//! A [`StreamWriter`] as an `AsyncWrite`, for code that is generic over those.
//!
//! A writer does not wait by itself; here it does, as [`StreamWriter::drain`], before each write. What waits
//! is a future of the link's that the writer keeps from one poll to the next.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use futures_io::AsyncWrite;

use crate::link::Link;
use crate::writer::StreamWriter;

type Wait = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// What a writer waits for, if it does. In a mutex, whose lock is never taken, so that it can be shared.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<Option<Wait>>);

impl Waiting {
    /// Goes on with what is waited for, or else with what `begin` makes.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        begin: impl FnOnce() -> Wait,
    ) -> Poll<io::Result<()>> {
        let place = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let result = ready!(place.get_or_insert_with(begin).as_mut().poll(context));
        *place = None;
        Poll::Ready(result)
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiting")
    }
}

/// Waits for everything to be sent, and then does what ends the direction out.
async fn end(link: Arc<Link>) -> io::Result<()> {
    link.flush().await?;
    if link.connection().can_write_eof() {
        link.write_eof()?;
        return link.flush().await;
    }
    link.close();
    link.wait_closed().await
}

/// Each write takes all it is given, once few enough bytes are unsent; a flush waits until none is. A close
/// ends the direction out, and where that cannot be done alone, as over TLS, the connection.
impl AsyncWrite for StreamWriter {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let link = &this.link;
        ready!(this.waiting.poll(context, || {
            let link = link.clone();
            Box::pin(async move { link.drain().await })
        }))?;
        if this.link.has_eof() {
            let message = "the direction out was ended by this side: write before that";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::BrokenPipe, message)));
        }
        this.link.write(bytes);
        Poll::Ready(Ok(bytes.iter().map(|slice| slice.len()).sum()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let link = &this.link;
        this.waiting.poll(context, || {
            let link = link.clone();
            Box::pin(async move { link.flush().await })
        })
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let link = &this.link;
        this.waiting.poll(context, || Box::pin(end(link.clone())))
    }
}
