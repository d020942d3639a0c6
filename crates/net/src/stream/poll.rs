//! The operations of a stream as poll forms.
//!
//! All poll forms that read are one waiter, all that write another: the last waker wins. Where an
//! operation may take several attempts, the caller holds the count of what is done.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::task::{Context, Poll};

use corio_reactor::{Direction, Ready};

use super::{ByteStream, steps};
use crate::kind::{Connection, Reads, Writes};

impl<S: Reads> ByteStream<S> {
    /// The poll form of [`Self::readable`].
    ///
    /// # Errors
    /// As [`Self::readable`].
    #[track_caller]
    pub fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.io.poll_readable(context)
    }

    /// The poll form of [`Self::read`].
    ///
    /// # Errors
    /// As [`Self::read`].
    #[inline]
    #[track_caller]
    pub fn poll_read(
        &self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        steps::read(&mut self.io.poll_waiter(Direction::Read), context, buffer)
    }

    /// The poll form of [`Self::read_vectored`].
    ///
    /// # Errors
    /// As [`Self::read`].
    #[track_caller]
    pub fn poll_read_vectored(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        steps::read_vectored(&mut self.io.poll_waiter(Direction::Read), context, buffers)
    }

    /// The poll form of [`Self::read_buf`].
    ///
    /// # Errors
    /// As [`Self::read`].
    ///
    /// # Cancel safety
    /// While it is `Pending` it has read nothing.
    #[track_caller]
    pub fn poll_read_buf(
        &self,
        context: &mut Context<'_>,
        buffer: &mut Vec<u8>,
    ) -> Poll<io::Result<usize>> {
        steps::read_buf(&mut self.io.poll_waiter(Direction::Read), context, buffer)
    }

    /// The poll form of [`Self::read_exact`]: `filled` is how many bytes of `buffer` it has filled
    /// by now, 0 to begin with.
    ///
    /// ```
    /// use corio_net::{TcpListener, TcpStream};
    /// use std::net::SocketAddr;
    /// use std::pin::Pin;
    /// use std::task::{Context, Poll, ready};
    ///
    /// /// Reads a length and as many bytes.
    /// struct Message<'a> {
    ///     stream: &'a TcpStream,
    ///     length: [u8; 1],
    ///     body: Option<Vec<u8>>,
    ///     filled: usize,
    /// }
    ///
    /// impl Future for Message<'_> {
    ///     type Output = std::io::Result<Vec<u8>>;
    ///
    ///     fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
    ///         let Message { stream, length, body, filled } = &mut *self;
    ///         if body.is_none() {
    ///             ready!(stream.poll_read_exact(context, length, filled))?;
    ///             *body = Some(vec![0; usize::from(length[0])]);
    ///             *filled = 0;
    ///         }
    ///         let bytes = body.as_mut().expect("its length is known");
    ///         ready!(stream.poll_read_exact(context, bytes, filled))?;
    ///         Poll::Ready(Ok(body.take().expect("it is whole")))
    ///     }
    /// }
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # corio_base::park::block_on(async {
    /// # let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    /// # let client = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (stream, _) = listener.accept().await?;
    /// client.write_all(b"\x05hello").await?;
    /// let message = Message { stream: &stream, length: [0], body: None, filled: 0 };
    /// assert_eq!(message.await?, b"hello");
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Self::read_exact`].
    ///
    /// # Panics
    /// If `filled` is more than the buffer's length: give both as they were after the last call.
    ///
    /// # Cancel safety
    /// It may be given up after any call: `filled` says how far it came.
    #[track_caller]
    pub fn poll_read_exact(
        &self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
        filled: &mut usize,
    ) -> Poll<io::Result<()>> {
        steps::read_exact(&mut self.io.poll_waiter(Direction::Read), context, buffer, filled)
    }

    /// The poll form of [`Self::read_to_end`]: `appended` is how many bytes it has appended by
    /// now, 0 to begin with.
    ///
    /// # Errors
    /// As [`Self::read_to_end`].
    ///
    /// # Cancel safety
    /// It may be given up after any call: what it has read is in `buffer`.
    #[track_caller]
    pub fn poll_read_to_end(
        &self,
        context: &mut Context<'_>,
        buffer: &mut Vec<u8>,
        appended: &mut usize,
    ) -> Poll<io::Result<usize>> {
        steps::read_to_end(&mut self.io.poll_waiter(Direction::Read), context, buffer, appended)
    }
}

impl<S: Connection> ByteStream<S> {
    /// The poll form of [`Self::peek`].
    ///
    /// # Errors
    /// As [`Self::read`].
    #[track_caller]
    pub fn poll_peek(
        &self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        steps::peek(&mut self.io.poll_waiter(Direction::Read), context, buffer)
    }

    /// The poll form of [`Self::shutdown`]: always ready.
    ///
    /// # Errors
    /// As [`Self::shutdown`].
    pub fn poll_shutdown(&self, _: &mut Context<'_>, how: Shutdown) -> Poll<io::Result<()>> {
        Poll::Ready(self.shut_down(how))
    }
}

impl<S: Writes> ByteStream<S> {
    /// The poll form of [`Self::writable`].
    ///
    /// # Errors
    /// As [`Self::readable`].
    #[track_caller]
    pub fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.io.poll_writable(context)
    }

    /// The poll form of [`Self::write`].
    ///
    /// # Errors
    /// As [`Self::write`].
    #[inline]
    #[track_caller]
    pub fn poll_write(&self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        steps::write(&mut self.io.poll_waiter(Direction::Write), context, bytes)
    }

    /// The poll form of [`Self::write_vectored`].
    ///
    /// # Errors
    /// As [`Self::write`].
    #[track_caller]
    pub fn poll_write_vectored(
        &self,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        steps::write_vectored(&mut self.io.poll_waiter(Direction::Write), context, bytes)
    }

    /// The poll form of [`Self::write_all`]: `written` is how many of `bytes` it has written by
    /// now, 0 to begin with.
    ///
    /// # Errors
    /// As [`Self::write_all`].
    ///
    /// # Panics
    /// If `written` is more than there are bytes: give both as they were after the last call.
    ///
    /// # Cancel safety
    /// It may be given up after any call: `written` says how far it came.
    #[inline]
    #[track_caller]
    pub fn poll_write_all(
        &self,
        context: &mut Context<'_>,
        bytes: &[u8],
        written: &mut usize,
    ) -> Poll<io::Result<()>> {
        steps::write_all(&mut self.io.poll_waiter(Direction::Write), context, bytes, written)
    }

    /// The poll form of [`Self::flush`]: always ready.
    ///
    /// # Errors
    /// None.
    pub fn poll_flush(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
