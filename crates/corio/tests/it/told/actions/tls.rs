//! What speaks TLS.

use std::path::Path;
use std::sync::Arc;

use corio::net::UnixStream;
use corio::stream::protocol::connect_accepted_socket;
use corio::stream::streams;
use corio::stream::tls::rustls::pki_types::pem::PemObject as _;
use corio::stream::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use corio::stream::tls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use corio::stream::tls::{
    TlsAcceptor, TlsConnector, create_tls_connection, create_unix_tls_connection,
    open_tls_connection, open_unix_tls_connection,
};

use super::super::silence;
use super::streams::Silent;
use super::{any_port, run, told};

/// The name of the server.
const NAME: &str = "localhost";

const AUTHORITY: &[u8] = include_bytes!("../../../conformance/certificates/authority.pem");
const SERVER: &[u8] = include_bytes!("../../../conformance/certificates/server.pem");
const SERVER_KEY: &[u8] = include_bytes!("../../../conformance/certificates/server_key.pem");

/// Two sides that understand each other.
fn sides() -> (TlsConnector, TlsAcceptor) {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(AUTHORITY).unwrap()).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let certificate = CertificateDer::from_pem_slice(SERVER).unwrap();
    let key = PrivateKeyDer::from_pem_slice(SERVER_KEY).unwrap();
    let server = ServerConfig::builder().with_no_client_auth();
    let server = server.with_single_cert(vec![certificate], key).unwrap();
    (TlsConnector::new(Arc::new(client)), TlsAcceptor::new(Arc::new(server)))
}

#[test]
fn of_connections() {
    run("tls::of_connections", async || {
        let (connector, acceptor) = sides();
        let path = Path::new("/nowhere/at/all");
        told("open_tls_connection", || open_tls_connection(any_port(), NAME, &connector));
        told("open_unix_tls_connection", || open_unix_tls_connection(path, NAME, &connector));
        told("create_tls_connection", || {
            create_tls_connection(|| Silent, any_port(), NAME, &connector)
        });
        told("create_unix_tls_connection", || {
            create_unix_tls_connection(|| Silent, path, NAME, &connector)
        });
        let (one, other) = UnixStream::pair().unwrap();
        told("TlsConnector::connect", || connector.connect(NAME, one));
        told("TlsAcceptor::accept", || acceptor.accept(other));
        let (one, other) = UnixStream::pair().unwrap();
        let accepts = corio::spawn(async move { acceptor.accept(other).await });
        let client = connector.connect(NAME, one).await.unwrap();
        let server = accepts.await.unwrap().unwrap();
        told("TlsStream::shutdown", || server.shutdown());
        drop(client);
        silence();
    });
}

#[test]
fn of_upgrades() {
    run("tls::of_upgrades", async || {
        let (connector, acceptor) = sides();
        let (one, other) = UnixStream::pair().unwrap();
        let (mut reader, writer) = streams(one);
        told("TlsConnector::start_tls", || connector.start_tls(NAME, &mut reader, &writer));
        told("TlsAcceptor::start_tls", || acceptor.start_tls(&mut reader, &writer));
        let transport = connect_accepted_socket(|| Silent, other).await.unwrap();
        told("TlsConnector::start_tls_on", || connector.start_tls_on(NAME, &transport));
        told("TlsAcceptor::start_tls_on", || acceptor.start_tls_on(&transport));
        transport.close();
        writer.close();
        writer.wait_closed().await.unwrap();
        // The loop tells the protocol that its connection is over.
        corio::yield_now().await;
        silence();
    });
}
