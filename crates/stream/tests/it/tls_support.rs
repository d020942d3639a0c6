//! Certificates made on the spot, and the two sides that trust them.

use std::sync::{Arc, LazyLock};

use corio_stream::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use corio_stream::tls::rustls::{self, ClientConfig, RootCertStore, ServerConfig};
use corio_stream::tls::{TlsAcceptor, TlsConnector, TlsStream};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

/// The name that the servers of the tests have.
pub(crate) const NAME: &str = "localhost";

/// Somebody to trust, and what it has signed.
struct Authority {
    root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).unwrap().der().clone();
        Authority { root, issuer: Issuer::new(params, key) }
    }

    fn server(&self, is_expired: bool) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([NAME.to_owned(), "127.0.0.1".to_owned()]).unwrap();
        if is_expired {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 1, 1);
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"corio".to_vec()];
        Arc::new(config)
    }

    fn client(&self, versions: &[&'static rustls::SupportedProtocolVersion]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let mut config = ClientConfig::builder_with_protocol_versions(versions)
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"other".to_vec(), b"corio".to_vec()];
        Arc::new(config)
    }
}

struct Made {
    server: Arc<ServerConfig>,
    expired: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    old_client: Arc<ClientConfig>,
    stranger: Arc<ClientConfig>,
}

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let (authority, other) = (Authority::new("one"), Authority::new("another"));
    Made {
        server: authority.server(false),
        expired: authority.server(true),
        client: authority.client(rustls::ALL_VERSIONS),
        old_client: authority.client(&[&rustls::version::TLS12]),
        stranger: other.client(rustls::ALL_VERSIONS),
    }
});

pub(crate) fn acceptor() -> TlsAcceptor {
    TlsAcceptor::new(MADE.server.clone())
}

/// A server whose certificate is of the past.
pub(crate) fn expired() -> TlsAcceptor {
    TlsAcceptor::new(MADE.expired.clone())
}

pub(crate) fn connector() -> TlsConnector {
    TlsConnector::new(MADE.client.clone())
}

/// A client that speaks TLS 1.2 at most.
pub(crate) fn old_connector() -> TlsConnector {
    TlsConnector::new(MADE.old_client.clone())
}

/// A client that trusts somebody else.
pub(crate) fn stranger() -> TlsConnector {
    TlsConnector::new(MADE.stranger.clone())
}

/// Two ends that have shaken hands, over a pipe that holds `capacity` bytes.
pub(crate) async fn pair(
    connector: TlsConnector,
    capacity: usize,
) -> (TlsStream<corio_io::DuplexStream>, TlsStream<corio_io::DuplexStream>) {
    let (here, there) = corio_io::duplex(capacity);
    let acceptor = acceptor();
    let both = futures::future::join(connector.connect(NAME, here), acceptor.accept(there));
    let (client, server) = crate::support::soon(both).await;
    (client.unwrap(), server.unwrap())
}
