//! Unix sockets for datagrams: sending and receiving, files, and a full queue.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::task::Poll;
use std::time::Duration;

use corio_net::UnixDatagram;
use futures::FutureExt;
use futures::future::join;

use crate::util::{Folder, block_on, poll_once};

#[test]
fn every_form_of_sending() {
    let folder = Folder::new();
    let (at_one, at_two) = (folder.file("one"), folder.file("two"));
    let one = block_on(UnixDatagram::bind(&at_one)).unwrap();
    let two = block_on(UnixDatagram::bind(&at_two)).unwrap();
    let mut buffer = [0; 16];
    block_on(async {
        assert_eq!(one.send_to(b"a", &at_two).await.unwrap(), 1);
        let (n, from) = two.recv_from(&mut buffer).await.unwrap();
        assert_eq!((n, from.as_pathname()), (1, Some(at_one.as_path())));
        // And back to where it came from.
        assert_eq!(two.send_to_addr(b"bc", &from).await.unwrap(), 2);
        assert_eq!(one.recv(&mut buffer).await.unwrap(), 2);
        assert_eq!(poll_fn(|c| one.poll_send_to(c, b"def", &at_two)).await.unwrap(), 3);
        assert_eq!(one.try_send_to(b"ghij", &at_two).unwrap(), 4);
        assert_eq!(two.recv(&mut buffer).await.unwrap(), 3);
        let received = two.recv_msg(&mut buffer[..2]).await.unwrap();
        assert_eq!((received.len, received.truncated), (2, true));
        assert_eq!(received.from.as_pathname(), Some(at_one.as_path()));

        one.connect(&at_two).unwrap();
        one.send(b"connected").await.unwrap();
        assert_eq!(two.recv(&mut buffer).await.unwrap(), 9);
        assert_eq!(one.peer_addr().unwrap().as_pathname(), Some(at_two.as_path()));
    });
}

#[test]
fn who_has_no_name_sends_and_is_not_answered() {
    let folder = Folder::new();
    let path = folder.file("named");
    let named = block_on(UnixDatagram::bind(&path)).unwrap();
    let nameless = UnixDatagram::unbound().unwrap();
    block_on(async {
        nameless.send_to(b"guess who", &path).await.unwrap();
        let (_, from) = named.recv_from(&mut [0; 16]).await.unwrap();
        assert!(from.is_unnamed());
        let error = named.send_to_addr(b"you", &from).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn errors_say_what_is_wrong_with_the_address() {
    let folder = Folder::new();
    let socket = UnixDatagram::unbound().unwrap();
    let kind = |path| block_on(socket.send_to(b"x", path)).unwrap_err().kind();
    assert_eq!(kind(folder.file("nobody")), ErrorKind::NotFound);
    assert_eq!(kind(folder.file(&"x".repeat(200))), ErrorKind::InvalidInput);
    let stale = folder.file("stale");
    drop(std::os::unix::net::UnixDatagram::bind(&stale).unwrap());
    assert_eq!(kind(stale.clone()), ErrorKind::ConnectionRefused);
    assert_eq!(socket.connect(&stale).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn the_file_goes_with_the_socket_and_one_left_behind_is_replaced() {
    let folder = Folder::new();
    let path = folder.file("file");
    drop(std::os::unix::net::UnixDatagram::bind(&path).unwrap());
    let socket = block_on(UnixDatagram::bind(&path)).unwrap();
    let error = block_on(UnixDatagram::bind(&path)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    drop(socket);
    assert!(!path.exists());
    let mut kept = block_on(UnixDatagram::bind(&path)).unwrap();
    kept.keep_file();
    drop(kept);
    assert!(path.exists());
}

#[test]
fn a_pair_waits_where_the_peers_queue_is_full() {
    const MESSAGES: usize = 2000;
    let (one, two) = UnixDatagram::pair().unwrap();
    let send = async {
        for _ in 0..MESSAGES {
            one.send(b"message").await.unwrap();
        }
    };
    let receive = async {
        for _ in 0..MESSAGES {
            assert_eq!(two.recv(&mut [0; 16]).await.unwrap(), 7);
        }
    };
    block_on(join(send, receive));
}

/// Fills the queue of the socket at `path` with others' messages.
fn fill(path: &std::path::Path) -> (UnixDatagram, usize) {
    let other = UnixDatagram::unbound().unwrap();
    assert!(other.try_send_to(b"filling", path).is_ok(), "a new socket has room, at once");
    let mut sent = 1;
    while other.try_send_to(b"filling", path).is_ok() {
        sent += 1;
        assert!(sent < 1 << 20, "there is no end to that queue");
    }
    (other, sent)
}

#[test]
fn a_queue_full_of_others_messages_is_waited_out() {
    let folder = Folder::new();
    let path = folder.file("full");
    let receiver = block_on(UnixDatagram::bind(&path)).unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    for poll_form in [false, true] {
        let (_other, filled) = fill(&path);
        let send = async {
            if poll_form {
                poll_fn(|context| sender.poll_send_to(context, b"last", &path)).await.unwrap();
            } else {
                sender.send_to(b"last", &path).await.unwrap();
            }
        };
        let receive = async {
            let mut buffer = [0; 16];
            for _ in 0..filled {
                assert_eq!(receiver.recv(&mut buffer).await.unwrap(), 7);
            }
            assert_eq!(receiver.recv(&mut buffer).await.unwrap(), 4);
        };
        // Whoever polls first waits: the queue is full by then.
        let mut send = Box::pin(send);
        assert!(matches!(poll_once(&mut send), Poll::Pending));
        block_on(join(send, receive));
    }
}

#[test]
fn a_full_queue_is_not_waited_for_at_each_turn() {
    let folder = Folder::new();
    let path = folder.file("full");
    let receiver = block_on(UnixDatagram::bind(&path)).unwrap();
    let (_other, filled) = fill(&path);
    let sender = UnixDatagram::unbound().unwrap();
    let drains = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        for _ in 0..=filled {
            block_on(receiver.recv(&mut [0; 16])).unwrap();
        }
    });
    let mut send = sender.send_to(b"last", &path);
    let mut polls = 0;
    let counted = poll_fn(|context| {
        polls += 1;
        send.poll_unpin(context)
    });
    block_on(counted).unwrap();
    drains.join().unwrap();
    // 50 µs, doubled each time, are 30 ms after ten times.
    assert!(polls < 40, "{polls} attempts");
}

#[test]
fn to_std_and_back() {
    let folder = Folder::new();
    let path = folder.file("std");
    let std = block_on(UnixDatagram::bind(&path)).unwrap().into_std();
    assert!(path.exists());
    let socket = UnixDatagram::from_std(std).unwrap();
    let socket = UnixDatagram::from(OwnedFd::from(socket));
    block_on(async {
        socket.send_to(b"self", &path).await.unwrap();
        assert_eq!(socket.recv(&mut [0; 8]).await.unwrap(), 4);
    });
    socket.shutdown(std::net::Shutdown::Both).unwrap();
}
