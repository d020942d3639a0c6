//! Datagrams that call a protocol.

use std::io::ErrorKind;
use std::net::{Ipv6Addr, SocketAddr};

use corio::net::UdpSocket;
use corio::stream::protocol::{create_datagram_endpoint, datagram_endpoint_over};

use crate::recorder::Datagrams;
use crate::sockets::{HERE, until};

/// A question and its answer, between two at addresses of the kind of `any`.
async fn exchange(any: SocketAddr) {
    let (asked, asks) = (Datagrams::shared(), Datagrams::shared());
    let server = create_datagram_endpoint(|| asked.clone(), Some(any), None).await.unwrap();
    let there = server.local_addr().unwrap();
    let client = create_datagram_endpoint(|| asks.clone(), None, there.as_inet()).await.unwrap();
    assert_eq!(client.peer_addr().unwrap(), there);
    client.send_to(b"xxx", None).unwrap();
    until(|| asked.borrow().received.len() == 1).await;
    let (question, from) = asked.borrow().received[0].clone();
    assert_eq!((&question[..], &from), (&b"xxx"[..], &client.local_addr().unwrap()));
    server.send_to(b"resp:xxx", Some(&from)).unwrap();
    until(|| asks.borrow().received.len() == 1).await;
    assert_eq!(asks.borrow().received[0], (b"resp:xxx".to_vec(), there));
    for (transport, protocol) in [(server, asked), (client, asks)] {
        transport.close();
        until(|| protocol.borrow().lost.is_some()).await;
        assert!(
            matches!(protocol.borrow().lost, Some(None)) && protocol.borrow().errors.is_empty()
        );
    }
}

#[corio::test]
async fn test_create_datagram_endpoint() {
    exchange(HERE.parse().unwrap()).await;
}

#[corio::test]
async fn test_create_datagram_endpoint_ipv6() {
    let any = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    // A machine without IPv6 has no such address.
    if UdpSocket::bind(any).await.is_ok() {
        exchange(any).await;
    }
}

#[corio::test]
async fn test_create_datagram_endpoint_sock() {
    let socket = UdpSocket::bind(HERE.parse::<SocketAddr>().unwrap()).await.unwrap();
    let there = socket.local_addr().unwrap();
    let protocol = Datagrams::shared();
    let transport = datagram_endpoint_over(|| protocol.clone(), socket).await.unwrap();
    let client = UdpSocket::bind(HERE.parse::<SocketAddr>().unwrap()).await.unwrap();
    client.send_to(b"hello", there).await.unwrap();
    until(|| protocol.borrow().received.len() == 1).await;
    transport.close();
}

/// That nobody listens is told, and ends nothing.
#[corio::test]
async fn test_datagram_send_to_non_listening_address() {
    let nobody = std::net::UdpSocket::bind(HERE).unwrap().local_addr().unwrap();
    let protocol = Datagrams::shared();
    let made = create_datagram_endpoint(|| protocol.clone(), None, Some(nobody));
    let transport = made.await.unwrap();
    transport.send_to(b"anybody?", None).unwrap();
    until(|| !protocol.borrow().errors.is_empty()).await;
    assert_eq!(protocol.borrow().errors[0].kind(), ErrorKind::ConnectionRefused);
    assert!(protocol.borrow().lost.is_none() && !transport.is_closing());
    transport.close();
}
