//! [`UnixDatagram`]: what only Unix sockets for datagrams have.
//!
//! Receiving, and sending to the peer of a connected one, are [`DatagramSocket`]'s; what becomes of the
//! socket's file is `file`'s.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::task::{Context, Poll};

use corio_trace::action::Deed;
use rustix::net::SocketAddrUnix;
use socket2::{Domain, Socket, Type};

use super::{address, file};
use crate::about::about;
use crate::datagram::{DatagramSocket, SendTo};
use crate::deeds::UnixDatagramBindDeed;
use crate::socket;

/// A Unix socket for datagrams: whole messages between processes of one machine, in order and without
/// loss.
///
/// Dropped, it removes its socket's file, if it was bound to one and that is still the one it made.
///
/// ```
/// use corio_net::UnixDatagram;
///
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let (one, two) = UnixDatagram::pair()?;
/// one.send(b"first").await?;
/// one.send(b"second").await?;
/// let mut buffer = [0; 64];
/// assert_eq!(two.recv(&mut buffer).await?, 5);
/// assert_eq!(two.recv(&mut buffer).await?, 6);
/// # Ok(())
/// # })
/// # }
/// ```
pub type UnixDatagram = DatagramSocket<net::UnixDatagram>;

impl UnixDatagram {
    /// A socket that receives at `path`. On Linux a path that begins with a NUL byte is an abstract
    /// name, which has no file.
    ///
    /// A socket's file that is there and at which nobody receives was left behind: it is removed.
    /// Anything else that is there stays. The socket removes its own file when it is dropped, if it is
    /// still the same file ([`UnixDatagram::keep_file`] does not).
    ///
    /// # Errors
    /// `AddrInUse`, saying what is in the way; `NotFound` if the directory is not there; `InvalidInput`
    /// if it is no path for a socket (too long); `PermissionDenied` and what else the system says.
    ///
    /// # Cancel safety
    /// It ends in its first poll: nothing is ever done by half.
    #[track_caller]
    pub fn bind(path: impl AsRef<Path>) -> impl Future<Output = io::Result<UnixDatagram>> {
        UnixDatagramBindDeed::doing(async move { bind(&address::from_path(path.as_ref())?) })
    }

    /// A socket that receives at an address of std's; otherwise as [`UnixDatagram::bind`].
    ///
    /// # Errors
    /// As [`UnixDatagram::bind`].
    ///
    /// # Cancel safety
    /// It ends in its first poll: nothing is ever done by half.
    #[track_caller]
    pub fn bind_addr(address: &SocketAddr) -> impl Future<Output = io::Result<UnixDatagram>> {
        UnixDatagramBindDeed::doing(async move { bind(&address::from_std(address)?) })
    }

    /// A socket without a name: it sends, and receives only what its peer sends once it is connected.
    ///
    /// # Errors
    /// What the system says, and an error that says so if this thread's loop has ended.
    pub fn unbound() -> io::Result<UnixDatagram> {
        UnixDatagram::new(net::UnixDatagram::unbound()?)
    }

    /// Two sockets that are connected with each other, without a name. Both belong to this thread's
    /// loop.
    ///
    /// # Errors
    /// As [`UnixDatagram::unbound`].
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (one, two) = net::UnixDatagram::pair()?;
        Ok((UnixDatagram::new(one)?, UnixDatagram::new(two)?))
    }

    /// Makes the socket at `path` the peer: [`send`](Self::send) goes there, and nobody else's
    /// messages are received.
    ///
    /// # Errors
    /// `NotFound` if there is no such file, `ConnectionRefused` if nobody receives there, `InvalidInput`
    /// if it is no path for a socket, and what else the system says.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        connect(self, &address::from_path(path.as_ref())?)
    }

    /// Makes the socket at an address of std's the peer; otherwise as [`UnixDatagram::connect`].
    ///
    /// # Errors
    /// As [`UnixDatagram::connect`].
    pub fn connect_addr(&self, address: &SocketAddr) -> io::Result<()> {
        connect(self, &address::from_std(address)?)
    }

    /// Sends a message to `path`. Where the receiver's queue is full it waits for room: the system does
    /// not say when there is any, so it tries again, after 50 µs at first and every 20 ms at last. A socket
    /// that is connected ([`connect`](Self::connect), [`send`](Self::send)) is told.
    ///
    /// # Errors
    /// `NotFound` if there is no such file, `ConnectionRefused` if nobody receives there, `InvalidInput`
    /// if it is no path for a socket, and as [`send`](Self::send).
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has sent nothing.
    #[track_caller]
    pub fn send_to<'a>(
        &'a self,
        bytes: &'a [u8],
        path: impl AsRef<Path>,
    ) -> SendTo<'a, net::UnixDatagram> {
        self.send_to_destination(bytes, address::from_path(path.as_ref()))
    }

    /// Sends a message to an address of std's, such as [`recv_from`](Self::recv_from) gives;
    /// otherwise as [`UnixDatagram::send_to`].
    ///
    /// # Errors
    /// As [`UnixDatagram::send_to`]; `InvalidInput` if the address is nobody's.
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has sent nothing.
    #[track_caller]
    pub fn send_to_addr<'a>(
        &'a self,
        bytes: &'a [u8],
        address: &SocketAddr,
    ) -> SendTo<'a, net::UnixDatagram> {
        self.send_to_destination(bytes, address::from_std(address))
    }

    /// The poll form of [`UnixDatagram::send_to`].
    ///
    /// # Errors
    /// As [`UnixDatagram::send_to`].
    #[track_caller]
    pub fn poll_send_to(
        &self,
        context: &mut Context<'_>,
        bytes: &[u8],
        path: impl AsRef<Path>,
    ) -> Poll<io::Result<usize>> {
        self.poll_send_to_destination(context, bytes, &address::from_path(path.as_ref())?)
    }

    /// Sends a message to `path` now, if there is room.
    ///
    /// # Errors
    /// `WouldBlock` if there is none; otherwise as [`UnixDatagram::send_to`].
    pub fn try_send_to(&self, bytes: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        self.try_send_to_destination(bytes, &address::from_path(path.as_ref())?)
    }

    /// Shuts down receiving, sending, or both.
    ///
    /// # Errors
    /// What the system says.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        socket::shut_down(self.inner(), how)
    }

    /// Leaves the socket's file where it is when the socket is dropped.
    pub fn keep_file(&mut self) {
        if let Some(file) = self.file.take() {
            file.leave();
        }
    }
}

fn bind(address: &SocketAddrUnix) -> io::Result<UnixDatagram> {
    bind_to(address).map_err(|error| {
        about(error, format_args!("cannot bind a socket to {}", address::Shown(address)))
    })
}

fn bind_to(address: &SocketAddrUnix) -> io::Result<UnixDatagram> {
    let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
    let file = file::bind(&socket, Type::DGRAM, address)?;
    let mut datagram = UnixDatagram::new(socket.into())?;
    datagram.file = file;
    Ok(datagram)
}

fn connect(socket: &UnixDatagram, address: &SocketAddrUnix) -> io::Result<()> {
    rustix::net::connect(socket.inner(), address)
        .map_err(|errno| address::cannot_connect(address, errno.into()))
}
