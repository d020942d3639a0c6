//! TLS over byte streams in memory: what goes through, what is refused, what ends.

use std::future::Future;
use std::io::ErrorKind;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use corio_base::WakeBatch;
use corio_base::clock::VirtualClock;
use corio_io::duplex;
use corio_stream::tls::rustls::{self, AlertDescription, CertificateError, Error, ProtocolVersion};
use corio_stream::tls::{
    HANDSHAKE_TIMEOUT_DEFAULT, SHUTDOWN_TIMEOUT_DEFAULT, TlsConnector, TlsError, TlsStream,
};
use corio_timer::Timers;
use futures::future::join;
use futures::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{run, soon, spawn};
use crate::tls_support::{NAME, acceptor, connector, expired, old_connector, pair, stranger};

const MIB: usize = 1024 * 1024;

/// Bytes that tell where they belong.
fn pattern(count: usize) -> Vec<u8> {
    (0..count).map(|index| (index % 251) as u8 ^ (index / 251) as u8).collect()
}

#[test]
fn both_sides_know_what_was_agreed_on() {
    run(async {
        let (client, server) = pair(connector(), 1024).await;
        for info in [client.info(), server.info()] {
            assert_eq!(info.version(), Some(ProtocolVersion::TLSv1_3));
            assert_eq!(info.alpn_protocol(), Some(&b"corio"[..]));
            assert!(info.cipher_suite().is_some());
        }
        assert_eq!(client.info().peer_certificates().len(), 1);
        assert!(server.info().peer_certificates().is_empty(), "the client was not asked");
        assert_eq!(server.info().server_name(), Some(NAME));
        assert!(format!("{client:?}").starts_with("<TLSv1_3 over "));
        let (client, server) = pair(old_connector(), 1024).await;
        assert_eq!(client.info().version(), Some(ProtocolVersion::TLSv1_2));
        assert_eq!(server.info().version(), Some(ProtocolVersion::TLSv1_2));
    });
}

/// Bytes each way at once, each end writing with one task and reading with another.
async fn exchange(connector: TlsConnector, capacity: usize, count: usize) {
    let (client, server) = pair(connector, capacity).await;
    let sent = pattern(count);
    let mut tasks = Vec::new();
    for end in [client, server] {
        let (mut read, mut write) = end.split();
        let bytes = sent.clone();
        tasks.push(spawn(async move {
            write.write_all(&bytes).await.unwrap();
            write.close().await.unwrap();
        }));
        let expected = sent.clone();
        tasks.push(spawn(async move {
            let mut got = Vec::new();
            read.read_to_end(&mut got).await.unwrap();
            assert!(got == expected, "{} bytes came", got.len());
        }));
    }
    for task in tasks {
        soon(task).await.unwrap();
    }
}

#[test]
fn a_megabyte_goes_both_ways_through_small_pipes() {
    run(exchange(connector(), 4096, MIB));
    run(exchange(connector(), 100_000, MIB));
    run(exchange(old_connector(), 4096, MIB / 4));
    // A record comes in many pieces.
    run(exchange(connector(), 700, MIB / 8));
    run(exchange(connector(), 31, MIB / 64));
}

#[test]
fn a_program_that_writes_and_reads_need_not_flush() {
    run(async {
        let (mut client, mut server) = pair(connector(), 64).await;
        let answered = spawn(async move {
            let mut request = vec![0; 10_000];
            server.read_exact(&mut request).await.unwrap();
            server.write_all(&request).await.unwrap();
            soon(server.shutdown()).await.unwrap();
        });
        // More than the pipe holds: the rest goes out while the answer is read.
        client.write_all(&pattern(10_000)).await.unwrap();
        let mut answer = vec![0; 10_000];
        soon(client.read_exact(&mut answer)).await.unwrap();
        assert_eq!(answer, pattern(10_000));
        soon(client.shutdown()).await.unwrap();
        answered.await.unwrap();
    });
}

#[test]
fn one_direction_ends_alone_and_the_other_goes_on() {
    run(async {
        let (mut client, mut server) = pair(connector(), 256).await;
        client.write_all(b"question").await.unwrap();
        client.close().await.unwrap();
        let late = client.write_all(b"late").await.unwrap_err();
        assert_eq!(late.kind(), ErrorKind::BrokenPipe);
        let mut question = Vec::new();
        server.read_to_end(&mut question).await.unwrap();
        assert_eq!(question, b"question");
        server.write_all(b"answer").await.unwrap();
        server.close().await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"answer");
    });
}

#[test]
fn a_connection_that_is_cut_is_not_taken_for_one_that_ended() {
    run(async {
        let (mut client, mut server) = pair(connector(), 4096).await;
        client.write_all(b"half a mess").await.unwrap();
        client.flush().await.unwrap();
        drop(client);
        let mut got = Vec::new();
        let error = soon(server.read_to_end(&mut got)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        assert_eq!(got, b"half a mess", "what came before is there");
    });
}

#[test]
fn a_read_that_is_dropped_has_taken_nothing() {
    run(async {
        let (mut client, mut server) = pair(connector(), 64).await;
        let sent = pattern(5000);
        let bytes = sent.clone();
        let writes = spawn(async move {
            client.write_all(&bytes).await.unwrap();
            client.close().await.unwrap();
            client
        });
        let mut got = Vec::new();
        let mut room = [0; 100];
        loop {
            // Every other read is polled once and dropped.
            let once = futures::poll!(server.read(&mut room));
            let count = match once {
                Poll::Ready(read) => read.unwrap(),
                Poll::Pending => soon(server.read(&mut room)).await.unwrap(),
            };
            if count == 0 {
                break;
            }
            got.extend_from_slice(&room[..count]);
        }
        assert_eq!(got, sent);
        drop(writes.await.unwrap());
    });
}

/// What both sides say of a handshake that must fail.
fn refused(
    connector: &TlsConnector,
    name: &str,
    acceptor: &corio_stream::tls::TlsAcceptor,
) -> (TlsError, TlsError) {
    run(async {
        let (here, there) = duplex(1024);
        let both = join(connector.connect(name, here), acceptor.accept(there));
        let (client, server) = soon(both).await;
        (client.unwrap_err(), server.err().unwrap_or(TlsError::NotOnePair))
    })
}

fn certificate_error(error: &TlsError) -> CertificateError {
    match error {
        TlsError::Handshake { source: Error::InvalidCertificate(why), .. } => why.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_wrong_name_is_refused() {
    let (client, server) = refused(&connector(), "example.org", &acceptor());
    let why = certificate_error(&client);
    assert!(matches!(why, CertificateError::NotValidForNameContext { .. }), "{why:?}");
    let text = client.to_string();
    assert!(text.starts_with("the TLS handshake with example.org failed: "), "{text}");
    match server {
        TlsError::Handshake { source: Error::AlertReceived(alert), .. } => {
            assert_eq!(alert, AlertDescription::BadCertificate, "the server is told why");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_unknown_authority_is_refused() {
    let (client, server) = refused(&stranger(), NAME, &acceptor());
    assert_eq!(certificate_error(&client), CertificateError::UnknownIssuer);
    assert!(matches!(server, TlsError::Handshake { source: Error::AlertReceived(_), .. }));
    assert_eq!(std::io::Error::from(client).kind(), ErrorKind::InvalidData);
}

#[test]
fn an_expired_certificate_is_refused() {
    let (client, _) = refused(&connector(), NAME, &expired());
    let why = certificate_error(&client);
    assert!(matches!(why, CertificateError::ExpiredContext { .. }), "{why:?}");
}

#[test]
fn a_name_that_is_none_is_refused_before_anything_is_sent() {
    run(async {
        let (here, there) = duplex(64);
        let error = connector().connect("no name", here).await.unwrap_err();
        assert!(matches!(&error, TlsError::BadName { name } if name == "no name"));
        assert!(error.to_string().contains("without a port"));
        assert_eq!(there.read(&mut [0; 8]).await.unwrap(), 0);
    });
}

#[test]
fn a_peer_that_speaks_plain_text_is_told_apart() {
    run(async {
        let (here, there) = duplex(4096);
        there.write_all(b"220 smtp.example.org ready\r\n").await.unwrap();
        let error = soon(connector().connect(NAME, here)).await.unwrap_err();
        match &error {
            TlsError::Handshake { source: Error::InvalidMessage(_), .. } => {}
            other => panic!("{other:?}"),
        }
        assert!(error.to_string().ends_with("is not TLS: is this the right port?"), "{error}");
        let (here, there) = duplex(4096);
        there.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let error = soon(acceptor().accept(here)).await.unwrap_err();
        assert!(error.to_string().contains("the client"), "{error}");
    });
}

#[test]
fn a_peer_that_goes_in_the_handshake_is_told() {
    run(async {
        let (here, there) = duplex(4096);
        let connector = connector();
        let mut connecting = pin!(connector.connect(NAME, here));
        assert!(futures::poll!(connecting.as_mut()).is_pending());
        drop(there);
        let error = soon(connecting).await.unwrap_err();
        assert!(matches!(&error, TlsError::Ended { peer } if peer == NAME), "{error:?}");
        assert_eq!(std::io::Error::from(error).kind(), ErrorKind::UnexpectedEof);
    });
}

/// Polls `future` by hand, with a clock that stands still until it is moved by `limit`. It must be ready
/// then, and not before.
fn ready_after<F: Future>(limit: Duration, future: F) -> F::Output {
    let clock = VirtualClock::new();
    let _clock = clock.install();
    let timers = Timers::new();
    let _timers = corio_timer::current::install(timers.clone());
    let zero = clock.now();
    let mut future = pin!(future);
    let mut poll_at = |time: Duration| {
        clock.advance_to(zero.saturating_add(time));
        timers.turn(clock.now(), &mut WakeBatch::new());
        poll_once(future.as_mut())
    };
    assert!(poll_at(Duration::ZERO).is_pending());
    assert!(poll_at(Duration::ZERO).is_pending());
    assert!(poll_at(limit - Duration::from_millis(10)).is_pending());
    match poll_at(limit + Duration::from_millis(10)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it goes on after {limit:?}"),
    }
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_peer_that_stalls_in_the_handshake_is_left_after_a_minute() {
    let (here, _there) = duplex(16);
    let error = ready_after(HANDSHAKE_TIMEOUT_DEFAULT, connector().connect(NAME, here));
    let error = error.unwrap_err();
    match &error {
        TlsError::HandshakeTimeout { limit, peer } => {
            assert_eq!((*limit, &**peer), (Duration::from_secs(60), NAME));
        }
        other => panic!("{other:?}"),
    }
    let text =
        "the TLS handshake with localhost is taking longer than 60s: aborting the connection";
    assert!(error.to_string().starts_with(text), "{error}");

    let short = Duration::from_secs(3);
    let (here, _there) = duplex(16);
    let acceptor = acceptor().with_handshake_timeout(short);
    let error = ready_after(short, acceptor.accept(here)).unwrap_err();
    assert!(matches!(error, TlsError::HandshakeTimeout { limit, .. } if limit == short));
}

#[test]
fn a_peer_that_never_answers_close_notify_is_left_after_half_a_minute() {
    let (client, server) = run(pair(connector(), 4096));
    let error = ready_after(SHUTDOWN_TIMEOUT_DEFAULT, client.shutdown()).unwrap_err();
    match &error {
        TlsError::ShutdownTimeout { limit, peer } => {
            assert_eq!((*limit, &**peer), (Duration::from_secs(30), NAME));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(std::io::Error::from(error).kind(), ErrorKind::TimedOut);
    drop(server);
}

#[test]
fn shutdown_throws_away_what_the_peer_still_sends() {
    run(async {
        let (client, mut server) = pair(connector(), 256).await;
        let writes = spawn(async move {
            server.write_all(&pattern(200_000)).await.unwrap();
            soon(server.shutdown()).await.unwrap();
        });
        soon(client.shutdown()).await.unwrap();
        writes.await.unwrap();
    });
}

#[test]
#[should_panic(expected = "the handshake timeout cannot be 0")]
fn a_limit_of_nothing_is_refused() {
    let _ = connector().with_handshake_timeout(Duration::ZERO);
}

#[test]
fn tls_streams_may_go_to_other_threads() {
    fn check<T: Send + Sync>() {}
    check::<TlsStream<corio_net::TcpStream>>();
    check::<TlsConnector>();
    fn check_future<T: Send>(_: T) {}
    check_future(async {
        let stream = corio_net::TcpStream::connect("127.0.0.1:1").await.unwrap();
        connector().connect(NAME, stream).await.unwrap().shutdown().await.unwrap();
    });
    let _ = rustls::ALL_VERSIONS;
}
