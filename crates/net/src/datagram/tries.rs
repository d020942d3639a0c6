//! The operations of a socket for datagrams that are tried once, now, and never wait.

use std::io;

use corio_reactor::Direction;

use super::ops::{self, Take};
use super::{DatagramSocket, Received};
use crate::kind::Datagrams;
use crate::socket::try_io;

impl<S: Datagrams> DatagramSocket<S> {
    /// Receives a message now, if there is one.
    ///
    /// # Errors
    /// `WouldBlock` if there is none; otherwise as [`Self::recv`].
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        try_io(&self.io, Direction::Read, |socket| ops::recv(socket, buffer, Take::Out))
    }

    /// Receives a message now, if there is one, and says who sent it.
    ///
    /// # Errors
    /// As [`Self::try_recv`].
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, S::Address)> {
        try_io(&self.io, Direction::Read, |socket| ops::recv_from(socket, buffer, Take::Out))
    }

    /// Receives a message now, if there is one, with all that is known of it.
    ///
    /// # Errors
    /// As [`Self::try_recv`].
    pub fn try_recv_msg(&self, buffer: &mut [u8]) -> io::Result<Received<S::Address>> {
        try_io(&self.io, Direction::Read, |socket| ops::recv_msg(socket, buffer))
    }

    /// Receives a message now, if there is one, and leaves it there to be received again.
    ///
    /// # Errors
    /// As [`Self::try_recv`].
    pub fn try_peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        try_io(&self.io, Direction::Read, |socket| ops::recv(socket, buffer, Take::Peek))
    }

    /// As [`Self::try_peek`], and says who sent the message.
    ///
    /// # Errors
    /// As [`Self::try_recv`].
    pub fn try_peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, S::Address)> {
        try_io(&self.io, Direction::Read, |socket| ops::recv_from(socket, buffer, Take::Peek))
    }

    /// Sends a message to the peer now, if there is room.
    ///
    /// # Errors
    /// `WouldBlock` if there is none; otherwise as [`Self::send`].
    pub fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        try_io(&self.io, Direction::Write, |socket| ops::send(socket, bytes))
    }

    /// Sends now to what the kind made of the address, if there is room.
    pub(crate) fn try_send_to_destination(
        &self,
        bytes: &[u8],
        to: &S::Destination,
    ) -> io::Result<usize> {
        try_io(&self.io, Direction::Write, |socket| ops::send_to(socket, bytes, to))
    }
}
