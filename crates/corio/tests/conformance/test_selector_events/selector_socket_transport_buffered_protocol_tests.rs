//! A protocol that brings its own buffer.

use std::io::ErrorKind;
use std::rc::Rc;
use std::time::Duration;

use corio::EventLoop;
use corio::net::{TcpStream, UnixStream};
use corio::stream::protocol::{Transport, connect_accepted_socket};

use crate::recorder::{OwnBuffer, Recorder, Shared, connected, connected_to, settle};
use crate::sockets::{HERE, until};

/// A connection whose protocol has a buffer of four bytes, and the other end.
async fn buffered() -> (Shared, Transport, UnixStream) {
    let recorder = Recorder::shared();
    let (transport, peer) = connected_to(OwnBuffer::handler(&recorder, 4)).await;
    (recorder, transport, peer)
}

/// Why it ended, when it has.
async fn lost(recorder: &Shared) -> Option<std::io::Error> {
    until(|| recorder.borrow().lost.is_some()).await;
    recorder.borrow_mut().lost.take().unwrap()
}

#[corio::test]
async fn test_get_buffer_zerosized() {
    let recorder = Recorder::shared();
    let (_transport, peer) = connected_to(OwnBuffer::handler(&recorder, 0)).await;
    peer.write_all(b"x").await.unwrap();
    let error = lost(&recorder).await.unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("empty buffer"), "{error}");
}

/// A connection is handed from a protocol of one kind to one of the other, and back.
#[corio::test]
async fn test_proto_type_switch() {
    let (lent, transport, peer) = connected().await;
    peer.write_all(b"one").await.unwrap();
    until(|| lent.borrow().received == b"one").await;
    let own = Recorder::shared();
    transport.set_protocol(OwnBuffer::handler(&own, 4));
    peer.write_all(b"seven..").await.unwrap();
    until(|| own.borrow().received == b"seven..").await;
    transport.set_protocol(lent.clone());
    peer.write_all(b"!").await.unwrap();
    until(|| lent.borrow().received == b"one!").await;
    assert_eq!(own.borrow().told, ["data"], "it was not told that the connection is made");
    transport.close();
    assert!(lost(&lent).await.is_none());
}

#[corio::test]
async fn test_read_eof_received_error() {
    EventLoop::current().set_exception_handler(Some(Rc::new(|_, _| ())));
    let (recorder, transport, peer) = buffered().await;
    recorder.borrow_mut().panics_in = Some("eof");
    drop(peer);
    let error = lost(&recorder).await.unwrap();
    assert!(error.to_string().contains("eof_received() panicked"), "{error}");
    assert!(transport.is_closing());
}

#[corio::test]
async fn test_read_ready_eof() {
    let (recorder, transport, peer) = buffered().await;
    drop(peer);
    assert!(lost(&recorder).await.is_none());
    assert_eq!(recorder.borrow().told, ["made", "eof", "lost"]);
    assert!(transport.is_closing());
}

#[corio::test]
async fn test_read_ready_eof_keep_open() {
    let (recorder, transport, peer) = buffered().await;
    recorder.borrow_mut().keeps_open = true;
    peer.shutdown(std::net::Shutdown::Write).await.unwrap();
    until(|| recorder.borrow().told.contains(&"eof")).await;
    settle().await;
    assert!(!transport.is_closing());
    transport.write(b"still");
    assert_eq!(peer.read(&mut [0; 8]).await.unwrap(), 5);
    transport.close();
    assert!(lost(&recorder).await.is_none());
}

/// Nothing has come: no buffer is asked for.
#[corio::test]
async fn test_read_ready_tryagain() {
    let (recorder, transport, peer) = buffered().await;
    recorder.borrow_mut().panics_in = Some("get_buffer");
    settle().await;
    assert!(!transport.is_closing());
    recorder.borrow_mut().panics_in = None;
    peer.write_all(b"now").await.unwrap();
    until(|| recorder.borrow().received == b"now").await;
    transport.close();
}

#[corio::test]
async fn test_read_ready_conn_reset() {
    let listener = std::net::TcpListener::bind(HERE).unwrap();
    let near = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let far = TcpStream::from_std(listener.accept().unwrap().0).unwrap();
    let recorder = Recorder::shared();
    let handler = OwnBuffer::handler(&recorder, 4);
    let near = TcpStream::from_std(near).unwrap();
    let transport = connect_accepted_socket(|| handler, near).await.unwrap();
    far.set_linger(Some(Duration::ZERO)).unwrap();
    drop(far);
    assert_eq!(lost(&recorder).await.unwrap().kind(), ErrorKind::ConnectionReset);
    assert!(transport.is_closing());
}

/// A peer that goes without having read what was sent.
#[corio::test]
async fn test_read_ready_err() {
    let (recorder, transport, peer) = buffered().await;
    transport.write(b"unread");
    drop(peer);
    let kind = lost(&recorder).await.unwrap().kind();
    assert!(matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{kind}");
}
