//! [`TcpStream`]: making one, reading, writing.
//!
//! The futures are made in `futures`, with types in `reading` and `writing`; their poll forms are in
//! `poll`. Both go through `steps`, which makes the attempts of `ops` through one [`Io`]. `tries` are
//! the attempts that never wait.

mod connect;
mod steps;

mod futures;
mod poll;
mod reading;
mod tries;
mod writing;

pub use connect::Connect;
pub use reading::{Peek, Read, ReadBuf, ReadExact, ReadToEnd, ReadVectored};
pub use writing::{Write, WriteAll, WriteVectored};

use std::fmt;
use std::io;
use std::net::{self, Shutdown, SocketAddr};

use corio_reactor::{Io, Ready, current};

use crate::split::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};

/// A TCP connection.
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
pub struct TcpStream {
    pub(crate) io: Io<net::TcpStream>,
}

impl TcpStream {
    /// Registers a connection of std's with this thread's loop, now, and makes it non-blocking. To
    /// leave that to the first use, take it as an [`OwnedFd`](std::os::fd::OwnedFd) (`TcpStream::from`).
    ///
    /// # Errors
    /// What the system says, and an error that says so if this thread's loop has ended.
    pub fn from_std(stream: net::TcpStream) -> io::Result<TcpStream> {
        Ok(TcpStream { io: Io::new(stream)? })
    }

    /// A connection that the first use will register.
    pub(crate) fn unregistered(stream: net::TcpStream) -> TcpStream {
        TcpStream { io: Io::from(stream) }
    }

    /// Gives the connection back to std. It stays non-blocking: see
    /// [`set_nonblocking`](net::TcpStream::set_nonblocking).
    pub fn into_std(self) -> net::TcpStream {
        self.io.into_inner()
    }

    /// A connection just accepted: non-blocking already, and with nothing in its way out.
    pub(crate) fn from_accepted(stream: net::TcpStream) -> io::Result<TcpStream> {
        Ok(TcpStream { io: Io::register(stream, &current::handle()?, Ready::WRITABLE)? })
    }

    #[inline]
    pub(crate) fn socket(&self) -> &net::TcpStream {
        self.io.get_ref()
    }

    /// Our address.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket().local_addr()
    }

    /// The peer's address.
    ///
    /// # Errors
    /// `NotConnected` if the peer has reset the connection, and what else the system says.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket().peer_addr()
    }

    /// Two halves that borrow the stream, to read and to write in one task.
    ///
    /// The borrow is exclusive so that nobody reads past the halves.
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        split::split(self)
    }

    /// Two halves that own the stream together, to read and to write in two tasks.
    ///
    /// Dropping the write half shuts down writing: the peer sees the end.
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        split::into_split(self)
    }

    /// Shuts down reading, writing, or both, at once.
    pub(crate) fn shut_down(&self, how: Shutdown) -> io::Result<()> {
        match self.socket().shutdown(how) {
            // The peer has reset the connection: it is as closed as it can be.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket().fmt(f)
    }
}
