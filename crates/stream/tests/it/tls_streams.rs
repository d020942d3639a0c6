//! TLS for readers, writers and servers over loopback: CPython's `test_streams` about `ssl`, and more.

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use corio_net::{TcpStream, UnixStream};
use corio_stream::tls::rustls::ProtocolVersion;
use corio_stream::tls::{TlsError, TlsInfo, open_tls_connection, open_unix_tls_connection};
use corio_stream::{
    Connection, Server, ServerOptions, StreamReader, StreamWriter, open_connection, start_server,
    streams,
};

use crate::support::{Folder, Played, listen_to_log, logged, run, soon, spawn, until, yield_now};
use crate::support_servers::{HERE, answer, ask, end};
use crate::tls_support::{NAME, acceptor, connector, old_connector, stranger};

const REQUEST: &[u8] = b"GET / HTTP/1.0\r\n\r\n";

async fn http(mut reader: StreamReader, writer: StreamWriter) -> io::Result<()> {
    reader.read_until(b"\r\n\r\n").await?;
    writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 12\r\n\r\nTest message");
    writer.close();
    writer.wait_closed().await
}

async fn check_page((mut reader, writer): (StreamReader, StreamWriter)) {
    writer.write(REQUEST);
    assert_eq!(soon(reader.read_line()).await.unwrap(), b"HTTP/1.0 200 OK\r\n");
    let rest = soon(reader.read_to_end()).await.unwrap();
    assert!(rest.ends_with(b"\r\n\r\nTest message"));
    writer.close();
    soon(writer.wait_closed()).await.unwrap();
}

async fn tls_server() -> Server {
    ServerOptions::new().tls(acceptor()).start(answer, HERE).await.unwrap()
}

#[test]
fn test_open_connection_no_loop_ssl() {
    run(async {
        let server = ServerOptions::new().tls(acceptor()).start(http, HERE).await.unwrap();
        let address = server.local_addr().unwrap();
        let streams = soon(open_tls_connection(address, NAME, &connector())).await.unwrap();
        check_page(streams).await;
        end(&server).await;
    });
}

#[test]
fn test_open_unix_connection_no_loop_ssl() {
    let folder = Folder::new();
    run(async {
        let options = ServerOptions::new().tls(acceptor());
        let server = options.start_unix(http, folder.file("socket")).await.unwrap();
        let connector = connector();
        let open = open_unix_tls_connection(folder.file("socket"), NAME, &connector);
        check_page(soon(open).await.unwrap()).await;
        end(&server).await;
    });
}

/// A proxy's line in plain text, and the client's handshake right behind it.
#[test]
fn test_start_tls_buffered_data() {
    run(async {
        let handler = |mut reader: StreamReader, writer: StreamWriter| async move {
            assert_eq!(reader.read_line().await?, b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n");
            // All of it is in the buffer before the upgrade.
            reader.wait_buffered(200).await;
            acceptor().start_tls(&mut reader, &writer).await?;
            assert!(reader.buffered().is_empty());
            answer(reader, writer).await
        };
        let server = start_server(handler, HERE).await.unwrap();
        let (mut reader, writer) = open_connection(server.local_addr().unwrap()).await.unwrap();
        writer.write(b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n");
        soon(connector().start_tls(NAME, &mut reader, &writer)).await.unwrap();
        assert_eq!(ask((reader, writer)).await, b"hello world!\n");
        end(&server).await;
    });
}

trait WaitBuffered {
    async fn wait_buffered(&mut self, count: usize);
}

impl WaitBuffered for StreamReader {
    /// Waits until so many bytes are in the buffer.
    async fn wait_buffered(&mut self, count: usize) {
        use futures::io::AsyncBufReadExt;
        if self.buffered().len() < count {
            // What is there belongs to the handshake's first record; one more read brings the rest.
            self.fill_buf().await.unwrap();
        }
    }
}

#[test]
fn start_tls_goes_on_in_place_on_both_sides() {
    run(async {
        let handler = |mut reader: StreamReader, writer: StreamWriter| async move {
            assert_eq!(reader.read_line().await?, b"STARTTLS\n");
            writer.write(b"GO\n");
            acceptor().start_tls(&mut reader, &writer).await?;
            assert_eq!(writer.extra_info::<TlsInfo>().unwrap().server_name(), Some(NAME));
            answer(reader, writer).await
        };
        let server = start_server(handler, HERE).await.unwrap();
        let (mut reader, writer) = open_connection(server.local_addr().unwrap()).await.unwrap();
        assert!(writer.extra_info::<TlsInfo>().is_none());
        assert!(writer.can_write_eof());
        writer.write(b"STARTTLS\n");
        assert_eq!(reader.read_line().await.unwrap(), b"GO\n");
        soon(connector().start_tls(NAME, &mut reader, &writer)).await.unwrap();
        let info = writer.extra_info::<TlsInfo>().unwrap();
        assert_eq!(info.version(), Some(ProtocolVersion::TLSv1_3));
        assert_eq!(info.peer_certificates().len(), 1);
        assert!(!writer.can_write_eof());
        assert_eq!(writer.write_eof().unwrap_err().kind(), ErrorKind::Unsupported);
        assert_eq!(server.clients(), 1);
        assert_eq!(ask((reader, writer)).await, b"hello world!\n");
        until(|| server.clients() == 0).await;
        end(&server).await;
    });
}

/// A proxy that is reached by TLS leads to a server that speaks it, too.
#[test]
fn tls_goes_in_tls_on_both_sides() {
    const MANY: usize = 300_000;
    run(async {
        let handler = |mut reader: StreamReader, writer: StreamWriter| async move {
            assert_eq!(reader.read_line().await?, b"CONNECT\n");
            writer.write(b"OK\n");
            acceptor().start_tls(&mut reader, &writer).await?;
            let mut bytes = vec![0; MANY];
            reader.read_exact(&mut bytes).await?;
            writer.write(&bytes);
            writer.drain().await?;
            answer(reader, writer).await
        };
        let server = ServerOptions::new().tls(acceptor()).start(handler, HERE).await.unwrap();
        let address = server.local_addr().unwrap();
        let old = old_connector();
        let (mut reader, writer) = soon(open_tls_connection(address, NAME, &old)).await.unwrap();
        writer.write(b"CONNECT\n");
        assert_eq!(reader.read_line().await.unwrap(), b"OK\n");
        soon(connector().start_tls(NAME, &mut reader, &writer)).await.unwrap();
        let info = writer.extra_info::<TlsInfo>().unwrap();
        assert_eq!(info.version(), Some(ProtocolVersion::TLSv1_3), "the inner one");
        let sent: Vec<u8> = (0..MANY).map(|index| index as u8).collect();
        writer.write(&sent);
        let mut got = vec![0; MANY];
        soon(reader.read_exact(&mut got)).await.unwrap();
        assert!(got == sent);
        assert_eq!(server.clients(), 1);
        assert_eq!(ask((reader, writer)).await, b"hello world!\n");
        end(&server).await;
    });
}

#[test]
fn what_was_slipped_in_before_the_handshake_is_never_read() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        there.write_all(b"GO\nslipped in\n").await.unwrap();
        let (mut reader, writer) = streams(here);
        assert_eq!(reader.read_line().await.unwrap(), b"GO\n");
        let error = soon(connector().start_tls(NAME, &mut reader, &writer)).await.unwrap_err();
        assert!(matches!(error, TlsError::Handshake { .. }), "{error:?}");
        assert_eq!(reader.read_to_end().await.unwrap(), b"", "the connection is aborted");
        let lost = soon(writer.wait_closed()).await.unwrap_err();
        assert_eq!(lost.kind(), ErrorKind::ConnectionAborted);
    });
}

#[test]
fn what_is_unsent_counts_for_the_handshakes_time() {
    run(async {
        let limit = Duration::from_millis(30);
        let played = Played::new(0);
        let (mut reader, writer) = streams(played.clone());
        writer.write(b"never taken");
        let connector = connector().with_handshake_timeout(limit);
        let error = soon(connector.start_tls(NAME, &mut reader, &writer)).await.unwrap_err();
        assert!(matches!(error, TlsError::HandshakeTimeout { limit: told, .. } if told == limit));
        assert!(played.is_aborted() && played.written().is_empty());
        assert_eq!(soon(reader.read_to_end()).await.unwrap(), b"");
        let _ = soon(writer.wait_closed()).await;
    });
}

#[test]
fn a_bad_call_of_start_tls_changes_nothing() {
    run(async {
        let ((mut reader, writer), (_, other)) = {
            let (here, there) = UnixStream::pair().unwrap();
            (streams(here), streams(there))
        };
        let error = connector().start_tls(NAME, &mut reader, &other).await.unwrap_err();
        assert!(matches!(error, TlsError::NotOnePair));
        let error = connector().start_tls("no name", &mut reader, &writer).await.unwrap_err();
        assert!(matches!(error, TlsError::BadName { .. }));
        other.write(b"plain\n");
        assert_eq!(reader.read_line().await.unwrap(), b"plain\n");
        writer.close();
        other.close();
        let error = connector().start_tls(NAME, &mut reader, &writer).await.unwrap_err();
        assert!(matches!(error, TlsError::Io { .. }), "{error:?}");
    });
}

#[test]
fn a_handshake_that_is_given_up_aborts_the_connection() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        let (mut reader, writer) = streams(here);
        {
            let connector = connector();
            let mut starting = std::pin::pin!(connector.start_tls(NAME, &mut reader, &writer));
            assert!(futures::poll!(starting.as_mut()).is_pending());
            writer.write(b"waits for TLS, and is never sent");
        }
        let lost = soon(writer.wait_closed()).await.unwrap_err();
        assert_eq!(lost.kind(), ErrorKind::ConnectionAborted);
        let mut sent = Vec::new();
        soon(there.read_to_end(&mut sent)).await.unwrap();
        assert!(!sent.windows(5).any(|window| window == b"waits"));
        yield_now().await;
    });
}

#[test]
fn a_megabyte_goes_both_ways_with_drains() {
    run(async {
        let handler = |mut reader: StreamReader, writer: StreamWriter| async move {
            let mut room = vec![0; 10_000];
            loop {
                let count = futures::io::AsyncReadExt::read(&mut reader, &mut room).await?;
                if count == 0 {
                    break;
                }
                writer.write(&room[..count]);
                writer.drain().await?;
            }
            writer.close();
            writer.wait_closed().await
        };
        let options = ServerOptions::new().tls(acceptor());
        let server = options.start(handler, HERE).await.unwrap();
        let address = server.local_addr().unwrap();
        let (mut reader, writer) =
            soon(open_tls_connection(address, NAME, &connector())).await.unwrap();
        let bytes: Vec<u8> = (0..1024 * 1024_u32).map(|index| (index % 253) as u8).collect();
        let expected = bytes.clone();
        let reads = spawn(async move {
            let mut got = vec![0; expected.len()];
            reader.read_exact(&mut got).await.unwrap();
            assert!(got == expected);
            reader
        });
        for chunk in bytes.chunks(100_000) {
            writer.write(chunk);
            soon(writer.drain()).await.unwrap();
        }
        drop(soon(reads).await.unwrap());
        writer.close();
        soon(writer.wait_closed()).await.unwrap();
        end(&server).await;
    });
}

#[test]
fn a_server_survives_clients_that_fail_the_handshake() {
    run(async {
        listen_to_log();
        let server = tls_server().await;
        let address = server.local_addr().unwrap();
        let plain = TcpStream::connect(address).await.unwrap();
        plain.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
        let error = soon(open_tls_connection(address, NAME, &stranger())).await.unwrap_err();
        let inner = error.get_ref().unwrap().downcast_ref::<TlsError>().unwrap();
        assert!(matches!(inner, TlsError::Handshake { .. }));
        drop(TcpStream::connect(address).await.unwrap());
        let good = soon(open_tls_connection(address, NAME, &connector())).await.unwrap();
        assert_eq!(ask(good).await, b"hello world!\n");
        until(|| server.clients() == 0).await;
        let lines = logged();
        assert_eq!(lines.len(), 3, "{lines:#?}");
        assert!(lines.iter().all(|line| line.contains("was refused: ")), "{lines:#?}");
        end(&server).await;
    });
}

#[test]
fn a_client_that_stalls_is_left_and_the_server_can_end() {
    run(async {
        let short = acceptor().with_handshake_timeout(Duration::from_millis(20));
        let server = ServerOptions::new().tls(short).start(answer, HERE).await.unwrap();
        let silent = TcpStream::connect(server.local_addr().unwrap()).await.unwrap();
        assert_eq!(soon(silent.read(&mut [0; 8])).await.unwrap(), 0);
        end(&server).await;
    });
}

/// A handshake has a minute; the end of a server does not wait for it.
#[test]
fn a_server_that_closes_its_clients_gives_up_their_handshakes() {
    run(async {
        listen_to_log();
        let server = tls_server().await;
        let silent = TcpStream::connect(server.local_addr().unwrap()).await.unwrap();
        until(|| server.clients() == 1).await;
        yield_now().await;
        server.close();
        server.close_clients();
        soon(server.wait_closed()).await;
        // A reset is an end, too.
        assert_eq!(soon(silent.read(&mut [0; 8])).await.unwrap_or(0), 0);
        let lines = logged();
        assert!(lines.is_empty(), "it has closed them itself: {lines:#?}");
    });
}

#[test]
fn a_peer_that_never_says_close_notify_is_aborted() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        let short = connector().with_shutdown_timeout(Duration::from_millis(20));
        let acceptor = acceptor();
        let both = futures::future::join(short.connect(NAME, here), acceptor.accept(there));
        let (client, server) = soon(both).await;
        // A TLS stream over a connection is one.
        let (_reader, writer) = streams(client.unwrap());
        writer.write(b"last");
        writer.close();
        let error = soon(writer.wait_closed()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(error.to_string().contains("timed out after 20ms"), "{error}");
        drop(server);
    });
}

#[test]
fn a_peer_that_does_not_read_is_aborted_after_the_close() {
    run(async {
        let connector = connector().with_shutdown_timeout(Duration::from_millis(30));
        let ((here, there), acceptor) = (UnixStream::pair().unwrap(), acceptor());
        let shaken = futures::future::join(connector.connect(NAME, here), acceptor.accept(there));
        let (client, silent) = soon(shaken).await;
        let _silent = silent.unwrap();
        let (_reader, writer) = streams(client.unwrap());
        writer.write(&vec![7; 20_000_000]);
        writer.close();
        let error = soon(writer.wait_closed()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn a_server_that_is_cut_is_told_apart_from_one_that_closes() {
    run(async {
        let handler = |_: StreamReader, writer: StreamWriter| async move {
            writer.write(b"half");
            while writer.write_buffer_size() > 0 {
                yield_now().await;
            }
            writer.abort();
        };
        let options = ServerOptions::new().tls(acceptor());
        let server = options.start(handler, HERE).await.unwrap();
        let address = server.local_addr().unwrap();
        let (mut reader, writer) =
            soon(open_tls_connection(address, NAME, &connector())).await.unwrap();
        let error = soon(reader.read_to_end()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        writer.close();
        end(&server).await;
    });
}

/// A reader and a writer of one connection meet at its state: each on a thread of its own, on both sides.
#[test]
fn two_threads_use_one_connection() {
    let (client, server) = corio_base::park::block_on(async {
        let (here, there) = UnixStream::pair().unwrap();
        let (connector, acceptor) = (connector(), acceptor());
        let both = futures::future::join(connector.connect(NAME, here), acceptor.accept(there));
        let (client, server) = soon(both).await;
        (Arc::new(client.unwrap()), Arc::new(server.unwrap()))
    });
    let bytes: Arc<Vec<u8>> =
        Arc::new((0..512 * 1024_u32).map(|index| (index % 241) as u8).collect());
    let (done, ended) = mpsc::channel();
    for end in [client, server] {
        for is_writer in [true, false] {
            let (end, bytes, done) = (end.clone(), bytes.clone(), done.clone());
            std::thread::spawn(move || {
                corio_base::park::block_on(async {
                    if is_writer {
                        write_all(&*end, &bytes).await
                    } else {
                        check_all(&*end, &bytes).await
                    }
                });
                done.send(()).unwrap();
            });
        }
    }
    for _ in 0..4 {
        ended.recv_timeout(Duration::from_secs(20)).expect("each thread does its part");
    }
}

async fn write_all(end: &dyn Connection, bytes: &[u8]) {
    let mut rest = bytes;
    while !rest.is_empty() {
        // The writer's own chunks, so that it often meets the reader.
        let chunk = &rest[..rest.len().min(3000)];
        let count =
            poll_fn(|context| end.poll_write(context, &[IoSlice::new(chunk)])).await.unwrap();
        rest = &rest[count..];
    }
}

async fn check_all(end: &dyn Connection, bytes: &[u8]) {
    let mut rest = bytes;
    let mut room = [0; 2000];
    while !rest.is_empty() {
        let count = poll_fn(|context| end.poll_read(context, &mut room)).await.unwrap();
        assert!(count > 0, "{} bytes are missing", rest.len());
        assert!(rest.starts_with(&room[..count]));
        rest = &rest[count..];
    }
}
