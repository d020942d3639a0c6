//! The futures that read, by name: what [`ByteStream`](crate::ByteStream)'s methods return.
//!
//! Each is a waiter of its own and the method's arguments, and nothing else: a server holds one per
//! idle connection. Polling one is the step of the same name in `steps`.

use std::io::{self, IoSliceMut};
use std::net;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_reactor::Waiter;

use super::steps;
use crate::kind::{Connection, Reads};

/// Reads what there is; made by [`ByteStream::read`](crate::ByteStream::read).
///
/// # Cancel safety
/// Dropped before it was ready, it has read nothing.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Read<'a, S = net::TcpStream> {
    pub(super) waiter: Waiter<'a, S>,
    pub(super) buffer: &'a mut [u8],
}

impl<S: Reads> Future for Read<'_, S> {
    type Output = io::Result<usize>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        steps::read(&mut this.waiter, context, this.buffer)
    }
}

/// Reads what there is into several buffers; made by
/// [`ByteStream::read_vectored`](crate::ByteStream::read_vectored).
///
/// # Cancel safety
/// Dropped before it was ready, it has read nothing.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct ReadVectored<'a, 's, S = net::TcpStream> {
    pub(super) waiter: Waiter<'a, S>,
    pub(super) buffers: &'a mut [IoSliceMut<'s>],
}

impl<S: Reads> Future for ReadVectored<'_, '_, S> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        steps::read_vectored(&mut this.waiter, context, this.buffers)
    }
}

/// Appends what there is to a vector; made by [`ByteStream::read_buf`](crate::ByteStream::read_buf).
///
/// # Cancel safety
/// Dropped before it was ready, it has read nothing.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct ReadBuf<'a, S = net::TcpStream> {
    pub(super) waiter: Waiter<'a, S>,
    pub(super) buffer: &'a mut Vec<u8>,
}

impl<S: Reads> Future for ReadBuf<'_, S> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        steps::read_buf(&mut this.waiter, context, this.buffer)
    }
}

/// Reads what there is and leaves it there; made by [`ByteStream::peek`](crate::ByteStream::peek).
///
/// # Cancel safety
/// It takes nothing.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Peek<'a, S = net::TcpStream> {
    pub(super) waiter: Waiter<'a, S>,
    pub(super) buffer: &'a mut [u8],
}

impl<S: Connection> Future for Peek<'_, S> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        steps::peek(&mut this.waiter, context, this.buffer)
    }
}

/// Fills a buffer; made by [`ByteStream::read_exact`](crate::ByteStream::read_exact).
///
/// # Cancel safety
/// Dropped half-way, what it has read is in the buffer: [`ReadExact::filled`] says how much that is,
/// to be asked before it is dropped.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct ReadExact<'a, S = net::TcpStream> {
    pub(super) waiter: Waiter<'a, S>,
    pub(super) buffer: &'a mut [u8],
    pub(super) filled: usize,
}

impl<S> ReadExact<'_, S> {
    /// How many bytes of the buffer it has filled by now.
    pub fn filled(&self) -> usize {
        self.filled
    }
}

impl<S: Reads> Future for ReadExact<'_, S> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        steps::read_exact(&mut this.waiter, context, this.buffer, &mut this.filled)
    }
}

/// Appends everything up to the end to a vector; made by
/// [`ByteStream::read_to_end`](crate::ByteStream::read_to_end).
///
/// # Cancel safety
/// Dropped half-way, what it has read is in the vector, and it can be called again.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct ReadToEnd<'a, S = net::TcpStream> {
    pub(super) waiter: Waiter<'a, S>,
    pub(super) buffer: &'a mut Vec<u8>,
    pub(super) appended: usize,
}

impl<S: Reads> Future for ReadToEnd<'_, S> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        steps::read_to_end(&mut this.waiter, context, this.buffer, &mut this.appended)
    }
}
