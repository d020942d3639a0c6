//! [`Listener`]: where connections come from; the sockets of `corio-net`, and how they are bound.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::task::{Context, Poll};

use corio_net::{TcpListener, kind};
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use crate::connection::{Address, Connection};

/// A connection that has come.
#[derive(Debug)]
pub struct Accepted {
    /// The connection.
    pub connection: Box<dyn Connection>,
    /// Where it comes from.
    pub peer: Address,
}

/// Gives connections.
///
/// An implementation MUST
/// - give none before [`Listener::listen`];
/// - pause by itself where it lacks descriptors or memory, and go on;
/// - stop listening when it is dropped.
pub trait Listener: fmt::Debug + Send + Sync + 'static {
    /// Lets connections come; at most `backlog` wait to be accepted.
    ///
    /// # Errors
    /// What the system says.
    fn listen(&self, backlog: u32) -> io::Result<()>;

    /// Takes the next connection; one task asks.
    ///
    /// # Errors
    /// If it may not go on by itself.
    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<Accepted>>;

    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    fn local_addr(&self) -> io::Result<Address>;

    /// The descriptor under it, if there is one.
    fn socket(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

/// The listeners of `corio-net`. One that listens already gets the new backlog.
impl<L> Listener for corio_net::Listener<L>
where
    L: kind::Listens,
    L::Address: Into<Address>,
{
    fn listen(&self, backlog: u32) -> io::Result<()> {
        listen(self, backlog)
    }

    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        corio_net::Listener::poll_accept(self, context)
            .map_ok(|(stream, peer)| Accepted { connection: Box::new(stream), peer: peer.into() })
    }

    fn local_addr(&self) -> io::Result<Address> {
        corio_net::Listener::local_addr(self).map(Into::into)
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        Some(self.as_fd())
    }
}

/// The system takes the number as an `int`, and cuts it to what it allows.
fn listen(socket: impl AsFd, backlog: u32) -> io::Result<()> {
    let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
    Ok(rustix::net::listen(socket, backlog)?)
}

/// How a socket is bound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binding {
    pub(crate) reuse_address: bool,
    pub(crate) reuse_port: bool,
}

impl Binding {
    /// A socket bound to `address` that does not listen yet. It is registered with the loop whose task
    /// accepts first.
    fn tcp(self, address: SocketAddr) -> io::Result<TcpListener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(self.reuse_address)?;
        if self.reuse_port {
            socket.set_reuse_port(true)?;
        }
        if address.is_ipv6() {
            // Else the IPv4 address of the same port, which may come next, would be taken.
            socket.set_only_v6(true)?;
        }
        socket.bind(&address.into())?;
        Ok(TcpListener::from(OwnedFd::from(socket)))
    }

    /// Binds to all of `addresses`; those that this machine does not have are passed over, as long as it
    /// has one.
    pub(crate) fn all(
        self,
        addresses: impl Iterator<Item = SocketAddr>,
    ) -> io::Result<Vec<Arc<dyn Listener>>> {
        let mut bound: Vec<SocketAddr> = Vec::new();
        let mut doors: Vec<Arc<dyn Listener>> = Vec::new();
        let mut missing = None;
        for address in addresses {
            if bound.contains(&address) {
                continue;
            }
            match self.tcp(address) {
                Ok(listener) => doors.push(Arc::new(listener)),
                Err(error) if is_missing(&error) => missing = Some(cannot_listen(address, &error)),
                Err(error) => return Err(cannot_listen(address, &error)),
            }
            bound.push(address);
        }
        if !doors.is_empty() {
            return Ok(doors);
        }
        Err(missing.unwrap_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "no address was given to listen at")
        }))
    }
}

/// Whether the machine lacks the address, or its whole family.
fn is_missing(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT | Errno::PROTONOSUPPORT)
    )
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot listen at {address}: {error}"))
}
