//! The operations of a stream whose owner has it on a [`WatchList`]: one attempt each, without a waker.
//!
//! Not part of the API: corio's protocols are made of them. Their rules are those of
//! [`Io::try_watched`](corio_reactor::Io::try_watched).

use std::io::{self, IoSlice};
use std::task::Poll;

use corio_reactor::{After, Direction, Tried, WatchList};

use super::ByteStream;
use crate::kind::{Kind, Reads, Writes};
use crate::ops;

impl<S: Kind> ByteStream<S> {
    /// From now on the owner of `list` is told by `token`.
    ///
    /// # Errors
    /// As those of a first use.
    #[doc(hidden)]
    pub fn watch(&self, list: &WatchList, token: u32) -> io::Result<()> {
        self.io.watch(list, token)
    }

    /// Nobody is told any more.
    #[doc(hidden)]
    pub fn unwatch(&self) {
        self.io.unwatch();
    }
}

impl<S: Reads> ByteStream<S> {
    /// Reads, and says whether another read is worth trying.
    ///
    /// # Errors
    /// As [`Self::read`].
    #[doc(hidden)]
    #[inline]
    pub fn try_read_watched(&self, buffer: &mut [u8]) -> Poll<io::Result<Tried<usize>>> {
        self.io.try_watched(Direction::Read, |socket| ops::recv(socket, buffer))
    }

    /// Whether a read is worth trying.
    ///
    /// # Errors
    /// If the loop has ended.
    #[doc(hidden)]
    pub fn try_read_ready_watched(&self) -> Poll<io::Result<()>> {
        self.io.try_watched(Direction::Read, |_| Ok(((), After::MaybeMore))).map_ok(Tried::output)
    }
}

impl<S: Writes> ByteStream<S> {
    /// Writes some of `bytes`.
    ///
    /// # Errors
    /// As [`Self::write`].
    #[doc(hidden)]
    #[inline]
    pub fn try_write_watched(&self, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.io.try_watched(Direction::Write, |socket| ops::send(socket, bytes));
        written.map_ok(Tried::output)
    }

    /// Writes some of several pieces.
    ///
    /// # Errors
    /// As [`Self::write`].
    #[doc(hidden)]
    pub fn try_write_vectored_watched(&self, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let send = |socket: &S| ops::send_vectored(socket, pieces);
        self.io.try_watched(Direction::Write, send).map_ok(Tried::output)
    }
}
