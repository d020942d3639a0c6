//! [`DatagramSocket`]: what a socket for datagrams is to a protocol's transport; those of `corio-net`.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::task::{Context, Poll, Waker};

use corio_net::{UdpSocket, UnixDatagram};
use corio_reactor::{Edges, WatchList};

use crate::connection::Address;

/// Whole datagrams, in and out. For the sockets of `corio-net`.
///
/// Each call with a waker may be followed by one with another: the last one given for a direction
/// counts.
pub trait DatagramSocket: fmt::Debug + 'static {
    /// Receives one into `room`, and says how long it was and where it came from.
    ///
    /// # Errors
    /// What the system says: also of a datagram that was sent before.
    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<(usize, Address)>>;

    /// Sends one to `to`, or to the peer.
    ///
    /// # Errors
    /// What the system says, and `InvalidInput` if it is an address of another kind of socket.
    fn poll_send(
        &self,
        context: &mut Context<'_>,
        data: &[u8],
        to: Option<&Address>,
    ) -> Poll<io::Result<usize>>;

    /// Whether it can send to such an address at all: looked at before a datagram is sent or kept, so that who
    /// gives a wrong one hears of it at once. Unless it is said otherwise all are.
    ///
    /// # Errors
    /// `InvalidInput`, with what to do instead.
    fn check_address(&self, to: &Address) -> io::Result<()> {
        let _ = to;
        Ok(())
    }

    // What follows is for sockets that a protocol's loop can watch instead of giving a waker for each wait.

    /// Has the owner of `list` told by `token`, from now on; `None`: there is nothing to watch. Watched, it
    /// receives with `try_recv`.
    #[doc(hidden)]
    fn watch(&self, list: &WatchList, token: u32) -> Option<Edges> {
        let _ = (list, token);
        None
    }

    /// Of one that is watched: as `poll_recv`.
    ///
    /// # Errors
    /// As `poll_recv`.
    #[doc(hidden)]
    fn try_recv(&self, edges: &Edges, room: &mut [u8]) -> Poll<io::Result<(usize, Address)>> {
        let _ = edges;
        self.poll_recv(&mut Context::from_waker(Waker::noop()), room)
    }

    /// Our address.
    ///
    /// # Errors
    /// What the system says.
    fn local_addr(&self) -> io::Result<Address>;

    /// The peer's, if it is connected.
    ///
    /// # Errors
    /// `NotConnected`, and what else the system says.
    fn peer_addr(&self) -> io::Result<Address>;
}

impl DatagramSocket for UdpSocket {
    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<(usize, Address)>> {
        self.poll_recv_from(context, room).map_ok(|(count, from)| (count, from.into()))
    }

    fn poll_send(
        &self,
        context: &mut Context<'_>,
        data: &[u8],
        to: Option<&Address>,
    ) -> Poll<io::Result<usize>> {
        match to {
            None => UdpSocket::poll_send(self, context, data),
            Some(Address::Inet(to)) => self.poll_send_to(context, data, *to),
            Some(other) => Poll::Ready(Err(other_kind(other))),
        }
    }

    fn check_address(&self, to: &Address) -> io::Result<()> {
        match to {
            Address::Inet(_) => Ok(()),
            other => Err(other_kind(other)),
        }
    }

    fn watch(&self, list: &WatchList, token: u32) -> Option<Edges> {
        // An error is the first attempt's, too, which says it.
        corio_net::DatagramSocket::watch(self, list, token).ok()
    }

    fn try_recv(&self, edges: &Edges, room: &mut [u8]) -> Poll<io::Result<(usize, Address)>> {
        self.try_recv_from_watched(edges, room).map_ok(|(count, from)| (count, from.into()))
    }

    fn local_addr(&self) -> io::Result<Address> {
        corio_net::DatagramSocket::local_addr(self).map(Into::into)
    }

    fn peer_addr(&self) -> io::Result<Address> {
        corio_net::DatagramSocket::peer_addr(self).map(Into::into)
    }
}

impl DatagramSocket for UnixDatagram {
    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<(usize, Address)>> {
        self.poll_recv_from(context, room).map_ok(|(count, from)| (count, from.into()))
    }

    fn poll_send(
        &self,
        context: &mut Context<'_>,
        data: &[u8],
        to: Option<&Address>,
    ) -> Poll<io::Result<usize>> {
        match to {
            None => UnixDatagram::poll_send(self, context, data),
            Some(Address::Path(path)) => self.poll_send_to(context, data, path),
            Some(Address::Abstract(name)) => {
                // As a path is written that is none, on every system: where there are no such names, the socket
                // says so.
                let path = [b"\0", name.as_slice()].concat();
                self.poll_send_to(context, data, OsStr::from_bytes(&path))
            }
            Some(other) => Poll::Ready(Err(other_kind(other))),
        }
    }

    fn check_address(&self, to: &Address) -> io::Result<()> {
        match to {
            Address::Path(_) | Address::Abstract(_) => Ok(()),
            other => Err(other_kind(other)),
        }
    }

    fn watch(&self, list: &WatchList, token: u32) -> Option<Edges> {
        // An error is the first attempt's, too, which says it.
        corio_net::DatagramSocket::watch(self, list, token).ok()
    }

    fn try_recv(&self, edges: &Edges, room: &mut [u8]) -> Poll<io::Result<(usize, Address)>> {
        self.try_recv_from_watched(edges, room).map_ok(|(count, from)| (count, from.into()))
    }

    fn local_addr(&self) -> io::Result<Address> {
        corio_net::DatagramSocket::local_addr(self).map(Into::into)
    }

    fn peer_addr(&self) -> io::Result<Address> {
        corio_net::DatagramSocket::peer_addr(self).map(Into::into)
    }
}

#[cold]
fn other_kind(address: &Address) -> io::Error {
    let message = match address {
        Address::Unnamed => {
            "a socket without a name cannot be sent to: its owner has to bind it".to_owned()
        }
        other => format!(
            "{other} is an address of another kind of socket than this one: UDP has those of the internet, and a \
             Unix socket has paths and abstract names"
        ),
    };
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
