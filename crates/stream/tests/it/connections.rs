//! Connections over real sockets: CPython's `test_streams.StreamTests` about `open_connection`.

use std::future::poll_fn;
use std::io::{self, Write};
use std::task::{Context, Waker};

use corio_stream::{
    Connection, StreamReader, StreamWriter, open_connection, open_unix_connection, streams,
};

use crate::support::{Folder, http_server, run, soon, spawn, unix_http_server, yield_now};

const REQUEST: &[u8] = b"GET / HTTP/1.0\r\n\r\n";

async fn check_page(mut reader: StreamReader, writer: StreamWriter) {
    writer.write(REQUEST);
    assert_eq!(soon(reader.read_line()).await.unwrap(), b"HTTP/1.0 200 OK\r\n");
    let rest = soon(reader.read_to_end()).await.unwrap();
    assert!(rest.ends_with(b"\r\n\r\nTest message"));
    writer.close();
}

async fn check_error(mut reader: StreamReader, writer: StreamWriter) {
    reader.set_error(io::Error::other("of the test"));
    assert_eq!(reader.read_to_end().await.unwrap_err().to_string(), "of the test");
    assert_eq!(writer.drain().await.unwrap_err().to_string(), "of the test");
    writer.close();
    yield_now().await;
}

#[test]
fn test_open_connection() {
    let (address, server) = http_server();
    run(async {
        let (reader, writer) = open_connection(address).await.unwrap();
        assert_eq!(writer.peer_addr().unwrap().as_inet(), Some(address));
        let socket = writer.socket().expect("a socket");
        socket2::SockRef::from(&socket).set_tcp_nodelay(true).unwrap();
        check_page(reader, writer).await;
    });
    server.join().unwrap();
}

#[test]
fn test_open_unix_connection() {
    let folder = Folder::new();
    let server = unix_http_server(&folder.file("socket"));
    run(async {
        let (reader, writer) = open_unix_connection(folder.file("socket")).await.unwrap();
        assert_eq!(writer.peer_addr().unwrap().as_path(), Some(&*folder.file("socket")));
        check_page(reader, writer).await;
    });
    server.join().unwrap();
}

#[test]
fn test_open_connection_error() {
    let (address, server) = http_server();
    run(async {
        let (reader, writer) = open_connection(address).await.unwrap();
        check_error(reader, writer).await;
    });
    server.join().unwrap();
}

#[test]
fn test_open_unix_connection_error() {
    let folder = Folder::new();
    let server = unix_http_server(&folder.file("socket"));
    run(async {
        let (reader, writer) = open_unix_connection(folder.file("socket")).await.unwrap();
        check_error(reader, writer).await;
    });
    server.join().unwrap();
}

/// What CPython tests is that the errors of the attempts are let go of; here they are one value.
#[test]
fn test_open_connection_happy_eyeball_refcycles() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    run(async {
        let error = open_connection(unused).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    });
}

#[test]
fn test_wait_closed_on_close() {
    let (address, server) = http_server();
    run(async {
        let (mut reader, writer) = open_connection(address).await.unwrap();
        writer.write(REQUEST);
        assert_eq!(soon(reader.read_line()).await.unwrap(), b"HTTP/1.0 200 OK\r\n");
        let rest = soon(reader.read_to_end()).await.unwrap();
        assert!(rest.ends_with(b"\r\n\r\nTest message"));
        assert!(!writer.is_closing());
        writer.close();
        assert!(writer.is_closing());
        soon(writer.wait_closed()).await.unwrap();
    });
    server.join().unwrap();
}

#[test]
fn test_wait_closed_on_close_with_unread_data() {
    let (address, server) = http_server();
    run(async {
        let (mut reader, writer) = open_connection(address).await.unwrap();
        writer.write(REQUEST);
        assert_eq!(soon(reader.read_line()).await.unwrap(), b"HTTP/1.0 200 OK\r\n");
        writer.close();
        soon(writer.wait_closed()).await.unwrap();
    });
    server.join().unwrap();
}

#[test]
fn test_async_writer_api() {
    let (address, server) = http_server();
    run(async {
        let (mut reader, writer) = open_connection(address).await.unwrap();
        writer.writelines(&[&b"GET / HTTP/1.0\r\n"[..], b"\r\n"]);
        assert_eq!(soon(reader.read_line()).await.unwrap(), b"HTTP/1.0 200 OK\r\n");
        assert!(soon(reader.read_to_end()).await.unwrap().ends_with(b"\r\n\r\nTest message"));
        writer.close();
        soon(writer.wait_closed()).await.unwrap();
    });
    server.join().unwrap();
}

#[test]
fn test_async_writer_api_exception_after_close() {
    let (address, server) = http_server();
    run(async {
        let (mut reader, writer) = open_connection(address).await.unwrap();
        writer.write(REQUEST);
        assert_eq!(soon(reader.read_line()).await.unwrap(), b"HTTP/1.0 200 OK\r\n");
        assert!(soon(reader.read_to_end()).await.unwrap().ends_with(b"\r\n\r\nTest message"));
        writer.close();
        writer.write(b"data");
        let error = soon(writer.drain()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    });
    server.join().unwrap();
}

#[test]
fn test_eof_feed_when_closing_writer() {
    let (address, server) = http_server();
    run(async {
        let (mut reader, writer) = open_connection(address).await.unwrap();
        writer.close();
        soon(writer.wait_closed()).await.unwrap();
        assert!(reader.at_eof());
        assert_eq!(reader.read_to_end().await.unwrap(), b"");
    });
    server.join().unwrap();
}

#[test]
fn test_read_all_from_pipe_reader() {
    // The limit is less than half of what comes.
    let (receiver, mut sender) = io::pipe().unwrap();
    let thread = std::thread::spawn(move || sender.write_all(b"data").unwrap());
    run(async {
        let pipe = corio_net::pipe::Receiver::from_std(receiver).unwrap();
        let mut reader = StreamReader::new(pipe).with_limit(1);
        assert_eq!(soon(reader.read_to_end()).await.unwrap(), b"data");
    });
    thread.join().unwrap();
}

#[test]
fn half_a_connection_can_be_ended() {
    run(async {
        let (here, there) = corio_net::UnixStream::pair().unwrap();
        let ((mut reader, writer), (mut far_reader, far_writer)) = (streams(here), streams(there));
        assert!(writer.can_write_eof());
        writer.write(b"question");
        writer.write_eof().unwrap();
        assert_eq!(soon(far_reader.read_to_end()).await.unwrap(), b"question");
        far_writer.write(b"answer");
        far_writer.close();
        assert_eq!(soon(reader.read_to_end()).await.unwrap(), b"answer");
        assert!(!writer.is_closing());
        writer.close();
    });
}

#[test]
fn a_reset_is_an_error_to_reader_and_writer() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    run(async {
        let (mut reader, writer) = open_connection(address).await.unwrap();
        let (peer, _) = listener.accept().unwrap();
        socket2::SockRef::from(&peer).set_linger(Some(std::time::Duration::ZERO)).unwrap();
        drop(peer);
        let reset = io::ErrorKind::ConnectionReset;
        assert_eq!(soon(reader.read_some(1)).await.unwrap_err().kind(), reset);
        assert_eq!(reader.read_some(1).await.unwrap_err().kind(), reset, "every time");
        assert_eq!(soon(writer.drain()).await.unwrap_err().kind(), reset);
        assert_eq!(soon(writer.wait_closed()).await.unwrap_err().kind(), reset);
    });
}

#[test]
fn a_read_that_waits_ends_with_the_connection() {
    run(async {
        for abort in [false, true] {
            let (here, _there) = corio_net::UnixStream::pair().unwrap();
            let (mut reader, writer) = streams(here);
            let reading = spawn(async move { reader.read_some(1).await.unwrap() });
            yield_now().await;
            if abort {
                writer.abort();
            } else {
                writer.close();
            }
            assert_eq!(soon(reading).await.unwrap(), b"");
        }
    });
}

const ALL: usize = 8 << 20;

async fn send_all(writer: StreamWriter) -> StreamWriter {
    let chunk: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let mut sent = 0;
    while sent < ALL {
        let length = chunk.len().min(ALL - sent);
        writer.write(&chunk[..length]);
        sent += length;
        writer.drain().await.unwrap();
        assert!(writer.write_buffer_size() <= writer.write_buffer_limits().1);
    }
    writer.write_eof().unwrap();
    writer
}

async fn receive_all(mut reader: StreamReader) -> usize {
    let expected: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let mut got = 0;
    loop {
        let part = reader.read_some(1 << 20).await.unwrap();
        if part.is_empty() {
            return got;
        }
        for byte in part {
            assert_eq!(byte, expected[got % expected.len()], "at {got}");
            got += 1;
        }
    }
}

#[test]
fn megabytes_go_both_ways_at_once() {
    run(async {
        let (here, there) = corio_net::UnixStream::pair().unwrap();
        let ends = [streams(here), streams(there)]
            .map(|(reader, writer)| (spawn(send_all(writer)), spawn(receive_all(reader))));
        // A writer that goes closes its connection: they stay until all is read.
        let mut writers = Vec::new();
        let mut readings = Vec::new();
        for (writing, reading) in ends {
            writers.push(soon(writing).await.unwrap());
            readings.push(reading);
        }
        for reading in readings {
            assert_eq!(soon(reading).await.unwrap(), ALL);
        }
        drop(writers);
    });
}

#[test]
fn a_shared_connection_is_as_ready_as_the_one_within() {
    run(async {
        let (here, there) = corio_net::UnixStream::pair().unwrap();
        let shared = std::sync::Arc::new(here);
        let mut context = Context::from_waker(Waker::noop());
        assert!(Connection::poll_read_ready(&shared, &mut context).is_pending());
        there.write_all(b"x").await.unwrap();
        soon(poll_fn(|context| Connection::poll_read_ready(&shared, context))).await.unwrap();
    });
}
