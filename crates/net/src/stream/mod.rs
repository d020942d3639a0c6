//! [`ByteStream`]: a connection, or an end of a pipe; reading and writing it.
//!
//! The futures are made in `futures`, with types in `reading` and `writing`; their poll forms are in
//! `poll`. Both go through `steps`, which makes the attempts of `ops` through one [`Io`]. `tries` are
//! the attempts that never wait, `watched` those of corio's protocols. What only one kind of stream has is
//! with that kind: `tcp`, `unix`, `pipe`.

mod connect;
mod steps;

mod futures;
mod poll;
mod reading;
mod tries;
mod watched;
mod writing;

pub use connect::Connect;
pub(crate) use connect::is_under_way;
pub use reading::{Peek, Read, ReadBuf, ReadExact, ReadToEnd, ReadVectored};
pub use watched::{BareSocket, recv_now, send_now};
pub use writing::{Write, WriteAll, WriteVectored};

use std::fmt;
use std::io;
use std::net::Shutdown;

use corio_reactor::{Io, Ready, current};

use crate::kind::{Connection, Kind, Writes};
use crate::socket;
use crate::split::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};

/// A stream of bytes: a [`TcpStream`](crate::TcpStream), a [`UnixStream`](crate::UnixStream), or an
/// end of a pipe ([`pipe::Receiver`](crate::pipe::Receiver), [`pipe::Sender`](crate::pipe::Sender)).
///
/// Those are the names to use; they are aliases of this type, so that code can be generic over them
/// (see [`kind`](crate::kind)). `S` is std's type of the descriptor.
///
/// Operations take `&self`: one task may read while another writes. Bytes of two tasks that write
/// at the same time may mix; so may what two readers get.
///
/// ```
/// use corio_net::{TcpListener, TcpStream};
/// use std::net::SocketAddr;
///
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
/// let stream = TcpStream::connect(listener.local_addr()?).await?;
/// stream.set_nodelay(true)?;
/// let (peer, _) = listener.accept().await?;
/// peer.write_all(b"all that there is").await?;
/// drop(peer);
/// let mut all = Vec::new();
/// assert_eq!(stream.read_to_end(&mut all).await?, 17);
/// # Ok(())
/// # })
/// # }
/// ```
pub struct ByteStream<S> {
    pub(crate) io: Io<S>,
}

impl<S: Kind> ByteStream<S> {
    /// Registers a descriptor of std's with this thread's loop, now, and makes it non-blocking. To
    /// leave that to the first use, take it as an [`OwnedFd`](std::os::fd::OwnedFd) (`from`).
    ///
    /// # Errors
    /// What the system says, and an error that says so if this thread's loop has ended.
    pub fn from_std(inner: S) -> io::Result<Self> {
        // Room for a first write there is, unless it is said that there is none: so that write need not
        // wait for a turn of the loop. A socket that is yet to be connected has to be waited for.
        let has_room = !S::IS_SOCKET || rustix::net::getpeername(&inner).is_ok();
        if !has_room {
            return Ok(ByteStream { io: Io::new(inner)? });
        }
        rustix::io::ioctl_fionbio(&inner, true)?;
        Ok(ByteStream { io: Io::register(inner, &current::handle()?, Ready::WRITABLE)? })
    }

    /// A stream that the first use will register.
    pub(crate) fn unregistered(inner: S) -> Self {
        ByteStream { io: Io::from(inner) }
    }

    /// Gives the descriptor back to std. It stays non-blocking: see std's `set_nonblocking`, or
    /// `fcntl` for a pipe.
    pub fn into_std(self) -> S {
        self.io.into_inner()
    }

    #[inline]
    pub(crate) fn inner(&self) -> &S {
        self.io.get_ref()
    }
}

impl<S: Connection> ByteStream<S> {
    /// A connection just made: non-blocking already, and with nothing in its way out.
    pub(crate) fn from_connected(inner: S) -> io::Result<Self> {
        Ok(ByteStream { io: Io::register(inner, &current::handle()?, Ready::WRITABLE)? })
    }

    /// Our address.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<S::Address> {
        socket::local(self.inner())
    }

    /// The peer's address.
    ///
    /// # Errors
    /// `NotConnected` if the peer has reset the connection, and what else the system says.
    pub fn peer_addr(&self) -> io::Result<S::Address> {
        socket::peer(self.inner())
    }

    /// Two halves that borrow the stream, to read and to write in one task.
    ///
    /// The borrow is exclusive so that nobody reads past the halves.
    pub fn split(&mut self) -> (ReadHalf<'_, S>, WriteHalf<'_, S>) {
        split::split(self)
    }

    /// Two halves that own the stream together, to read and to write in two tasks.
    ///
    /// Dropping the write half shuts down writing: the peer sees the end.
    pub fn into_split(self) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
        split::into_split(self)
    }

    /// Shuts down reading, writing, or both, at once.
    pub(crate) fn shut_down(&self, how: Shutdown) -> io::Result<()> {
        socket::shut_down(self.inner(), how)
    }
}

impl<S: Writes> ByteStream<S> {
    /// Shuts down writing, if there is such a thing: a pipe ends when it is closed.
    pub(crate) fn close_writing(&self) -> io::Result<()> {
        if S::IS_SOCKET { socket::shut_down(self.inner(), Shutdown::Write) } else { Ok(()) }
    }
}

impl<S: fmt::Debug> fmt::Debug for ByteStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.get_ref().fmt(f)
    }
}
