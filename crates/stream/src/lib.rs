//! asyncio's streams and servers: a connection as a reader that cuts messages out of its bytes, and a
//! writer that does not wait.
//!
//! ```
//! use corio_base::park::ThreadPark;
//! use corio_executor::Executor;
//! use corio_stream::{open_connection, start_server};
//!
//! # fn main() -> std::io::Result<()> {
//! // Programs call these from tasks of a `corio` runtime.
//! Executor::new(ThreadPark::new()).block_on(async {
//!     let echo = start_server(
//!         |mut reader, writer| async move {
//!             let mut lines = reader.lines();
//!             while let Some(line) = lines.next().await? {
//!                 writer.write(&line);
//!                 writer.drain().await?;
//!             }
//!             writer.close();
//!             writer.wait_closed().await
//!         },
//!         "127.0.0.1:0",
//!     )
//!     .await?;
//!
//!     let (mut reader, writer) = open_connection(echo.local_addr().unwrap()).await?;
//!     writer.write(b"one\ntwo\n");
//!     assert_eq!(reader.read_line().await?, b"one\n");
//!     assert_eq!(reader.read_line().await?, b"two\n");
//!     writer.close();
//!     writer.wait_closed().await?;
//!     echo.close();
//!     echo.wait_closed().await;
//!     Ok(())
//! })
//! # }
//! ```
//!
//! For bytes without messages, and where every system call is to be seen, use the sockets of `corio-net`.
//!
//! | module | what it is |
//! |---|---|
//! | `reader` | [`StreamReader`]: lines, messages, limits |
//! | `writer` | [`StreamWriter`]: the face of what `link` does |
//! | `write_io` | a writer as an `AsyncWrite` |
//! | `tokio_io` | with the feature of that name, tokio's traits of the same kind |
//! | `link` | what the two share: unsent bytes, who sends them, the connection's end |
//! | `server` | [`Server`]: listeners, connections, handlers |
//! | `open` | [`open_connection`] |
//! | `tls` | with the feature of that name, TLS: clients, servers, `start_tls` |
//! | [`protocol`] | transports and protocols: connections that call back |
//! | `connection` | [`Connection`]: what all of it is put over |
//! | `error` | [`ReadError`] and its reasons |
//!
//! Everything here belongs to a corio loop: what a connection does not take at once is sent by a task.
#![forbid(unsafe_code)]

mod reader;
mod write_io;
mod writer;

mod open;
mod server;

#[cfg(feature = "tls")]
pub mod tls;

mod link;

pub mod protocol;

mod connection;
mod deeds;
mod error;
#[cfg(feature = "tokio-io")]
mod tokio_io;

/// Log target of this crate.
pub(crate) const TARGET: &str = "corio::stream";

pub use connection::{Address, Connection};
pub use error::{BadSeparator, IncompleteRead, LimitOverrun, ReadError};
pub use link::{HIGH_WATER_DEFAULT, LOW_WATER_DEFAULT};
pub use open::{open_connection, open_unix_connection, streams};
pub use reader::{Feeder, LIMIT_DEFAULT, Lines, Separators, StreamReader};
pub use server::{
    Accepted, BACKLOG_DEFAULT, Listener, Outcome, ServeError, Server, ServerOptions, start_server,
    start_unix_server,
};
pub use writer::StreamWriter;
