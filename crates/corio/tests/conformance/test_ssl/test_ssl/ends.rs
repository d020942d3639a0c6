//! Ends: nothing that was sent is lost, nothing that was used is kept.

use std::sync::Arc;
use std::time::Duration;

use corio::net::UnixStream;
use corio::stream::streams;
use corio::stream::tls::{TlsAcceptor, TlsError};
use futures::AsyncReadExt as _;

use crate::recorder::much;
use crate::secured::{NAME, acceptor, connector, server_config};
use crate::sockets::soon;

/// What a connection used goes with it.
#[corio::test]
async fn test_create_connection_memory_leak() {
    let config = server_config();
    let before = Arc::strong_count(&config);
    let (near, far) = UnixStream::pair().unwrap();
    let acceptor = TlsAcceptor::new(config.clone());
    let accepts = corio::spawn(async move { acceptor.accept(far).await.unwrap() });
    let client = connector().connect(NAME, near).await.unwrap();
    let server = accepts.await.unwrap();
    drop((client, server));
    assert_eq!(Arc::strong_count(&config), before);
}

/// Closed with much unsent: all of it arrives, and then the end.
async fn all_arrives(pause: Option<Duration>) {
    let (near, far) = UnixStream::pair().unwrap();
    let sends = corio::spawn_local(async move {
        let secured = acceptor().accept(far).await.unwrap();
        let (_reader, writer) = streams(secured);
        writer.write(&much());
        writer.close();
        writer.wait_closed().await
    });
    let mut client = connector().connect(NAME, near).await.unwrap();
    let mut got = Vec::new();
    match pause {
        None => drop(soon(client.read_to_end(&mut got)).await.unwrap()),
        Some(pause) => {
            let mut some = vec![0; 256 << 10];
            loop {
                let count = soon(client.read(&mut some)).await.unwrap();
                if count == 0 {
                    break;
                }
                got.extend(&some[..count]);
                corio::sleep(pause).await;
            }
        }
    }
    assert!(got == much());
    let _ = soon(client.shutdown()).await;
    soon(sends).await.unwrap().unwrap();
}

#[corio::test]
async fn test_flush_before_shutdown() {
    all_arrives(None).await;
}

#[corio::test]
async fn test_remote_shutdown_receives_trailing_data() {
    all_arrives(None).await;
}

#[corio::test]
async fn test_remote_shutdown_receives_trailing_data_on_slow_socket() {
    all_arrives(Some(Duration::from_micros(100))).await;
}

/// Nothing is kept of an end that took too long.
#[corio::test]
async fn test_shutdown_timeout_handler_leak() {
    let config = server_config();
    let before = Arc::strong_count(&config);
    let (near, far) = UnixStream::pair().unwrap();
    let acceptor = TlsAcceptor::new(config.clone()).with_shutdown_timeout(Duration::from_millis(5));
    let accepts = corio::spawn(async move { acceptor.accept(far).await.unwrap() });
    let silent = connector().connect(NAME, near).await.unwrap();
    let error = soon(accepts.await.unwrap().shutdown()).await.unwrap_err();
    assert!(matches!(error, TlsError::ShutdownTimeout { .. }), "{error}");
    assert_eq!(Arc::strong_count(&config), before, "the acceptor's went with its task");
    drop(silent);
}
