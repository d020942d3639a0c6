//! The options of a UDP socket: those that have to be set before it is bound, and the others.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::UdpSocket;
use crate::about::about;

/// Options that have to be set before a socket is bound; made by [`UdpSocket::options`].
#[derive(Clone, Debug, Default)]
#[must_use = "options make no socket unless they are bound"]
pub struct UdpOptions {
    reuse_address: bool,
    reuse_port: bool,
    only_v6: Option<bool>,
    broadcast: bool,
    recv_buffer_size: Option<usize>,
    send_buffer_size: Option<usize>,
}

impl UdpOptions {
    /// None of them set.
    pub(super) fn new() -> UdpOptions {
        UdpOptions::default()
    }

    /// Allows several sockets at one address, if all of them say so (`SO_REUSEADDR`): what receivers of
    /// one multicast group want. Who else gets what is sent to one of them, the system decides.
    pub fn reuse_address(mut self, reuse: bool) -> Self {
        self.reuse_address = reuse;
        self
    }

    /// Allows several sockets of one user at one address, if all of them say so (`SO_REUSEPORT`): the
    /// system shares out what comes.
    pub fn reuse_port(mut self, reuse: bool) -> Self {
        self.reuse_port = reuse;
        self
    }

    /// Whether a socket of IPv6 keeps away from IPv4; not set, the system decides.
    pub fn only_v6(mut self, only: bool) -> Self {
        self.only_v6 = Some(only);
        self
    }

    /// Allows it to send to broadcast addresses.
    pub fn broadcast(mut self, broadcast: bool) -> Self {
        self.broadcast = broadcast;
        self
    }

    /// How much the system keeps of what has come and was not received; the rest is lost.
    pub fn recv_buffer_size(mut self, bytes: usize) -> Self {
        self.recv_buffer_size = Some(bytes);
        self
    }

    /// How much the system keeps of what was sent and has not gone out.
    pub fn send_buffer_size(mut self, bytes: usize) -> Self {
        self.send_buffer_size = Some(bytes);
        self
    }

    /// A socket with these options that receives at `address`.
    ///
    /// # Errors
    /// As [`UdpSocket::bind`].
    pub fn bind(&self, address: impl Into<SocketAddr>) -> io::Result<UdpSocket> {
        let address = address.into();
        self.bind_to(address)
            .map_err(|error| about(error, format_args!("cannot bind a UDP socket to {address}")))
    }

    fn bind_to(&self, address: SocketAddr) -> io::Result<UdpSocket> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if self.reuse_address {
            socket.set_reuse_address(true)?;
        }
        if self.reuse_port {
            socket.set_reuse_port(true)?;
        }
        if let (Some(only), SocketAddr::V6(_)) = (self.only_v6, address) {
            socket.set_only_v6(only)?;
        }
        if self.broadcast {
            socket.set_broadcast(true)?;
        }
        if let Some(bytes) = self.recv_buffer_size {
            socket.set_recv_buffer_size(bytes)?;
        }
        if let Some(bytes) = self.send_buffer_size {
            socket.set_send_buffer_size(bytes)?;
        }
        socket.bind(&address.into())?;
        UdpSocket::new(socket.into())
    }
}

impl UdpSocket {
    /// Whether it may send to broadcast addresses.
    ///
    /// # Errors
    /// What the system says.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.inner().broadcast()
    }

    /// Sets whether it may send to broadcast addresses.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.inner().set_broadcast(broadcast)
    }

    /// How many hops a packet may take (`IP_TTL`, or IPv6's unicast hop limit).
    ///
    /// # Errors
    /// What the system says.
    pub fn ttl(&self) -> io::Result<u32> {
        let socket = SockRef::from(self.inner());
        if self.is_v6()? { socket.unicast_hops_v6() } else { socket.ttl_v4() }
    }

    /// Sets how many hops a packet may take.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        let socket = SockRef::from(self.inner());
        if self.is_v6()? { socket.set_unicast_hops_v6(ttl) } else { socket.set_ttl_v4(ttl) }
    }

    /// The mark that routers may go by: type of service (`IP_TOS`), or IPv6's traffic class.
    ///
    /// # Errors
    /// What the system says; `Unsupported` for IPv6 where the system has no such option.
    pub fn tos(&self) -> io::Result<u32> {
        let socket = SockRef::from(self.inner());
        if self.is_v6()? { tclass(&socket) } else { socket.tos_v4() }
    }

    /// Sets the mark that routers may go by.
    ///
    /// # Errors
    /// As [`UdpSocket::tos`].
    pub fn set_tos(&self, tos: u32) -> io::Result<()> {
        let socket = SockRef::from(self.inner());
        if self.is_v6()? { set_tclass(&socket, tos) } else { socket.set_tos_v4(tos) }
    }

    /// Whether it is a socket of IPv6.
    pub(super) fn is_v6(&self) -> io::Result<bool> {
        Ok(self.local_addr()?.is_ipv6())
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "macos"))]
fn tclass(socket: &SockRef<'_>) -> io::Result<u32> {
    socket.tclass_v6()
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "macos"))]
fn set_tclass(socket: &SockRef<'_>, tos: u32) -> io::Result<()> {
    socket.set_tclass_v6(tos)
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "macos"
)))]
fn tclass(_: &SockRef<'_>) -> io::Result<u32> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "macos"
)))]
fn set_tclass(_: &SockRef<'_>, _: u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
