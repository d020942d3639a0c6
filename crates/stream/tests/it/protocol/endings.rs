//! Ends: CPython's `SelectorTransportTests`, and what becomes of a connection whose loop ends.

use std::io::Read;
use std::sync::Arc;

use corio_stream::protocol::{Protocol, Transport, connect_accepted_socket, create_server};

use super::{Recorder, ended, over, pair, send, turns};
use crate::support::{Played, listen_to_log, logged, run, soon, until};

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
    let lines = logged();
    let told: Vec<_> = lines.iter().filter(|line| line.contains("unclosed transport")).collect();
    let [line] = &told[..] else { panic!("one is told of: {lines:?}") };
    assert!(line.starts_with("WARN ResourceWarning: unclosed transport <Transport "), "{line}");
    assert!(line.contains("made at ") && line.contains(".rs:"), "with its place: {line}");
    // It stays in its protocol's hands, and does nothing any more.
    recorder.transport().close();
    recorder.transport().write(b"x");
    recorder.0.borrow_mut().transport = None;
}

#[test]
fn of_many_unclosed_transports_ten_are_named() {
    listen_to_log();
    run(async {
        for _ in 0..12 {
            // Its loop has it, whoever lets go of it here.
            drop(over(&Recorder::new(), Played::new(0)).await);
        }
    });
    let lines = logged();
    let named = |line: &&String| line.contains("unclosed transport <Transport ");
    assert_eq!((lines.len(), lines.iter().filter(named).count()), (11, 10), "{lines:?}");
    assert!(lines[10].contains("with 12 unclosed transports, of which 10 are named"), "{lines:?}");
}

/// A protocol that cannot be dropped in peace.
struct Bad;

impl Protocol for Bad {}

impl Drop for Bad {
    fn drop(&mut self) {
        panic!("of the test");
    }
}

#[test]
fn a_protocol_whose_destructor_panics_harms_nobody() {
    run(async {
        let (connection, played) = (Played::new(0), Played::new(0));
        let bad = connect_accepted_socket(|| Bad, connection).await.unwrap();
        let recorder = Recorder::new();
        let good = over(&recorder, played).await;
        bad.close();
        good.close();
        recorder.hears("lost").await;
    });
}

#[test]
fn a_protocol_whose_destructor_panics_leaves_its_server_all_the_same() {
    run(async {
        let server = create_server(|| Bad, "127.0.0.1:0").await.unwrap();
        let mut client = std::net::TcpStream::connect(server.local_addr().unwrap()).unwrap();
        until(|| server.clients() == 1).await;
        server.close();
        server.close_clients();
        soon(server.wait_closed()).await;
        assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
    });
}

#[test]
fn a_protocol_that_panics_when_it_is_replaced_costs_its_successor_nothing() {
    struct First(Recorder, Option<Transport>);

    impl Protocol for First {
        fn connection_made(&mut self, transport: Transport) {
            self.1 = Some(transport);
        }

        fn data_received(&mut self, _: &[u8]) {
            self.0.tell("replaced");
            self.1.take().unwrap().set_protocol(self.0.clone());
        }
    }

    impl Drop for First {
        fn drop(&mut self) {
            panic!("of the test");
        }
    }

    run(async {
        let recorder = Recorder::new();
        let (ours, peer) = std::os::unix::net::UnixStream::pair().unwrap();
        let ours = corio_net::UnixStream::from_std(ours).unwrap();
        let first = First(recorder.clone(), None);
        let transport = connect_accepted_socket(move || first, ours).await.unwrap();
        recorder.0.borrow_mut().transport = Some(transport.clone());
        send(&peer, b"one");
        recorder.hears("replaced").await;
        send(&peer, b"two");
        recorder.hears("data two").await;
        transport.close();
        recorder.hears("lost").await;
    });
}

#[test]
fn an_abort_ends_a_connection_that_the_program_holds_as_well() {
    run(async {
        let recorder = Recorder::new();
        let (ours, mut peer) = std::os::unix::net::UnixStream::pair().unwrap();
        let shared = Arc::new(corio_net::UnixStream::from_std(ours).unwrap());
        let transport = over(&recorder, shared.clone()).await;
        send(&peer, b"hello");
        recorder.hears("data hello").await;
        transport.abort();
        recorder.hears("lost").await;
        assert_eq!(peer.read(&mut [0; 1]).unwrap(), 0);
        drop(shared);
    });
}

#[test]
fn a_close_in_connection_made_lets_nothing_in() {
    struct Closes(Recorder);

    impl Protocol for Closes {
        fn connection_made(&mut self, transport: Transport) {
            transport.write(b"bye");
            transport.close();
            self.0.tell("made");
        }

        fn data_received(&mut self, _: &[u8]) {
            self.0.tell("data");
        }

        fn connection_lost(&mut self, error: Option<std::io::Error>) {
            self.0.tell(ended(error));
        }
    }

    run(async {
        let recorder = Recorder::new();
        let (ours, mut peer) = std::os::unix::net::UnixStream::pair().unwrap();
        send(&peer, b"hello");
        let ours = corio_net::UnixStream::from_std(ours).unwrap();
        let closes = Closes(recorder.clone());
        connect_accepted_socket(move || closes, ours).await.unwrap();
        recorder.hears("lost").await;
        turns().await;
        assert_eq!(recorder.events(), ["made", "lost"]);
        let mut said = [0; 3];
        peer.read_exact(&mut said).unwrap();
        assert_eq!(&said, b"bye");
    });
}

#[test]
fn an_abort_within_data_received_is_the_end_of_the_data() {
    run(async {
        let recorder = Recorder::doing(|transport, _| {
            transport.write(&vec![0; 4 << 20]);
            transport.abort();
            transport.close();
        });
        let (_transport, peer) = pair(&recorder).await;
        send(&peer, b"x");
        recorder.hears("lost").await;
        turns().await;
        assert_eq!(recorder.events(), ["made", "data x", "-", "lost"]);
    });
}

#[test]
fn a_reset_while_reading_is_paused_is_told_once_when_it_goes_on() {
    run(async {
        let recorder = Recorder::new();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let ours = corio_net::TcpStream::from_std(listener.accept().unwrap().0).unwrap();
        let transport = over(&recorder, ours).await;
        transport.pause_reading();
        // Unread when it is closed: that makes the end a reset.
        transport.write(b"never read");
        until(|| peer.peek(&mut [0; 1]).is_ok()).await;
        drop(peer);
        turns().await;
        assert_eq!(recorder.events(), ["made"]);
        transport.resume_reading();
        recorder.hears("lost").await;
        transport.abort();
        turns().await;
        let events = recorder.events();
        assert!(events.len() == 2 && events[1].starts_with("lost ConnectionReset"), "{events:?}");
    });
}

#[test]
fn a_flood_on_one_connection_starves_no_other() {
    struct Flooded;

    impl Protocol for Flooded {}

    run(async {
        let (ours, mut flood) = std::os::unix::net::UnixStream::pair().unwrap();
        let ours = corio_net::UnixStream::from_std(ours).unwrap();
        let flooded = connect_accepted_socket(|| Flooded, ours).await.unwrap();
        let flooding = std::thread::spawn(move || {
            use std::io::Write;
            let chunk = vec![0; 1 << 20];
            while flood.write_all(&chunk).is_ok() {}
        });
        let recorder = Recorder::new();
        let (_transport, peer) = pair(&recorder).await;
        for round in 0..20 {
            let word = format!("round{round}.");
            send(&peer, word.as_bytes());
            recorder.hears(&format!("data {word}")).await;
        }
        flooded.abort();
        until(|| flooding.is_finished()).await;
        flooding.join().unwrap();
    });
}
