//! A transport over a socket: reading, writing, and its ends.

#![expect(non_snake_case, reason = "the names are CPython's")]

use std::io::{ErrorKind, IoSlice, Read as _};
use std::net::Shutdown;
use std::rc::Rc;
use std::time::Duration;

use corio::EventLoop;
use corio::net::UnixStream;
use corio::stream::protocol::{Protocol, Transport, connect_accepted_socket};

use crate::recorder::{Recorder, Shared, connected, connected_by_tcp, much, settle};
use crate::sockets::{soon, until};
use crate::support::logged;

/// Why it ended, when it has.
async fn lost(recorder: &Shared) -> Option<std::io::Error> {
    until(|| recorder.borrow().lost.is_some()).await;
    recorder.borrow_mut().lost.take().unwrap()
}

/// Whether `peer` gets `expected`, and then the end.
async fn gets(peer: &UnixStream, expected: &[u8]) -> bool {
    let mut got = Vec::new();
    soon(peer.read_to_end(&mut got)).await.unwrap();
    got == expected
}

/// A transport whose socket takes no more, and what it has been given so far.
async fn full() -> (Shared, Transport, UnixStream, Vec<u8>) {
    let (recorder, transport, peer) = connected().await;
    transport.write(&much());
    assert!(transport.get_write_buffer_size() > 0);
    (recorder, transport, peer, much())
}

#[corio::test]
async fn test_ctor_with_waiter() {
    let (near, _far) = UnixStream::pair().unwrap();
    let recorder = Recorder::shared();
    let handler = recorder.clone();
    let connecting = connect_accepted_socket(|| handler, near);
    assert!(recorder.borrow().told.is_empty());
    let transport = connecting.await.unwrap();
    assert_eq!(recorder.borrow().told, ["made"], "who awaits it finds it made");
    assert_eq!(recorder.borrow().transport.as_ref(), Some(&transport));
}

/// Reads nothing from the beginning.
struct Pausing(Shared);

impl Protocol for Pausing {
    fn connection_made(&mut self, transport: Transport) {
        transport.pause_reading();
        self.0.borrow_mut().connection_made(transport);
    }

    fn data_received(&mut self, data: &[u8]) {
        self.0.borrow_mut().data_received(data);
    }
}

#[corio::test]
async fn test_pause_reading_connection_made() {
    let recorder = Recorder::shared();
    let (transport, peer) = crate::recorder::connected_to(Pausing(recorder.clone())).await;
    assert!(!transport.is_reading());
    peer.write_all(b"x").await.unwrap();
    settle().await;
    assert_eq!(recorder.borrow().received, b"");
    transport.resume_reading();
    assert!(transport.is_reading());
    until(|| recorder.borrow().received == b"x").await;
}

#[corio::test]
async fn test_data_received_error() {
    EventLoop::current().set_exception_handler(Some(Rc::new(|_, _| ())));
    let (recorder, transport, peer) = connected().await;
    recorder.borrow_mut().panics_in = Some("data");
    peer.write_all(b"x").await.unwrap();
    let error = lost(&recorder).await.unwrap();
    assert!(error.to_string().contains("data_received() panicked"), "{error}");
    assert!(transport.is_closing());
}

#[corio::test]
async fn test_read_ready() {
    let (recorder, transport, peer) = connected().await;
    peer.write_all(b"data").await.unwrap();
    until(|| recorder.borrow().received == b"data").await;
    transport.close();
    assert!(lost(&recorder).await.is_none());
}

#[corio::test]
async fn test_read_ready_eof_keep_open() {
    let (recorder, transport, peer) = connected().await;
    recorder.borrow_mut().keeps_open = true;
    peer.shutdown(Shutdown::Write).await.unwrap();
    until(|| recorder.borrow().told.contains(&"eof")).await;
    settle().await;
    assert!(!transport.is_closing());
    transport.write(b"still");
    transport.close();
    assert!(gets(&peer, b"still").await);
    assert_eq!(recorder.borrow().told, ["made", "eof", "lost"]);
}

#[corio::test]
async fn test_read_ready_tryagain() {
    let (recorder, transport, _peer) = connected().await;
    settle().await;
    assert_eq!(recorder.borrow().told, ["made"]);
    assert!(!transport.is_closing());
}

#[corio::test]
async fn test_read_ready_conn_reset() {
    let (recorder, transport, peer) = connected_by_tcp().await;
    peer.set_linger(Some(Duration::ZERO)).unwrap();
    drop(peer);
    assert_eq!(lost(&recorder).await.unwrap().kind(), ErrorKind::ConnectionReset);
    assert!(transport.is_closing());
}

/// A peer that goes without having read what was sent.
#[corio::test]
async fn test_read_ready_err() {
    let (recorder, transport, peer) = connected().await;
    transport.write(b"unread");
    drop(peer);
    let kind = lost(&recorder).await.unwrap().kind();
    assert!(matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{kind}");
}

/// It is sent within the call.
async fn sends_at_once(write: impl FnOnce(&Transport), expected: &[u8]) {
    let (near, mut far) = std::os::unix::net::UnixStream::pair().unwrap();
    let recorder = Recorder::shared();
    let near = UnixStream::from_std(near).unwrap();
    let transport = connect_accepted_socket(|| recorder.clone(), near).await.unwrap();
    settle().await;
    write(&transport);
    assert_eq!(transport.get_write_buffer_size(), 0);
    far.set_nonblocking(true).unwrap();
    let mut buffer = [0; 64];
    match far.read(&mut buffer) {
        Ok(count) => assert_eq!(&buffer[..count], expected),
        Err(error) => assert!(error.kind() == ErrorKind::WouldBlock && expected.is_empty()),
    }
    transport.close();
}

#[corio::test]
async fn test_write() {
    sends_at_once(|transport| transport.write(b"data"), b"data").await;
}

#[corio::test]
async fn test_write_bytearray() {
    sends_at_once(|transport| transport.write(&Vec::from(*b"data")), b"data").await;
}

#[corio::test]
async fn test_write_memoryview() {
    sends_at_once(|transport| transport.write(&b"some data"[5..]), b"data").await;
}

#[corio::test]
async fn test_write_no_data() {
    sends_at_once(|transport| transport.write(b""), b"").await;
}

#[corio::test]
async fn test_write_sendmsg_no_data() {
    sends_at_once(|transport| transport.write_vectored(&[]), b"").await;
    let empty = [IoSlice::new(b""), IoSlice::new(b"")];
    sends_at_once(|transport| transport.write_vectored(&empty), b"").await;
}

/// Behind what waits, in order.
#[corio::test]
async fn test_write_buffer() {
    let (_recorder, transport, peer, mut given) = full().await;
    let before = transport.get_write_buffer_size();
    transport.write(b"data2");
    given.extend(b"data2");
    assert_eq!(transport.get_write_buffer_size(), before + 5);
    transport.close();
    assert!(gets(&peer, &given).await);
}

#[corio::test]
async fn test_write_partial() {
    let (recorder, transport, peer, given) = full().await;
    assert!(transport.get_write_buffer_size() < given.len(), "a part is sent at once");
    until(|| recorder.borrow().told.contains(&"pause")).await;
    transport.close();
    assert!(gets(&peer, &given).await);
}

/// What waits is a copy: the caller's may change meanwhile.
#[corio::test]
async fn test_write_partial_bytearray() {
    let (_recorder, transport, peer) = connected().await;
    let mut data = much();
    transport.write(&data);
    data.fill(b'!');
    transport.close();
    assert!(gets(&peer, &much()).await);
}

#[corio::test]
async fn test_write_partial_memoryview() {
    let (_recorder, transport, peer) = connected().await;
    transport.write(&much()[1..]);
    transport.close();
    assert!(gets(&peer, &much()[1..]).await);
}

/// Nothing more is taken: all waits.
#[corio::test]
async fn test_write_tryagain() {
    let (_recorder, transport, peer, mut given) = full().await;
    settle().await;
    let before = transport.get_write_buffer_size();
    transport.write(&[b'x'; 1000]);
    given.extend([b'x'; 1000]);
    assert_eq!(transport.get_write_buffer_size(), before + 1000);
    transport.close();
    assert!(gets(&peer, &given).await);
}

const LINES: [&[u8]; 3] = [b"one ", b"two ", b"three"];

/// Several pieces, with nothing waiting.
async fn writes_lines() {
    let pieces = LINES.map(IoSlice::new);
    sends_at_once(|transport| transport.write_vectored(&pieces), b"one two three").await;
}

/// Several pieces, of which the system takes a part: `first` is how long the first one is.
async fn writes_lines_in_parts(first: usize) {
    let (_recorder, transport, peer) = connected().await;
    let data = much();
    let pieces = [&data[..first], &data[first..]].map(IoSlice::new);
    transport.write_vectored(&pieces);
    assert!((1..data.len()).contains(&transport.get_write_buffer_size()));
    transport.close();
    assert!(gets(&peer, &data).await);
}

#[corio::test]
async fn test_writelines_sendmsg_full() {
    writes_lines().await;
}

#[corio::test]
async fn test_writelines_sendmsg_partial() {
    writes_lines_in_parts(2).await;
}

#[corio::test]
async fn test_writelines_send_full() {
    writes_lines().await;
}

#[corio::test]
async fn test_writelines_send_partial() {
    writes_lines_in_parts(2 << 20).await;
}

/// The pieces of a buffer that is sent later.
#[corio::test]
async fn test_write_sendmsg_full() {
    let (_recorder, transport, peer, mut given) = full().await;
    for line in LINES {
        transport.write(line);
        given.extend(line);
    }
    transport.close();
    assert!(gets(&peer, &given).await);
}

#[corio::test]
async fn test_write_sendmsg_partial() {
    writes_lines_in_parts(1 << 20).await;
}

#[corio::test]
async fn test_write_sendmsg_half_buffer() {
    let (_recorder, transport, peer, mut given) = full().await;
    // Half is read, so that half can be sent.
    let mut half = vec![0; given.len() / 2];
    soon(peer.read_exact(&mut half)).await.unwrap();
    assert!(half == given[..half.len()]);
    transport.write(b"data2");
    given.extend(b"data2");
    transport.close();
    assert!(gets(&peer, &given[half.len()..]).await);
}

/// A peer that goes while something waits.
#[corio::test]
async fn test_write_sendmsg_OSError() {
    let (recorder, transport, peer, _) = full().await;
    drop(peer);
    assert!(lost(&recorder).await.is_some());
    assert_eq!(transport.get_write_buffer_size(), 0);
}

#[corio::test]
async fn test_writelines_pauses_protocol() {
    let (recorder, transport, peer) = connected().await;
    let data = much();
    let pieces = [&data[..100], &data[100..]].map(IoSlice::new);
    transport.write_vectored(&pieces);
    until(|| recorder.borrow().told == ["made", "pause"]).await;
    let mut got = vec![0; data.len()];
    soon(peer.read_exact(&mut got)).await.unwrap();
    until(|| recorder.borrow().told == ["made", "pause", "resume"]).await;
}

#[corio::test]
async fn test_writelines_after_connection_lost() {
    let (recorder, transport, peer) = connected().await;
    drop(peer);
    lost(&recorder).await;
    transport.write_vectored(&LINES.map(IoSlice::new));
    assert_eq!(transport.get_write_buffer_size(), 0);
}

#[corio::test]
async fn test_write_exception() {
    let (recorder, transport, peer) = connected().await;
    transport.pause_reading();
    drop(peer);
    transport.write(b"data");
    assert_eq!(lost(&recorder).await.unwrap().kind(), ErrorKind::BrokenPipe);
    assert!(transport.is_closing());
}

/// A program that goes on writing is told, in debug mode.
#[test]
fn test_write_closing() {
    let lines = logged(log::Level::Warn, || {
        corio::Builder::new().debug(true).run(async {
            let (recorder, transport, peer) = connected().await;
            transport.close();
            for _ in 0..6 {
                transport.write(b"data");
            }
            assert!(gets(&peer, b"").await);
            assert!(lost(&recorder).await.is_none());
        });
    });
    assert!(lines.first().is_some_and(|line| line.contains("written")), "{lines:?}");
}

#[corio::test]
async fn test_write_ready() {
    let (_recorder, transport, peer, given) = full().await;
    let mut got = vec![0; given.len()];
    soon(peer.read_exact(&mut got)).await.unwrap();
    until(|| transport.get_write_buffer_size() == 0).await;
    assert!(got == given && !transport.is_closing());
}

#[corio::test]
async fn test_write_ready_closing() {
    let (recorder, transport, peer, given) = full().await;
    transport.close();
    settle().await;
    assert!(recorder.borrow().lost.is_none());
    assert!(gets(&peer, &given).await);
    assert!(lost(&recorder).await.is_none());
}

/// Room for a part: the rest waits on.
#[corio::test]
async fn test_write_ready_partial() {
    let (_recorder, transport, peer, given) = full().await;
    let before = transport.get_write_buffer_size();
    let mut some = vec![0; given.len() / 4];
    soon(peer.read_exact(&mut some)).await.unwrap();
    until(|| transport.get_write_buffer_size() < before).await;
    assert!(transport.get_write_buffer_size() > 0 && some == given[..some.len()]);
}

/// Nobody reads: nothing is sent, and nothing is lost.
#[corio::test]
async fn test_write_ready_partial_none() {
    let (recorder, transport, peer, given) = full().await;
    settle().await;
    let before = transport.get_write_buffer_size();
    settle().await;
    assert_eq!(transport.get_write_buffer_size(), before);
    assert!(recorder.borrow().lost.is_none());
    transport.close();
    assert!(gets(&peer, &given).await);
}

#[corio::test]
async fn test_write_ready_tryagain() {
    let (_recorder, transport, peer, given) = full().await;
    let mut got = Vec::new();
    while got.len() < given.len() {
        let mut some = vec![0; 100_000.min(given.len() - got.len())];
        soon(peer.read_exact(&mut some)).await.unwrap();
        got.extend(some);
        corio::yield_now().await;
    }
    assert!(got == given && transport.get_write_buffer_size() == 0);
}

#[corio::test]
async fn test_write_eof() {
    let (recorder, transport, peer) = connected().await;
    assert!(transport.can_write_eof());
    transport.write(b"data");
    transport.write_eof().unwrap();
    transport.write_eof().unwrap();
    assert!(gets(&peer, b"data").await);
    peer.write_all(b"answer").await.unwrap();
    until(|| recorder.borrow().received == b"answer").await;
    transport.close();
}

#[corio::test]
async fn test_write_eof_after_close() {
    let (recorder, transport, peer) = connected().await;
    transport.close();
    lost(&recorder).await;
    transport.write_eof().unwrap();
    assert!(gets(&peer, b"").await);
}

/// Closed while something waits, and then aborted: nothing more is sent.
#[corio::test]
async fn test_transport_close_remove_writer() {
    let (recorder, transport, peer, given) = full().await;
    transport.close();
    transport.abort();
    assert!(lost(&recorder).await.is_none());
    let mut got = Vec::new();
    let _ = soon(peer.read_to_end(&mut got)).await;
    assert!(got.len() < given.len() && transport.get_write_buffer_size() == 0);
}
