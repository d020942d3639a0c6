//! The kinds of descriptors that this crate makes asynchronous: what generic code knows of each.
//!
//! There is one implementation of a stream of bytes ([`ByteStream`]), one of a listener
//! ([`Listener`]) and one of a socket for datagrams ([`DatagramSocket`]). Each is generic over std's
//! type of the descriptor, and the names in use are aliases: [`TcpStream`](crate::TcpStream) is
//! `ByteStream<std::net::TcpStream>`. These traits say what differs. They are sealed: code outside
//! this crate names them in bounds, to be generic over kinds, and implements none of them.
//!
//! ```
//! use corio_net::kind::Reads;
//! use corio_net::{ByteStream, UnixStream};
//!
//! /// Counts the bytes up to the end, of a connection or of a pipe.
//! async fn count<S: Reads>(stream: &ByteStream<S>) -> std::io::Result<usize> {
//!     let mut bytes = Vec::new();
//!     stream.read_to_end(&mut bytes).await
//! }
//!
//! # fn main() -> std::io::Result<()> {
//! # corio_base::park::block_on(async {
//! let (one, other) = UnixStream::pair()?;
//! one.write_all(b"five!").await?;
//! drop(one);
//! assert_eq!(count(&other).await?, 5);
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! [`ByteStream`]: crate::ByteStream
//! [`Listener`]: crate::Listener
//! [`DatagramSocket`]: crate::DatagramSocket

use std::fmt;
use std::io::{self, PipeReader, PipeWriter};
use std::net;
use std::os::fd::OwnedFd;
use std::os::unix;

use corio_reactor::OwnsFd;
use rustix::net::addr::SocketAddrArg;
use rustix::net::{SocketAddrAny, SocketAddrUnix};

use crate::connect::ConnectError;
use crate::tcp;
use crate::unix::address as unix_address;

/// A descriptor's type of std.
pub trait Kind:
    OwnsFd + From<OwnedFd> + Into<OwnedFd> + fmt::Debug + Send + Sync + Unpin + 'static + sealed::Sealed
{
    /// Whether it is a socket, which has system calls of its own, or a pipe, which is read and
    /// written as a file.
    const IS_SOCKET: bool;

    /// What a read that brings less than it could says.
    #[doc(hidden)]
    const SHORT_READ: ShortRead;
}

/// What a read that brings less than it could, and more than nothing, says.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortRead {
    /// Nothing is left.
    Drained,
    /// Nothing is left, unless the system says that it ended there for another reason: of a Unix socket,
    /// whose peer may pass descriptors along with its bytes. A read ends where some were passed.
    DrainedUnlessPassed,
    /// Nothing: a read may end where a message does. A pipe's writer may ask for messages (`O_DIRECT`), and
    /// what is read as a pipe may be a terminal, which gives a line at a time.
    Nothing,
}

/// Bytes can be read from it.
pub trait Reads: Kind {}

/// Bytes can be written to it.
pub trait Writes: Kind {}

/// It has an address.
pub trait Socket: Kind {
    /// What an address of it is.
    type Address: fmt::Debug + Clone + Send + Sync + Unpin + 'static;

    /// An address that the system gave; `None` is a socket that has none.
    ///
    /// # Errors
    /// If it is of another family: the descriptor is no such socket.
    #[doc(hidden)]
    fn address(any: Option<SocketAddrAny>) -> io::Result<Self::Address>;
}

/// A connection: bytes both ways, and an address at both ends.
pub trait Connection: Socket + Reads + Writes {
    /// What it is connected to, as the system takes it.
    #[doc(hidden)]
    type Target: fmt::Debug + Send + Sync + Unpin + 'static;

    /// Makes a socket, non-blocking, and begins to connect it.
    ///
    /// # Errors
    /// What the system says at once.
    #[doc(hidden)]
    fn begin(target: &Self::Target) -> io::Result<Begun<Self>>;

    /// The error of an attempt, with whom it was to connect to.
    #[doc(hidden)]
    fn cannot_connect(target: &Self::Target, error: io::Error) -> io::Error;
}

/// What became of an attempt that was begun.
#[doc(hidden)]
#[derive(Debug)]
pub enum Begun<S> {
    /// The socket will say when it is connected, or why not.
    UnderWay(S),
    /// It is connected.
    Done(S),
    /// There is no room for it now, and nobody will say when.
    NoRoom,
}

/// It is asked for connections.
pub trait Listens: Socket {
    /// What it accepts.
    type Stream: Connection<Address = Self::Address>;
}

/// Whole messages are sent and received.
pub trait Datagrams: Socket {
    /// An address as the system takes it.
    #[doc(hidden)]
    type Destination: SocketAddrArg + fmt::Debug + Clone + Send + Sync + Unpin + 'static;

    /// Whether a full queue of the receiver makes sending wait without a word when there is room again.
    #[doc(hidden)]
    const FULL_IN_SILENCE: bool;
}

mod sealed {
    pub trait Sealed {}
}

/// Makes std's types kinds: a table.
macro_rules! kinds {
    ($($type:ty, socket: $socket:literal, short read: $short:ident, $($what:ident),*;)*) => {$(
        impl sealed::Sealed for $type {}

        impl Kind for $type {
            const IS_SOCKET: bool = $socket;
            const SHORT_READ: ShortRead = ShortRead::$short;
        }

        $(impl $what for $type {})*
    )*};
}

kinds! {
    net::TcpStream, socket: true, short read: Drained, Reads, Writes;
    net::TcpListener, socket: true, short read: Nothing, ;
    net::UdpSocket, socket: true, short read: Nothing, ;
    unix::net::UnixStream, socket: true, short read: DrainedUnlessPassed, Reads, Writes;
    unix::net::UnixListener, socket: true, short read: Nothing, ;
    unix::net::UnixDatagram, socket: true, short read: Nothing, ;
    PipeReader, socket: false, short read: Nothing, Reads;
    PipeWriter, socket: false, short read: Nothing, Writes;
}

impl Connection for net::TcpStream {
    type Target = net::SocketAddr;

    fn begin(target: &net::SocketAddr) -> io::Result<Begun<Self>> {
        tcp::begin(*target)
    }

    fn cannot_connect(target: &net::SocketAddr, error: io::Error) -> io::Error {
        ConnectError::of_attempt(*target, error).into()
    }
}

impl Connection for unix::net::UnixStream {
    type Target = SocketAddrUnix;

    fn begin(target: &SocketAddrUnix) -> io::Result<Begun<Self>> {
        crate::unix::begin(target)
    }

    fn cannot_connect(target: &SocketAddrUnix, error: io::Error) -> io::Error {
        unix_address::cannot_connect(target, error)
    }
}

impl Listens for net::TcpListener {
    type Stream = net::TcpStream;
}

impl Listens for unix::net::UnixListener {
    type Stream = unix::net::UnixStream;
}

impl Datagrams for net::UdpSocket {
    type Destination = net::SocketAddr;

    const FULL_IN_SILENCE: bool = false;
}

impl Datagrams for unix::net::UnixDatagram {
    type Destination = SocketAddrUnix;

    const FULL_IN_SILENCE: bool = true;
}

/// The addresses of the internet's sockets.
macro_rules! internet {
    ($($type:ty),*) => {$(
        impl Socket for $type {
            type Address = net::SocketAddr;

            fn address(any: Option<SocketAddrAny>) -> io::Result<net::SocketAddr> {
                let any = any.ok_or_else(no_address)?;
                Ok(any.try_into()?)
            }
        }
    )*};
}

internet!(net::TcpStream, net::TcpListener, net::UdpSocket);

/// The addresses of Unix sockets.
macro_rules! local {
    ($($type:ty),*) => {$(
        impl Socket for $type {
            type Address = unix::net::SocketAddr;

            fn address(any: Option<SocketAddrAny>) -> io::Result<unix::net::SocketAddr> {
                unix_address::from_any(any)
            }
        }
    )*};
}

local!(unix::net::UnixStream, unix::net::UnixListener, unix::net::UnixDatagram);

/// Only a socket of another family comes without an address.
#[cold]
fn no_address() -> io::Error {
    let message = "the system gave no address: the descriptor is not a socket of the internet";
    io::Error::new(io::ErrorKind::InvalidData, message)
}
