//! [`connect_read_pipe`] and [`connect_write_pipe`]: an end of a pipe for a protocol.
//!
//! An end is a connection of which one direction is missing: what reads never writes, and the other way
//! round.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::Location;
use std::task::{Context, Poll, ready};

use corio_net::pipe;

use super::connect::begin;
use super::traits::Handler;
use super::transport::Transport;
use crate::connection::{Address, Connection};

/// Gives the end of a pipe that is read to what `factory` makes: asyncio's `connect_read_pipe`.
///
/// When all senders are gone the protocol hears `eof_received`, and then `connection_lost`. Its transport
/// cannot be written to: a write ends it with an error.
///
/// # Errors
/// None at present.
///
/// # Panics
/// Outside a loop.
///
/// # Cancel safety
/// Dropped, the pipe is closed.
#[track_caller]
pub fn connect_read_pipe<H: Handler>(
    factory: impl FnOnce() -> H,
    pipe: pipe::Receiver,
) -> impl Future<Output = io::Result<Transport>> {
    begin(Box::new(ReadEnd(pipe)), None, factory, Location::caller())
}

/// Gives the end of a pipe that is written to what `factory` makes: asyncio's `connect_write_pipe`.
///
/// When the reader is gone the protocol hears `connection_lost`: with `BrokenPipe` if a write found it
/// out.
///
/// # Errors
/// None at present.
///
/// # Panics
/// Outside a loop.
///
/// # Cancel safety
/// Dropped, the pipe is closed.
#[track_caller]
pub fn connect_write_pipe<H: Handler>(
    factory: impl FnOnce() -> H,
    pipe: pipe::Sender,
) -> impl Future<Output = io::Result<Transport>> {
    begin(Box::new(WriteEnd(pipe)), None, factory, Location::caller())
}

#[derive(Debug)]
struct ReadEnd(pipe::Receiver);

impl Connection for ReadEnd {
    fn poll_read(&self, context: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_read(context, room)
    }

    fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_read_ready(context).map_ok(|_| ())
    }

    fn poll_write(&self, _: &mut Context<'_>, _: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(missing("written: it is the end that is read")))
    }

    fn can_write_eof(&self) -> bool {
        false
    }

    fn poll_write_eof(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn abort(&self) {}

    fn local_addr(&self) -> io::Result<Address> {
        Ok(Address::Unnamed)
    }

    fn peer_addr(&self) -> io::Result<Address> {
        Ok(Address::Unnamed)
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}

#[derive(Debug)]
struct WriteEnd(pipe::Sender);

impl Connection for WriteEnd {
    /// Nothing comes. That the readers have gone is what the next write says.
    fn poll_read(&self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_read_ready(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_write(
        &self,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let taken = match bytes {
            [one] => ready!(self.0.poll_write(context, one)),
            several => ready!(self.0.poll_write_vectored(context, several)),
        };
        Poll::Ready(taken)
    }

    /// A pipe ends when it is closed: asyncio's pipe transports say that they can, and close.
    fn can_write_eof(&self) -> bool {
        false
    }

    fn poll_write_eof(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn abort(&self) {}

    fn local_addr(&self) -> io::Result<Address> {
        Ok(Address::Unnamed)
    }

    fn peer_addr(&self) -> io::Result<Address> {
        Ok(Address::Unnamed)
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}

fn missing(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, format!("this pipe cannot be {what}"))
}
