//! TLS for the suite: both sides, with certificates that are here to be trusted by tests.
//!
//! They were made once, for a hundred years; the key of the authority that signed them was thrown away,
//! and `server_key.pem` guards nothing.

use std::sync::Arc;

use corio::net::UnixStream;
use corio::stream::tls::rustls::pki_types::pem::PemObject as _;
use corio::stream::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use corio::stream::tls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use corio::stream::tls::{TlsAcceptor, TlsConnector, TlsStream};

/// The name of the server.
pub(crate) const NAME: &str = "localhost";

const AUTHORITY: &[u8] = include_bytes!("certificates/authority.pem");
const STRANGER: &[u8] = include_bytes!("certificates/stranger.pem");
const SERVER: &[u8] = include_bytes!("certificates/server.pem");
const SERVER_KEY: &[u8] = include_bytes!("certificates/server_key.pem");

pub(crate) fn server_config() -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_slice(SERVER).unwrap();
    let key = PrivateKeyDer::from_pem_slice(SERVER_KEY).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    Arc::new(config.with_single_cert(vec![certificate], key).unwrap())
}

fn client_config(trusted: &[u8]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted).unwrap()).unwrap();
    Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

/// The server's side.
pub(crate) fn acceptor() -> TlsAcceptor {
    TlsAcceptor::new(server_config())
}

/// A client that trusts the server.
pub(crate) fn connector() -> TlsConnector {
    TlsConnector::new(client_config(AUTHORITY))
}

/// A client that does not.
pub(crate) fn distrustful() -> TlsConnector {
    TlsConnector::new(client_config(STRANGER))
}

/// Both ends of a connection: the client's, the server's.
pub(crate) async fn pair() -> (TlsStream<UnixStream>, TlsStream<UnixStream>) {
    let (near, far) = UnixStream::pair().unwrap();
    let accepts = corio::spawn(async move { acceptor().accept(far).await });
    let client = connector().connect(NAME, near).await.unwrap();
    (client, accepts.await.unwrap().unwrap())
}
