//! TLS through rustls: over any byte stream, and over the streams and servers of this crate.
//!
//! ```text
//!   TlsConnector ─ connect ────────┐                      ┌─▶ TlsStream, over any AsyncRead + AsyncWrite
//!   TlsAcceptor ── accept ─────────┼─▶ Session ─ shakes ──┼─▶ StreamReader, StreamWriter
//!                 start_tls ───────┤   hands              └─▶ Transport, with its protocol
//!                 ServerOptions ───┘
//! ```
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use corio_stream::tls::{TlsConnector, open_tls_connection, rustls};
//!
//! # async fn example(roots: rustls::RootCertStore) -> std::io::Result<()> {
//! let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
//! let connector = TlsConnector::new(Arc::new(config));
//! let target = ("example.org", 443);
//! let (mut reader, writer) = open_tls_connection(target, "example.org", &connector).await?;
//! writer.write(b"GET / HTTP/1.0\r\nHost: example.org\r\n\r\n");
//! let page = reader.read_to_end().await?;
//! writer.close();
//! writer.wait_closed().await
//! # }
//! ```
//!
//! **Ends.** A direction ends with TLS's own word for it, `close_notify`. A connection that ends without
//! one was cut by somebody: reads fail with `UnexpectedEof`, so a message that is cut short is never
//! taken for a whole one.
//!
//! **One direction alone** can be ended on a [`TlsStream`] (`poll_close`): the peer's bytes are still
//! read. Whether the peer goes on sending is the peer's choice; before TLS 1.3 it must not. So a
//! [`StreamWriter`](crate::StreamWriter) over TLS says that it cannot end one direction alone, as
//! asyncio's does, and closes both.
//!
//! **TLS in TLS** is `start_tls` on a connection that speaks it: a TLS stream is a
//! [`Connection`](crate::Connection), and TLS goes over any of those.
//!
//! | module | what it is |
//! |---|---|
//! | `stream` | [`TlsStream`] |
//! | `connector` | [`TlsConnector`], the client's side |
//! | `acceptor` | [`TlsAcceptor`], the server's side |
//! | `upgrade` | [`open_tls_connection`], `start_tls`, servers |
//! | `protocol` | [`create_tls_connection`], `start_tls_on` a transport |
//! | `info` | [`TlsInfo`]: what was agreed on |
//! | `handshake` | a handshake within its limit |
//! | `session` | the state of a connection, with its bytes in and out |
//! | `connection` | a TLS stream as a [`Connection`](crate::Connection) |
//! | `lent` | one state for two tasks, without a lock held during I/O |
//! | `error` | [`TlsError`] |

mod acceptor;
mod connector;
mod protocol;
mod stream;
mod upgrade;

mod connection;
mod deeds;
mod handshake;
mod info;
mod lent;
mod session;

mod error;
#[cfg(feature = "tokio-io")]
mod tokio_io;

use std::time::Duration;

pub use rustls;

pub use acceptor::TlsAcceptor;
pub use connector::TlsConnector;
pub use error::TlsError;
pub use info::TlsInfo;
pub use protocol::{create_tls_connection, create_unix_tls_connection};
pub use stream::TlsStream;
pub use upgrade::{open_tls_connection, open_unix_tls_connection};

/// How long a handshake may take: asyncio's number, and nginx's. A slow phone needs a few seconds; a
/// peer that says nothing would keep its descriptor for ever.
pub const HANDSHAKE_TIMEOUT_DEFAULT: Duration = Duration::from_secs(60);
/// How long the end may take: what is unsent, our `close_notify` and the peer's. asyncio's number.
pub const SHUTDOWN_TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);

/// How long the parts of a connection's life may take.
#[derive(Clone, Copy, Debug)]
struct Limits {
    handshake: Duration,
    shutdown: Duration,
}

impl Limits {
    const DEFAULT: Limits =
        Limits { handshake: HANDSHAKE_TIMEOUT_DEFAULT, shutdown: SHUTDOWN_TIMEOUT_DEFAULT };
}

/// A limit of nothing is a mistake of the program.
#[track_caller]
fn check_timeout(what: &str, timeout: Duration) {
    assert!(
        !timeout.is_zero(),
        "the {what} timeout cannot be 0: every {what} would fail; leave it at its default, or use \
         Duration::MAX for no limit"
    );
}
