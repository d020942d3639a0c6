//! TLS for protocols: [`create_tls_connection`] and `start_tls_on`. Servers of protocols have it from
//! [`ServerOptions::tls`](crate::ServerOptions::tls), as those of streams.
//!
//! A transport over TLS is a transport over a connection that encrypts: the protocol is told of it when the
//! handshake is done, what it writes is encrypted before the system has it, its flow control counts what the
//! system has not taken, and a pause of its reading holds up the peer.

use std::io;
use std::panic::Location;
use std::path::Path;
use std::task::Context;

use corio_net::{TcpStream, ToSocketAddrs, UnixStream};
use corio_trace::action::Deed;

use super::deeds::{
    AcceptorStartTlsOnDeed, ConnectorStartTlsOnDeed, CreateTlsConnectionDeed,
    CreateUnixTlsConnectionDeed,
};
use super::handshake::{Time, secure};
use super::session::Session;
use super::{Limits, TlsAcceptor, TlsConnector, TlsError};
use crate::connection::send_at_once;
use crate::protocol::{Handler, Transport, UpgradeRefused, begin};

/// Connects, shakes hands with a server whose certificate must be for `name`, and gives the connection to
/// what `factory` makes: asyncio's `create_connection` with `ssl` and `server_hostname`.
///
/// The factory is called when the handshake is done; when this returns, `connection_made` has been called.
///
/// ```no_run
/// use corio_stream::protocol::{Protocol, Transport};
/// use corio_stream::tls::{TlsConnector, TlsInfo, create_tls_connection};
///
/// struct Ask;
///
/// impl Protocol for Ask {
///     fn connection_made(&mut self, transport: Transport) {
///         let info: TlsInfo = transport.extra_info().unwrap();
///         println!("{:?}, {:?}", info.version(), info.cipher_suite());
///         transport.write(b"GET / HTTP/1.0\r\nHost: example.org\r\n\r\n");
///     }
/// }
///
/// # async fn example(connector: TlsConnector) -> std::io::Result<()> {
/// let target = ("example.org", 443);
/// let transport = create_tls_connection(|| Ask, target, "example.org", &connector).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`TcpStream::connect`]; what the handshake says has a [`TlsError`] inside.
///
/// # Panics
/// Outside a loop.
///
/// # Cancel safety
/// Dropped, the attempt is given up; a connection that is there is aborted.
#[track_caller]
pub fn create_tls_connection<H: Handler>(
    factory: impl FnOnce() -> H,
    target: impl ToSocketAddrs,
    name: &str,
    connector: &TlsConnector,
) -> impl Future<Output = io::Result<Transport>> {
    let place = Location::caller();
    let connect = TcpStream::connect(target);
    CreateTlsConnectionDeed::doing(async move {
        let stream = connect.await?;
        send_at_once(&stream);
        let secured = connector.connect(name, stream).await?;
        begin(Box::new(secured), None, factory, place).await
    })
}

/// Connects to a Unix socket: otherwise as [`create_tls_connection`].
///
/// # Errors
/// As [`UnixStream::connect`]; what the handshake says has a [`TlsError`] inside.
///
/// # Panics
/// Outside a loop.
///
/// # Cancel safety
/// As [`create_tls_connection`]'s.
#[track_caller]
pub fn create_unix_tls_connection<H: Handler>(
    factory: impl FnOnce() -> H,
    path: impl AsRef<Path>,
    name: &str,
    connector: &TlsConnector,
) -> impl Future<Output = io::Result<Transport>> {
    let place = Location::caller();
    let connect = UnixStream::connect(path);
    CreateUnixTlsConnectionDeed::doing(async move {
        let secured = connector.connect(name, connect.await?).await?;
        begin(Box::new(secured), None, factory, place).await
    })
}

impl TlsConnector {
    /// Goes on in TLS on a transport that is there, as its client: asyncio's `loop.start_tls`, but the
    /// transport and its protocol stay what they are, and `connection_made` is not called again.
    ///
    /// What was unsent before goes out as it is. What is written meanwhile waits, with the transport's flow
    /// control, and goes out in TLS. Nothing is read meanwhile, and reading goes on after it, also if it was
    /// paused: a protocol that decides in a callback to go on in TLS calls
    /// [`Transport::pause_reading`] there, so that nothing of the handshake comes to it as plain text.
    ///
    /// On a transport that speaks TLS already it is TLS in TLS.
    ///
    /// # Errors
    /// As [`TlsConnector::connect`]. [`TlsError::BadName`] and [`TlsError::UnderWay`] leave everything as
    /// it is. With any other the connection is aborted, and its protocol hears the reason.
    ///
    /// # Cancel safety
    /// Dropped, the connection is aborted: nobody could go on in the midst of a handshake.
    #[track_caller]
    pub fn start_tls_on(
        &self,
        name: &str,
        transport: &Transport,
    ) -> impl Future<Output = Result<(), TlsError>> {
        ConnectorStartTlsOnDeed::doing(async move {
            // Looked at before anything is sent.
            let session = self.session(name, Vec::new())?;
            upgrade(transport, name.to_owned(), session, self.limits).await
        })
    }
}

impl TlsAcceptor {
    /// Goes on in TLS on a transport that is there, as its server: otherwise as
    /// [`TlsConnector::start_tls_on`].
    ///
    /// # Errors
    /// As [`TlsAcceptor::accept`], and as [`TlsConnector::start_tls_on`].
    ///
    /// # Cancel safety
    /// As [`TlsConnector::start_tls_on`].
    #[track_caller]
    pub fn start_tls_on(
        &self,
        transport: &Transport,
    ) -> impl Future<Output = Result<(), TlsError>> {
        AcceptorStartTlsOnDeed::doing(async move {
            let peer = transport.peer_addr();
            let peer = peer.map_or_else(|_| "the client".to_owned(), |peer| peer.to_string());
            let session = self.session(peer.clone(), Vec::new())?;
            upgrade(transport, peer, session, self.limits).await
        })
    }
}

async fn upgrade(
    transport: &Transport,
    peer: String,
    session: Box<Session>,
    limits: Limits,
) -> Result<(), TlsError> {
    let upgrade = match transport.begin_upgrade() {
        Ok(upgrade) => upgrade,
        Err(UpgradeRefused::UnderWay) => return Err(TlsError::UnderWay),
        Err(UpgradeRefused::Ended(source)) => return Err(TlsError::Io { peer, source }),
    };
    let mut time = Time::new(limits.handshake);
    match time.within(|context| upgrade.poll_sent(context)).await {
        Some(Ok(())) => {}
        Some(Err(source)) => return Err(TlsError::Io { peer, source }),
        None => {
            // The peer does not read what was written before.
            let error = time.is_over(&peer);
            upgrade.fail(error.again());
            return Err(error);
        }
    }
    let given_up = |context: &mut Context<'_>| upgrade.poll_given_up(context);
    match secure(upgrade.below(), session, limits, &mut time, given_up).await {
        Ok(secured) => {
            upgrade.finish(Box::new(secured));
            Ok(())
        }
        Err(error) => {
            upgrade.fail(error.again());
            Err(error)
        }
    }
}
