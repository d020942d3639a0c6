//! Sockets for datagrams.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};

use corio::net::UnixDatagram;
use corio::net::resolve::{Resolve, Resolving};
use corio::net::{Connect, lookup_host};
use corio::stream::protocol::{
    DatagramSocket, DatagramTransport, create_datagram_endpoint, datagram_endpoint_over,
};

use crate::recorder::Datagrams;
use crate::sockets::{HERE, SocketPath, until};
use crate::support::implements;

/// Knows no name.
#[derive(Debug)]
struct Nothing;

impl Resolve for Nothing {
    fn resolve(&self, _: &str, _: u16) -> Resolving {
        Box::pin(async { Ok(Vec::new()) })
    }
}

fn any_port() -> SocketAddr {
    HERE.parse().unwrap()
}

/// Closes, and waits for the last callback.
async fn close(transport: &DatagramTransport, protocol: &std::cell::RefCell<Datagrams>) {
    transport.close();
    until(|| protocol.borrow().lost.is_some()).await;
    assert!(matches!(protocol.borrow().lost, Some(None)));
}

#[test]
fn test_create_datagram_endpoint_wrong_sock() {
    assert!(!implements!(corio::net::TcpStream: DatagramSocket));
    assert!(implements!(corio::net::UdpSocket: DatagramSocket));
}

/// A name without addresses is an error before there is a socket.
#[corio::test]
async fn test_create_datagram_endpoint_no_addrinfo() {
    assert!(Connect::to("localhost:1").resolver(Nothing).await.is_err());
    assert!(lookup_host(Vec::<SocketAddr>::new()).await.is_ok_and(|mut all| all.next().is_none()));
}

#[corio::test]
async fn test_create_datagram_endpoint_addr_error() {
    let error = lookup_host("localhost").await.unwrap_err();
    assert!(error.to_string().contains("has no port"), "{error}");
    assert!(!implements!(&'static str: Into<SocketAddr>));
}

#[corio::test]
async fn test_create_datagram_endpoint_connect_err() {
    let far = SocketAddr::from(([255, 255, 255, 255], 9));
    let made = create_datagram_endpoint(Datagrams::shared, None, Some(far)).await;
    assert_eq!(made.unwrap_err().kind(), ErrorKind::PermissionDenied, "a broadcast");
}

#[corio::test]
async fn test_create_datagram_endpoint_allow_broadcast() {
    let socket = corio::net::UdpSocket::options().broadcast(true).bind(any_port()).unwrap();
    assert!(socket.broadcast().unwrap());
    let protocol = Datagrams::shared();
    let transport = datagram_endpoint_over(|| protocol.clone(), socket).await.unwrap();
    close(&transport, &protocol).await;
}

/// A socket that cannot be made is an error, and nothing is called.
#[corio::test]
async fn test_create_datagram_endpoint_socket_err() {
    let foreign = SocketAddr::from(([192, 0, 2, 1], 0));
    let made = create_datagram_endpoint(
        || -> std::rc::Rc<std::cell::RefCell<Datagrams>> { panic!("nothing is made") },
        Some(foreign),
        None,
    );
    assert_eq!(made.await.unwrap_err().kind(), ErrorKind::AddrNotAvailable);
}

#[corio::test]
async fn test_create_datagram_endpoint_no_matching_family() {
    let six = SocketAddr::from(([0_u16; 8], 0));
    let made = create_datagram_endpoint(Datagrams::shared, Some(any_port()), Some(six)).await;
    assert!(made.is_err(), "one address of each family");
}

#[corio::test]
async fn test_create_datagram_endpoint_noaddr_nofamily() {
    let error = create_datagram_endpoint(Datagrams::shared, None, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[corio::test]
async fn test_create_datagram_endpoint_cant_bind() {
    let taken = UdpSocket::bind(HERE).unwrap();
    let there = taken.local_addr().unwrap();
    let error = create_datagram_endpoint(Datagrams::shared, Some(there), None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

#[corio::test]
async fn test_create_datagram_endpoint_sock() {
    let socket = UdpSocket::bind(HERE).unwrap();
    let there = socket.local_addr().unwrap();
    let socket = corio::net::UdpSocket::from_std(socket).unwrap();
    let protocol = Datagrams::shared();
    let transport = datagram_endpoint_over(|| protocol.clone(), socket).await.unwrap();
    assert_eq!(transport.local_addr().unwrap().as_inet(), Some(there));
    close(&transport, &protocol).await;
}

#[corio::test]
async fn test_create_datagram_endpoint_sock_unix() {
    let socket = UnixDatagram::unbound().unwrap();
    let protocol = Datagrams::shared();
    let transport = datagram_endpoint_over(|| protocol.clone(), socket).await.unwrap();
    assert_eq!(transport.local_addr().unwrap().as_path(), None);
    close(&transport, &protocol).await;
}

/// A file that was left behind is no obstacle; somebody's who is there is one.
#[corio::test]
async fn test_create_datagram_endpoint_existing_sock_unix() {
    let path = SocketPath::new();
    let theirs = std::os::unix::net::UnixDatagram::bind(&*path).unwrap();
    let error = UnixDatagram::bind(&*path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    drop(theirs);
    let socket = UnixDatagram::bind(&*path).await.unwrap();
    let protocol = Datagrams::shared();
    let transport = datagram_endpoint_over(|| protocol.clone(), socket).await.unwrap();
    assert_eq!(transport.local_addr().unwrap().as_path(), Some(&*path));
    close(&transport, &protocol).await;
}

#[corio::test]
async fn test_create_datagram_endpoint_sockopts() {
    let options = corio::net::UdpSocket::options();
    let options = options.reuse_address(true).reuse_port(true).broadcast(true);
    let one = options.bind(any_port()).unwrap();
    assert!(one.broadcast().unwrap());
    let there = one.local_addr().unwrap();
    let two = options.bind(there).unwrap();
    assert_eq!(two.local_addr().unwrap(), there, "the port is shared");
    let protocol = Datagrams::shared();
    let transport = datagram_endpoint_over(|| protocol.clone(), two).await.unwrap();
    close(&transport, &protocol).await;
}

#[corio::test]
async fn test_create_datagram_endpoint_ip_addr() {
    let protocol = Datagrams::shared();
    let made = create_datagram_endpoint(|| protocol.clone(), Some(any_port()), None);
    let transport = made.await.unwrap();
    assert!(transport.local_addr().unwrap().as_inet().unwrap().ip().is_loopback());
    close(&transport, &protocol).await;
}
