//! The reading end of a pipe.

#![expect(non_snake_case, reason = "the names are CPython's")]

use std::rc::Rc;

use corio::EventLoop;
use corio::net::pipe;
use corio::stream::protocol::{Transport, connect_read_pipe};

use crate::recorder::{Recorder, Shared, settle};
use crate::sockets::until;

/// A transport that reads, and the end to write to.
async fn reading() -> (Shared, Transport, pipe::Sender) {
    let (writer, reader) = pipe::pipe().unwrap();
    let recorder = Recorder::shared();
    let transport = connect_read_pipe(|| recorder.clone(), reader).await.unwrap();
    (recorder, transport, writer)
}

async fn is_lost(recorder: &Shared) {
    until(|| recorder.borrow().lost.is_some()).await;
}

#[corio::test]
async fn test_ctor() {
    let (recorder, transport, _writer) = reading().await;
    assert_eq!(recorder.borrow().told, ["made"]);
    assert_eq!(recorder.borrow().transport.as_ref(), Some(&transport));
    assert!(transport.is_reading() && !transport.is_closing());
}

#[corio::test]
async fn test__read_ready_eof() {
    let (recorder, transport, writer) = reading().await;
    drop(writer);
    is_lost(&recorder).await;
    assert_eq!(recorder.borrow().told, ["made", "eof", "lost"]);
    assert!(matches!(recorder.borrow().lost, Some(None)) && transport.is_closing());
}

#[corio::test]
async fn test__read_ready_blocked() {
    let (recorder, transport, _writer) = reading().await;
    settle().await;
    assert_eq!(recorder.borrow().told, ["made"]);
    assert!(!transport.is_closing());
}

#[corio::test]
async fn test_pause_reading() {
    let (recorder, transport, writer) = reading().await;
    transport.pause_reading();
    writer.write_all(b"data").await.unwrap();
    settle().await;
    assert_eq!(recorder.borrow().received, b"");
    transport.resume_reading();
    until(|| recorder.borrow().received == b"data").await;
}

#[corio::test]
async fn test_close() {
    let (recorder, transport, writer) = reading().await;
    transport.close();
    assert!(transport.is_closing());
    is_lost(&recorder).await;
    assert!(matches!(recorder.borrow().lost, Some(None)));
    until(|| writer.try_write(b"x").is_err()).await;
}

#[corio::test]
async fn test_close_already_closing() {
    let (recorder, transport, _writer) = reading().await;
    transport.close();
    transport.close();
    is_lost(&recorder).await;
    transport.close();
    settle().await;
    assert_eq!(recorder.borrow().told, ["made", "lost"]);
}

/// Closed, it reads nothing more, also of what has come.
#[corio::test]
async fn test__close() {
    let (recorder, transport, writer) = reading().await;
    writer.write_all(b"late").await.unwrap();
    transport.close();
    assert!(!transport.is_reading());
    is_lost(&recorder).await;
    assert_eq!(recorder.borrow().received, b"");
}

/// The protocol is let go of.
#[corio::test]
async fn test__call_connection_lost() {
    let (recorder, transport, _writer) = reading().await;
    recorder.borrow_mut().transport = None;
    transport.close();
    until(|| Rc::strong_count(&recorder) == 1).await;
    assert!(matches!(recorder.borrow().lost, Some(None)));
}

#[corio::test]
async fn test__call_connection_lost_with_err() {
    EventLoop::current().set_exception_handler(Some(Rc::new(|_, _| ())));
    let (recorder, transport, writer) = reading().await;
    recorder.borrow_mut().panics_in = Some("data");
    writer.write_all(b"x").await.unwrap();
    is_lost(&recorder).await;
    assert!(matches!(recorder.borrow().lost, Some(Some(_))) && transport.is_closing());
    until(|| Rc::strong_count(&recorder) == 1).await;
}

#[corio::test]
async fn test_pause_reading_on_closed_pipe() {
    let (recorder, transport, _writer) = reading().await;
    transport.close();
    is_lost(&recorder).await;
    transport.pause_reading();
    assert!(!transport.is_reading());
}

#[corio::test]
async fn test_pause_reading_on_paused_pipe() {
    let (_recorder, transport, _writer) = reading().await;
    transport.pause_reading();
    transport.pause_reading();
    assert!(!transport.is_reading());
    transport.resume_reading();
    assert!(transport.is_reading(), "pauses are not counted");
}

#[corio::test]
async fn test_resume_reading_on_closed_pipe() {
    let (recorder, transport, _writer) = reading().await;
    transport.close();
    is_lost(&recorder).await;
    transport.resume_reading();
    assert!(!transport.is_reading());
}
