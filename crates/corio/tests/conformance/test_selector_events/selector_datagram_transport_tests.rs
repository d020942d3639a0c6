//! Datagrams: over a pair of Unix sockets, whose room is small.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram as StdDatagram;
use std::rc::Rc;

use corio::EventLoop;
use corio::net::{UdpSocket, UnixDatagram};
use corio::stream::protocol::{
    DatagramTransport, create_datagram_endpoint, datagram_endpoint_over,
};

use crate::recorder::{Datagrams, settle};
use crate::sockets::{HERE, soon, until};
use crate::support::Seen;

type Shared = Rc<RefCell<Datagrams>>;

/// More than the system keeps for a receiver that does not look.
const MANY: usize = 1000;

/// A connected socket with a protocol, and the other end.
async fn connected() -> (Shared, DatagramTransport, UnixDatagram) {
    let (near, far) = UnixDatagram::pair().unwrap();
    let protocol = Datagrams::shared();
    let transport = datagram_endpoint_over(|| protocol.clone(), near).await.unwrap();
    // That there is room the system says in the first turn.
    settle().await;
    (protocol, transport, far)
}

/// One whose peer has no room left, for now: so many wait here.
async fn full() -> (Shared, DatagramTransport, UnixDatagram) {
    let (protocol, transport, far) = connected().await;
    transport.set_write_buffer_limits(Some(1 << 20), None);
    for number in 0..MANY {
        transport.send_to(number.to_string().as_bytes(), None).unwrap();
    }
    assert!(transport.get_write_buffer_size() > 0);
    (protocol, transport, far)
}

/// Receives all that [`full`] has sent, in order, and what comes after it.
async fn drain(far: &UnixDatagram, after: &[&[u8]]) {
    let mut buffer = [0; 64];
    for number in 0..MANY {
        let count = soon(far.recv(&mut buffer)).await.unwrap();
        assert_eq!(buffer[..count], *number.to_string().as_bytes());
    }
    for expected in after {
        let count = soon(far.recv(&mut buffer)).await.unwrap();
        assert_eq!(buffer[..count], **expected);
    }
}

/// A protocol whose peer does not exist.
async fn to_nobody() -> (Shared, DatagramTransport) {
    let nobody = std::net::UdpSocket::bind(HERE).unwrap().local_addr().unwrap();
    let protocol = Datagrams::shared();
    let made = create_datagram_endpoint(|| protocol.clone(), None, Some(nobody));
    let transport = made.await.unwrap();
    (protocol, transport)
}

#[corio::test]
async fn test_read_ready() {
    let (protocol, transport, far) = connected().await;
    far.send(b"data").await.unwrap();
    until(|| protocol.borrow().received.len() == 1).await;
    assert_eq!(protocol.borrow().received[0].0, b"data");
    transport.close();
}

#[corio::test]
async fn test_read_ready_tryagain() {
    let (protocol, transport, _far) = connected().await;
    settle().await;
    assert!(protocol.borrow().received.is_empty() && protocol.borrow().errors.is_empty());
    assert!(!transport.is_closing());
}

/// An error of the system is told, and the socket stays.
#[corio::test]
async fn test_read_ready_oserr() {
    let (protocol, transport) = to_nobody().await;
    transport.send_to(b"x", None).unwrap();
    until(|| !protocol.borrow().errors.is_empty()).await;
    assert_eq!(protocol.borrow().errors[0].kind(), ErrorKind::ConnectionRefused);
    assert!(!transport.is_closing() && protocol.borrow().lost.is_none());
}

/// It is sent within the call.
async fn sends_at_once(data: &[u8]) {
    let (near, far) = StdDatagram::pair().unwrap();
    let protocol = Datagrams::shared();
    let near = UnixDatagram::from_std(near).unwrap();
    let transport = datagram_endpoint_over(|| protocol.clone(), near).await.unwrap();
    settle().await;
    transport.send_to(data, None).unwrap();
    assert_eq!(transport.get_write_buffer_size(), 0);
    let mut buffer = [0; 64];
    far.set_nonblocking(true).unwrap();
    let count = far.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..count], data);
    transport.close();
}

#[corio::test]
async fn test_sendto() {
    sends_at_once(b"data").await;
}

#[corio::test]
async fn test_sendto_bytearray() {
    sends_at_once(&Vec::from(*b"data")).await;
}

#[corio::test]
async fn test_sendto_memoryview() {
    sends_at_once(&b"some data"[5..]).await;
}

#[corio::test]
async fn test_sendto_no_data() {
    sends_at_once(b"").await;
}

#[corio::test]
async fn test_sendto_buffer() {
    let (_protocol, transport, far) = full().await;
    transport.send_to(b"data2", None).unwrap();
    drain(&far, &[b"data2"]).await;
}

/// What waits is a copy: the caller's may change meanwhile.
#[corio::test]
async fn test_sendto_buffer_bytearray() {
    let (_protocol, transport, far) = full().await;
    let mut data = Vec::from(*b"data2");
    transport.send_to(&data, None).unwrap();
    data.fill(b'!');
    drain(&far, &[b"data2"]).await;
}

#[corio::test]
async fn test_sendto_buffer_memoryview() {
    let (_protocol, transport, far) = full().await;
    transport.send_to(&b"some data2"[5..], None).unwrap();
    drain(&far, &[b"data2"]).await;
}

/// An empty one waits for its turn like any other.
#[corio::test]
async fn test_sendto_buffer_nodata() {
    let (_protocol, transport, far) = full().await;
    transport.send_to(b"", None).unwrap();
    transport.send_to(b"data2", None).unwrap();
    drain(&far, &[b"", b"data2"]).await;
}

#[corio::test]
async fn test_sendto_error_received() {
    let (protocol, transport, far) = connected().await;
    drop(far);
    transport.send_to(b"data", None).unwrap();
    until(|| !protocol.borrow().errors.is_empty()).await;
    assert!(!transport.is_closing(), "{:?}", protocol.borrow().errors);
}

/// After the end nothing is sent, and nothing fails.
#[corio::test]
async fn test_sendto_closing() {
    let (protocol, transport, far) = connected().await;
    transport.close();
    for _ in 0..6 {
        transport.send_to(b"data", None).unwrap();
    }
    until(|| protocol.borrow().lost.is_some()).await;
    assert!(far.try_recv(&mut [0; 8]).is_err());
}

#[corio::test]
async fn test_sendto_sendto_ready() {
    let (protocol, transport, far) = full().await;
    drain(&far, &[]).await;
    until(|| transport.get_write_buffer_size() == 0).await;
    assert!(protocol.borrow().errors.is_empty());
}

/// As long as there is no room, all waits.
#[corio::test]
async fn test_sendto_sendto_ready_blocked() {
    let (_protocol, transport, far) = full().await;
    settle().await;
    let before = transport.get_write_buffer_size();
    settle().await;
    assert_eq!(transport.get_write_buffer_size(), before);
    drain(&far, &[]).await;
}

#[corio::test]
async fn test_sendto_ready() {
    let (_protocol, transport, far) = full().await;
    let before = transport.get_write_buffer_size();
    far.recv(&mut [0; 8]).await.unwrap();
    until(|| transport.get_write_buffer_size() < before).await;
}

/// Closed, it sends what waits first.
#[corio::test]
async fn test_sendto_ready_closing() {
    let (protocol, transport, far) = full().await;
    transport.close();
    settle().await;
    assert!(protocol.borrow().lost.is_none());
    drain(&far, &[]).await;
    until(|| protocol.borrow().lost.is_some()).await;
    assert!(matches!(protocol.borrow().lost, Some(None)));
}

/// Room for some: those are sent, in order, and the others wait on.
#[corio::test]
async fn test_sendto_ready_tryagain() {
    let (_protocol, transport, far) = full().await;
    let mut buffer = [0; 8];
    for expected in [b"0", b"1"] {
        let count = far.recv(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..count], expected);
    }
    settle().await;
    assert!(transport.get_write_buffer_size() > 0);
}

/// A peer that goes: each that is unsent is an error told, and the socket stays.
#[corio::test]
async fn test_sendto_ready_error_received_connection() {
    let (protocol, transport, far) = full().await;
    drop(far);
    until(|| transport.get_write_buffer_size() == 0).await;
    until(|| !protocol.borrow().errors.is_empty()).await;
    assert!(protocol.borrow().lost.is_none() && !transport.is_closing());
}

/// A refusal in a connected socket is told, and no more.
#[corio::test]
async fn test_fatal_error_connected() {
    let seen = Seen::new();
    let push = seen.clone();
    EventLoop::current().set_exception_handler(Some(Rc::new(move |_, _| push.push(()))));
    let (protocol, transport) = to_nobody().await;
    for count in 1..3 {
        transport.send_to(b"x", None).unwrap();
        until(|| protocol.borrow().errors.len() >= count).await;
    }
    assert_eq!(seen.len(), 0);
    transport.close();
}

/// A protocol that panics is told of, and ends its socket.
#[corio::test]
async fn test_fatal_error_connected_custom_error() {
    let seen = Seen::new();
    let push = seen.clone();
    EventLoop::current().set_exception_handler(Some(Rc::new(move |_, context| {
        push.push(context.panic_message().unwrap_or("none").to_owned());
    })));
    let protocol = Datagrams::shared();
    protocol.borrow_mut().panics_in = Some("datagram");
    let made = create_datagram_endpoint(|| protocol.clone(), Some(HERE.parse().unwrap()), None);
    let transport = made.await.unwrap();
    let there = transport.local_addr().unwrap().as_inet().unwrap();
    let client = UdpSocket::bind(HERE.parse::<std::net::SocketAddr>().unwrap()).await.unwrap();
    client.send_to(b"x", there).await.unwrap();
    until(|| protocol.borrow().lost.is_some() && seen.len() > 0).await;
    assert!(seen.all()[0].contains("datagram_received panics"), "{:?}", seen.all());
    assert!(matches!(protocol.borrow().lost, Some(Some(_))) && transport.is_closing());
}
