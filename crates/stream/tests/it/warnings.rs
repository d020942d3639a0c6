//! What the log hears: of what is dropped unclosed, and of what was lost.

use std::cell::Cell;
use std::rc::Rc;

use corio_base::park::ThreadPark;
use corio_executor::Executor;
use corio_stream::{StreamWriter, open_connection, start_server, streams};

use crate::support::{Played, http_server, listen_to_log, logged, run, soon, until};

#[test]
fn test_unclosed_resource_warnings() {
    let (address, server) = http_server();
    run(async {
        listen_to_log();
        let (mut reader, writer) = open_connection(address).await.unwrap();
        writer.write(b"GET / HTTP/1.0\r\n\r\n");
        assert_eq!(soon(reader.read_line()).await.unwrap(), b"HTTP/1.0 200 OK\r\n");
        assert!(soon(reader.read_to_end()).await.unwrap().ends_with(b"\r\n\r\nTest message"));
        drop(writer);
        let lines = logged();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with("WARN ResourceWarning: unclosed <StreamWriter"), "{lines:?}");
        assert!(lines[0].contains("warnings.rs"), "with its place: {lines:?}");
        assert!(reader.at_eof(), "it is closed");
    });
    server.join().unwrap();
}

#[test]
fn test_loop_is_closed_resource_warnings() {
    let (address, server) = http_server();
    listen_to_log();
    let executor = Executor::new(ThreadPark::new());
    let (reader, writer) = executor.block_on(async { open_connection(address).await.unwrap() });
    executor.close();
    drop(executor);
    drop(writer);
    let lines = logged();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("WARN ResourceWarning: loop is closed"), "{lines:?}");
    drop(reader);
    server.join().unwrap();
}

#[test]
fn test_unclosed_server_resource_warnings() {
    run(async {
        listen_to_log();
        let done = Rc::new(Cell::new(false));
        let telling = done.clone();
        let handler = move |_reader, writer: StreamWriter| {
            let done = telling.clone();
            async move {
                drop(writer);
                done.set(true);
            }
        };
        let server = start_server(handler, "127.0.0.1:0").await.unwrap();
        let client = std::net::TcpStream::connect(server.local_addr().unwrap()).unwrap();
        until(|| done.get()).await;
        let lines = logged();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with("WARN ResourceWarning: unclosed <StreamWriter"), "{lines:?}");
        drop(client);
        server.close();
    });
}

#[test]
fn a_server_dropped_with_clients_is_told_of() {
    run(async {
        listen_to_log();
        let handler = |_reader, writer: StreamWriter| async move { writer.wait_closed().await };
        let line = line!() + 1;
        let server = start_server(handler, "127.0.0.1:0").await.unwrap();
        let _client = std::net::TcpStream::connect(server.local_addr().unwrap()).unwrap();
        until(|| server.clients() == 1).await;
        drop(server);
        let lines = logged();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].starts_with("WARN ResourceWarning: unclosed <Server serving"),
            "{lines:?}"
        );
        assert!(lines[0].contains("1 clients"), "{lines:?}");
        let place = format!("started at {}:{line}:", file!());
        assert!(lines[0].contains(&place), "{lines:?}");
    });
    logged();
}

#[test]
fn what_a_dropped_writer_has_not_sent_is_counted() {
    run(async {
        listen_to_log();
        let played = Played::new(4);
        let (_reader, writer) = streams(played);
        writer.write(b"sent and lost");
        drop(writer);
        let lines = logged();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with("WARN ResourceWarning: unclosed <StreamWriter"), "{lines:?}");
        assert!(lines[0].contains("unsent=9"), "{lines:?}");
    });
    logged();
}

#[test]
fn bytes_that_the_end_of_the_loop_took_are_told_of() {
    listen_to_log();
    let executor = Executor::new(ThreadPark::new());
    let played = Played::new(4);
    let (reader, writer) = executor.block_on(async { streams(played.clone()) });
    executor.block_on(async {
        writer.write(b"sent and lost");
        writer.close();
    });
    drop(executor);
    assert!(played.is_aborted());
    let lines = logged();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("ERROR 9 bytes written to"), "{lines:?}");
    assert!(reader.at_eof());
    drop(writer);
}

#[test]
fn who_goes_on_writing_to_a_lost_connection_is_told_once() {
    run(async {
        listen_to_log();
        let played = Played::new(0);
        let (_reader, writer) = streams(played.clone());
        writer.abort();
        for _ in 0..20 {
            writer.write(b"into the void");
        }
        let lines = logged();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with("WARN socket.send() raised exception"), "{lines:?}");
        assert_eq!(played.calls(), 0);
    });
}
