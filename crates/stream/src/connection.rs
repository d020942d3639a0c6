//! [`Connection`]: what a reader and a writer are put over, and [`Address`], where it leads.
//!
//! The sockets of `corio-net` are connections; so is whatever wraps one and speaks through it. Called
//! by `link`, which tells the two directions apart and asks one at a time.

use std::any::Any;
use std::fmt;
use std::io::{self, IoSlice};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use corio_net::{BareSocket, ByteStream, kind};
use corio_reactor::{Edges, Tried, WatchList};

/// Bytes both ways, between two ends.
///
/// An implementation MUST
/// - let one task read while another writes, on any thread;
/// - wake the last waker of a direction when that direction is worth trying again;
/// - send what [`Connection::poll_write`] has taken without being asked again;
/// - after [`Connection::abort`] be ready for reading, with the end or an error.
///
/// It is called with no lock held, and may be given a waker that does nothing: then the same call
/// follows with another one.
pub trait Connection: fmt::Debug + Send + Sync + 'static {
    /// Reads into `room`, which is not empty; 0 is the end.
    ///
    /// # Errors
    /// If the connection has failed.
    fn poll_read(&self, context: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Waits until [`Connection::poll_read`] is worth trying. It may say so too early; unless it is
    /// written, it says so always.
    ///
    /// # Errors
    /// If the connection has failed.
    fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = context;
        Poll::Ready(Ok(()))
    }

    /// Writes from `bytes`, which are not all empty, and says how many bytes it took.
    ///
    /// # Errors
    /// If the connection has failed.
    fn poll_write(
        &self,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>;

    /// Whether one direction can be ended alone.
    fn can_write_eof(&self) -> bool {
        true
    }

    /// Ends the direction out; asked only if [`Connection::can_write_eof`], and after the last write.
    ///
    /// # Errors
    /// If the connection has failed.
    fn poll_write_eof(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Ends both directions, after the last write, with what has to be said at the end.
    ///
    /// # Errors
    /// If the connection has failed.
    fn poll_close(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Ready when an end takes too long: asked from the moment the connection is closed, while bytes written
    /// before keep [`Connection::poll_close`] waiting. Unless it is written, it never is.
    fn poll_overdue(&self, context: &mut Context<'_>) -> Poll<io::Error> {
        let _ = context;
        Poll::Pending
    }

    /// Ends both directions at once, whatever is under way.
    fn abort(&self);

    /// Our address.
    ///
    /// # Errors
    /// What the system says.
    fn local_addr(&self) -> io::Result<Address>;

    /// The peer's address.
    ///
    /// # Errors
    /// What the system says: `NotConnected` if the peer has reset the connection.
    fn peer_addr(&self) -> io::Result<Address>;

    /// The descriptor under it, if there is one.
    fn socket(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// What else there is to know of it, as a value of a type that its users know: see
    /// [`StreamWriter::extra_info`](crate::StreamWriter::extra_info).
    fn extra_info(&self) -> Option<&(dyn Any + Send + Sync)> {
        None
    }

    // What follows is for connections that lie right on a descriptor, so that a protocol's loop can watch
    // it instead of giving a waker for each wait. All others leave it as it is.

    /// Has the owner of `list` told by `token`, from now on; `None`: there is nothing to watch. Watched,
    /// it is tried with the methods below, which are given what was told, and all its poll forms but
    /// `poll_read`, `poll_read_ready` and `poll_write` are ready at once.
    #[doc(hidden)]
    fn watch(&self, list: &WatchList, token: u32) -> Option<Edges> {
        let _ = (list, token);
        None
    }

    /// Undoes `watch`.
    #[doc(hidden)]
    fn unwatch(&self) {}

    /// Of one that is watched: the socket that it is and nothing more. What is read there is what it would
    /// read, what is written there is written.
    #[doc(hidden)]
    fn bare_socket(&self) -> Option<BareSocket<'_>> {
        None
    }

    /// Of one that is watched: reads, and says whether another read is worth trying.
    ///
    /// # Errors
    /// As `poll_read`.
    #[doc(hidden)]
    fn try_read(&self, edges: &Edges, room: &mut [u8]) -> Poll<io::Result<Tried<usize>>> {
        let _ = edges;
        let read = self.poll_read(&mut Context::from_waker(Waker::noop()), room);
        read.map_ok(Tried::MayGoOn)
    }

    /// Of one that is watched: whether a read is worth trying.
    ///
    /// # Errors
    /// As `poll_read`.
    #[doc(hidden)]
    fn try_read_ready(&self, edges: &Edges) -> Poll<io::Result<()>> {
        let _ = edges;
        self.poll_read_ready(&mut Context::from_waker(Waker::noop()))
    }

    /// Of one that is watched: writes.
    ///
    /// # Errors
    /// As `poll_write`.
    #[doc(hidden)]
    fn try_write(&self, edges: &Edges, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.try_write_vectored(edges, &[IoSlice::new(bytes)])
    }

    /// Of one that is watched: writes several pieces.
    ///
    /// # Errors
    /// As `poll_write`.
    #[doc(hidden)]
    fn try_write_vectored(&self, edges: &Edges, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let _ = edges;
        self.poll_write(&mut Context::from_waker(Waker::noop()), pieces)
    }
}

/// An end of a connection: of the internet, or of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// An address of the internet, with a port.
    Inet(SocketAddr),
    /// A Unix socket that is bound to a path.
    Path(PathBuf),
    /// A Unix socket with a name in Linux's abstract space.
    Abstract(Vec<u8>),
    /// An end without a name: a client's Unix socket, a pipe in memory.
    Unnamed,
}

impl Address {
    /// The address, if it is one of the internet.
    pub fn as_inet(&self) -> Option<SocketAddr> {
        match self {
            Address::Inet(address) => Some(*address),
            _ => None,
        }
    }

    /// The path, if it is one of a Unix socket.
    pub fn as_path(&self) -> Option<&Path> {
        match self {
            Address::Path(path) => Some(path),
            _ => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Inet(address) => address.fmt(f),
            Address::Path(path) => path.display().fmt(f),
            Address::Abstract(name) => write!(f, "@{}", name.escape_ascii()),
            Address::Unnamed => f.write_str("unnamed"),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Address::Inet(address)
    }
}

impl From<unix::net::SocketAddr> for Address {
    fn from(address: unix::net::SocketAddr) -> Self {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            use std::os::linux::net::SocketAddrExt;
            if let Some(name) = address.as_abstract_name() {
                return Address::Abstract(name.to_vec());
            }
        }
        match address.as_pathname() {
            Some(path) => Address::Path(path.to_owned()),
            None => Address::Unnamed,
        }
    }
}

/// The sockets of `corio-net`, of the internet and of this machine.
impl<S> Connection for ByteStream<S>
where
    S: kind::Connection,
    S::Address: Into<Address>,
{
    fn poll_read(&self, context: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        ByteStream::poll_read(self, context, room)
    }

    fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ByteStream::poll_read_ready(self, context).map_ok(|_| ())
    }

    fn poll_write(
        &self,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match bytes {
            [one] => ByteStream::poll_write(self, context, one),
            several => self.poll_write_vectored(context, several),
        }
    }

    fn poll_write_eof(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_shutdown(context, Shutdown::Write)
    }

    fn poll_close(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_shutdown(context, Shutdown::Both)
    }

    fn abort(&self) {
        // Ready at once; the connection is as closed as it can be, whatever the system says.
        let _ = self.poll_shutdown(&mut Context::from_waker(Waker::noop()), Shutdown::Both);
    }

    fn local_addr(&self) -> io::Result<Address> {
        ByteStream::local_addr(self).map(Into::into)
    }

    fn peer_addr(&self) -> io::Result<Address> {
        ByteStream::peer_addr(self).map(Into::into)
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        Some(self.as_fd())
    }

    fn watch(&self, list: &WatchList, token: u32) -> Option<Edges> {
        // An error is the first read's, too, which says it.
        ByteStream::watch(self, list, token).ok()
    }

    fn unwatch(&self) {
        ByteStream::unwatch(self);
    }

    #[inline]
    fn bare_socket(&self) -> Option<BareSocket<'_>> {
        Some(ByteStream::bare_socket(self))
    }

    #[inline]
    fn try_read(&self, edges: &Edges, room: &mut [u8]) -> Poll<io::Result<Tried<usize>>> {
        self.try_read_watched(edges, room)
    }

    fn try_read_ready(&self, edges: &Edges) -> Poll<io::Result<()>> {
        self.try_read_ready_watched(edges)
    }

    #[inline]
    fn try_write(&self, edges: &Edges, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.try_write_watched(edges, bytes)
    }

    fn try_write_vectored(&self, edges: &Edges, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.try_write_vectored_watched(edges, pieces)
    }
}

/// A connection that several hold.
impl<C: Connection + ?Sized> Connection for Arc<C> {
    fn poll_read(&self, context: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        (**self).poll_read(context, room)
    }

    fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_read_ready(context)
    }

    fn poll_write(
        &self,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        (**self).poll_write(context, bytes)
    }

    fn can_write_eof(&self) -> bool {
        (**self).can_write_eof()
    }

    fn poll_write_eof(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_write_eof(context)
    }

    fn poll_close(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_close(context)
    }

    fn poll_overdue(&self, context: &mut Context<'_>) -> Poll<io::Error> {
        (**self).poll_overdue(context)
    }

    fn abort(&self) {
        (**self).abort();
    }

    fn local_addr(&self) -> io::Result<Address> {
        (**self).local_addr()
    }

    fn peer_addr(&self) -> io::Result<Address> {
        (**self).peer_addr()
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        (**self).socket()
    }

    fn extra_info(&self) -> Option<&(dyn Any + Send + Sync)> {
        (**self).extra_info()
    }

    fn watch(&self, list: &WatchList, token: u32) -> Option<Edges> {
        (**self).watch(list, token)
    }

    fn unwatch(&self) {
        (**self).unwatch();
    }

    fn bare_socket(&self) -> Option<BareSocket<'_>> {
        (**self).bare_socket()
    }

    fn try_read(&self, edges: &Edges, room: &mut [u8]) -> Poll<io::Result<Tried<usize>>> {
        (**self).try_read(edges, room)
    }

    fn try_read_ready(&self, edges: &Edges) -> Poll<io::Result<()>> {
        (**self).try_read_ready(edges)
    }

    fn try_write(&self, edges: &Edges, bytes: &[u8]) -> Poll<io::Result<usize>> {
        (**self).try_write(edges, bytes)
    }

    fn try_write_vectored(&self, edges: &Edges, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        (**self).try_write_vectored(edges, pieces)
    }
}

/// Lets small writes go out at once, as asyncio does: a writer hands over whole messages, and what Nagle's
/// algorithm would hold back waits for an acknowledgement that the peer may delay by 40 ms.
pub(crate) fn send_at_once(connection: &dyn Connection) {
    if let Some(socket) = connection.socket() {
        // It fails where the peer has gone already, which the first read tells.
        let _ = rustix::net::sockopt::set_tcp_nodelay(socket, true);
    }
}
