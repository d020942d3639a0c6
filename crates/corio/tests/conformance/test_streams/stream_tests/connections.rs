//! `open_connection`, and how a connection ends.

use std::io;
use std::rc::Rc;

use corio::event_loop::ExceptionContext;
use corio::stream::{StreamReader, StreamWriter, open_connection, open_unix_connection};
use corio::{EventLoop, yield_now};

use crate::sockets::{REQUEST, SocketPath, http_server, soon, unix_http_server};
use crate::support::Seen;

/// What the loop's exception handler is told from now on.
fn messages() -> Seen<String> {
    let messages = Seen::new();
    let seen = messages.clone();
    let handler =
        move |_: &EventLoop, context: &ExceptionContext| seen.push(format!("{context:?}"));
    EventLoop::current().set_exception_handler(Some(Rc::new(handler)));
    messages
}

async fn check_page(reader: &mut StreamReader, writer: &StreamWriter) {
    writer.write(REQUEST);
    assert_eq!(soon(reader.read_line()).await.unwrap(), b"HTTP/1.0 200 OK\r\n");
    let rest = soon(reader.read_to_end()).await.unwrap();
    assert!(rest.ends_with(b"\r\n\r\nTest message"));
}

async fn check_error((mut reader, writer): (StreamReader, StreamWriter)) {
    let messages = messages();
    reader.set_error(io::Error::other("of the test"));
    assert_eq!(reader.read_to_end().await.unwrap_err().to_string(), "of the test");
    writer.close();
    yield_now().await;
    assert_eq!(messages.len(), 0);
}

#[corio::test]
async fn test_open_connection() {
    let (address, server) = http_server();
    let messages = messages();
    let (mut reader, writer) = open_connection(address).await.unwrap();
    check_page(&mut reader, &writer).await;
    writer.close();
    assert_eq!(messages.len(), 0);
    server.join().unwrap();
}

#[corio::test]
async fn test_open_unix_connection() {
    let path = SocketPath::new();
    let server = unix_http_server(&path);
    let messages = messages();
    let (mut reader, writer) = open_unix_connection(&*path).await.unwrap();
    check_page(&mut reader, &writer).await;
    writer.close();
    assert_eq!(messages.len(), 0);
    server.join().unwrap();
}

#[corio::test]
async fn test_open_connection_error() {
    let (address, server) = http_server();
    check_error(open_connection(address).await.unwrap()).await;
    server.join().unwrap();
}

#[corio::test]
async fn test_open_unix_connection_error() {
    let path = SocketPath::new();
    let server = unix_http_server(&path);
    check_error(open_unix_connection(&*path).await.unwrap()).await;
    server.join().unwrap();
}

#[corio::test]
async fn test_wait_closed_on_close() {
    let (address, server) = http_server();
    let (mut reader, writer) = open_connection(address).await.unwrap();
    check_page(&mut reader, &writer).await;
    assert!(!writer.is_closing());
    writer.close();
    assert!(writer.is_closing());
    soon(writer.wait_closed()).await.unwrap();
    server.join().unwrap();
}

#[corio::test]
async fn test_wait_closed_on_close_with_unread_data() {
    let (address, server) = http_server();
    let (mut reader, writer) = open_connection(address).await.unwrap();
    writer.write(REQUEST);
    assert_eq!(soon(reader.read_line()).await.unwrap(), b"HTTP/1.0 200 OK\r\n");
    writer.close();
    soon(writer.wait_closed()).await.unwrap();
    server.join().unwrap();
}

#[corio::test]
async fn test_async_writer_api() {
    let (address, server) = http_server();
    let messages = messages();
    let (mut reader, writer) = open_connection(address).await.unwrap();
    check_page(&mut reader, &writer).await;
    writer.close();
    soon(writer.wait_closed()).await.unwrap();
    assert_eq!(messages.len(), 0);
    server.join().unwrap();
}

#[corio::test]
async fn test_async_writer_api_exception_after_close() {
    let (address, server) = http_server();
    let messages = messages();
    let (mut reader, writer) = open_connection(address).await.unwrap();
    check_page(&mut reader, &writer).await;
    writer.close();
    writer.write(b"data");
    let error = soon(writer.drain()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(messages.len(), 0);
    server.join().unwrap();
}

#[corio::test]
async fn test_eof_feed_when_closing_writer() {
    let (address, server) = http_server();
    let messages = messages();
    let (mut reader, writer) = open_connection(address).await.unwrap();
    writer.close();
    soon(writer.wait_closed()).await.unwrap();
    assert!(reader.at_eof());
    assert_eq!(reader.read_to_end().await.unwrap(), b"");
    assert_eq!(messages.len(), 0);
    server.join().unwrap();
}
