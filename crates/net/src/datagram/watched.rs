//! Receiving, where the owner of a socket has it on a [`WatchList`]: one attempt each, without a waker.
//!
//! Not part of the API: corio's protocols are made of it. The rules are those of
//! [`Io::try_watched`](corio_reactor::Io::try_watched). Sending may have to wait for more than the
//! descriptor (a Unix socket's peer), so it has no such form, and is polled.

use std::io;
use std::task::Poll;

use corio_reactor::{Direction, Edges, Tried, WatchList};

use super::DatagramSocket;
use super::ops::{self, Take};
use crate::kind::Datagrams;

impl<S: Datagrams> DatagramSocket<S> {
    /// From now on the owner of `list` is told by `token`, and keeps what it is told.
    ///
    /// # Errors
    /// As those of a first use.
    #[doc(hidden)]
    pub fn watch(&self, list: &WatchList, token: u32) -> io::Result<Edges> {
        self.io.watch(list, token)
    }

    /// Receives one, and says from whom.
    ///
    /// # Errors
    /// As [`Self::recv`].
    #[doc(hidden)]
    pub fn try_recv_from_watched(
        &self,
        edges: &Edges,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, S::Address)>> {
        let recv = |socket: &S| ops::recv_from(socket, buffer, Take::Out);
        self.io.try_watched(edges, Direction::Read, recv).map_ok(Tried::output)
    }
}
