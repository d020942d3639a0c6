//! TLS for readers and writers: `start_tls`, [`open_tls_connection`] and servers.
//!
//! All are one thing: a connection that is there becomes what TLS is put over, in its place. So its
//! reader, its writer, its server and its handler stay what they are.

use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use corio_net::ToSocketAddrs;
use corio_trace::action::Deed;

use super::deeds::{AcceptorStartTlsDeed, ConnectorStartTlsDeed, OpenTlsDeed, OpenUnixTlsDeed};
use super::handshake::{Time, secure};
use super::session::Session;
use super::{Limits, TlsAcceptor, TlsConnector, TlsError};
use crate::connection::Connection;
use crate::link::Link;
use crate::open::{open_connection, open_unix_connection};
use crate::reader::StreamReader;
use crate::server::{Securing, ServerOptions, Upgrade, Upgrading};
use crate::writer::StreamWriter;

/// Connects, and shakes hands with a server whose certificate must be for `name`: asyncio's
/// `open_connection` with `ssl` and `server_hostname`.
///
/// # Errors
/// As [`open_connection`]; what the handshake says has a [`TlsError`] inside.
///
/// # Panics
/// Outside a loop.
///
/// # Cancel safety
/// Dropped, the connection is given up.
#[track_caller]
pub fn open_tls_connection(
    target: impl ToSocketAddrs,
    name: &str,
    connector: &TlsConnector,
) -> impl Future<Output = io::Result<(StreamReader, StreamWriter)>> {
    let connect = open_connection(target);
    OpenTlsDeed::doing(async move { over(connect.await?, name, connector).await })
}

/// Connects to a Unix socket, and shakes hands with a server whose certificate must be for `name`.
///
/// # Errors
/// As [`open_unix_connection`]; what the handshake says has a [`TlsError`] inside.
///
/// # Panics
/// Outside a loop.
///
/// # Cancel safety
/// Dropped, the connection is given up.
#[track_caller]
pub fn open_unix_tls_connection(
    path: impl AsRef<Path>,
    name: &str,
    connector: &TlsConnector,
) -> impl Future<Output = io::Result<(StreamReader, StreamWriter)>> {
    let connect = open_unix_connection(path);
    OpenUnixTlsDeed::doing(async move { over(connect.await?, name, connector).await })
}

async fn over(
    (mut reader, writer): (StreamReader, StreamWriter),
    name: &str,
    connector: &TlsConnector,
) -> io::Result<(StreamReader, StreamWriter)> {
    match connector.start_tls(name, &mut reader, &writer).await {
        Ok(()) => Ok((reader, writer)),
        Err(error) => {
            // The program never had it.
            writer.abort();
            Err(error.into())
        }
    }
}

impl TlsConnector {
    /// Goes on in TLS on a connection that is there, as its client: asyncio's `StreamWriter.start_tls`.
    ///
    /// What was written before goes out as it is, and the handshake begins after that. What others
    /// write meanwhile waits for its end, and goes out in TLS. Bytes that have come and were not read are
    /// taken for the peer's first of TLS: so nothing that somebody slipped in before the handshake is
    /// ever read as if it had come in TLS; it makes the handshake fail.
    ///
    /// A connection that speaks TLS already speaks TLS in TLS then: what a program wants that is led to its
    /// server by a proxy which it reaches by TLS itself.
    ///
    /// # Errors
    /// As [`TlsConnector::connect`]; [`TlsError::NotOnePair`] and [`TlsError::BadName`] leave everything
    /// as it is. With any other the connection is aborted.
    ///
    /// # Cancel safety
    /// Dropped before the handshake begins, it has changed nothing. Dropped later, the connection is
    /// aborted: nobody could go on in the midst of a handshake.
    #[track_caller]
    pub fn start_tls(
        &self,
        name: &str,
        reader: &mut StreamReader,
        writer: &StreamWriter,
    ) -> impl Future<Output = Result<(), TlsError>> {
        ConnectorStartTlsDeed::doing(async move {
            check_pair(reader, writer)?;
            // Looked at before anything is sent.
            self.session(name, Vec::new())?;
            let session = |_, received| self.session(name, received);
            upgrade(&writer.link, || reader.take_received(), session, self.limits).await
        })
    }
}

impl TlsAcceptor {
    /// Goes on in TLS on a connection that is there, as its server: asyncio's `StreamWriter.start_tls` in a
    /// server's handler.
    ///
    /// What the client had sent behind the last message that was read, and that is in the reader's buffer,
    /// is handed over: it is the beginning of its handshake. Otherwise as [`TlsConnector::start_tls`].
    ///
    /// # Errors
    /// As [`TlsAcceptor::accept`], and as [`TlsConnector::start_tls`].
    ///
    /// # Cancel safety
    /// As [`TlsConnector::start_tls`].
    #[track_caller]
    pub fn start_tls(
        &self,
        reader: &mut StreamReader,
        writer: &StreamWriter,
    ) -> impl Future<Output = Result<(), TlsError>> {
        AcceptorStartTlsDeed::doing(async move {
            check_pair(reader, writer)?;
            let session = |peer, received| self.session(peer, received);
            upgrade(&writer.link, || reader.take_received(), session, self.limits).await
        })
    }
}

fn check_pair(reader: &StreamReader, writer: &StreamWriter) -> Result<(), TlsError> {
    match reader.link() {
        Some(link) if Arc::ptr_eq(link, &writer.link) => Ok(()),
        _ => Err(TlsError::NotOnePair),
    }
}

async fn upgrade(
    link: &Arc<Link>,
    received: impl FnOnce() -> Vec<u8>,
    session: impl FnOnce(String, Vec<u8>) -> Result<Box<Session>, TlsError>,
    limits: Limits,
) -> Result<(), TlsError> {
    let peer = link.peer_addr().map_or_else(|_| "the peer".to_owned(), |peer| peer.to_string());
    let mut time = Time::new(limits.handshake);
    let mut begun = pin!(link.begin_upgrade());
    let upgrade = match time.within(|context| begun.as_mut().poll(context)).await {
        Some(Ok(upgrade)) => upgrade,
        Some(Err(source)) => return Err(TlsError::Io { peer, source }),
        None => {
            // The peer does not read what was written before.
            link.abort();
            return Err(time.is_over(&peer));
        }
    };
    let session = session(peer, received())?;
    let given_up = |context: &mut Context<'_>| upgrade.poll_given_up(context);
    let secured = secure(upgrade.below(), session, limits, &mut time, given_up).await?;
    upgrade.finish(Arc::new(secured));
    Ok(())
}

impl ServerOptions {
    /// Speaks TLS: asyncio's `ssl`. The handler is called after the handshake. A connection whose handshake
    /// fails is closed, and no handler hears of it; the debug mode warns.
    ///
    /// It is for servers of streams, and for those of protocols
    /// ([`ServerOptions::create_server`]).
    ///
    /// ```no_run
    /// use corio_stream::tls::TlsAcceptor;
    /// use corio_stream::{Server, ServerOptions};
    ///
    /// # async fn example(acceptor: TlsAcceptor) -> std::io::Result<Server> {
    /// ServerOptions::new()
    ///     .tls(acceptor)
    ///     .start(
    ///         |mut reader, writer| async move {
    ///             writer.write(&reader.read_line().await?);
    ///             writer.close();
    ///             writer.wait_closed().await
    ///         },
    ///         "127.0.0.1:443",
    ///     )
    ///     .await
    /// # }
    /// ```
    pub fn tls(mut self, acceptor: TlsAcceptor) -> ServerOptions {
        self.upgrade = Some(Arc::new(acceptor));
        self
    }
}

impl Upgrade for TlsAcceptor {
    fn upgrade<'a>(&'a self, link: &'a Arc<Link>) -> Upgrading<'a> {
        Box::pin(async move {
            let session = |peer, received| self.session(peer, received);
            Ok(upgrade(link, Vec::new, session, self.limits).await?)
        })
    }

    fn secure(&self, below: Arc<dyn Connection>, peer: String) -> Securing<'_> {
        Box::pin(async move {
            let session = self.session(peer, Vec::new())?;
            // Whoever gives it up drops it.
            let mut time = Time::new(self.limits.handshake);
            let secured = secure(below, session, self.limits, &mut time, |_| Poll::Pending).await?;
            let secured: Box<dyn Connection> = Box::new(secured);
            Ok(secured)
        })
    }
}
