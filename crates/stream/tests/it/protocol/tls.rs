//! Transports over TLS: CPython's `test_create_server_ssl` and its like, and the ends and limits of
//! `test_sslproto`.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::TcpStream as StdTcpStream;
use std::rc::Rc;
use std::time::Duration;

use corio_net::TcpStream;
use corio_stream::protocol::{
    Buffered, BufferedProtocol, Protocol, Transport, connect_accepted_socket,
};
use corio_stream::tls::rustls::ProtocolVersion;
use corio_stream::tls::{
    TlsAcceptor, TlsError, TlsInfo, TlsStream, create_tls_connection, create_unix_tls_connection,
};
use corio_stream::{Server, ServerOptions};
use futures::io::AsyncReadExt;

use super::{Recorder, turns};
use crate::support::{Folder, listen_to_log, logged, run, soon, until};
use crate::support_servers::{HERE, end};
use crate::tls_support::{NAME, acceptor, connector, stranger};

/// A server whose one connection is the recorder's.
async fn server(recorder: &Recorder, acceptor: TlsAcceptor) -> Server {
    let recorder = recorder.clone();
    let options = ServerOptions::new().tls(acceptor);
    options.create_server(move || recorder.clone(), HERE).await.unwrap()
}

/// A server whose one connection is the recorder's, and the other end of that one, which the test plays.
async fn by_hand(recorder: &Recorder, acceptor: TlsAcceptor) -> (Server, TlsStream<TcpStream>) {
    let server = server(recorder, acceptor).await;
    let stream = TcpStream::connect(server.local_addr().unwrap()).await.unwrap();
    let secured = soon(connector().connect(NAME, stream)).await.unwrap();
    recorder.hears("made").await;
    (server, secured)
}

async fn client(recorder: &Recorder, server: &Server) -> Transport {
    let (recorder, to) = (recorder.clone(), server.local_addr().unwrap());
    let connector = connector();
    soon(create_tls_connection(move || recorder, to, NAME, &connector)).await.unwrap()
}

#[test]
fn test_create_server_ssl_verified() {
    run(async {
        let (ours, theirs) = (Recorder::new(), Recorder::new());
        let server = server(&theirs, acceptor()).await;
        let transport = client(&ours, &server).await;
        assert_eq!(ours.events(), ["made"]);
        transport.write(b"hello");
        theirs.hears("data hello").await;
        let there = theirs.transport();
        there.write(b"you too");
        ours.hears("data you too").await;

        let info: TlsInfo = transport.extra_info().unwrap();
        assert_eq!(info.version(), Some(ProtocolVersion::TLSv1_3));
        assert!(info.cipher_suite().is_some());
        assert_eq!(info.peer_certificates().len(), 1);
        assert_eq!(there.extra_info::<TlsInfo>().unwrap().server_name(), Some(NAME));
        assert!(there.extra_info::<String>().is_none());
        assert_eq!(transport.peer_addr().unwrap().as_inet(), server.local_addr());
        assert_eq!(there.peer_addr().unwrap(), transport.local_addr().unwrap());
        assert!(!transport.can_write_eof());
        assert!(transport.write_eof().is_err());

        transport.close();
        theirs.hears("lost").await;
        ours.hears("lost").await;
        assert_eq!(ours.events(), ["made", "data you too", "-", "lost"]);
        assert_eq!(theirs.events(), ["made", "data hello", "-", "eof", "lost"]);
        assert!(transport.extra_info::<TlsInfo>().is_none());
        until(|| server.clients() == 0).await;
        end(&server).await;
    });
}

#[test]
fn test_create_unix_server_ssl_verified() {
    let folder = Folder::new();
    run(async {
        let (ours, theirs) = (Recorder::new(), Recorder::new());
        let server = {
            let theirs = theirs.clone();
            let options = ServerOptions::new().tls(acceptor());
            options.create_unix_server(move || theirs.clone(), folder.file("socket")).await.unwrap()
        };
        let connector = connector();
        let create =
            create_unix_tls_connection(|| ours.clone(), folder.file("socket"), NAME, &connector);
        let transport = soon(create).await.unwrap();
        transport.write(b"hello");
        theirs.hears("data hello").await;
        transport.close();
        theirs.hears("lost").await;
        end(&server).await;
    });
}

#[test]
fn test_create_server_ssl_verify_failed() {
    run(async {
        listen_to_log();
        let (ours, theirs) = (Recorder::new(), Recorder::new());
        let server = server(&theirs, acceptor()).await;
        let to = server.local_addr().unwrap();
        let (mine, stranger) = (ours.clone(), stranger());
        let create = create_tls_connection(move || mine, to, NAME, &stranger);
        let error = soon(create).await.unwrap_err();
        let inner = error.get_ref().unwrap().downcast_ref::<TlsError>().unwrap();
        assert!(matches!(inner, TlsError::Handshake { peer, .. } if peer == NAME), "{inner}");
        until(|| server.clients() == 0).await;
        assert!(ours.events().is_empty() && theirs.events().is_empty(), "no protocol heard of it");
        let lines = logged();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("was refused: the TLS handshake with 127.0.0.1:"), "{lines:?}");

        // What others do is not affected.
        let transport = client(&ours, &server).await;
        transport.close();
        end(&server).await;
    });
}

#[test]
fn test_create_server_ssl_over_ssl_plain_text_is_refused() {
    run(async {
        let theirs = Recorder::new();
        let server = server(&theirs, acceptor()).await;
        let mut plain = StdTcpStream::connect(server.local_addr().unwrap()).unwrap();
        let peer = std::thread::spawn(move || {
            plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
            let mut answer = Vec::new();
            plain.read_to_end(&mut answer).unwrap();
            answer
        });
        until(|| peer.is_finished()).await;
        assert_eq!(peer.join().unwrap().first(), Some(&21), "an alert, and the end");
        until(|| server.clients() == 0).await;
        assert!(theirs.events().is_empty());
        end(&server).await;
    });
}

#[test]
fn test_handshake_timeout() {
    run(async {
        listen_to_log();
        let theirs = Recorder::new();
        let short = acceptor().with_handshake_timeout(Duration::from_millis(30));
        let server = server(&theirs, short).await;
        let mut silent = StdTcpStream::connect(server.local_addr().unwrap()).unwrap();
        until(|| server.clients() == 1).await;
        until(|| server.clients() == 0).await;
        assert_eq!(silent.read(&mut [0; 1]).unwrap(), 0);
        assert!(logged()[0].contains("is taking longer than 30ms"));
        assert!(theirs.events().is_empty());
        end(&server).await;
    });
}

#[test]
fn a_handshake_ends_with_its_server_s_clients() {
    run(async {
        for aborts in [false, true] {
            let theirs = Recorder::new();
            let server = server(&theirs, acceptor()).await;
            let mut silent = StdTcpStream::connect(server.local_addr().unwrap()).unwrap();
            until(|| server.clients() == 1).await;
            server.close();
            turns().await;
            assert_eq!(server.clients(), 1, "who is in may go on");
            match aborts {
                true => server.abort_clients(),
                false => server.close_clients(),
            }
            soon(server.wait_closed()).await;
            assert_eq!(silent.read(&mut [0; 1]).unwrap(), 0);
            assert!(theirs.events().is_empty());
        }
    });
}

#[test]
fn a_handshake_goes_on_when_its_server_lets_nobody_in_any_more() {
    run(async {
        let (ours, theirs) = (Recorder::new(), Recorder::new());
        let server = server(&theirs, acceptor()).await;
        let stream = TcpStream::connect(server.local_addr().unwrap()).await.unwrap();
        until(|| server.clients() == 1).await;
        server.close();
        let secured = soon(connector().connect(NAME, stream)).await.unwrap();
        let mine = ours.clone();
        let transport = connect_accepted_socket(move || mine, secured).await.unwrap();
        theirs.hears("made").await;
        assert_eq!(server.clients(), 1);
        transport.write(b"late");
        theirs.hears("data late").await;
        server.close_clients();
        soon(server.wait_closed()).await;
        ours.hears("lost").await;
        assert_eq!(theirs.events(), ["made", "data late", "-", "lost"]);
    });
}

/// Sends back what comes; does not read while it may not write.
#[derive(Default)]
struct Echo(Option<Transport>);

impl Protocol for Echo {
    fn connection_made(&mut self, transport: Transport) {
        self.0 = Some(transport);
    }

    fn data_received(&mut self, data: &[u8]) {
        self.0.as_ref().unwrap().write(data);
    }

    fn pause_writing(&mut self) {
        self.0.as_ref().unwrap().pause_reading();
    }

    fn resume_writing(&mut self) {
        self.0.as_ref().unwrap().resume_reading();
    }
}

/// Collects, in a buffer of its own.
struct Collect {
    room: Vec<u8>,
    got: Rc<RefCell<Vec<u8>>>,
    calls: Rc<RefCell<usize>>,
}

impl BufferedProtocol for Collect {
    fn get_buffer(&mut self, _: usize) -> &mut [u8] {
        *self.calls.borrow_mut() += 1;
        &mut self.room
    }

    fn buffer_updated(&mut self, count: usize) {
        self.got.borrow_mut().extend_from_slice(&self.room[..count]);
        *self.calls.borrow_mut() -= 1;
    }
}

#[test]
fn two_megabytes_come_back_as_they_went() {
    const BYTES: usize = 2 << 20;
    run(async {
        let options = ServerOptions::new().tls(acceptor());
        let server = options.create_server(Echo::default, HERE).await.unwrap();
        let (got, calls) = (Rc::new(RefCell::new(Vec::new())), Rc::new(RefCell::new(0)));
        let collect = Collect { room: vec![0; 10_000], got: got.clone(), calls: calls.clone() };
        let (to, connector) = (server.local_addr().unwrap(), connector());
        let create = create_tls_connection(move || Buffered(collect), to, NAME, &connector);
        let transport = soon(create).await.unwrap();
        let sent: Vec<u8> = (0..BYTES).map(|index| (index % 251) as u8).collect();
        transport.write(&sent);
        until(|| got.borrow().len() >= BYTES).await;
        assert!(*got.borrow() == sent);
        assert_eq!(*calls.borrow(), 0, "no buffer is asked for in vain");
        transport.close();
        until(|| server.clients() == 0).await;
        end(&server).await;
    });
}

#[test]
fn a_peer_that_does_not_read_pauses_the_writer() {
    run(async {
        let theirs = Recorder::new();
        let (server, mut secured) = by_hand(&theirs, acceptor()).await;
        let transport = theirs.transport();
        let mut count = 0;
        while !theirs.has("pause") {
            transport.write(&[7; 100_000]);
            count += 100_000;
            assert!(count < 100_000_000, "it never pauses");
            turns().await;
        }
        assert!(transport.get_write_buffer_size() > 0);
        let mut got = vec![0; count];
        soon(secured.read_exact(&mut got)).await.unwrap();
        assert!(got.iter().all(|&byte| byte == 7));
        theirs.hears("resume").await;
        assert_eq!(transport.get_write_buffer_size(), 0);
        transport.abort();
        end(&server).await;
    });
}

#[test]
fn what_comes_while_reading_is_paused_comes_later() {
    run(async {
        let (ours, theirs) = (Recorder::new(), Recorder::new());
        let server = server(&theirs, acceptor()).await;
        let transport = client(&ours, &server).await;
        theirs.hears("made").await;
        theirs.transport().pause_reading();
        transport.write(b"wait for it");
        turns().await;
        assert_eq!(theirs.events(), ["made"]);
        theirs.transport().resume_reading();
        theirs.hears("data wait for it").await;
        transport.abort();
        end(&server).await;
    });
}

#[test]
fn test_eof_received_true_keeps_nothing_open() {
    run(async {
        let (ours, theirs) = (Recorder::new(), Recorder::keeping_open());
        let server = server(&theirs, acceptor()).await;
        let transport = client(&ours, &server).await;
        transport.write(b"last");
        transport.close();
        theirs.hears("lost").await;
        assert_eq!(theirs.events(), ["made", "data last", "-", "eof", "lost"]);
        end(&server).await;
    });
}

#[test]
fn a_connection_that_is_cut_is_told_apart_from_one_that_ends() {
    run(async {
        let theirs = Recorder::new();
        let (server, mut secured) = by_hand(&theirs, acceptor()).await;
        theirs.transport().write(b"read it");
        // What is unread would make a reset of the end.
        soon(secured.read_exact(&mut [0; 7])).await.unwrap();
        drop(secured);
        theirs.hears("lost UnexpectedEof").await;
        end(&server).await;
    });
}

#[test]
fn test_shutdown_timeout() {
    run(async {
        let theirs = Recorder::new();
        let short = acceptor().with_shutdown_timeout(Duration::from_millis(30));
        let (server, _secured) = by_hand(&theirs, short).await;
        // The peer neither reads nor answers.
        theirs.transport().close();
        theirs.hears("lost TimedOut the TLS shutdown with 127.0.0.1:").await;
        end(&server).await;
    });
}

#[test]
fn a_peer_that_does_not_read_holds_up_no_close() {
    run(async {
        let theirs = Recorder::new();
        let short = acceptor().with_shutdown_timeout(Duration::from_millis(30));
        let (server, _secured) = by_hand(&theirs, short).await;
        theirs.transport().write(&vec![7; 20_000_000]);
        server.close();
        server.close_clients();
        theirs.hears("lost TimedOut the TLS shutdown with 127.0.0.1:").await;
        soon(server.wait_closed()).await;
    });
}

#[test]
fn a_factory_that_panics_ends_one_connection() {
    run(async {
        let theirs = Recorder::new();
        let (calls, recorder) = (Rc::new(RefCell::new(0)), theirs.clone());
        let options = ServerOptions::new().tls(acceptor());
        let factory = move || {
            *calls.borrow_mut() += 1;
            assert!(*calls.borrow() > 1, "of the test");
            recorder.clone()
        };
        let server = options.create_server(factory, HERE).await.unwrap();
        let first = Recorder::new();
        let _transport = client(&first, &server).await;
        first.hears("lost").await;
        until(|| server.clients() == 0).await;
        let second = Recorder::new();
        let transport = client(&second, &server).await;
        theirs.hears("made").await;
        transport.abort();
        end(&server).await;
    });
}
