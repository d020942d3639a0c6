//! `start_tls_on`: a transport goes on in TLS, and in TLS again. CPython's `BaseStartTLS`.

use std::io::{ErrorKind, Read, Write};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use corio_stream::protocol::{Transport, create_connection, create_server};
use corio_stream::tls::{TlsError, TlsInfo};
use futures::future::join;

use super::{Recorder, over, pair, turns};
use crate::support::{Played, run, soon, spawn, until};
use crate::support_servers::{HERE, end};
use crate::tls_support::{NAME, acceptor, connector, old_connector};

/// Two transports of one connection, and what their protocols are told.
async fn both() -> ((Recorder, Transport), (Recorder, Transport)) {
    let (ours, theirs) = (Recorder::new(), Recorder::new());
    let (here, there) = corio_net::UnixStream::pair().unwrap();
    let (mine, peer) = (over(&ours, here).await, over(&theirs, there).await);
    ((ours, mine), (theirs, peer))
}

#[test]
fn test_start_tls_client_1() {
    run(async {
        let ((ours, mine), (theirs, peer)) = both().await;
        mine.write(b"hello");
        theirs.hears("data hello").await;
        peer.pause_reading();
        mine.write(b"");
        let (connector, acceptor) = (connector(), acceptor());
        let shaken = join(connector.start_tls_on(NAME, &mine), acceptor.start_tls_on(&peer));
        let (client, server) = soon(shaken).await;
        client.unwrap();
        server.unwrap();
        assert_eq!(mine.extra_info::<TlsInfo>().unwrap().peer_certificates().len(), 1);
        mine.write(b"in secret");
        theirs.hears("data in secret").await;
        peer.write(b"yours");
        ours.hears("data yours").await;
        assert!(!mine.can_write_eof());
        mine.close();
        theirs.hears("lost").await;
        ours.hears("lost").await;
        assert_eq!(ours.events(), ["made", "data yours", "-", "lost"], "made once");
    });
}

/// As programs do it: the protocol is asked, answers, and goes on in TLS.
#[test]
fn test_start_tls_server_1() {
    run(async {
        let theirs = Recorder::doing(|transport, data| {
            if data == b"STARTTLS\n" {
                transport.write(b"GO\n");
                transport.pause_reading();
                let transport = transport.clone();
                drop(spawn(async move { acceptor().start_tls_on(&transport).await.unwrap() }));
            }
        });
        let server = {
            let theirs = theirs.clone();
            create_server(move || theirs.clone(), HERE).await.unwrap()
        };
        let ours = Recorder::new();
        let mine = ours.clone();
        let transport =
            create_connection(move || mine, server.local_addr().unwrap()).await.unwrap();
        transport.write(b"STARTTLS\n");
        ours.hears("data GO\\n").await;
        soon(connector().start_tls_on(NAME, &transport)).await.unwrap();
        transport.write(&[b'x'; 100]);
        theirs.hears("data xxxx").await;
        assert_eq!(server.clients(), 1);
        transport.close();
        until(|| server.clients() == 0).await;
        end(&server).await;
    });
}

#[test]
fn what_is_written_meanwhile_waits_and_what_was_unsent_goes_as_it_is() {
    const MANY: usize = 1 << 20;
    run(async {
        let recorder = Recorder::new();
        let (transport, mut peer) = pair(&recorder).await;
        transport.write(&[b'a'; MANY]);
        assert!(transport.get_write_buffer_size() > 0, "the socket does not hold a megabyte");
        let reads = std::thread::spawn(move || {
            let mut plain = vec![0; MANY];
            peer.read_exact(&mut plain).unwrap();
            assert!(plain.iter().all(|&byte| byte == b'a'), "only what was written before");
            let mut record = [0; 3];
            peer.read_exact(&mut record).unwrap();
            (record, peer)
        });
        let upgrading = transport.clone();
        let shaking = spawn(async move { connector().start_tls_on(NAME, &upgrading).await });
        turns().await;
        transport.write(b"secret");
        let twice = connector().start_tls_on(NAME, &transport).await.unwrap_err();
        assert!(matches!(twice, TlsError::UnderWay), "{twice}");
        until(|| reads.is_finished()).await;
        let (record, mut peer) = reads.join().unwrap();
        assert_eq!(record, [22, 3, 1], "then a handshake");
        assert_eq!(transport.get_write_buffer_size(), 6, "flow control counts what waits");
        assert!(transport.peer_addr().is_ok());
        assert!(!transport.can_write_eof());

        // It is no TLS that comes back.
        peer.write_all(b"500 what?\r\n").unwrap();
        let error = soon(shaking).await.unwrap().unwrap_err();
        assert!(matches!(error, TlsError::Handshake { .. }), "{error}");
        recorder.hears("lost InvalidData the TLS handshake with localhost failed").await;
        assert!(!recorder.has("data"));
        let mut rest = Vec::new();
        peer.read_to_end(&mut rest).unwrap();
        assert!(!rest.windows(6).any(|bytes| bytes == b"secret"));
    });
}

#[test]
fn a_bad_name_changes_nothing() {
    run(async {
        let recorder = Recorder::new();
        let (transport, mut peer) = pair(&recorder).await;
        let error = connector().start_tls_on("no name", &transport).await.unwrap_err();
        assert!(matches!(error, TlsError::BadName { .. }));
        transport.write(b"as before");
        let mut got = [0; 9];
        peer.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"as before");
        transport.close();
        recorder.hears("lost").await;
        let error = connector().start_tls_on(NAME, &transport).await.unwrap_err();
        assert!(
            matches!(&error, TlsError::Io { source, .. } if source.kind() == ErrorKind::NotConnected)
        );
    });
}

#[test]
fn a_close_gives_the_handshake_up() {
    run(async {
        for (aborts, unsent) in [(false, false), (true, false), (false, true), (true, true)] {
            let recorder = Recorder::new();
            let (transport, _silent) = pair(&recorder).await;
            let connector = connector();
            let mut shaking = pin!(connector.start_tls_on(NAME, &transport));
            assert!(futures::poll!(shaking.as_mut()).is_pending());
            turns().await;
            if unsent {
                transport.write(b"nobody will see it");
            }
            match aborts {
                true => transport.abort(),
                false => transport.close(),
            }
            let error = soon(shaking).await.unwrap_err();
            assert!(
                matches!(&error, TlsError::Io { source, .. }
                    if source.kind() == ErrorKind::ConnectionAborted),
                "{error}"
            );
            recorder.hears("lost").await;
            assert_eq!(recorder.events(), ["made", "lost"], "as was asked for");
        }
    });
}

#[test]
fn a_handshake_that_is_dropped_ends_the_connection() {
    run(async {
        let recorder = Recorder::new();
        let (transport, mut silent) = pair(&recorder).await;
        {
            let connector = connector();
            let mut shaking = pin!(connector.start_tls_on(NAME, &transport));
            assert!(matches!(futures::poll!(shaking.as_mut()), Poll::Pending));
        }
        recorder.hears("lost ConnectionAborted").await;
        let mut hello = Vec::new();
        silent.read_to_end(&mut hello).unwrap();
        assert_eq!(hello.first(), Some(&22));
    });
}

#[test]
fn what_is_unsent_counts_for_the_handshakes_time() {
    run(async {
        let limit = Duration::from_millis(30);
        let (recorder, played) = (Recorder::new(), Played::new(0));
        let transport = over(&recorder, played.clone()).await;
        transport.write(b"never taken");
        let connector = connector().with_handshake_timeout(limit);
        let error = soon(connector.start_tls_on(NAME, &transport)).await.unwrap_err();
        assert!(
            matches!(error, TlsError::HandshakeTimeout { limit: told, .. } if told == limit),
            "{error}"
        );
        assert!(played.is_aborted() && played.written().is_empty());
        recorder.hears("lost TimedOut the TLS handshake with localhost is taking longer").await;
    });
}

#[test]
fn a_peer_that_takes_nothing_is_not_waited_for_after_a_close() {
    run(async {
        let (recorder, played) = (Recorder::new(), Played::new(0));
        let transport = over(&recorder, played).await;
        transport.write(b"never taken");
        let connector = connector();
        let mut shaking = pin!(connector.start_tls_on(NAME, &transport));
        assert!(futures::poll!(shaking.as_mut()).is_pending());
        transport.close();
        assert!(soon(shaking).await.is_err());
        recorder.hears("lost").await;
    });
}

#[test]
fn test_start_tls_over_tls() {
    run(async {
        let ((ours, mine), (theirs, peer)) = both().await;
        for outer in [old_connector(), connector(), connector()] {
            let acceptor = acceptor();
            let shaken = join(outer.start_tls_on(NAME, &mine), acceptor.start_tls_on(&peer));
            let (client, server) = soon(shaken).await;
            client.unwrap();
            server.unwrap();
            let seen = theirs.events().len();
            mine.write(b"ask");
            until(|| theirs.events()[seen..].iter().any(|event| event == "data ask")).await;
            let seen = ours.events().len();
            peer.write(&[b'y'; 50_000]);
            let heard =
                || ours.events()[seen..].concat().bytes().filter(|&byte| byte == b'y').count();
            until(|| heard() == 50_000).await;
        }
        mine.close();
        theirs.hears("lost").await;
        ours.hears("lost").await;
        assert_eq!(theirs.events().last().unwrap(), "lost");
        assert_eq!(ours.events().last().unwrap(), "lost");
    });
}
