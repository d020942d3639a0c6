//! Handshakes: good ones, slow ones, none.

use std::sync::Arc;
use std::time::Duration;

use corio::net::{TcpStream, UnixStream};
use corio::stream::ServerOptions;
use corio::stream::protocol::connect_accepted_socket;
use corio::stream::tls::{TlsAcceptor, TlsError, open_tls_connection};
use futures::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::recorder::{Recorder, connected};
use crate::secured::{NAME, acceptor, connector, server_config};
use crate::sockets::{HERE, soon, until};
use crate::support::logged;

const MS: Duration = Duration::from_millis(1);

/// Many clients, each with much to say and an answer to wait for.
#[corio::test]
async fn test_create_connection_ssl_1() {
    const CLIENTS: usize = 10;
    const LENGTH: usize = 256 << 10;
    let server = ServerOptions::new().tls(acceptor()).start(
        |mut reader, writer| async move {
            let mut got = vec![0; LENGTH];
            reader.read_exact(&mut got).await?;
            writer.write(b"OK");
            writer.close();
            writer.wait_closed().await?;
            Ok::<_, Box<dyn std::error::Error>>(())
        },
        HERE,
    );
    let server = server.await.unwrap();
    let there = server.local_addr().unwrap();
    let clients = (0..CLIENTS).map(|_| {
        corio::spawn_local(async move {
            let made = open_tls_connection(there, NAME, &connector()).await;
            let (mut reader, writer) = made.unwrap();
            writer.write(&[b'a'; LENGTH]);
            writer.drain().await.unwrap();
            let answer = reader.read_exactly(2).await.unwrap();
            writer.close();
            answer
        })
    });
    let clients: Vec<_> = clients.collect();
    for client in clients {
        assert_eq!(soon(client).await.unwrap(), b"OK");
    }
    server.close();
    soon(server.wait_closed()).await;
}

/// A server that takes its time.
#[corio::test]
async fn test_create_connection_ssl_slow_handshake() {
    let (near, far) = UnixStream::pair().unwrap();
    let accepts = corio::spawn(async move {
        corio::sleep(20 * MS).await;
        acceptor().accept(far).await.unwrap()
    });
    let _client = soon(connector().connect(NAME, near)).await.unwrap();
    accepts.await.unwrap();
}

/// Nobody answers.
#[corio::test]
async fn test_ssl_handshake_timeout() {
    let (near, _silent) = UnixStream::pair().unwrap();
    let connector = connector().with_handshake_timeout(10 * MS);
    let error = soon(connector.connect(NAME, near)).await.unwrap_err();
    assert!(matches!(error, TlsError::HandshakeTimeout { .. }), "{error}");
    assert!(error.to_string().contains("10ms"), "{error}");
}

#[corio::test]
async fn test_ssl_handshake_connection_lost() {
    let (near, far) = UnixStream::pair().unwrap();
    let goes = corio::spawn(async move {
        let _ = far.read(&mut [0; 4096]).await;
    });
    let error = soon(connector().connect(NAME, near)).await.unwrap_err();
    assert!(matches!(error, TlsError::Ended { .. } | TlsError::Io { .. }), "{error}");
    goes.await.unwrap();
}

/// A connection that was accepted elsewhere.
#[corio::test]
async fn test_ssl_connect_accepted_socket() {
    let listener = std::net::TcpListener::bind(HERE).unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let far = TcpStream::from_std(listener.accept().unwrap().0).unwrap();
    let answers = corio::spawn_local(async move {
        let secured = acceptor().accept(far).await.unwrap();
        let recorder = Recorder::shared();
        let transport = connect_accepted_socket(|| recorder.clone(), secured).await.unwrap();
        until(|| recorder.borrow().received == b"hello").await;
        transport.write(b"resp:hello");
        until(|| recorder.borrow().lost.is_some()).await;
    });
    let mut client = connector().connect(NAME, near).await.unwrap();
    client.write_all(b"hello").await.unwrap();
    client.flush().await.unwrap();
    let mut answer = [0; 10];
    soon(client.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"resp:hello");
    soon(client.shutdown()).await.unwrap();
    soon(answers).await.unwrap();
}

/// The same without TLS.
#[corio::test]
async fn test_connect_accepted_socket() {
    let (recorder, transport, peer) = connected().await;
    peer.write_all(b"hello").await.unwrap();
    until(|| recorder.borrow().received == b"hello").await;
    transport.close();
}

/// That nothing came of it is the caller's error, and no warning beside it.
#[test]
fn test_connect_timeout_warning() {
    let lines = logged(log::Level::Warn, || {
        corio::run(async {
            let silent = std::net::TcpListener::bind(HERE).unwrap();
            let there = silent.local_addr().unwrap();
            let connector = connector();
            let connecting = open_tls_connection(there, NAME, &connector);
            assert!(corio::timeout(10 * MS, connecting).await.is_err());
        });
    });
    assert!(lines.is_empty(), "{lines:?}");
}

/// Nothing is kept of a handshake that took too long.
#[corio::test]
async fn test_handshake_timeout_handler_leak() {
    let config = server_config();
    let acceptor = TlsAcceptor::new(config.clone()).with_handshake_timeout(5 * MS);
    let before = Arc::strong_count(&config);
    let (near, _silent) = UnixStream::pair().unwrap();
    assert!(soon(acceptor.accept(near)).await.is_err());
    assert_eq!(Arc::strong_count(&config), before);
}
