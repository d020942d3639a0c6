//! The `futures_io` traits for [`Io`], where the owner of the descriptor reads and writes by reference.
//!
//! They are poll forms, and they know nothing of what an operation leaves behind: only `WouldBlock`
//! counts as drained here. Types that know more, as `corio-net`'s, use [`Io::poll_with`].

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::io::Io;

impl<T> futures_io::AsyncRead for Io<T>
where
    T: Unpin,
    for<'a> &'a T: Read,
{
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_read_with(context, |mut inner| inner.read(buffer))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_read_with(context, |mut inner| inner.read_vectored(buffers))
    }
}

impl<T> futures_io::AsyncWrite for Io<T>
where
    T: Unpin,
    for<'a> &'a T: Write,
{
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(context, |mut inner| inner.write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(context, |mut inner| inner.write_vectored(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_with(context, |mut inner| inner.flush())
    }

    /// Flushes. What closing means beyond that only the descriptor's own type knows.
    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}
