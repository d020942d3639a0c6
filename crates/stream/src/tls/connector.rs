//! [`TlsConnector`]: the client's side of handshakes.

use std::sync::Arc;
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

use corio_trace::action::Deed;

use super::deeds::TlsConnectDeed;
use super::handshake::{Time, shake};
use super::session::Session;
use super::{Limits, TlsError, TlsStream, check_timeout};

/// Makes TLS connections to servers, all with one configuration. A clone is cheap.
///
/// ```
/// use std::sync::Arc;
///
/// use corio_stream::tls::TlsConnector;
/// use corio_stream::tls::rustls::{ClientConfig, RootCertStore};
///
/// // Real programs trust somebody: `roots.add(certificate)`, or the crate `webpki-roots`.
/// let roots = RootCertStore::empty();
/// let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
/// let connector = TlsConnector::new(Arc::new(config));
/// ```
#[derive(Clone, Debug)]
pub struct TlsConnector {
    config: Arc<ClientConfig>,
    pub(super) limits: Limits,
}

impl TlsConnector {
    /// With asyncio's limits: a handshake may take 60 s, an end 30 s.
    pub fn new(config: Arc<ClientConfig>) -> TlsConnector {
        TlsConnector { config, limits: Limits::DEFAULT }
    }

    /// How long a handshake may take; on a connection that is there and goes on in TLS, with the sending of
    /// what was written before.
    ///
    /// # Panics
    /// If `timeout` is 0.
    #[track_caller]
    #[must_use]
    pub fn with_handshake_timeout(mut self, timeout: Duration) -> TlsConnector {
        check_timeout("handshake", timeout);
        self.limits.handshake = timeout;
        self
    }

    /// How long an end may take: what is unsent, our `close_notify` and the peer's.
    ///
    /// # Panics
    /// If `timeout` is 0.
    #[track_caller]
    #[must_use]
    pub fn with_shutdown_timeout(mut self, timeout: Duration) -> TlsConnector {
        check_timeout("shutdown", timeout);
        self.limits.shutdown = timeout;
        self
    }

    /// Shakes hands with the server at the other end of `stream`, whose certificate must be for `name`: a
    /// host name or an IP address.
    ///
    /// # Errors
    /// [`TlsError::BadName`], [`TlsError::Handshake`] with rustls's reason,
    /// [`TlsError::HandshakeTimeout`], [`TlsError::Ended`], or [`TlsError::Io`]. The stream is dropped.
    ///
    /// # Cancel safety
    /// Dropped, the stream is dropped.
    #[track_caller]
    pub fn connect<S>(
        &self,
        name: &str,
        stream: S,
    ) -> impl Future<Output = Result<TlsStream<S>, TlsError>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsConnectDeed::doing(async move {
            let mut session = self.session(name, Vec::new())?;
            let mut stream = stream;
            shake(&mut session, &mut Time::new(self.limits.handshake), |session, context| {
                session.poll_handshake(&mut stream, context)
            })
            .await?;
            Ok(TlsStream::new(stream, session, self.limits.shutdown))
        })
    }

    /// The beginning of a connection, of which `received` has come already.
    pub(super) fn session(&self, name: &str, received: Vec<u8>) -> Result<Box<Session>, TlsError> {
        let Ok(server) = ServerName::try_from(name) else {
            return Err(TlsError::BadName { name: name.to_owned() });
        };
        let tls = ClientConnection::new(self.config.clone(), server.to_owned())
            .map_err(|source| TlsError::Config { source })?;
        Ok(Session::new(tls, name.to_owned(), received))
    }
}

impl From<Arc<ClientConfig>> for TlsConnector {
    fn from(config: Arc<ClientConfig>) -> Self {
        TlsConnector::new(config)
    }
}
