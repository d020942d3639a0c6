//! The operations of a stream that are tried once, now, and never wait.

use std::io::{self, IoSlice, IoSliceMut};

use corio_reactor::Direction;

use super::TcpStream;
use crate::ops;

impl TcpStream {
    /// Reads now, if there is something.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing; otherwise as [`TcpStream::read`].
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.try_op(Direction::Read, |socket| ops::recv(socket, buffer))
    }

    /// Reads into the buffers now, if there is something.
    ///
    /// # Errors
    /// As [`TcpStream::try_read`].
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.try_op(Direction::Read, |socket| ops::recv_vectored(socket, buffers))
    }

    /// Reads now, if there is something, and leaves it there to be read again.
    ///
    /// # Errors
    /// As [`TcpStream::try_read`].
    pub fn try_peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.try_op(Direction::Read, |socket| ops::peek(socket, buffer))
    }

    /// Writes now, if there is room.
    ///
    /// # Errors
    /// `WouldBlock` if there is none; otherwise as [`TcpStream::write`].
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.try_op(Direction::Write, |socket| ops::send(socket, bytes))
    }

    /// Writes from the slices now, if there is room.
    ///
    /// # Errors
    /// As [`TcpStream::try_write`].
    pub fn try_write_vectored(&self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_op(Direction::Write, |socket| ops::send_vectored(socket, bytes))
    }

    fn try_op(
        &self,
        direction: Direction,
        mut op: impl FnMut(&std::net::TcpStream) -> ops::Attempt,
    ) -> io::Result<usize> {
        loop {
            match self.io.try_io(direction, &mut op) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result.map(|(n, _)| n),
            }
        }
    }
}
