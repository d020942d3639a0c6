//! The writing end of a pipe.

#![expect(non_snake_case, reason = "the names are CPython's")]

use std::io::ErrorKind;
use std::rc::Rc;

use corio::net::pipe;
use corio::stream::protocol::{Transport, connect_write_pipe};

use crate::recorder::{Recorder, Shared, much, settle};
use crate::sockets::{soon, until};
use crate::support::logged;

/// A transport that writes, and the end to read from.
async fn writing() -> (Shared, Transport, pipe::Receiver) {
    let (writer, reader) = pipe::pipe().unwrap();
    let recorder = Recorder::shared();
    let transport = connect_write_pipe(|| recorder.clone(), writer).await.unwrap();
    // That there is room the system says in the first turn.
    settle().await;
    (recorder, transport, reader)
}

/// Why it ended, when it has.
async fn lost(recorder: &Shared) -> Option<std::io::Error> {
    until(|| recorder.borrow().lost.is_some()).await;
    recorder.borrow_mut().lost.take().unwrap()
}

/// Whether `reader` gets `expected`, and then the end.
async fn gets(reader: &pipe::Receiver, expected: &[u8]) -> bool {
    let mut got = Vec::new();
    soon(reader.read_to_end(&mut got)).await.unwrap();
    got == expected
}

#[corio::test]
async fn test_write_no_data() {
    let (_recorder, transport, reader) = writing().await;
    transport.write(b"");
    assert_eq!(transport.get_write_buffer_size(), 0);
    assert!(reader.try_read(&mut [0; 8]).is_err());
}

#[corio::test]
async fn test_write_partial() {
    let (_recorder, transport, reader) = writing().await;
    transport.write(&much());
    assert!((1..much().len()).contains(&transport.get_write_buffer_size()));
    transport.close();
    assert!(gets(&reader, &much()).await);
}

#[corio::test]
async fn test_write_buffer() {
    let (_recorder, transport, reader) = writing().await;
    transport.write(&much());
    let before = transport.get_write_buffer_size();
    transport.write(b"previous");
    assert_eq!(transport.get_write_buffer_size(), before + 8);
    transport.close();
    assert!(gets(&reader, &[&much()[..], b"previous"].concat()).await);
}

/// There is no room: all waits.
#[corio::test]
async fn test_write_again() {
    let (_recorder, transport, reader) = writing().await;
    transport.write(&much());
    settle().await;
    let before = transport.get_write_buffer_size();
    transport.write(b"data");
    assert_eq!(transport.get_write_buffer_size(), before + 4);
    transport.close();
    assert!(gets(&reader, &[&much()[..], b"data"].concat()).await);
}

/// Nobody reads any more; a program that goes on writing is told.
#[test]
fn test_write_err() {
    let lines = logged(log::Level::Warn, || {
        corio::Builder::new().debug(true).run(async {
            let (recorder, transport, reader) = writing().await;
            drop(reader);
            transport.write(b"data");
            assert_eq!(lost(&recorder).await.unwrap().kind(), ErrorKind::BrokenPipe);
            for _ in 0..6 {
                transport.write(b"data");
            }
            assert_eq!(transport.get_write_buffer_size(), 0);
        });
    });
    assert!(lines.first().is_some_and(|line| line.contains("written")), "{lines:?}");
}

/// The reader has gone: nothing is written any more.
#[corio::test]
async fn test_write_close() {
    let (recorder, transport, reader) = writing().await;
    drop(reader);
    assert!(lost(&recorder).await.is_none());
    assert!(transport.is_closing());
    transport.write(b"data");
    assert_eq!(transport.get_write_buffer_size(), 0);
}

#[corio::test]
async fn test__read_ready() {
    let (recorder, transport, reader) = writing().await;
    transport.write(&much());
    drop(reader);
    assert_eq!(lost(&recorder).await.unwrap().kind(), ErrorKind::BrokenPipe);
    assert_eq!(transport.get_write_buffer_size(), 0);
}

#[corio::test]
async fn test__write_ready_partial() {
    let (_recorder, transport, reader) = writing().await;
    transport.write(&much());
    let before = transport.get_write_buffer_size();
    let mut some = vec![0; much().len() / 2];
    soon(reader.read_exact(&mut some)).await.unwrap();
    until(|| transport.get_write_buffer_size() < before).await;
    assert!(transport.get_write_buffer_size() > 0 && some == much()[..some.len()]);
}

/// Nobody reads: nothing is sent, and nothing lost.
#[corio::test]
async fn test__write_ready_empty() {
    let (recorder, transport, _reader) = writing().await;
    transport.write(&much());
    settle().await;
    let before = transport.get_write_buffer_size();
    settle().await;
    assert_eq!(transport.get_write_buffer_size(), before);
    assert!(recorder.borrow().lost.is_none());
}

#[corio::test]
async fn test__write_ready_closing() {
    let (recorder, transport, reader) = writing().await;
    transport.write(&much());
    transport.close();
    settle().await;
    assert!(recorder.borrow().lost.is_none());
    assert!(gets(&reader, &much()).await);
    assert!(lost(&recorder).await.is_none());
}

#[corio::test]
async fn test_abort() {
    let (recorder, transport, reader) = writing().await;
    transport.write(&much());
    transport.abort();
    assert!(transport.is_closing());
    assert!(lost(&recorder).await.is_none());
    assert!(!gets(&reader, &much()).await, "the rest is dropped");
}

/// The protocol is let go of.
#[corio::test]
async fn test__call_connection_lost() {
    let (recorder, transport, _reader) = writing().await;
    recorder.borrow_mut().transport = None;
    transport.close();
    until(|| Rc::strong_count(&recorder) == 1).await;
    assert!(matches!(recorder.borrow().lost, Some(None)));
}

#[corio::test]
async fn test_close() {
    let (recorder, transport, reader) = writing().await;
    transport.write(b"data");
    transport.close();
    assert!(gets(&reader, b"data").await);
    assert!(lost(&recorder).await.is_none());
}

#[corio::test]
async fn test_close_closing() {
    let (recorder, transport, _reader) = writing().await;
    transport.close();
    transport.close();
    lost(&recorder).await;
    settle().await;
    assert_eq!(recorder.borrow().told, ["made", "lost"]);
}

/// A pipe has one direction: its end is the end of all, so it is closed.
#[corio::test]
async fn test_write_eof() {
    let (recorder, transport, reader) = writing().await;
    transport.write(b"data");
    assert!(transport.can_write_eof());
    transport.write_eof().unwrap();
    assert!(gets(&reader, b"data").await);
    assert!(lost(&recorder).await.is_none());
    assert!(transport.is_closing());
}
