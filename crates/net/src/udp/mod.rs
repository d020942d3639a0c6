//! [`UdpSocket`]: what only UDP has.
//!
//! Receiving, and sending to the peer of a connected socket, are [`DatagramSocket`]'s; the options are
//! in `options`, those of a group in `multicast`.

mod multicast;
mod options;

pub use options::UdpOptions;

use std::io;
use std::net::{self, SocketAddr};
use std::task::{Context, Poll};

use corio_trace::action::Deed;

use crate::about::about;
use crate::datagram::{DatagramSocket, SendTo};
use crate::deeds::UdpBindDeed;

/// A UDP socket.
///
/// A server, which answers whoever asks, and a client, which has one peer:
///
/// ```
/// use corio_net::UdpSocket;
/// use std::net::SocketAddr;
///
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
/// let server = UdpSocket::bind(any_port).await?;
/// let client = UdpSocket::bind(any_port).await?;
/// client.connect(server.local_addr()?)?;
///
/// client.send(b"ping").await?;
/// let mut buffer = [0; 64];
/// let (n, from) = server.recv_from(&mut buffer).await?;
/// server.send_to(&buffer[..n], from).await?;
/// assert_eq!(client.recv(&mut buffer).await?, 4);
/// # Ok(())
/// # })
/// # }
/// ```
///
/// **What is sent may be lost**, and nobody hears of it. Only a connected socket is told that nobody
/// listens at its peer's port: the next call gives `ConnectionRefused`, once, and the socket goes on.
pub type UdpSocket = DatagramSocket<net::UdpSocket>;

impl UdpSocket {
    /// A socket that receives at `address`; port 0 lets the system choose one. With options:
    /// [`UdpSocket::options`].
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`, `PermissionDenied` and what else the system says.
    ///
    /// # Cancel safety
    /// It ends in its first poll: nothing is ever done by half.
    #[track_caller]
    pub fn bind(address: impl Into<SocketAddr>) -> impl Future<Output = io::Result<UdpSocket>> {
        UdpBindDeed::doing(async move { UdpOptions::new().bind(address.into()) })
    }

    /// Options that have to be set before the socket is bound.
    ///
    /// ```
    /// use corio_net::UdpSocket;
    /// use std::net::SocketAddr;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    /// let socket = UdpSocket::options().reuse_address(true).broadcast(true).bind(any_port)?;
    /// assert!(socket.broadcast()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn options() -> UdpOptions {
        UdpOptions::new()
    }

    /// Makes `address` the peer: [`send`](Self::send) goes there, and nobody else's messages are
    /// received. It waits for nothing, and says nothing about whether somebody is there.
    ///
    /// # Errors
    /// `NetworkUnreachable` and what else the system says.
    pub fn connect(&self, address: impl Into<SocketAddr>) -> io::Result<()> {
        let address = address.into();
        self.inner()
            .connect(address)
            .map_err(|error| about(error, format_args!("cannot connect to {address}")))
    }

    /// Sends a message to `address`, and says how many bytes it had.
    ///
    /// # Errors
    /// `PermissionDenied` if it is a broadcast and those are not allowed
    /// ([`set_broadcast`](Self::set_broadcast)); otherwise as [`send`](Self::send).
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has sent nothing.
    #[track_caller]
    pub fn send_to<'a>(&'a self, bytes: &'a [u8], address: impl Into<SocketAddr>) -> SendTo<'a> {
        self.send_to_destination(bytes, Ok(address.into()))
    }

    /// The poll form of [`UdpSocket::send_to`].
    ///
    /// # Errors
    /// As [`UdpSocket::send_to`].
    #[track_caller]
    pub fn poll_send_to(
        &self,
        context: &mut Context<'_>,
        bytes: &[u8],
        address: impl Into<SocketAddr>,
    ) -> Poll<io::Result<usize>> {
        self.poll_send_to_destination(context, bytes, &address.into())
    }

    /// Sends a message to `address` now, if there is room.
    ///
    /// # Errors
    /// `WouldBlock` if there is none; otherwise as [`UdpSocket::send_to`].
    pub fn try_send_to(&self, bytes: &[u8], address: impl Into<SocketAddr>) -> io::Result<usize> {
        self.try_send_to_destination(bytes, &address.into())
    }
}
