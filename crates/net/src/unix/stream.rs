//! [`UnixStream`]: what only connections of Unix sockets have.
//!
//! Reading, writing and splitting are [`ByteStream`]'s.

use std::io;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use rustix::io::Errno;
use rustix::net::SocketAddrUnix;
use socket2::{Domain, Socket, Type};

use super::address;
use crate::kind::Begun;
use crate::stream::{ByteStream, Connect, is_under_way};

/// A connection of Unix sockets.
///
/// ```
/// use corio_net::UnixStream;
///
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let (mut one, two) = UnixStream::pair()?;
/// two.write_all(b"hello").await?;
/// let (mut read, mut write) = one.split();
/// let mut buffer = [0; 5];
/// read.read_exact(&mut buffer).await?;
/// write.write_all(&buffer).await?;
/// assert_eq!(two.read(&mut [0; 8]).await?, 5);
/// # Ok(())
/// # })
/// # }
/// ```
pub type UnixStream = ByteStream<net::UnixStream>;

impl UnixStream {
    /// Connects to the listener at `path`, from the first poll on. The stream belongs to the loop of
    /// that poll. On Linux a path that begins with a NUL byte is an abstract name.
    ///
    /// Where the listener's queue is full, it waits for room: the system does not say when there is
    /// any, so it asks again, every 1 to 50 ms.
    ///
    /// # Errors
    /// `NotFound` if there is no such file, `ConnectionRefused` if nobody listens there, `InvalidInput`
    /// if it is no path for a socket (too long), and what else the system says.
    ///
    /// # Cancel safety
    /// Dropped, the attempt is given up and the socket closed.
    #[track_caller]
    pub fn connect(path: impl AsRef<Path>) -> Connect<net::UnixStream> {
        Connect::new(address::from_path(path.as_ref()))
    }

    /// Connects to the listener at an address of std's; otherwise as [`UnixStream::connect`].
    ///
    /// # Errors
    /// As [`UnixStream::connect`]; `InvalidInput` if the address is nobody's.
    ///
    /// # Cancel safety
    /// Dropped, the attempt is given up and the socket closed.
    #[track_caller]
    pub fn connect_addr(address: &SocketAddr) -> Connect<net::UnixStream> {
        Connect::new(address::from_std(address))
    }

    /// Two streams that are connected with each other, without a name. Both belong to this thread's
    /// loop.
    ///
    /// # Errors
    /// What the system says, and an error that says so if this thread's loop has ended.
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (one, two) = net::UnixStream::pair()?;
        Ok((UnixStream::from_std(one)?, UnixStream::from_std(two)?))
    }

    /// Who the peer was when the connection was made: the system's word, not the peer's.
    ///
    /// # Errors
    /// `NotConnected` if there is no peer, and what else the system says.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn peer_cred(&self) -> io::Result<super::UCred> {
        // Of a socket that was never connected the system says that nobody is its peer, as process 0.
        rustix::net::getpeername(self.inner())?;
        super::peer::of(self.inner())
    }
}

/// A socket that is connected, or is being so; or no room for it.
pub(crate) fn begin(target: &SocketAddrUnix) -> io::Result<Begun<net::UnixStream>> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match rustix::net::connect(&socket, target) {
        Ok(()) => Ok(Begun::Done(socket.into())),
        Err(Errno::AGAIN) => Ok(Begun::NoRoom),
        Err(errno) if is_under_way(&errno.into()) => Ok(Begun::UnderWay(socket.into())),
        Err(errno) => Err(errno.into()),
    }
}
