//! Servers: where they listen, and what becomes of those who come.

use std::fs::File;
use std::io::ErrorKind;
use std::net::{Ipv6Addr, SocketAddr};
use std::time::Duration;

use corio::net::TcpStream;
use corio::net::kind::Listens;
use corio::stream::protocol::create_server;
use corio::stream::{Listener, ServerOptions};

use crate::recorder::Recorder;
use crate::sockets::{HERE, soon};
use crate::support::{errors_logged, implements};
use crate::test_runners::{assert_passed, in_child};

/// Only what listens for connections is a listener.
#[test]
fn test_create_server_wrong_sock() {
    assert!(!implements!(std::net::UdpSocket: Listens));
    assert!(!implements!(corio::net::UdpSocket: Listener));
    assert!(implements!(corio::net::TcpListener: Listener));
}

/// One that does not block already, and is not inherited, is as good as any.
#[corio::test]
async fn test_create_server_stream_bittype() {
    let listener = std::net::TcpListener::bind(HERE).unwrap();
    listener.set_nonblocking(true).unwrap();
    let listener = corio::net::TcpListener::from_std(listener).unwrap();
    let there = listener.local_addr().unwrap();
    let doors = [Box::new(listener) as Box<dyn Listener>];
    let server = ServerOptions::new().start_on(|_, _| async {}, doors).unwrap();
    TcpStream::connect(there).await.unwrap();
    server.close();
    soon(server.wait_closed()).await;
}

#[corio::test]
async fn test_create_server_ipv6() {
    let server = match create_server(Recorder::shared, (Ipv6Addr::LOCALHOST, 0)).await {
        Ok(server) => server,
        // A machine without IPv6.
        Err(error) if error.kind() == ErrorKind::AddrNotAvailable => return,
        Err(error) => panic!("{error}"),
    };
    let there = server.local_addr().unwrap();
    assert!(there.is_ipv6());
    TcpStream::connect(there).await.unwrap();
    server.close();
    server.close_clients();
    soon(server.wait_closed()).await;
}

/// All addresses of the machine: they are written out.
#[corio::test]
async fn test_create_server_empty_host() {
    let server = create_server(Recorder::shared, "0.0.0.0:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    for host in ["127.0.0.1", "127.0.0.2"] {
        TcpStream::connect((host, port)).await.unwrap();
    }
    server.close();
    server.close_clients();
    soon(server.wait_closed()).await;
}

#[corio::test]
async fn test_create_server_cant_bind() {
    let taken = std::net::TcpListener::bind(HERE).unwrap();
    let there = taken.local_addr().unwrap();
    let error = create_server(Recorder::shared, there).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&there.to_string()), "{error}");
}

/// Nobody has come: nothing happens.
#[corio::test]
async fn test_accept_connection_retry() {
    let listener = corio::net::TcpListener::bind(([127, 0, 0, 1], 0)).await.unwrap();
    let error = listener.try_accept().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    let there = listener.local_addr().unwrap();
    let server = create_server(Recorder::shared, SocketAddr::from(([127, 0, 0, 1], 0))).await;
    let server = server.unwrap();
    corio::sleep(Duration::from_millis(5)).await;
    assert!(server.clients() == 0 && server.is_serving());
    drop(TcpStream::connect(there).await.unwrap());
    server.close();
}

/// Without descriptors a server waits for some, and says so; those who have come wait, too.
#[test]
fn test_accept_connection_exception() {
    let test = "test_base_events::base_event_loop_with_selector_tests::servers::\
                test_accept_connection_exception";
    assert_passed(in_child(test, None, || {
        let errors = errors_logged(|| {
            corio::run(async {
                let server = create_server(Recorder::shared, HERE).await.unwrap();
                let there = server.local_addr().unwrap();
                let mut hoard = Vec::new();
                while let Ok(file) = File::open("/dev/null") {
                    hoard.push(file);
                }
                hoard.pop();
                let client = TcpStream::connect(there).await.unwrap();
                corio::sleep(Duration::from_millis(20)).await;
                assert_eq!(server.clients(), 0);
                drop(hoard);
                crate::sockets::until(|| server.clients() == 1).await;
                drop(client);
                server.close();
                soon(server.wait_closed()).await;
            });
        });
        assert!(errors.iter().any(|error| error.contains("accept")), "{errors:?}");
    }));
}
