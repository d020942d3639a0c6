//! The operations of a stream as poll forms.
//!
//! All poll forms that read are one waiter, all that write another: the last waker wins.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::task::{Context, Poll};

use corio_reactor::{Direction, Ready};

use super::TcpStream;
use crate::ops;

impl TcpStream {
    /// The poll form of [`TcpStream::readable`].
    ///
    /// # Errors
    /// As [`TcpStream::readable`].
    #[track_caller]
    pub fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.io.poll_readable(context)
    }

    /// The poll form of [`TcpStream::writable`].
    ///
    /// # Errors
    /// As [`TcpStream::readable`].
    #[track_caller]
    pub fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.io.poll_writable(context)
    }

    /// The poll form of [`TcpStream::read`].
    ///
    /// # Errors
    /// As [`TcpStream::read`].
    #[inline]
    #[track_caller]
    pub fn poll_read(
        &self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.io.poll_with(Direction::Read, context, |socket| ops::recv(socket, buffer))
    }

    /// The poll form of [`TcpStream::read_vectored`].
    ///
    /// # Errors
    /// As [`TcpStream::read`].
    #[track_caller]
    pub fn poll_read_vectored(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        if buffers.iter().all(|buffer| buffer.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        self.io.poll_with(Direction::Read, context, |socket| ops::recv_vectored(socket, buffers))
    }

    /// The poll form of [`TcpStream::peek`].
    ///
    /// # Errors
    /// As [`TcpStream::read`].
    #[track_caller]
    pub fn poll_peek(
        &self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.io.poll_with(Direction::Read, context, |socket| ops::peek(socket, buffer))
    }

    /// The poll form of [`TcpStream::write`].
    ///
    /// # Errors
    /// As [`TcpStream::write`].
    #[inline]
    #[track_caller]
    pub fn poll_write(&self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.io.poll_with(Direction::Write, context, |socket| ops::send(socket, bytes))
    }

    /// The poll form of [`TcpStream::write_vectored`].
    ///
    /// # Errors
    /// As [`TcpStream::write`].
    #[track_caller]
    pub fn poll_write_vectored(
        &self,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if bytes.iter().all(|slice| slice.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        self.io.poll_with(Direction::Write, context, |socket| ops::send_vectored(socket, bytes))
    }

    /// The poll form of [`TcpStream::flush`]: always ready.
    ///
    /// # Errors
    /// None.
    pub fn poll_flush(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// The poll form of [`TcpStream::shutdown`]: always ready.
    ///
    /// # Errors
    /// As [`TcpStream::shutdown`].
    pub fn poll_shutdown(&self, _: &mut Context<'_>, how: Shutdown) -> Poll<io::Result<()>> {
        Poll::Ready(self.shut_down(how))
    }
}
