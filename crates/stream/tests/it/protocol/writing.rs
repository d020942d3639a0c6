//! Writing and flow control: CPython's `SelectorSocketTransportTests` and `TransportTests` about what is
//! sent.

use std::cell::{Cell, RefCell};
use std::io::{IoSlice, Read, Write};
use std::rc::Rc;

use super::{Recorder, over, pair, send, turns};
use crate::support::{Played, listen_to_log, logged, run, until};

/// A transport over a connection that the test plays.
async fn played(room: usize) -> (Recorder, corio_stream::protocol::Transport, Played) {
    let (recorder, played) = (Recorder::new(), Played::new(room));
    let transport = over(&recorder, played.clone()).await;
    (recorder, transport, played)
}

#[test]
fn test_write() {
    run(async {
        let (_recorder, transport, played) = played(usize::MAX).await;
        transport.write(b"data");
        assert_eq!((played.written(), played.calls()), (b"data".to_vec(), 1), "at once");
        assert_eq!(transport.get_write_buffer_size(), 0);
    });
}

#[test]
fn test_write_no_data() {
    run(async {
        let (_recorder, transport, played) = played(0).await;
        transport.write(b"");
        transport.write_vectored(&[]);
        assert_eq!((played.calls(), transport.get_write_buffer_size()), (0, 0));
    });
}

#[test]
fn test_write_partial() {
    run(async {
        let (_recorder, transport, played) = played(2).await;
        transport.write(b"data");
        assert_eq!((played.written(), transport.get_write_buffer_size()), (b"da".to_vec(), 2));
        played.allow(2);
        turns().await;
        assert_eq!((played.written(), transport.get_write_buffer_size()), (b"data".to_vec(), 0));
    });
}

#[test]
fn test_write_buffer() {
    run(async {
        let (_recorder, transport, played) = played(0).await;
        transport.write(b"data1");
        let calls = played.calls();
        transport.write(b"data2");
        assert_eq!(played.calls(), calls, "what comes later waits without an attempt");
        assert_eq!(transport.get_write_buffer_size(), 10);
        played.allow(100);
        turns().await;
        assert_eq!(played.written(), b"data1data2");
    });
}

#[test]
fn test_writelines_sendmsg_full() {
    run(async {
        let (_recorder, transport, played) = played(usize::MAX).await;
        transport.write_vectored(&[
            IoSlice::new(b"data"),
            IoSlice::new(b""),
            IoSlice::new(b"more"),
        ]);
        assert_eq!((played.written(), played.calls()), (b"datamore".to_vec(), 1));
    });
}

#[test]
fn test_writelines_sendmsg_partial() {
    run(async {
        let (_recorder, transport, played) = played(6).await;
        transport.write_vectored(&[IoSlice::new(b"data"), IoSlice::new(b"more")]);
        assert_eq!((played.written(), transport.get_write_buffer_size()), (b"datamo".to_vec(), 2));
        played.allow(2);
        turns().await;
        assert_eq!(played.written(), b"datamore");
    });
}

#[test]
fn test_writelines_pauses_protocol() {
    run(async {
        let (recorder, transport, _played) = played(0).await;
        transport.set_write_buffer_limits(Some(2), Some(1));
        transport.write_vectored(&[IoSlice::new(b"data"), IoSlice::new(b"more")]);
        assert_eq!(recorder.events(), ["made"], "never within the write");
        turns().await;
        assert_eq!(recorder.events(), ["made", "pause"]);
    });
}

#[test]
fn test_pause_and_resume_writing() {
    run(async {
        let (recorder, transport, played) = played(0).await;
        assert_eq!(transport.get_write_buffer_limits(), (16 * 1024, 64 * 1024));
        transport.set_write_buffer_limits(Some(100), Some(20));
        transport.write(&[b'x'; 100]);
        turns().await;
        assert_eq!(recorder.events(), ["made"], "at the mark is not above it");
        transport.write(b"xx");
        transport.write(b"xx");
        turns().await;
        assert_eq!(recorder.events(), ["made", "pause"], "once");
        played.allow(83);
        turns().await;
        assert_eq!((transport.get_write_buffer_size(), recorder.events().len()), (21, 2));
        played.allow(1);
        turns().await;
        assert_eq!(recorder.events(), ["made", "pause", "resume"]);
    });
}

#[test]
fn who_has_written_too_much_hears_of_it_before_it_is_given_more() {
    run(async {
        let played = Played::new(0);
        let (brings, more) = (played.clone(), Cell::new(2));
        // More has come each time when the answer is written: several reads in one turn.
        let recorder = Recorder::doing(move |transport, data| {
            transport.write(data);
            if more.get() > 0 {
                more.set(more.get() - 1);
                brings.bring(b"y");
            }
        });
        let transport = over(&recorder, played.clone()).await;
        transport.set_write_buffer_limits(Some(1), Some(0));
        played.bring(b"x");
        turns().await;
        let expected = ["made", "data x", "-", "data y", "-", "pause", "data y", "-"];
        assert_eq!(recorder.events(), expected);
    });
}

#[test]
fn the_same_on_a_socket_whose_reads_are_full() {
    run(async {
        let unsent = Rc::new(RefCell::new(Vec::new()));
        let seen = unsent.clone();
        let recorder = Recorder::doing(move |transport, data| {
            transport.write(data);
            seen.borrow_mut().push(transport.get_write_buffer_size());
        });
        let (transport, mut peer) = pair(&recorder).await;
        let (_, high) = transport.get_write_buffer_limits();
        let sender = std::thread::spawn(move || {
            // It never reads what is answered.
            peer.write_all(&[7; 4 << 20]).unwrap();
            peer
        });
        recorder.hears("pause").await;
        transport.pause_reading();
        let events = recorder.events();
        let paused = events.iter().position(|event| event == "pause").unwrap();
        let given = events[..paused].iter().filter(|event| event.starts_with("data")).count();
        let unsent = unsent.borrow()[..given].to_vec();
        let over = unsent.iter().position(|unsent| *unsent > high).unwrap();
        assert_eq!(over + 1, given, "nothing was given between: {unsent:?} unsent, {high} allowed");
        transport.resume_reading();
        transport.set_write_buffer_limits(Some(usize::MAX), None);
        until(|| sender.is_finished()).await;
        drop(sender.join().unwrap());
    });
}

#[test]
fn new_marks_count_at_once_for_pause_and_resume() {
    run(async {
        let (recorder, transport, _played) = played(0).await;
        transport.write(&[b'x'; 100]);
        transport.set_write_buffer_limits(Some(99), Some(20));
        turns().await;
        assert_eq!(recorder.events(), ["made", "pause"]);
        transport.set_write_buffer_limits(Some(200), Some(99));
        turns().await;
        assert_eq!(recorder.events(), ["made", "pause"], "still above the low mark");
        transport.set_write_buffer_limits(Some(200), Some(100));
        turns().await;
        assert_eq!(recorder.events(), ["made", "pause", "resume"], "although nothing was sent");
    });
}

#[test]
#[should_panic(expected = "the low-water mark 2 is above the high-water mark 1")]
fn test_set_write_buffer_limits_refuses() {
    run(async {
        let (_recorder, transport, _played) = played(0).await;
        transport.set_write_buffer_limits(Some(1), Some(2));
    });
}

#[test]
fn test_write_exception() {
    run(async {
        let (recorder, transport, played) = played(usize::MAX).await;
        played.fail(32);
        transport.write(b"data");
        assert!(transport.is_closing());
        assert_eq!(recorder.events(), ["made"], "never within the write");
        turns().await;
        assert!(recorder.has("lost BrokenPipe"), "{:?}", recorder.events());
    });
}

#[test]
fn test_write_ready_exception() {
    run(async {
        let (recorder, transport, played) = played(0).await;
        transport.write(b"data");
        played.fail(104);
        turns().await;
        assert!(recorder.has("lost ConnectionReset"), "{:?}", recorder.events());
        assert_eq!(transport.get_write_buffer_size(), 0);
    });
}

#[test]
fn test_write_closing() {
    listen_to_log();
    run(async {
        let (_recorder, transport, played) = played(usize::MAX).await;
        transport.close();
        for _ in 0..4 {
            transport.write(b"data");
        }
        let before = logged().iter().filter(|line| line.contains("was written to 5 times")).count();
        transport.write(b"data");
        let after = logged().iter().filter(|line| line.contains("was written to 5 times")).count();
        assert_eq!((after - before, played.calls()), (1, 0));
    });
}

#[test]
fn test_write_ready_closing() {
    run(async {
        let (recorder, transport, played) = played(0).await;
        transport.write(b"data");
        transport.close();
        turns().await;
        assert_eq!((recorder.events(), played.is_closed()), (vec!["made".to_owned()], false));
        played.allow(4);
        turns().await;
        assert_eq!((played.written(), played.is_closed()), (b"data".to_vec(), true));
        assert_eq!(recorder.events(), ["made", "lost"]);
    });
}

#[test]
fn test_write_eof() {
    run(async {
        let (_recorder, transport, played) = played(0).await;
        assert!(transport.can_write_eof());
        transport.write_eof().unwrap();
        assert!(played.has_eof());
        transport.write_eof().unwrap();
        let after =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| transport.write(b"x")));
        assert!(after.is_err(), "a write after the end is a mistake");
    });
}

#[test]
fn test_write_eof_buffer() {
    run(async {
        let (_recorder, transport, played) = played(0).await;
        transport.write(b"data");
        transport.write_eof().unwrap();
        assert!(!played.has_eof());
        played.allow(4);
        turns().await;
        assert_eq!((played.written(), played.has_eof()), (b"data".to_vec(), true));
        assert!(!transport.is_closing());
    });
}

#[test]
fn test_write_eof_after_close() {
    run(async {
        let (_recorder, transport, played) = played(0).await;
        transport.close();
        turns().await;
        transport.write_eof().unwrap();
        assert!(!played.has_eof());
    });
}

#[test]
fn a_write_within_a_callback_is_sent_before_it_returns() {
    run(async {
        let (mut there, here) = std::os::unix::net::UnixStream::pair().unwrap();
        let ours = corio_net::UnixStream::from_std(here).unwrap();
        let recorder = Recorder::doing(|transport, data| {
            transport.write(data);
            assert_eq!(transport.get_write_buffer_size(), 0);
        });
        over(&recorder, ours).await;
        send(&there, b"ping");
        recorder.hears("-").await;
        let mut buffer = [0; 4];
        there.read_exact(&mut buffer).unwrap();
        assert_eq!(&buffer, b"ping");
    });
}

#[test]
fn a_peer_that_does_not_read_makes_it_wait_and_goes_on() {
    const BYTES: usize = 4 << 20;
    run(async {
        let recorder = Recorder::new();
        let (transport, mut peer) = pair(&recorder).await;
        transport.write(&vec![7; BYTES]);
        recorder.hears("pause").await;
        assert!(transport.get_write_buffer_size() > 64 * 1024);
        transport.close();
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            peer.read_to_end(&mut all).map(|_| all.len())
        });
        recorder.hears("lost").await;
        assert_eq!(reader.join().unwrap().unwrap(), BYTES);
        assert_eq!(recorder.events(), ["made", "pause", "resume", "lost"]);
    });
}

#[test]
fn an_eof_that_has_to_wait_is_sent_when_it_can_be() {
    run(async {
        let (recorder, transport, played) = played(usize::MAX).await;
        played.hold_eof(true);
        transport.write_eof().unwrap();
        turns().await;
        assert!(!played.has_eof());
        played.hold_eof(false);
        turns().await;
        assert!(played.has_eof());
        assert_eq!(recorder.events(), ["made"]);
        transport.close();
        recorder.hears("lost").await;
    });
}

#[test]
fn a_connection_that_panics_in_a_turn_ends_and_is_told() {
    run(async {
        let (recorder, transport, played) = played(0).await;
        transport.write(b"data");
        turns().await;
        played.fail(0);
        recorder.hears("lost").await;
        assert_eq!(
            recorder.events(),
            ["made", "lost Other the connection itself panicked: of the test"]
        );
        assert!(transport.is_closing());
    });
}
