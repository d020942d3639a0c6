//! Writers that are dropped unclosed.

use std::cell::Cell;
use std::rc::Rc;

use corio::Builder;
use corio::stream::{StreamReader, StreamWriter, open_connection, start_server};
use log::Level;

use crate::sockets::{HERE, REQUEST, http_server, soon, until};
use crate::support::logged;

/// The warnings of what is left unclosed, which `work` brings about.
fn resource_warnings(work: impl FnOnce()) -> Vec<String> {
    let mut lines = logged(Level::Warn, work);
    lines.retain(|line| line.starts_with("ResourceWarning"));
    lines
}

async fn read_page(reader: &mut StreamReader, writer: &StreamWriter) {
    writer.write(REQUEST);
    assert_eq!(soon(reader.read_line()).await.unwrap(), b"HTTP/1.0 200 OK\r\n");
    assert!(soon(reader.read_to_end()).await.unwrap().ends_with(b"\r\n\r\nTest message"));
}

#[test]
fn test_unclosed_resource_warnings() {
    let (address, server) = http_server();
    let lines = resource_warnings(|| {
        Builder::new().debug(true).run(async {
            let (mut reader, writer) = open_connection(address).await.unwrap();
            read_page(&mut reader, &writer).await;
            drop(writer);
        });
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("ResourceWarning: unclosed <StreamWriter"), "{lines:?}");
    server.join().unwrap();
}

#[test]
fn test_loop_is_closed_resource_warnings() {
    let (address, server) = http_server();
    let lines = resource_warnings(|| {
        let runtime = Builder::new().debug(true).build().unwrap();
        let (_reader, writer) = runtime.block_on(async {
            let (mut reader, writer) = open_connection(address).await.unwrap();
            read_page(&mut reader, &writer).await;
            (reader, writer)
        });
        // First the loop is closed, then the writer goes.
        drop(runtime);
        drop(writer);
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("ResourceWarning: loop is closed"), "{lines:?}");
    server.join().unwrap();
}

#[test]
fn test_unclosed_server_resource_warnings() {
    let lines = resource_warnings(|| {
        Builder::new().debug(true).run(async {
            let done = Rc::new(Cell::new(false));
            let telling = done.clone();
            let handler = move |_: StreamReader, writer: StreamWriter| {
                let done = telling.clone();
                async move {
                    drop(writer);
                    done.set(true);
                }
            };
            let server = start_server(handler, HERE).await.unwrap();
            let client = std::net::TcpStream::connect(server.local_addr().unwrap()).unwrap();
            until(|| done.get()).await;
            drop(client);
            server.close();
            soon(server.wait_closed()).await;
        });
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("ResourceWarning: unclosed <StreamWriter"), "{lines:?}");
}
