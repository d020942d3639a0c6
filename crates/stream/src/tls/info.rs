//! [`TlsInfo`]: what the two sides have agreed on, taken down when the handshake is done.

use rustls::pki_types::CertificateDer;
use rustls::{CipherSuite, Connection, ProtocolVersion};

/// What was agreed on in the handshake, and who the peer is: asyncio's `get_extra_info('ssl_object')`,
/// `'cipher'` and `'peercert'`.
///
/// [`TlsStream::info`](super::TlsStream::info) has it, and so has
/// [`StreamWriter::extra_info`](crate::StreamWriter::extra_info).
#[derive(Clone, Debug)]
pub struct TlsInfo {
    version: Option<ProtocolVersion>,
    cipher_suite: Option<CipherSuite>,
    alpn_protocol: Option<Vec<u8>>,
    peer_certificates: Vec<CertificateDer<'static>>,
    server_name: Option<String>,
}

impl TlsInfo {
    pub(super) fn of(tls: &Connection) -> TlsInfo {
        let server_name = match tls {
            Connection::Server(server) => server.server_name().map(str::to_owned),
            Connection::Client(_) => None,
        };
        TlsInfo {
            version: tls.protocol_version(),
            cipher_suite: tls.negotiated_cipher_suite().map(|suite| suite.suite()),
            alpn_protocol: tls.alpn_protocol().map(<[u8]>::to_vec),
            peer_certificates: tls.peer_certificates().map(<[_]>::to_vec).unwrap_or_default(),
            server_name,
        }
    }

    /// The version of the protocol.
    pub fn version(&self) -> Option<ProtocolVersion> {
        self.version
    }

    /// The ciphers.
    pub fn cipher_suite(&self) -> Option<CipherSuite> {
        self.cipher_suite
    }

    /// The protocol that is spoken inside, if ALPN has chosen one: `h2`, `http/1.1`.
    pub fn alpn_protocol(&self) -> Option<&[u8]> {
        self.alpn_protocol.as_deref()
    }

    /// The peer's certificates, its own first; none if it was not asked for any.
    pub fn peer_certificates(&self) -> &[CertificateDer<'static>] {
        &self.peer_certificates
    }

    /// On a server: the name that the client asked for, if it gave one.
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }
}
