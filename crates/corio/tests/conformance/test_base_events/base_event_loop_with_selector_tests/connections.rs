//! Connections: names, several addresses, and why none was made.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use corio::net::resolve::{Resolve, Resolving};
use corio::net::{Connect, TcpStream, lookup_host};

use crate::sockets::HERE;

/// Answers every name with these.
#[derive(Debug)]
struct Answers(Vec<SocketAddr>);

impl Resolve for Answers {
    fn resolve(&self, _: &str, _: u16) -> Resolving {
        let addresses = self.0.clone();
        Box::pin(async move { Ok(addresses) })
    }
}

/// Never answers.
#[derive(Debug)]
struct Silent;

impl Resolve for Silent {
    fn resolve(&self, _: &str, _: u16) -> Resolving {
        Box::pin(std::future::pending())
    }
}

/// An address of this machine at which nobody listens.
fn nobody() -> SocketAddr {
    TcpListener::bind(HERE).unwrap().local_addr().unwrap()
}

/// One that cannot be connected to at all.
fn unreachable() -> SocketAddr {
    SocketAddr::from(([255, 255, 255, 255], 9))
}

#[corio::test]
async fn test_create_connection_multiple_errors() {
    let (one, two) = (nobody(), unreachable());
    let error = Connect::to([one, two]).await.unwrap_err();
    let failed: Vec<_> = error.attempts().iter().map(|(address, _)| *address).collect();
    assert_eq!(failed, [one, two]);
    let error = io::Error::from(error).to_string();
    assert!(error.starts_with("Multiple exceptions: "), "{error}");
    assert!(error.contains("refused") && error.contains("unreachable"), "{error}");
}

#[corio::test(virtual_time)]
async fn test_create_connection_timeout() {
    let connect = Connect::to("a.name:80").resolver(Silent);
    let result = corio::timeout(Duration::from_secs(5), connect.into_future()).await;
    assert!(result.is_err(), "TimeoutError");
}

#[corio::test]
async fn test_create_connection_no_host_port_sock() {
    let error = TcpStream::connect(Vec::<SocketAddr>::new()).await.unwrap_err();
    assert!(error.to_string().contains("no address to connect to"), "{error}");
}

#[corio::test]
async fn test_create_connection_connect_err() {
    let error = Connect::to(nobody()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts().len()), (ErrorKind::ConnectionRefused, 1));
}

#[corio::test]
async fn test_create_connection_multiple() {
    let listener = TcpListener::bind(HERE).unwrap();
    let there = listener.local_addr().unwrap();
    let error = TcpStream::connect([nobody(), nobody()]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let stream = TcpStream::connect([nobody(), there]).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), there);
}

#[corio::test]
async fn test_create_connection_multiple_errors_local_addr() {
    let taken = TcpListener::bind(HERE).unwrap();
    let from = taken.local_addr().unwrap();
    let (one, two) = (nobody(), nobody());
    let connect = Connect::to([one, two]).local_addr(from);
    let error = connect.await.unwrap_err();
    assert_eq!(error.attempts().len(), 2);
    let error = error.to_string();
    assert!(error.starts_with("Multiple exceptions: "), "{error}");
    assert!(error.contains(&from.to_string()), "where it could not be bound: {error}");
}

#[corio::test]
async fn test_create_connection_ipv6_scope() {
    let mut found = lookup_host("[fe80::1%7]:80").await.unwrap();
    let Some(SocketAddr::V6(address)) = found.next() else { panic!("not an IPv6 address") };
    assert_eq!((address.scope_id(), address.port()), (7, 80));
    let error = Connect::to(address).await.unwrap_err();
    assert_eq!(error.attempts()[0].0, SocketAddr::V6(address), "it is what is tried");
}

/// An address is connected to without being looked up.
#[corio::test]
async fn test_create_connection_ip_addr() {
    let listener = TcpListener::bind(HERE).unwrap();
    let there = listener.local_addr().unwrap();
    for target in [there.to_string(), format!("127.0.0.1:{}", there.port())] {
        let stream = Connect::to(target).resolver(Silent).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), there);
    }
}

/// A name is looked up.
#[corio::test]
async fn test_create_connection_no_inet_pton() {
    let listener = TcpListener::bind(HERE).unwrap();
    let there = listener.local_addr().unwrap();
    let stream = Connect::to("a.name:1").resolver(Answers(vec![there])).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), there);
}

/// No address of ours is of the peer's family.
#[corio::test]
async fn test_create_connection_no_local_addr() {
    let listener = TcpListener::bind(HERE).unwrap();
    let connect = Connect::to(listener.local_addr().unwrap());
    let error = connect.local_addr(([0_u16; 8], 0)).await.unwrap_err();
    assert!(error.to_string().contains("none of our own addresses"), "{error}");
}
