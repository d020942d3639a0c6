//! TCP, UDP, Unix sockets and pipes as futures, usable in any executor.
//!
//! ```
//! use corio_net::{TcpListener, TcpStream};
//! use std::net::SocketAddr;
//!
//! # fn main() -> std::io::Result<()> {
//! # corio_base::park::block_on(async {
//! let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
//! let client = TcpStream::connect(listener.local_addr()?).await?;
//! let (server, _from) = listener.accept().await?;
//!
//! client.write_all(b"ping").await?;
//! let mut buffer = [0; 4];
//! server.read_exact(&mut buffer).await?;
//! assert_eq!(&buffer, b"ping");
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! Inside a corio loop sockets belong to that loop's reactor; elsewhere, in tokio, in smol or on a
//! plain thread, to the one of `corio-base`'s fallback thread.
//!
//! **Two forms.** Every operation is a future, of which any number may wait side by side, and has a
//! poll form, for those who write futures themselves: its name is the operation's with `poll_` before
//! it (but `poll_read_ready` for `readable` and `poll_write_ready` for `writable`). All poll forms of
//! one direction of one socket are one waiter, and the last waker wins. The `futures_io` traits are poll
//! forms, too, and so is [`Incoming`] as a `Stream`. A poll form that takes more than one attempt has
//! its progress in the caller's hand: a count of the bytes done, 0 to begin with
//! ([`TcpStream::poll_read_exact`], [`poll_read_to_end`](TcpStream::poll_read_to_end),
//! [`poll_write_all`](TcpStream::poll_write_all)), or for [`TcpStream::poll_connect`] the future
//! [`Connect`](future::Connect) itself. So `Pending` forgets nothing, and after any call one can stop
//! and know how far it came. The futures are made of the same steps; they have names, in [`future`], and
//! are `Unpin`: another way to poll is to keep one in a field and poll that.
//!
//! **Two ways in.** `from_std` registers a socket at once and can fail. `From<OwnedFd>` cannot, and leaves
//! that to the first use, whose thread decides which loop the socket belongs to, and whose error it is:
//!
//! ```
//! use corio_net::TcpStream;
//! use std::os::fd::OwnedFd;
//!
//! # fn main() -> std::io::Result<()> {
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # let address = listener.local_addr()?;
//! let inherited: OwnedFd = std::net::TcpStream::connect(address)?.into();
//! let stream = TcpStream::from(inherited); // no loop is needed here
//! # corio_base::park::block_on(async {
//! stream.write_all(b"first use").await?;
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! **One system call an operation.** A read that got less than it asked for does not try again to
//! hear that nothing is left, where the reactor's driver allows that conclusion.
//!
//! **No `Interrupted`.** A system call that a signal interrupted is made again; that error is never
//! returned, and never used to say that a task was cancelled.
//!
//! **One implementation.** [`TcpStream`], [`UnixStream`], [`pipe::Sender`] and [`pipe::Receiver`] are one
//! type, [`ByteStream`], over std's type of the descriptor; [`TcpListener`] and [`UnixListener`] are
//! [`Listener`], [`UdpSocket`] and [`UnixDatagram`] are [`DatagramSocket`]. The names are aliases; code that
//! is generic over kinds is written with the traits of [`kind`].
//!
//! | module | what it is |
//! |---|---|
//! | [`kind`] | what differs between kinds of sockets and pipes |
//! | `listener` | [`Listener`]: asking for connections |
//! | `accept` | how it gets them, and survives without descriptors |
//! | `stream` | [`ByteStream`]: connecting, reading, writing |
//! | `split` | its halves, borrowed and owned |
//! | `datagram` | [`DatagramSocket`]: sending and receiving |
//! | `tcp` | [`TcpStream`], [`TcpListener`] |
//! | `listen` | [`ListenOptions`]: listening otherwise |
//! | `udp` | [`UdpSocket`] and its options |
//! | `unix` | [`UnixStream`], [`UnixListener`], [`UnixDatagram`], and their files |
//! | [`resolve`] | names into addresses |
//! | `connect` | [`Connect`]: to a name, or one of several addresses |
//! | [`mod@pipe`] | [`pipe::Sender`], [`pipe::Receiver`] |
//! | `options` | the options of connections |
//! | `traits` | conversions, and the `futures_io` traits |
//! | `tokio_io` | with the feature of that name, tokio's traits of the same kind |
//! | [`future`] | the futures by name |
//! | `socket` | what every socket can be asked |
//! | `ops` | the system calls of a stream, one each |
//! | `about` | the system's errors with whom they are about |
//! | `boxed` | a future on the heap |
//! | `pause` | a pause before another attempt |
//! | `sys` | what differs between systems |
//!
//! # Features
//!
//! `tokio-io`: streams and their halves also implement tokio's `AsyncRead` and `AsyncWrite`. Of tokio
//! only those traits are compiled, no runtime.
#![deny(unsafe_code)]

pub mod kind;

mod accept;
mod listener;

mod split;
mod stream;

mod datagram;

mod listen;
pub mod pipe;
mod tcp;
mod udp;
mod unix;

pub mod resolve;

mod connect;

mod options;
#[cfg(feature = "tokio-io")]
mod tokio_io;
mod traits;

mod about;
mod boxed;
mod deeds;
mod ops;
mod pause;
mod shown;
mod socket;
mod sys;

/// The futures of this crate, by name, to be kept in a field. All are `Unpin`.
pub mod future {
    pub use crate::accept::Accept;
    pub use crate::connect::Connecting;
    pub use crate::datagram::{Recv, RecvBuf, RecvFrom, RecvMsg, SendDatagram, SendTo};
    pub use crate::stream::{
        Connect, Peek, Read, ReadBuf, ReadExact, ReadToEnd, ReadVectored, Write, WriteAll,
        WriteVectored,
    };
}

pub use connect::{Connect, ConnectError, HAPPY_EYEBALLS_DELAY};
pub use datagram::{DatagramSocket, Received};
pub use listen::ListenOptions;
pub use listener::{Incoming, Listener};
pub use resolve::{LookupError, ToSocketAddrs, lookup_host};
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use stream::ByteStream;
#[doc(hidden)]
pub use stream::{BareSocket, recv_now, send_now};
pub use tcp::{TcpListener, TcpStream};
pub use udp::{UdpOptions, UdpSocket};
#[cfg(any(target_os = "linux", target_os = "android"))]
pub use unix::UCred;
pub use unix::{UnixDatagram, UnixListener, UnixStream};
