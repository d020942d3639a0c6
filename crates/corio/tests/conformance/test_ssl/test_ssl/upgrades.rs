//! `start_tls`: from plain to secured, on a connection that is there; and TLS within TLS.

use std::time::Duration;

use corio::net::UnixStream;
use corio::stream::streams;
use corio::stream::tls::TlsError;
use futures::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::secured::{NAME, acceptor, connector, pair};
use crate::sockets::soon;

/// Bytes that are no TLS, in the midst of it.
#[corio::test]
async fn test_start_tls_client_corrupted_ssl() {
    let (near, far) = UnixStream::pair().unwrap();
    let server = corio::spawn(async move {
        let secured = acceptor().accept(far).await.unwrap();
        secured.get_ref().write_all(b"please corrupt me if you can").await.unwrap();
        secured
    });
    let mut client = connector().connect(NAME, near).await.unwrap();
    let error = soon(client.read(&mut [0; 64])).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    drop(server.await);
}

/// Both sides say hello in the clear, and go on in TLS.
async fn upgraded() {
    let (near, far) = UnixStream::pair().unwrap();
    let server = corio::spawn_local(async move {
        let (mut reader, writer) = streams(far);
        assert_eq!(reader.read_exactly(6).await.unwrap(), b"hello\n");
        writer.write(b"ready\n");
        acceptor().start_tls(&mut reader, &writer).await.unwrap();
        let line = reader.read_line().await.unwrap();
        writer.write(&line);
        writer.close();
        let _ = writer.wait_closed().await;
    });
    let (mut reader, writer) = streams(near);
    writer.write(b"hello\n");
    assert_eq!(reader.read_line().await.unwrap(), b"ready\n");
    soon(connector().start_tls(NAME, &mut reader, &writer)).await.unwrap();
    writer.write(b"secret\n");
    assert_eq!(soon(reader.read_line()).await.unwrap(), b"secret\n");
    writer.close();
    let _ = soon(writer.wait_closed()).await;
    soon(server).await.unwrap();
}

#[corio::test]
async fn test_start_tls_client_reg_proto_1() {
    upgraded().await;
}

#[corio::test]
async fn test_start_tls_server_1() {
    upgraded().await;
}

/// Given up in the midst of the handshake, the connection is given up.
#[corio::test]
async fn test_start_tls_slow_client_cancel() {
    let (near, far) = UnixStream::pair().unwrap();
    let (mut reader, writer) = streams(near);
    let connector = connector();
    let starting = connector.start_tls(NAME, &mut reader, &writer);
    assert!(corio::timeout(Duration::from_millis(10), starting).await.is_err());
    assert!(writer.is_closing());
    let mut got = Vec::new();
    soon(far.read_to_end(&mut got)).await.unwrap();
    assert!(!got.is_empty(), "it had begun");
    let again = connector.start_tls(NAME, &mut reader, &writer).await;
    assert!(!matches!(again, Ok(()) | Err(TlsError::HandshakeTimeout { .. })));
}

#[corio::test]
async fn test_create_server_ssl_over_ssl() {
    let (near, far) = pair().await;
    let accepts = corio::spawn_local(async move { acceptor().accept(far).await.unwrap() });
    let mut client = soon(connector().connect(NAME, near)).await.unwrap();
    let mut server = accepts.await.unwrap();
    client.write_all(b"twice secret").await.unwrap();
    client.flush().await.unwrap();
    let mut got = [0; 12];
    soon(server.read_exact(&mut got)).await.unwrap();
    assert_eq!(&got, b"twice secret");
}
