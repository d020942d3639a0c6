//! Ends: CPython's `SelectorTransportTests`, and what becomes of a connection whose loop ends.

use std::io::Read;

use super::{Recorder, over, pair, send, turns};
use crate::support::{Played, listen_to_log, logged, run};

#[test]
fn test_close() {
    run(async {
        let recorder = Recorder::new();
        let (transport, mut peer) = pair(&recorder).await;
        transport.close();
        assert!(transport.is_closing());
        assert_eq!(recorder.events(), ["made"], "never within the close");
        transport.close();
        recorder.hears("lost").await;
        turns().await;
        assert_eq!(recorder.events(), ["made", "lost"]);
        assert_eq!(peer.read(&mut [0; 1]).unwrap(), 0);
        assert!(transport.local_addr().is_err());
    });
}

#[test]
fn test_close_write_buffer() {
    run(async {
        let (recorder, played) = (Recorder::new(), Played::new(0));
        let transport = over(&recorder, played.clone()).await;
        transport.write(b"data");
        transport.close();
        turns().await;
        assert_eq!(recorder.events(), ["made"]);
        transport.abort();
        turns().await;
        assert_eq!((recorder.events().len(), played.written().len()), (2, 0));
    });
}

#[test]
fn test_abort() {
    run(async {
        let (recorder, played) = (Recorder::new(), Played::new(0));
        let transport = over(&recorder, played.clone()).await;
        transport.write(b"data");
        transport.abort();
        assert_eq!((transport.get_write_buffer_size(), transport.is_closing()), (0, true));
        transport.abort();
        turns().await;
        assert_eq!(recorder.events(), ["made", "lost"]);
    });
}

#[test]
fn a_close_within_a_callback_comes_after_it() {
    run(async {
        let recorder = Recorder::doing(|transport, _| {
            transport.write(b"bye");
            transport.close();
        });
        let (_transport, mut peer) = pair(&recorder).await;
        send(&peer, b"quit");
        recorder.hears("lost").await;
        assert_eq!(recorder.events(), ["made", "data quit", "-", "lost"]);
        let mut all = Vec::new();
        peer.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"bye");
    });
}

#[test]
fn test_connection_lost_drops_the_protocol() {
    run(async {
        let recorder = Recorder::new();
        let (transport, peer) = pair(&recorder).await;
        drop(peer);
        recorder.hears("lost").await;
        turns().await;
        assert_eq!(std::rc::Rc::strong_count(&recorder.0), 1);
        transport.write(b"into nothing");
        transport.set_protocol(Recorder::new());
        transport.resume_reading();
        turns().await;
    });
}

#[test]
fn a_transport_that_nobody_holds_lives_on() {
    run(async {
        let recorder = Recorder::new();
        let (transport, peer) = pair(&recorder).await;
        recorder.0.borrow_mut().transport = None;
        drop(transport);
        turns().await;
        drop(peer);
        recorder.hears("lost").await;
    });
}

#[test]
fn a_loop_that_ends_lets_go_of_its_connections() {
    listen_to_log();
    let recorder = Recorder::new();
    let mut peer = run(async {
        let (transport, peer) = pair(&recorder).await;
        transport.pause_reading();
        peer
    });
    assert_eq!(peer.read(&mut [0; 1]).unwrap(), 0, "the descriptor is closed");
    assert_eq!(std::rc::Rc::strong_count(&recorder.0), 1);
    assert_eq!(recorder.events(), ["made"], "nobody is called without a loop");
    assert!(logged().iter().any(|line| line.contains("1 unclosed transports")));
    // It stays in its protocol's hands, and does nothing any more.
    recorder.transport().close();
    recorder.transport().write(b"x");
    recorder.0.borrow_mut().transport = None;
}

#[test]
fn a_protocol_whose_destructor_panics_harms_nobody() {
    struct Bad;

    impl corio_stream::protocol::Protocol for Bad {}

    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("of the test");
        }
    }

    run(async {
        let (connection, played) = (Played::new(0), Played::new(0));
        let bad =
            corio_stream::protocol::connect_accepted_socket(|| Bad, connection).await.unwrap();
        let recorder = Recorder::new();
        let good = over(&recorder, played).await;
        bad.close();
        good.close();
        recorder.hears("lost").await;
    });
}
