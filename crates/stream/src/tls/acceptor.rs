//! [`TlsAcceptor`]: the server's side of handshakes.

use std::sync::Arc;
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};
use rustls::{ServerConfig, ServerConnection};

use corio_trace::action::Deed;

use super::deeds::TlsAcceptDeed;
use super::handshake::{Time, shake};
use super::session::Session;
use super::{Limits, TlsError, TlsStream, check_timeout};

/// Makes TLS connections with clients, all with one configuration. A clone is cheap.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use corio_stream::tls::TlsAcceptor;
/// use corio_stream::tls::rustls::ServerConfig;
/// use corio_stream::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let chain = CertificateDer::pem_file_iter("server.crt")?.collect::<Result<_, _>>()?;
/// let key = PrivateKeyDer::from_pem_file("server.key")?;
/// let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
/// let acceptor = TlsAcceptor::new(Arc::new(config));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TlsAcceptor {
    config: Arc<ServerConfig>,
    pub(super) limits: Limits,
}

impl TlsAcceptor {
    /// With asyncio's limits: a handshake may take 60 s, an end 30 s.
    pub fn new(config: Arc<ServerConfig>) -> TlsAcceptor {
        TlsAcceptor { config, limits: Limits::DEFAULT }
    }

    /// How long a handshake may take; on a connection that is there and goes on in TLS, with the sending of
    /// what was written before.
    ///
    /// # Panics
    /// If `timeout` is 0.
    #[track_caller]
    #[must_use]
    pub fn with_handshake_timeout(mut self, timeout: Duration) -> TlsAcceptor {
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
    pub fn with_shutdown_timeout(mut self, timeout: Duration) -> TlsAcceptor {
        check_timeout("shutdown", timeout);
        self.limits.shutdown = timeout;
        self
    }

    /// Shakes hands with the client at the other end of `stream`.
    ///
    /// # Errors
    /// [`TlsError::Handshake`] with rustls's reason, [`TlsError::HandshakeTimeout`],
    /// [`TlsError::Ended`], or [`TlsError::Io`]. The stream is dropped.
    ///
    /// # Cancel safety
    /// Dropped, the stream is dropped.
    #[track_caller]
    pub fn accept<S>(&self, stream: S) -> impl Future<Output = Result<TlsStream<S>, TlsError>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsAcceptDeed::doing(async move {
            let mut session = self.session("the client".to_owned(), Vec::new())?;
            let mut stream = stream;
            shake(&mut session, &mut Time::new(self.limits.handshake), |session, context| {
                session.poll_handshake(&mut stream, context)
            })
            .await?;
            Ok(TlsStream::new(stream, session, self.limits.shutdown))
        })
    }

    /// The beginning of a connection with `peer`, of which `received` has come already.
    pub(super) fn session(
        &self,
        peer: String,
        received: Vec<u8>,
    ) -> Result<Box<Session>, TlsError> {
        let tls = ServerConnection::new(self.config.clone())
            .map_err(|source| TlsError::Config { source })?;
        Ok(Session::new(tls, peer, received))
    }
}

impl From<Arc<ServerConfig>> for TlsAcceptor {
    fn from(config: Arc<ServerConfig>) -> Self {
        TlsAcceptor::new(config)
    }
}
