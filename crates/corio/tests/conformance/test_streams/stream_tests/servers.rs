//! `start_server`, and handlers that fail.

use std::io;

use corio::stream::{
    Server, StreamReader, StreamWriter, open_connection, open_unix_connection, start_server,
    start_unix_server,
};
use corio::{Builder, spawn_local};

use crate::sockets::{HERE, SocketPath, soon};
use crate::support::errors_logged;

async fn handle_client(mut reader: StreamReader, writer: StreamWriter) -> io::Result<()> {
    let data = reader.read_line().await?;
    writer.write(&data);
    writer.drain().await?;
    writer.close();
    writer.wait_closed().await
}

async fn client((mut reader, writer): (StreamReader, StreamWriter)) -> Vec<u8> {
    writer.write(b"hello world!\n");
    let answer = soon(reader.read_line()).await.unwrap();
    writer.close();
    soon(writer.wait_closed()).await.unwrap();
    answer
}

async fn stop(server: Server) {
    server.close();
    soon(server.wait_closed()).await;
}

/// The handler is a coroutine, or a plain function that begins a task of its own.
#[corio::test]
async fn test_start_server() {
    let server = start_server(handle_client, HERE).await.unwrap();
    let connection = open_connection(server.local_addr().unwrap()).await.unwrap();
    assert_eq!(client(connection).await, b"hello world!\n");
    stop(server).await;

    let callback = |reader, writer| {
        drop(spawn_local(handle_client(reader, writer)));
        std::future::ready(())
    };
    let server = start_server(callback, HERE).await.unwrap();
    let connection = open_connection(server.local_addr().unwrap()).await.unwrap();
    assert_eq!(client(connection).await, b"hello world!\n");
    stop(server).await;
}

#[corio::test]
async fn test_start_unix_server() {
    let path = SocketPath::new();
    let server = start_unix_server(handle_client, &*path).await.unwrap();
    assert_eq!(client(open_unix_connection(&*path).await.unwrap()).await, b"hello world!\n");
    stop(server).await;

    let callback = |reader, writer| {
        drop(spawn_local(handle_client(reader, writer)));
        std::future::ready(())
    };
    let server = start_unix_server(callback, &*path).await.unwrap();
    assert_eq!(client(open_unix_connection(&*path).await.unwrap()).await, b"hello world!\n");
    stop(server).await;
}

/// A client that sends something and reads to the end.
async fn visit(server: &Server) {
    let (mut reader, writer) = open_connection(server.local_addr().unwrap()).await.unwrap();
    writer.write(b"test msg");
    // The server may be gone by now.
    let _ = soon(writer.drain()).await;
    let _ = soon(reader.read_to_end()).await;
    writer.close();
    let _ = soon(writer.wait_closed()).await;
}

/// What asyncio tells the loop's exception handler goes to the log.
#[test]
fn test_unhandled_exception() {
    let lines = errors_logged(|| {
        Builder::new().run(async {
            async fn fails(_: StreamReader, _: StreamWriter) -> Result<(), &'static str> {
                Err("test")
            }
            let server = start_server(fails, HERE).await.unwrap();
            visit(&server).await;
            stop(server).await;
        });
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    let words = "Unhandled exception in client_connected_cb: test";
    assert!(lines[0].starts_with(words), "{lines:?}");
}

#[test]
fn test_unhandled_cancel() {
    let lines = errors_logged(|| {
        Builder::new().run(async {
            async fn cancelled(_: StreamReader, _writer: StreamWriter) {
                corio::task::current().unwrap().cancel("of the test");
                std::future::pending::<()>().await;
            }
            let server = start_server(cancelled, HERE).await.unwrap();
            visit(&server).await;
            stop(server).await;
        });
    });
    assert_eq!(lines, Vec::<String>::new());
}
