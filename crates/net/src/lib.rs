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
//! **Two forms.** Every operation is a future, of which any number may wait side by side. What is a
//! single attempt (a read, a write, a peek, an accept, a wait for readiness) is also a `poll_*`, for
//! those who write futures themselves: all poll forms of one direction of one socket are one waiter,
//! and the last waker wins. The `futures_io` traits are poll forms. What is more than one attempt
//! (`read_exact`, `read_to_end`, `write_all`, `connect`), fills a `Vec` (`read_buf`) or never waits
//! (`bind`) has no poll form: it is a future, to be kept and polled.
//!
//! **One system call an operation.** A read that got less than it asked for does not try again to
//! hear that nothing is left, where the reactor's driver allows that conclusion.
//!
//! **No `Interrupted`.** A system call that a signal interrupted is made again; that error is never
//! returned, and never used to say that a task was cancelled.
//!
//! | module | what it is |
//! |---|---|
//! | `listener` | [`TcpListener`], and how it survives without descriptors |
//! | `stream` | [`TcpStream`]: making one, reading, writing |
//! | `split` | its halves, borrowed and owned |
//! | `options` | its socket options |
//! | `traits` | its conversions, and the `futures_io` traits |
//! | `ops` | the system calls, one each |
//! | `sys` | what differs between systems |
//!
//! Names are not looked up here: addresses are [`SocketAddr`](std::net::SocketAddr)s.
#![forbid(unsafe_code)]

mod listener;

mod stream;

mod options;
mod split;
mod traits;

mod ops;
mod sys;

pub use listener::{Incoming, TcpListener};
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use stream::TcpStream;
