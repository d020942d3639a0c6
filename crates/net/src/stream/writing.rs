//! The futures that write, by name: what [`ByteStream`](crate::ByteStream)'s methods return.
//!
//! As those of `reading`: a waiter and the arguments, polled through `steps`.

use std::io::{self, IoSlice};
use std::net;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_reactor::ActionWaiter;

use super::steps;
use crate::deeds::{WriteAllDeed, WriteDeed, WriteVectoredDeed};
use crate::kind::Writes;

/// Writes as much as there is room for; made by [`ByteStream::write`](crate::ByteStream::write).
///
/// # Cancel safety
/// Dropped before it was ready, it has written nothing.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Write<'a, S = net::TcpStream> {
    pub(super) waiter: ActionWaiter<'a, S, WriteDeed>,
    pub(super) bytes: &'a [u8],
}

impl<S: Writes> Future for Write<'_, S> {
    type Output = io::Result<usize>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        steps::write(this.waiter.begun(), context, this.bytes)
    }
}

/// Writes as much of several slices as there is room for; made by
/// [`ByteStream::write_vectored`](crate::ByteStream::write_vectored).
///
/// # Cancel safety
/// Dropped before it was ready, it has written nothing.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct WriteVectored<'a, 's, S = net::TcpStream> {
    pub(super) waiter: ActionWaiter<'a, S, WriteVectoredDeed>,
    pub(super) bytes: &'a [IoSlice<'s>],
}

impl<S: Writes> Future for WriteVectored<'_, '_, S> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        steps::write_vectored(this.waiter.begun(), context, this.bytes)
    }
}

/// Writes all of some bytes; made by [`ByteStream::write_all`](crate::ByteStream::write_all).
///
/// # Cancel safety
/// Dropped half-way, the first of the bytes are on their way: [`WriteAll::rest`] says which are not, to
/// be asked before it is dropped.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct WriteAll<'a, S = net::TcpStream> {
    pub(super) waiter: ActionWaiter<'a, S, WriteAllDeed>,
    /// What is left to write: one slice instead of all and a count, for an idle connection pays for the
    /// largest of its futures.
    pub(super) rest: &'a [u8],
}

impl<'a, S> WriteAll<'a, S> {
    /// The bytes that it has not written yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<S: Writes> Future for WriteAll<'_, S> {
    type Output = io::Result<()>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let mut written = 0;
        let poll = steps::write_all(this.waiter.begun(), context, this.rest, &mut written);
        this.rest = &this.rest[written..];
        poll
    }
}
