//! Reading: CPython's `SelectorSocketTransportTests` about what comes.

use std::io::Read;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::rc::Rc;

use super::{Recorder, pair, send, turns};
use crate::support::{run, until};

#[test]
fn test_ctor_with_waiter() {
    run(async {
        let recorder = Recorder::new();
        let (transport, _peer) = pair(&recorder).await;
        assert_eq!(recorder.events(), ["made"], "told before it is given out");
        assert_eq!(recorder.transport(), transport);
        assert!(transport.is_reading() && !transport.is_closing());
    });
}

#[test]
fn test_read_ready() {
    run(async {
        let recorder = Recorder::new();
        let (_transport, peer) = pair(&recorder).await;
        send(&peer, b"data");
        recorder.hears("data").await;
        assert_eq!(recorder.events(), ["made", "data data", "-"]);
        send(&peer, b"more");
        recorder.hears("data more").await;
    });
}

#[test]
fn test_read_ready_eof() {
    run(async {
        let recorder = Recorder::new();
        let (transport, peer) = pair(&recorder).await;
        drop(peer);
        recorder.hears("lost").await;
        assert_eq!(recorder.events(), ["made", "eof", "lost"]);
        assert!(transport.is_closing());
    });
}

#[test]
fn test_read_ready_eof_keep_open() {
    run(async {
        let recorder = Recorder::keeping_open();
        let (transport, mut peer) = pair(&recorder).await;
        peer.shutdown(std::net::Shutdown::Write).unwrap();
        recorder.hears("eof").await;
        turns().await;
        assert_eq!(recorder.events(), ["made", "eof"]);
        assert!(!transport.is_closing());
        transport.write(b"still here");
        let mut buffer = [0; 10];
        peer.read_exact(&mut buffer).unwrap();
        assert_eq!(&buffer, b"still here");
        transport.close();
        recorder.hears("lost").await;
    });
}

#[test]
fn test_read_ready_conn_reset() {
    run(async {
        let recorder = Recorder::new();
        let (transport, peer) = pair(&recorder).await;
        // A Unix socket whose peer goes with unread bytes is reset.
        transport.write(b"never read");
        until(|| transport.get_write_buffer_size() == 0).await;
        drop(peer);
        recorder.hears("lost").await;
        assert!(recorder.has("lost ConnectionReset"), "{:?}", recorder.events());
        assert!(!recorder.has("eof"));
    });
}

#[test]
fn test_pause_reading_connection_made() {
    run(async {
        let recorder = Recorder::new();
        let (transport, peer) = pair(&recorder).await;
        transport.pause_reading();
        transport.pause_reading();
        assert!(!transport.is_reading());
        send(&peer, b"later");
        turns().await;
        assert_eq!(recorder.events(), ["made"]);
        transport.resume_reading();
        transport.resume_reading();
        assert!(transport.is_reading());
        recorder.hears("data later").await;
        transport.close();
        assert!(!transport.is_reading());
        transport.pause_reading();
        transport.resume_reading();
        assert!(!transport.is_reading());
        recorder.hears("lost").await;
    });
}

#[test]
fn a_pause_within_a_callback_holds_at_once() {
    run(async {
        let recorder = Recorder::doing(|transport, _| transport.pause_reading());
        let (transport, peer) = pair(&recorder).await;
        send(&peer, b"one");
        recorder.hears("data one").await;
        send(&peer, b"two");
        turns().await;
        assert!(!recorder.has("data two"));
        transport.resume_reading();
        recorder.hears("data two").await;
    });
}

#[test]
fn test_data_received_error() {
    run(async {
        let recorder = Recorder::doing(|_, _| panic!("of the test"));
        let (transport, peer) = pair(&recorder).await;
        let other = Recorder::new();
        let (_other, other_peer) = pair(&other).await;
        send(&peer, b"data");
        send(&other_peer, b"unharmed");
        recorder.hears("lost").await;
        assert!(transport.is_closing());
        let events = recorder.events();
        assert!(events[2].contains("data_received() panicked: of the test"), "{events:?}");
        other.hears("data unharmed").await;
    });
}

#[test]
fn test_set_protocol() {
    run(async {
        let second = Recorder::new();
        let first = Recorder::doing({
            let second = second.clone();
            move |transport, _| transport.set_protocol(second.clone())
        });
        let (transport, peer) = pair(&first).await;
        second.0.borrow_mut().transport = Some(transport.clone());
        send(&peer, b"one");
        first.hears("data one").await;
        send(&peer, b"two");
        second.hears("data two").await;
        transport.close();
        second.hears("lost").await;
        assert_eq!(first.events(), ["made", "data one", "-"]);
        assert_eq!(second.events(), ["data two", "-", "lost"]);
    });
}

#[test]
fn what_is_read_in_many_turns_comes_in_order() {
    const BYTES: usize = 3 << 20;
    run(async {
        let got = Rc::new(std::cell::RefCell::new(Vec::new()));
        let recorder = Recorder::doing({
            let got = got.clone();
            move |_, data| got.borrow_mut().extend_from_slice(data)
        });
        let (_transport, peer) = pair(&recorder).await;
        let sent: Vec<u8> = (0..BYTES).map(|at| (at / 7) as u8).collect();
        let thread = std::thread::spawn({
            let (sent, peer): (Vec<u8>, StdUnixStream) = (sent.clone(), peer);
            move || send(&peer, &sent)
        });
        until(|| got.borrow().len() == BYTES).await;
        assert!(*got.borrow() == sent);
        thread.join().unwrap();
    });
}

#[test]
fn callbacks_run_in_the_context_of_the_maker() {
    corio_task::context_var! { static WHO: &'static str = "nobody"; }
    run(async {
        let recorder = Recorder::new();
        recorder.0.borrow_mut().on_data = Some(Rc::new({
            let recorder = recorder.clone();
            move |_, _| recorder.tell(format!("who {}", WHO.get()))
        }));
        WHO.set("maker");
        let (_transport, peer) = pair(&recorder).await;
        WHO.set("somebody else");
        send(&peer, b"x");
        recorder.hears("who").await;
        assert!(recorder.has("who maker"));
        // It holds itself.
        drop(recorder.0.borrow_mut().on_data.take());
    });
}
