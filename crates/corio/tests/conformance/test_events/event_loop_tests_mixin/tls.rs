//! Connections and servers with TLS.

use std::net::SocketAddr;

use corio::net::TcpStream;
use corio::stream::protocol::connect_accepted_socket;
use corio::stream::tls::{TlsConnector, open_tls_connection, open_unix_tls_connection};
use corio::stream::{Server, ServerOptions, StreamReader, StreamWriter};
use futures::AsyncReadExt as _;

use crate::recorder::Recorder;
use crate::secured::{NAME, acceptor, connector, distrustful};
use crate::sockets::{HERE, SocketPath, soon, until};

/// Sends a line back.
async fn echo(mut reader: StreamReader, writer: StreamWriter) {
    if let Ok(line) = reader.read_line().await {
        writer.write(&line);
    }
    writer.close();
    let _ = writer.wait_closed().await;
}

async fn serving() -> (Server, SocketAddr) {
    let server = ServerOptions::new().tls(acceptor()).start(echo, HERE).await.unwrap();
    let there = server.local_addr().unwrap();
    (server, there)
}

async fn says(reader: &mut StreamReader, writer: &StreamWriter) {
    writer.write(b"hello\n");
    assert_eq!(soon(reader.read_line()).await.unwrap(), b"hello\n");
    writer.close();
    let _ = soon(writer.wait_closed()).await;
}

async fn end(server: Server) {
    server.close();
    soon(server.wait_closed()).await;
}

/// A client that is let in.
async fn a_good_client() {
    let (server, there) = serving().await;
    let (mut reader, writer) = open_tls_connection(there, NAME, &connector()).await.unwrap();
    says(&mut reader, &writer).await;
    end(server).await;
}

/// A client that refuses, why, and that the server goes on.
async fn refuses(name: &str, client: &TlsConnector) -> String {
    let (server, there) = serving().await;
    let error = open_tls_connection(there, name, client).await.map(drop).unwrap_err();
    let (mut reader, writer) = open_tls_connection(there, NAME, &connector()).await.unwrap();
    says(&mut reader, &writer).await;
    end(server).await;
    error.to_string()
}

#[corio::test]
async fn test_create_ssl_connection() {
    a_good_client().await;
}

#[corio::test]
async fn test_create_ssl_unix_connection() {
    let path = SocketPath::new();
    let server = ServerOptions::new().tls(acceptor()).start_unix(echo, &*path).await.unwrap();
    let made = open_unix_tls_connection(&*path, NAME, &connector()).await;
    let (mut reader, writer) = made.unwrap();
    says(&mut reader, &writer).await;
    end(server).await;
}

#[corio::test]
async fn test_ssl_connect_accepted_socket() {
    let listener = std::net::TcpListener::bind(HERE).unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let far = TcpStream::from_std(listener.accept().unwrap().0).unwrap();
    let accepts = corio::spawn(async move { acceptor().accept(far).await });
    let mut client = soon(connector().connect(NAME, near)).await.unwrap();
    let secured = accepts.await.unwrap().unwrap();
    let recorder = Recorder::shared();
    let transport = connect_accepted_socket(|| recorder.clone(), secured).await.unwrap();
    transport.write(b"welcome");
    let mut got = [0; 7];
    soon(client.read_exact(&mut got)).await.unwrap();
    assert_eq!(&got, b"welcome");
    drop(client);
    until(|| recorder.borrow().lost.is_some()).await;
}

#[corio::test]
async fn test_create_server_ssl() {
    a_good_client().await;
}

#[corio::test]
async fn test_create_unix_server_ssl_verify_failed() {
    let path = SocketPath::new();
    let server = ServerOptions::new().tls(acceptor()).start_unix(echo, &*path).await.unwrap();
    let made = open_unix_tls_connection(&*path, NAME, &distrustful()).await;
    let error = made.map(drop).unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    end(server).await;
}

#[corio::test]
async fn test_create_server_ssl_match_failed() {
    let error = refuses("another.name", &connector()).await;
    assert!(error.contains("certificate") && error.contains("another.name"), "{error}");
}

#[corio::test]
async fn test_create_server_ssl_verified() {
    a_good_client().await;
    let error = refuses(NAME, &distrustful()).await;
    assert!(error.contains("certificate"), "{error}");
}
