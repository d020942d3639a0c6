//! Connections that have nothing to do but to read and to write: what ends that, and that it comes back.

use std::io::{Read, Write};
use std::ops::Range;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::time::Duration;

use super::{Recorder, over, pair, send, turns};
use crate::passed::send_with_descriptor;
use crate::support::{run, soon, spawn, until};

/// Some messages there and back, as most connections live.
async fn exchange(recorder: &Recorder, mut peer: &StdUnixStream, rounds: Range<usize>) {
    for round in rounds {
        let message = format!("{round};");
        send(peer, message.as_bytes());
        recorder.hears(&format!("data {message}")).await;
        let mut buffer = vec![0; message.len()];
        peer.read_exact(&mut buffer).unwrap();
        assert_eq!(buffer, message.as_bytes());
    }
}

fn echo() -> Recorder {
    Recorder::doing(|transport, data| transport.write(data))
}

#[test]
fn many_messages_go_there_and_back() {
    run(async {
        let recorder = echo();
        let (transport, peer) = pair(&recorder).await;
        exchange(&recorder, &peer, 0..100).await;
        transport.close();
        recorder.hears("lost").await;
        assert_eq!(recorder.events().last().unwrap(), "lost");
    });
}

#[test]
fn one_that_had_no_room_is_steady_again() {
    run(async {
        let recorder = echo();
        let (transport, mut peer) = pair(&recorder).await;
        exchange(&recorder, &peer, 0..3).await;
        transport.write(&vec![b'x'; 1 << 20]);
        let unsent = transport.get_write_buffer_size();
        assert!(unsent > 0);
        recorder.hears("pause").await;
        let reader = std::thread::spawn(move || {
            peer.read_exact(&mut vec![0; 1 << 20]).unwrap();
            peer
        });
        recorder.hears("resume").await;
        until(|| transport.get_write_buffer_size() == 0).await;
        let peer = reader.join().unwrap();
        exchange(&recorder, &peer, 3..6).await;
        let told = |what: &str| recorder.events().iter().filter(|event| *event == what).count();
        assert_eq!((told("pause"), told("resume")), (1, 1));
    });
}

/// Each edge says again that the peer has stopped sending; the protocol hears it once.
#[test]
fn the_end_is_told_once_though_room_is_told_after_it() {
    run(async {
        let recorder = Recorder::keeping_open();
        let (transport, mut peer) = pair(&recorder).await;
        send(&peer, b"x");
        recorder.hears("data x").await;
        peer.shutdown(std::net::Shutdown::Write).unwrap();
        recorder.hears("eof").await;
        for _ in 0..2 {
            transport.write(&vec![b'x'; 1 << 20]);
            assert!(transport.get_write_buffer_size() > 0);
            let reader = std::thread::spawn(move || {
                peer.read_exact(&mut vec![0; 1 << 20]).unwrap();
                peer
            });
            until(|| transport.get_write_buffer_size() == 0).await;
            peer = reader.join().unwrap();
            turns().await;
        }
        assert_eq!(recorder.events().iter().filter(|event| *event == "eof").count(), 1);
        transport.close();
        recorder.hears("lost").await;
    });
}

/// One wait finds all three ready.
#[test]
fn a_panic_costs_the_others_of_its_batch_nothing() {
    run(async {
        let panics = Recorder::doing(|_, data| assert_ne!(data, b"bad", "of the test"));
        let others = [Recorder::new(), Recorder::new()];
        let (_before, to_before) = pair(&others[0]).await;
        let (_panicked, to_panics) = pair(&panics).await;
        let (_after, to_after) = pair(&others[1]).await;
        for peer in [&to_before, &to_panics, &to_after] {
            send(peer, b"good");
        }
        panics.hears("data good").await;
        for peer in [&to_before, &to_panics, &to_after] {
            send(peer, b"bad");
        }
        panics.hears("lost").await;
        assert!(
            panics.has("lost Other protocol.data_received() panicked"),
            "{:?}",
            panics.events()
        );
        for (other, peer) in others.iter().zip([&to_before, &to_after]) {
            other.hears("data bad").await;
            send(peer, b"more");
            other.hears("data more").await;
        }
    });
}

#[test]
fn a_protocol_that_was_set_before_the_panic_hears_of_the_end() {
    run(async {
        let next = Recorder::new();
        let first = Recorder::doing({
            let next = next.clone();
            move |transport, data| {
                transport.set_protocol(next.clone());
                assert_ne!(data, b"x", "of the test");
            }
        });
        let (_transport, peer) = pair(&first).await;
        send(&peer, b"x");
        next.hears("lost Other protocol.data_received() panicked").await;
        assert!(!first.has("lost"));
    });
}

#[test]
fn closed_within_a_callback_it_ends_in_that_turn() {
    run(async {
        let recorder = Recorder::doing(|transport, data| {
            transport.write(data);
            transport.close();
            transport.write(b"too late");
        });
        let (_transport, mut peer) = pair(&recorder).await;
        send(&peer, b"bye");
        recorder.hears("lost").await;
        assert_eq!(recorder.events(), ["made", "data bye", "-", "lost"]);
        let mut all = Vec::new();
        peer.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"bye");
    });
}

#[test]
fn paused_within_a_callback_it_goes_on_when_it_is_resumed() {
    run(async {
        let recorder = Recorder::doing(|transport, _| transport.pause_reading());
        let (transport, peer) = pair(&recorder).await;
        transport.pause_reading();
        for message in ["one", "two", "three"] {
            send(&peer, message.as_bytes());
            turns().await;
            transport.resume_reading();
            recorder.hears(&format!("data {message}")).await;
            assert!(!transport.is_reading());
        }
    });
}

/// A socket that the program holds too, and waits for beside its protocol, is woken as ever.
#[test]
fn a_task_that_waits_for_the_same_socket_is_woken() {
    run(async {
        let (ours, theirs) = StdUnixStream::pair().unwrap();
        let ours = std::sync::Arc::new(corio_net::UnixStream::from_std(ours).unwrap());
        let recorder = Recorder::new();
        let _transport = over(&recorder, ours.clone()).await;
        send(&theirs, b"one");
        recorder.hears("data one").await;
        let waits = spawn(async move { ours.readable().await.is_ok() });
        turns().await;
        send(&theirs, b"two");
        assert!(waits.await.unwrap());
        recorder.hears("data two").await;
    });
}

/// One call moves a part only, and the system would have taken more: that there is room it does not tell then.
#[test]
fn more_than_one_call_moves_goes_out_at_once() {
    const BYTES: usize = 400_000;
    run(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (ours, _) = listener.accept().unwrap();
        let recorder = Recorder::new();
        let transport = over(&recorder, corio_net::TcpStream::from_std(ours).unwrap()).await;
        peer.write_all(b"x").unwrap();
        recorder.hears("data x").await;
        peer.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let reader = std::thread::spawn(move || peer.read_exact(&mut vec![0; 10 * BYTES]));
        for _ in 0..10 {
            transport.write(&vec![b'x'; BYTES]);
            turns().await;
        }
        until(|| reader.is_finished()).await;
        reader.join().unwrap().unwrap();
        transport.close();
        recorder.hears("lost").await;
    });
}

/// The system ends a read where the peer has passed a descriptor, though more is there.
#[test]
fn what_comes_after_a_passed_descriptor_is_received() {
    run(async {
        let recorder = echo();
        let (_transport, peer) = pair(&recorder).await;
        exchange(&recorder, &peer, 0..3).await;
        send_with_descriptor(&peer, b"one");
        send_with_descriptor(&peer, b"two");
        soon(recorder.hears("data two")).await;
        assert!(recorder.has("data one"));
    });
}
