//! The futures of a duplex's operations. Each is a waiter of its own.

use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use corio_trace::action::Action;

use super::pipe::{Pipe, Ticket};
use crate::deeds::{WriteAllDeed, WriteDeed};

/// Reads; made by [`DuplexStream::read`](crate::DuplexStream::read).
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Read<'a> {
    pub(super) pipe: &'a Pipe,
    pub(super) ticket: Ticket,
    pub(super) buffer: &'a mut [u8],
}

impl Future for Read<'_> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.pipe.poll_read(context, &mut this.ticket, &mut [IoSliceMut::new(this.buffer)])
    }
}

impl Drop for Read<'_> {
    fn drop(&mut self) {
        self.pipe.leave_reading(&self.ticket);
    }
}

/// Writes; made by [`DuplexStream::write`](crate::DuplexStream::write).
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Write<'a> {
    pub(super) pipe: &'a Pipe,
    pub(super) ticket: Ticket,
    pub(super) bytes: &'a [u8],
    pub(super) action: Action<WriteDeed>,
}

impl Future for Write<'_> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.action.begun();
        this.pipe.poll_write(context, &mut this.ticket, &[IoSlice::new(this.bytes)])
    }
}

impl Drop for Write<'_> {
    fn drop(&mut self) {
        self.pipe.leave_writing(&self.ticket);
    }
}

/// Writes all; made by [`DuplexStream::write_all`](crate::DuplexStream::write_all).
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct WriteAll<'a> {
    pub(super) pipe: &'a Pipe,
    pub(super) ticket: Ticket,
    pub(super) rest: &'a [u8],
    pub(super) action: Action<WriteAllDeed>,
}

impl<'a> WriteAll<'a> {
    /// What has not been written yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl Future for WriteAll<'_> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.action.begun();
        while !this.rest.is_empty() {
            let bytes = [IoSlice::new(this.rest)];
            let n = ready!(this.pipe.poll_write(context, &mut this.ticket, &bytes))?;
            this.rest = &this.rest[n..];
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for WriteAll<'_> {
    fn drop(&mut self) {
        self.pipe.leave_writing(&self.ticket);
    }
}
