//! TCP as futures, usable in any executor.
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
//! | module | what it is |
//! |---|---|
//! | `listener` | [`TcpListener`]: making one |
//! | `accept` | how it gets connections, and survives without descriptors |
//! | `stream` | [`TcpStream`]: making one, reading, writing |
//! | `split` | its halves, borrowed and owned |
//! | `options` | its socket options |
//! | `traits` | its conversions, and the `futures_io` traits |
//! | [`future`] | the futures by name |
//! | `ops` | the system calls, one each |
//! | `sys` | what differs between systems |
//!
//! Names are not looked up here: addresses are [`SocketAddr`](std::net::SocketAddr)s.
#![forbid(unsafe_code)]

mod accept;
mod listener;

mod stream;

mod options;
mod split;
mod traits;

mod ops;
mod sys;

/// The futures of this crate, by name, to be kept in a field. All are `Unpin`.
pub mod future {
    pub use crate::accept::Accept;
    pub use crate::stream::{
        Connect, Peek, Read, ReadBuf, ReadExact, ReadToEnd, ReadVectored, Write, WriteAll,
        WriteVectored,
    };
}

pub use listener::{Incoming, TcpListener};
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use stream::TcpStream;
