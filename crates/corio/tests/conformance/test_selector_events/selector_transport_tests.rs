//! How a transport ends.

#![expect(non_snake_case, reason = "the names are CPython's")]

use std::io::ErrorKind;
use std::rc::Rc;
use std::time::Duration;

use corio::EventLoop;
use corio::stream::Connection;

use crate::recorder::{connected, connected_by_tcp, much, settle};
use crate::sockets::{soon, until};
use crate::support::{Seen, errors_logged, implements};

#[corio::test]
async fn test_abort() {
    let (recorder, transport, peer) = connected().await;
    transport.write(&much());
    transport.abort();
    assert!(transport.is_closing() && recorder.borrow().lost.is_none(), "not within the call");
    until(|| recorder.borrow().lost.is_some()).await;
    assert!(matches!(recorder.borrow().lost, Some(None)));
    let mut got = Vec::new();
    let _ = soon(peer.read_to_end(&mut got)).await;
    assert!(got.len() < much().len(), "the rest is dropped");
}

#[corio::test]
async fn test_close() {
    let (recorder, transport, peer) = connected().await;
    transport.close();
    assert!(transport.is_closing() && recorder.borrow().lost.is_none(), "not within the call");
    transport.close();
    until(|| recorder.borrow().lost.is_some()).await;
    transport.close();
    assert_eq!(recorder.borrow().told, ["made", "lost"], "once");
    assert_eq!(soon(peer.read(&mut [0; 8])).await.unwrap(), 0);
}

#[corio::test]
async fn test_close_write_buffer() {
    let (recorder, transport, peer) = connected().await;
    transport.write(&much());
    transport.close();
    settle().await;
    assert!(recorder.borrow().lost.is_none(), "there is something to be sent");
    let mut got = Vec::new();
    soon(peer.read_to_end(&mut got)).await.unwrap();
    assert!(got == much());
    until(|| recorder.borrow().lost.is_some()).await;
}

/// What ends a connection on its own ends it at once, with what is unsent.
#[corio::test]
async fn test_force_close() {
    let (recorder, transport, peer) = connected().await;
    transport.write(&much());
    drop(peer);
    until(|| recorder.borrow().lost.is_some()).await;
    assert_eq!(transport.get_write_buffer_size(), 0);
    transport.abort();
    settle().await;
    assert_eq!(recorder.borrow().told.iter().filter(|what| **what == "lost").count(), 1);
}

/// A peer that resets is none of the log's business: the protocol is told.
#[test]
fn test_fatal_error() {
    let errors = errors_logged(|| {
        corio::run(async {
            let (recorder, _transport, peer) = connected_by_tcp().await;
            peer.set_linger(Some(Duration::ZERO)).unwrap();
            drop(peer);
            until(|| recorder.borrow().lost.is_some()).await;
            let lost = recorder.borrow_mut().lost.take().unwrap();
            assert_eq!(lost.unwrap().kind(), ErrorKind::ConnectionReset);
        });
    });
    assert!(errors.is_empty(), "{errors:?}");
}

/// A protocol that panics is the exception handler's business, and told, too.
#[corio::test]
async fn test_fatal_error_custom_exception() {
    let seen = Seen::new();
    let push = seen.clone();
    EventLoop::current().set_exception_handler(Some(Rc::new(move |_, context| {
        push.push(context.panic_message().unwrap_or("none").to_owned());
    })));
    let (recorder, _transport, peer) = connected().await;
    recorder.borrow_mut().panics_in = Some("data");
    peer.write_all(b"x").await.unwrap();
    until(|| recorder.borrow().lost.is_some() && seen.len() > 0).await;
    assert!(seen.all()[0].contains("data panics"), "{:?}", seen.all());
    let lost = recorder.borrow_mut().lost.take().unwrap().unwrap();
    assert!(lost.to_string().contains("data_received() panicked"), "{lost}");
}

/// The descriptor is closed after the last callback, and the protocol let go of.
#[corio::test]
async fn test_connection_lost() {
    let (recorder, transport, peer) = connected().await;
    assert_eq!(Rc::strong_count(&recorder), 2);
    transport.close();
    assert_eq!(soon(peer.read(&mut [0; 8])).await.unwrap(), 0);
    until(|| Rc::strong_count(&recorder) == 1).await;
    assert_eq!(recorder.borrow().told, ["made", "lost"]);
    assert_eq!(transport.local_addr().unwrap_err().kind(), ErrorKind::NotConnected);
}

/// One that is closing reads no more, and cannot be made to.
#[corio::test]
async fn test__add_reader() {
    assert!(implements!(corio::net::UnixStream: Connection));
    let (recorder, transport, peer) = connected().await;
    assert!(transport.is_reading());
    transport.write(&much());
    transport.close();
    transport.resume_reading();
    assert!(!transport.is_reading());
    peer.write_all(b"late").await.unwrap();
    settle().await;
    assert_eq!(recorder.borrow().received, b"");
    transport.abort();
    until(|| recorder.borrow().lost.is_some()).await;
}
