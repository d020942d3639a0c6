//! [`connect_read_pipe`] and [`connect_write_pipe`]: an end of a pipe for a protocol.
//!
//! An end is a connection of which one direction is missing: what reads never writes, and the other way
//! round.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use corio_base::WakerCell;
use corio_net::pipe;
use corio_reactor::{Edges, Tried, WatchList};
use corio_trace::action::Deed;

use super::callbacks::Callbacks;
use super::connect::begin;
use super::traits::{Handler, Protocol};
use super::transport::Transport;
use crate::connection::{Address, Connection};
use crate::deeds::{ReadPipeDeed, WritePipeDeed};

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
    ReadPipeDeed::doing(begin(Box::new(ReadEnd(pipe)), None, factory, Location::caller()))
}

/// Gives the end of a pipe that is written to what `factory` makes: asyncio's `connect_write_pipe`.
///
/// When the reader is gone the protocol hears `connection_lost`, at once: with `BrokenPipe` if something was
/// unsent. It never hears `eof_received`. [`Transport::write_eof`] closes the pipe after what is unsent.
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
    let end = WriteEnd { pipe, is_ended: AtomicBool::new(false), reading: WakerCell::new() };
    WritePipeDeed::doing(begin(
        Box::new(end),
        None,
        move || WriteOnly(factory().into_callbacks()),
        Location::caller(),
    ))
}

/// A protocol that has nothing to read, and so no end of it either.
struct WriteOnly(Callbacks);

impl Protocol for WriteOnly {
    fn connection_made(&mut self, transport: Transport) {
        self.0.connection_made(transport);
    }

    fn connection_lost(&mut self, error: Option<io::Error>) {
        self.0.connection_lost(error);
    }

    fn pause_writing(&mut self) {
        self.0.write_flow(true);
    }

    fn resume_writing(&mut self) {
        self.0.write_flow(false);
    }
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

    fn watch(&self, list: &WatchList, token: u32) -> Option<Edges> {
        self.0.watch(list, token).ok()
    }

    fn unwatch(&self) {
        self.0.unwatch();
    }

    fn try_read(&self, edges: &Edges, room: &mut [u8]) -> Poll<io::Result<Tried<usize>>> {
        self.0.try_read_watched(edges, room)
    }

    fn try_read_ready(&self, edges: &Edges) -> Poll<io::Result<()>> {
        self.0.try_read_ready_watched(edges)
    }
}

#[derive(Debug)]
struct WriteEnd {
    pipe: pipe::Sender,
    /// Everything was written: it is to be closed.
    is_ended: AtomicBool,
    /// Who is to hear of that.
    reading: WakerCell,
}

impl Connection for WriteEnd {
    /// Nothing comes but the end: when it was ended on this side, or the readers have gone.
    fn poll_read(&self, context: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_read_ready(context).map_ok(|()| 0)
    }

    fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The waker is there before the look.
        self.reading.register(context.waker());
        // Acquire: pairs with the Release in `poll_write_eof`.
        if self.is_ended.load(Ordering::Acquire) {
            return Poll::Ready(Ok(()));
        }
        self.pipe.poll_closed(context)
    }

    fn poll_write(
        &self,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let taken = match bytes {
            [one] => ready!(self.pipe.poll_write(context, one)),
            several => ready!(self.pipe.poll_write_vectored(context, several)),
        };
        Poll::Ready(taken)
    }

    /// A pipe ends when it is closed: so its transport finds the end, and closes it.
    fn poll_write_eof(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Release: pairs with the Acquire in `poll_read_ready`.
        self.is_ended.store(true, Ordering::Release);
        self.reading.wake();
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
        Some(self.pipe.as_fd())
    }
}

fn missing(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, format!("this pipe cannot be {what}"))
}
