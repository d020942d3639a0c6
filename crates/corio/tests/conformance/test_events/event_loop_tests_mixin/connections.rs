//! Connections that call a protocol.

use std::net::{SocketAddr, TcpListener};

use corio::net::Connect;
use corio::stream::protocol::{connect_accepted_socket, create_connection, create_unix_connection};

use crate::recorder::Recorder;
use crate::sockets::{HERE, REQUEST, SocketPath, http_server, unix_http_server, until};

#[corio::test]
async fn test_create_connection() {
    let (there, server) = http_server();
    let recorder = Recorder::shared();
    let transport = create_connection(|| recorder.clone(), there).await.unwrap();
    assert_eq!(recorder.borrow().transport.as_ref(), Some(&transport));
    assert_eq!(transport.peer_addr().unwrap().as_inet(), Some(there));
    transport.write(REQUEST);
    until(|| recorder.borrow().lost.is_some()).await;
    let recorder = recorder.borrow();
    assert!(recorder.received.ends_with(b"Test message"));
    assert_eq!(recorder.told, ["made", "data", "eof", "lost"]);
    server.join().unwrap();
}

#[corio::test]
async fn test_create_unix_connection() {
    let path = SocketPath::new();
    let server = unix_http_server(&path);
    let recorder = Recorder::shared();
    let transport = create_unix_connection(|| recorder.clone(), &*path).await.unwrap();
    assert_eq!(transport.peer_addr().unwrap().as_path(), Some(&*path));
    transport.write(REQUEST);
    until(|| recorder.borrow().lost.is_some()).await;
    assert!(recorder.borrow().received.ends_with(b"Test message"));
    server.join().unwrap();
}

#[corio::test]
async fn test_create_connection_local_addr() {
    let (there, server) = http_server();
    let ours = TcpListener::bind(HERE).unwrap().local_addr().unwrap();
    let stream = Connect::to(there).local_addr(ours).await.unwrap();
    let recorder = Recorder::shared();
    let transport = connect_accepted_socket(|| recorder.clone(), stream).await.unwrap();
    assert_eq!(transport.local_addr().unwrap().as_inet(), Some(ours));
    transport.close();
    until(|| recorder.borrow().lost.is_some()).await;
    server.join().unwrap();
}

/// Of several addresses of ours, each attempt takes one of its family.
#[corio::test]
async fn test_create_connection_local_addr_skip_different_family() {
    let (there, server) = http_server();
    let six = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 0));
    let four = SocketAddr::from(([127, 0, 0, 1], 0));
    let stream = Connect::to(there).local_addr(six).local_addr(four).await.unwrap();
    assert!(stream.local_addr().unwrap().is_ipv4());
    drop(stream);
    server.join().unwrap();
}
