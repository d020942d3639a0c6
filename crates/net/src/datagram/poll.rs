//! The operations of a socket for datagrams as poll forms.
//!
//! All poll forms that receive are one waiter, all that send another: the last waker wins.

use std::io;
use std::task::{Context, Poll};

use corio_reactor::{Direction, Ready};

use super::ops::{self, Take};
use super::sending::{Message, poll_send_to};
use super::{DatagramSocket, Received};
use crate::kind::Datagrams;

impl<S: Datagrams> DatagramSocket<S> {
    /// The poll form of [`Self::readable`].
    ///
    /// # Errors
    /// As [`Self::readable`].
    #[track_caller]
    pub fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.io.poll_readable(context)
    }

    /// The poll form of [`Self::writable`].
    ///
    /// # Errors
    /// As [`Self::readable`].
    #[track_caller]
    pub fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.io.poll_writable(context)
    }

    /// The poll form of [`Self::recv`].
    ///
    /// # Errors
    /// As [`Self::recv`].
    #[track_caller]
    pub fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_read(context, |socket| ops::recv(socket, buffer, Take::Out))
    }

    /// The poll form of [`Self::recv_from`].
    ///
    /// # Errors
    /// As [`Self::recv`].
    #[track_caller]
    pub fn poll_recv_from(
        &self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, S::Address)>> {
        self.poll_read(context, |socket| ops::recv_from(socket, buffer, Take::Out))
    }

    /// The poll form of [`Self::recv_msg`].
    ///
    /// # Errors
    /// As [`Self::recv`].
    #[track_caller]
    pub fn poll_recv_msg(
        &self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<Received<S::Address>>> {
        self.poll_read(context, |socket| ops::recv_msg(socket, buffer))
    }

    /// The poll form of [`Self::recv_buf_from`].
    ///
    /// # Errors
    /// As [`Self::recv`].
    #[track_caller]
    pub fn poll_recv_buf_from(
        &self,
        context: &mut Context<'_>,
        buffer: &mut Vec<u8>,
        room: usize,
    ) -> Poll<io::Result<(usize, S::Address)>> {
        self.poll_read(context, |socket| ops::recv_buf(socket, buffer, room))
    }

    /// The poll form of [`Self::peek`].
    ///
    /// # Errors
    /// As [`Self::recv`].
    #[track_caller]
    pub fn poll_peek(
        &self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_read(context, |socket| ops::recv(socket, buffer, Take::Peek))
    }

    /// The poll form of [`Self::peek_from`].
    ///
    /// # Errors
    /// As [`Self::recv`].
    #[track_caller]
    pub fn poll_peek_from(
        &self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, S::Address)>> {
        self.poll_read(context, |socket| ops::recv_from(socket, buffer, Take::Peek))
    }

    /// The poll form of [`Self::send`].
    ///
    /// # Errors
    /// As [`Self::send`].
    #[track_caller]
    pub fn poll_send(&self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.io.poll_with(Direction::Write, context, |socket| ops::send(socket, bytes))
    }

    /// The poll form of sending to what the kind made of the address.
    #[track_caller]
    pub(crate) fn poll_send_to_destination(
        &self,
        context: &mut Context<'_>,
        bytes: &[u8],
        to: &S::Destination,
    ) -> Poll<io::Result<usize>> {
        // Taken out while it is polled: polling it runs a waker's code, under no lock of ours.
        let mut pause = self.lock_pause().take();
        let waiter = &mut self.io.poll_waiter(Direction::Write);
        let poll = poll_send_to(waiter, &Message { bytes, to }, &mut pause, context);
        let ended = std::mem::replace(&mut *self.lock_pause(), pause);
        drop(ended);
        poll
    }

    #[track_caller]
    fn poll_read<R>(
        &self,
        context: &mut Context<'_>,
        op: impl FnMut(&S) -> ops::Attempt<R>,
    ) -> Poll<io::Result<R>> {
        self.io.poll_with(Direction::Read, context, op)
    }
}
