//! The futures that read, by name: what [`TcpStream`](crate::TcpStream)'s methods return.
//!
//! Each is a waiter of its own and the method's arguments, and nothing else: a server holds one per
//! idle connection. Polling one is the step of the same name in `steps`.

use std::io::{self, IoSliceMut};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::steps::{self, StreamWaiter};

/// Reads what there is; made by [`TcpStream::read`](crate::TcpStream::read).
///
/// # Cancel safety
/// Dropped before it was ready, it has read nothing.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Read<'a> {
    pub(super) waiter: StreamWaiter<'a>,
    pub(super) buffer: &'a mut [u8],
}

impl Future for Read<'_> {
    type Output = io::Result<usize>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        steps::read(&mut this.waiter, context, this.buffer)
    }
}

/// Reads what there is into several buffers; made by
/// [`TcpStream::read_vectored`](crate::TcpStream::read_vectored).
///
/// # Cancel safety
/// Dropped before it was ready, it has read nothing.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct ReadVectored<'a, 's> {
    pub(super) waiter: StreamWaiter<'a>,
    pub(super) buffers: &'a mut [IoSliceMut<'s>],
}

impl Future for ReadVectored<'_, '_> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        steps::read_vectored(&mut this.waiter, context, this.buffers)
    }
}

/// Appends what there is to a vector; made by [`TcpStream::read_buf`](crate::TcpStream::read_buf).
///
/// # Cancel safety
/// Dropped before it was ready, it has read nothing.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct ReadBuf<'a> {
    pub(super) waiter: StreamWaiter<'a>,
    pub(super) buffer: &'a mut Vec<u8>,
}

impl Future for ReadBuf<'_> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        steps::read_buf(&mut this.waiter, context, this.buffer)
    }
}

/// Reads what there is and leaves it there; made by [`TcpStream::peek`](crate::TcpStream::peek).
///
/// # Cancel safety
/// It takes nothing.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Peek<'a> {
    pub(super) waiter: StreamWaiter<'a>,
    pub(super) buffer: &'a mut [u8],
}

impl Future for Peek<'_> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        steps::peek(&mut this.waiter, context, this.buffer)
    }
}

/// Fills a buffer; made by [`TcpStream::read_exact`](crate::TcpStream::read_exact).
///
/// # Cancel safety
/// Dropped half-way, what it has read is in the buffer: [`ReadExact::filled`] says how much that is,
/// to be asked before it is dropped.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct ReadExact<'a> {
    pub(super) waiter: StreamWaiter<'a>,
    pub(super) buffer: &'a mut [u8],
    pub(super) filled: usize,
}

impl ReadExact<'_> {
    /// How many bytes of the buffer it has filled by now.
    pub fn filled(&self) -> usize {
        self.filled
    }
}

impl Future for ReadExact<'_> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        steps::read_exact(&mut this.waiter, context, this.buffer, &mut this.filled)
    }
}

/// Appends everything up to the end to a vector; made by
/// [`TcpStream::read_to_end`](crate::TcpStream::read_to_end).
///
/// # Cancel safety
/// Dropped half-way, what it has read is in the vector, and it can be called again.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct ReadToEnd<'a> {
    pub(super) waiter: StreamWaiter<'a>,
    pub(super) buffer: &'a mut Vec<u8>,
    pub(super) appended: usize,
}

impl Future for ReadToEnd<'_> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        steps::read_to_end(&mut this.waiter, context, this.buffer, &mut this.appended)
    }
}
