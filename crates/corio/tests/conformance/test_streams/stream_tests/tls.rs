//! Connections in TLS.

use std::sync::Arc;

use corio::stream::tls::rustls::pki_types::pem::PemObject;
use corio::stream::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use corio::stream::tls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use corio::stream::tls::{
    TlsAcceptor, TlsConnector, open_tls_connection, open_unix_tls_connection,
};
use corio::stream::{ServerOptions, StreamReader, StreamWriter, open_connection, start_server};
use futures::AsyncBufReadExt;

use crate::sockets::{HERE, REQUEST, SocketPath, soon};

/// A certificate for `localhost`, and its key.
const PEM: &[u8] = include_bytes!("../localhost.pem");

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(PEM).unwrap()
}

fn acceptor() -> TlsAcceptor {
    let key = PrivateKeyDer::from_pem_slice(PEM).unwrap();
    let builder = ServerConfig::builder().with_no_client_auth();
    TlsAcceptor::new(Arc::new(builder.with_single_cert(vec![certificate()], key).unwrap()))
}

/// Trusts that certificate and no other.
fn connector() -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    TlsConnector::new(Arc::new(config))
}

/// Answers one request.
async fn httpd(mut reader: StreamReader, writer: StreamWriter) {
    reader.read_until(b"\r\n\r\n").await.unwrap();
    writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 12\r\n\r\nTest message");
    writer.close();
    writer.wait_closed().await.unwrap();
}

async fn check_page((mut reader, writer): (StreamReader, StreamWriter)) {
    writer.write(REQUEST);
    let data = soon(reader.read_to_end()).await.unwrap();
    assert!(data.ends_with(b"\r\n\r\nTest message"));
    writer.close();
}

#[corio::test]
async fn test_open_connection_no_loop_ssl() {
    let server = ServerOptions::new().tls(acceptor()).start(httpd, HERE).await.unwrap();
    let address = server.local_addr().unwrap();
    let connector = connector();
    let connect = open_tls_connection(address, "localhost", &connector);
    check_page(soon(connect).await.unwrap()).await;
    server.close();
    soon(server.wait_closed()).await;
}

#[corio::test]
async fn test_open_unix_connection_no_loop_ssl() {
    let path = SocketPath::new();
    let server = ServerOptions::new().tls(acceptor()).start_unix(httpd, &*path).await.unwrap();
    let connector = connector();
    let connect = open_unix_tls_connection(&*path, "localhost", &connector);
    check_page(soon(connect).await.unwrap()).await;
    server.close();
    soon(server.wait_closed()).await;
}

/// The client's first words of TLS are in the reader's buffer when the server turns to TLS.
#[corio::test]
async fn test_start_tls_buffered_data() {
    async fn handle_client(mut reader: StreamReader, writer: StreamWriter) {
        assert!(!reader.fill_buf().await.unwrap().is_empty());
        acceptor().start_tls(&mut reader, &writer).await.unwrap();
        assert_eq!(reader.read_line().await.unwrap(), b"ping\n");
        writer.write(b"pong\n");
        writer.drain().await.unwrap();
        writer.close();
        writer.wait_closed().await.unwrap();
    }
    let server = start_server(handle_client, HERE).await.unwrap();
    let (mut reader, writer) = open_connection(server.local_addr().unwrap()).await.unwrap();
    soon(connector().start_tls("localhost", &mut reader, &writer)).await.unwrap();
    writer.write(b"ping\n");
    soon(writer.drain()).await.unwrap();
    assert_eq!(soon(reader.read_line()).await.unwrap(), b"pong\n");
    writer.close();
    soon(writer.wait_closed()).await.unwrap();
    server.close();
    soon(server.wait_closed()).await;
}
