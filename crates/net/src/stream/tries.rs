//! The operations of a stream that are tried once, now, and never wait.

use std::io::{self, IoSlice, IoSliceMut};

use corio_reactor::Direction;

use super::ByteStream;
use crate::kind::{Connection, Reads, Writes};
use crate::ops;
use crate::socket::try_io;

impl<S: Reads> ByteStream<S> {
    /// Reads now, if there is something.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing; otherwise as [`Self::read`].
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        try_io(&self.io, Direction::Read, |socket| ops::recv(socket, buffer))
    }

    /// Reads into the buffers now, if there is something.
    ///
    /// # Errors
    /// As [`Self::try_read`].
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        try_io(&self.io, Direction::Read, |socket| ops::recv_vectored(socket, buffers))
    }
}

impl<S: Connection> ByteStream<S> {
    /// Reads now, if there is something, and leaves it there to be read again.
    ///
    /// # Errors
    /// As [`Self::try_read`].
    pub fn try_peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        try_io(&self.io, Direction::Read, |socket| ops::peek(socket, buffer))
    }
}

impl<S: Writes> ByteStream<S> {
    /// Writes now, if there is room.
    ///
    /// # Errors
    /// `WouldBlock` if there is none; otherwise as [`Self::write`].
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        try_io(&self.io, Direction::Write, |socket| ops::send(socket, bytes))
    }

    /// Writes from the slices now, if there is room.
    ///
    /// # Errors
    /// As [`Self::try_write`].
    pub fn try_write_vectored(&self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        try_io(&self.io, Direction::Write, |socket| ops::send_vectored(socket, bytes))
    }
}
