//! [`DatagramSocket`]: whole messages, one a call.
//!
//! As with streams there are futures (made in `futures`, with types in `receiving` and `sending`), poll
//! forms in `poll`, and `tries`, which never wait; all make the attempts of `ops`. What only one kind
//! of socket has is with that kind: `udp`, `unix`.
//!
//! **What datagrams are like.** Each call moves one whole message. One that is longer than the buffer is
//! cut, and the rest is lost ([`DatagramSocket::recv_msg`] says so). One may be empty: 0 bytes are not
//! an end. None of the operations is shortened for an empty buffer, because that, too, takes a message.

mod ops;

mod futures;
mod poll;
mod receiving;
mod sending;
mod tries;
mod watched;

pub use receiving::{Received, Recv, RecvBuf, RecvFrom, RecvMsg};
pub use sending::{SendDatagram, SendTo};

use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};

use corio_reactor::{Io, Ready, current};
use socket2::SockRef;

use crate::kind::Datagrams;
use crate::pause::Pause;
use crate::socket;
use crate::unix::SocketFile;

/// A socket for datagrams: a [`UdpSocket`](crate::UdpSocket) or a
/// [`UnixDatagram`](crate::UnixDatagram).
///
/// Those are the names to use; they are aliases of this type, so that code can be generic over them
/// (see [`kind`](crate::kind)). `S` is std's type of the socket.
///
/// Operations take `&self`, and any number of tasks may wait in each direction: each message goes to
/// one of those that receive.
pub struct DatagramSocket<S> {
    /// Dropped first: the file is removed while the socket still holds its inode, see `unix::file`.
    pub(crate) file: Option<Box<SocketFile>>,
    pub(crate) io: Io<S>,
    /// The pause of the poll form of sending to an address, while it makes one.
    pause: Mutex<Option<Pause>>,
}

impl<S: Datagrams> DatagramSocket<S> {
    /// Registers a socket of std's with this thread's loop, now, and makes it non-blocking. To leave
    /// that to the first use, take it as an [`OwnedFd`](std::os::fd::OwnedFd) (`from`).
    ///
    /// # Errors
    /// What the system says, and an error that says so if this thread's loop has ended.
    pub fn from_std(inner: S) -> io::Result<Self> {
        Ok(Self::of(Io::new(inner)?))
    }

    /// A socket just made, which has room for what is sent: nobody need wait for the system to say so.
    pub(crate) fn new(inner: S) -> io::Result<Self> {
        SockRef::from(&inner).set_nonblocking(true)?;
        Ok(Self::of(Io::register(inner, &current::handle()?, Ready::WRITABLE)?))
    }

    /// A socket that the first use will register.
    pub(crate) fn unregistered(inner: S) -> Self {
        Self::of(Io::from(inner))
    }

    fn of(io: Io<S>) -> Self {
        DatagramSocket { file: None, io, pause: Mutex::new(None) }
    }

    /// Gives the socket back to std. It stays non-blocking, and a Unix socket's file stays where it is.
    pub fn into_std(self) -> S {
        if let Some(file) = self.file {
            file.leave();
        }
        self.io.into_inner()
    }

    #[inline]
    pub(crate) fn inner(&self) -> &S {
        self.io.get_ref()
    }

    /// Our address.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<S::Address> {
        socket::local(self.inner())
    }

    /// The peer's address, if the socket is connected.
    ///
    /// # Errors
    /// `NotConnected` if it is not, and what else the system says.
    pub fn peer_addr(&self) -> io::Result<S::Address> {
        socket::peer(self.inner())
    }

    fn lock_pause(&self) -> std::sync::MutexGuard<'_, Option<Pause>> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: fmt::Debug> fmt::Debug for DatagramSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.get_ref().fmt(f)
    }
}
