//! The operations of a stream whose owner has it on a [`WatchList`]: one attempt each, without a waker.
//!
//! Not part of the API: corio's protocols are made of them. Their rules are those of
//! [`Io::try_watched`](corio_reactor::Io::try_watched).

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, BorrowedFd};
use std::task::Poll;

use corio_reactor::{After, Direction, Edges, Tried, WatchList};
use rustix::net::RecvFlags;

use super::ByteStream;
use crate::kind::{Connection, Kind, Reads, ShortRead, Writes};
use crate::ops::{self, Attempt, MOVED_PER_CALL_MAX};
use crate::sys::SEND_FLAGS;

/// The socket that a stream is, without its type.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct BareSocket<'a> {
    fd: BorrowedFd<'a>,
    /// A read may end where descriptors were passed.
    may_pass: bool,
}

/// Reads from the socket of a stream: one system call, and nothing else. What it says of the next one is for
/// whoever has the socket's [`Edges`].
///
/// # Errors
/// What the system says.
#[doc(hidden)]
#[inline(always)]
pub fn recv_now(socket: BareSocket<'_>, buffer: &mut [u8]) -> Attempt {
    if socket.may_pass {
        return recv_unless_passed(socket.fd, buffer);
    }
    let count = rustix::net::recv(socket.fd, &mut *buffer, RecvFlags::empty())?.0;
    Ok((count, After::stream(count, buffer.len())))
}

#[inline(never)]
fn recv_unless_passed(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Attempt {
    ops::recv_unless_passed(fd, &mut [IoSliceMut::new(buffer)])
}

/// Writes into the socket of a stream, a part if that is more than one call may move; otherwise as
/// [`recv_now`].
///
/// # Errors
/// What the system says.
#[doc(hidden)]
#[inline(always)]
pub fn send_now(socket: BareSocket<'_>, bytes: &[u8]) -> Attempt {
    let bytes = &bytes[..bytes.len().min(MOVED_PER_CALL_MAX)];
    let count = rustix::net::send(socket.fd, bytes, SEND_FLAGS)?;
    Ok((count, After::stream(count, bytes.len())))
}

impl<S: Kind> ByteStream<S> {
    /// From now on the owner of `list` is told by `token`, and keeps what it is told.
    ///
    /// # Errors
    /// As those of a first use.
    #[doc(hidden)]
    pub fn watch(&self, list: &WatchList, token: u32) -> io::Result<Edges> {
        self.io.watch(list, token)
    }

    /// Nobody is told any more.
    #[doc(hidden)]
    pub fn unwatch(&self) {
        self.io.unwatch();
    }
}

impl<S: Connection> ByteStream<S> {
    /// Itself, without its type.
    #[doc(hidden)]
    #[inline]
    pub fn bare_socket(&self) -> BareSocket<'_> {
        let may_pass = S::SHORT_READ == ShortRead::DrainedUnlessPassed;
        BareSocket { fd: self.as_fd(), may_pass }
    }
}

impl<S: Reads> ByteStream<S> {
    /// Reads, and says whether another read is worth trying.
    ///
    /// # Errors
    /// As [`Self::read`].
    #[doc(hidden)]
    #[inline]
    pub fn try_read_watched(
        &self,
        edges: &Edges,
        buffer: &mut [u8],
    ) -> Poll<io::Result<Tried<usize>>> {
        self.io.try_watched(edges, Direction::Read, |socket| ops::recv(socket, buffer))
    }

    /// Whether a read is worth trying.
    ///
    /// # Errors
    /// If the loop has ended.
    #[doc(hidden)]
    pub fn try_read_ready_watched(&self, edges: &Edges) -> Poll<io::Result<()>> {
        let look = |_: &S| Ok(((), After::MaybeMore));
        self.io.try_watched(edges, Direction::Read, look).map_ok(Tried::output)
    }
}

impl<S: Writes> ByteStream<S> {
    /// Writes some of `bytes`.
    ///
    /// # Errors
    /// As [`Self::write`].
    #[doc(hidden)]
    #[inline]
    pub fn try_write_watched(&self, edges: &Edges, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let send = |socket: &S| ops::send(socket, bytes);
        self.io.try_watched(edges, Direction::Write, send).map_ok(Tried::output)
    }

    /// Writes some of several pieces.
    ///
    /// # Errors
    /// As [`Self::write`].
    #[doc(hidden)]
    pub fn try_write_vectored_watched(
        &self,
        edges: &Edges,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let send = |socket: &S| ops::send_vectored(socket, pieces);
        self.io.try_watched(edges, Direction::Write, send).map_ok(Tried::output)
    }
}
