//! Writers, servers, transports, children and files that are dropped as they are, and servers whose
//! handlers fail.

use std::fs::OpenOptions;
use std::io;
use std::time::Duration;

use corio::fs::File;
use corio::process::Command;
use corio::stream::protocol::{Protocol, Transport, create_connection};
use corio::stream::{Server, StreamReader, StreamWriter, open_connection, start_server};

use crate::harness::{Case, Told};

const STREAM: Told = Told::error("corio::stream");
const UNCLOSED: Told = Told::warning("corio::stream");
const PROCESS: Told = Told::warning("corio::process");
const FS: Told = Told::error("corio::fs");
const CLIENT_CB: &str = "Unhandled exception in client_connected_cb: ";

pub(crate) const CASES: &[Case] = &[
    UNCLOSED.case(
        "a writer",
        &["ResourceWarning: unclosed <StreamWriter ", file!()],
        || {
            corio::run(async {
                let server = quiet_server().await;
                let (_reader, writer) = connect(&server).await;
                drop(writer);
                end(server).await;
            });
        },
        || {
            corio::run(async {
                let server = quiet_server().await;
                let (_reader, writer) = connect(&server).await;
                writer.close();
                writer.wait_closed().await.unwrap();
                end(server).await;
            })
        },
    ),
    UNCLOSED.case(
        "a handler's writer",
        &["ResourceWarning: unclosed <StreamWriter "],
        || {
            serve(|_reader, writer| async move {
                drop(writer);
                Ok(())
            });
        },
        || {
            serve(|_reader, writer| async move {
                writer.close();
                writer.wait_closed().await
            })
        },
    ),
    UNCLOSED.case(
        "a server with clients",
        &["unclosed <Server serving", "with 1 clients"],
        || {
            corio::run(async {
                let server = quiet_server().await;
                let (mut reader, writer) = connect(&server).await;
                // The server has it when it has greeted.
                reader.read_line().await.unwrap();
                drop(server);
                writer.close();
                writer.wait_closed().await.unwrap();
            });
        },
        || {
            corio::run(async {
                let server = quiet_server().await;
                let (mut reader, writer) = connect(&server).await;
                reader.read_line().await.unwrap();
                writer.close();
                end(server).await;
            })
        },
    ),
    STREAM
        .case(
            "a handler that fails",
            &[CLIENT_CB, "disk full", "is closed"],
            || {
                serve(|_reader, _writer| async { Err(io::Error::other("disk full")) });
            },
            || {
                serve(|_reader, writer| async move {
                    // What it cannot do, it says to the client.
                    writer.write(b"disk full\n");
                    writer.close();
                    writer.wait_closed().await
                })
            },
        )
        .also(&["unclosed <StreamWriter "]),
    STREAM
        .case(
            "a handler that panics",
            &[CLIENT_CB, "panicked with \"oops\""],
            || {
                serve(|_reader, _writer| async { panic!("oops") });
            },
            || {
                serve(|_reader, writer| async move {
                    writer.close();
                    Ok(())
                })
            },
        )
        .also(&["unclosed <StreamWriter "]),
    UNCLOSED.case(
        "writing to a connection that has ended",
        &["socket.send() raised exception"],
        || {
            corio::run(async {
                let server = quiet_server().await;
                let (_reader, writer) = connect(&server).await;
                writer.abort();
                (0..20).for_each(|_| writer.write(b"into the void"));
                end(server).await;
            });
        },
        || {
            corio::run(async {
                let server = quiet_server().await;
                let (_reader, writer) = connect(&server).await;
                writer.abort();
                while !writer.is_closing() {
                    writer.write(b"into the void");
                }
                end(server).await;
            })
        },
    ),
    UNCLOSED.case(
        "a transport",
        &["unclosed transport <Transport ", "made at ", "unclosed.rs"],
        || {
            corio::run(async {
                let server = quiet_server().await;
                std::mem::forget(create_connection(|| Mute, address(&server)).await.unwrap());
                server.close();
            })
        },
        || {
            corio::run(async {
                let server = quiet_server().await;
                let transport: Transport =
                    create_connection(|| Mute, address(&server)).await.unwrap();
                transport.close();
                end(server).await;
            })
        },
    ),
    PROCESS.case(
        "a child process",
        &["ResourceWarning: unclosed <Child ", "'sleep' running> spawned at ", file!()],
        || corio::run(async { drop(Command::new("sleep").arg("1").spawn().unwrap()) }),
        || {
            corio::run(async {
                let mut child = Command::new("sleep").arg("60").spawn().unwrap();
                child.start_kill().unwrap();
                assert!(!child.wait().await.unwrap().success());
            });
        },
    ),
    FS.case(
        "a file that nobody closes",
        &["no handle is left that could be told"],
        || {
            corio::run(async {
                let file = full_disk();
                file.write_all(b"lost").await.unwrap();
                drop(file);
                corio::sleep(SHORT).await;
            });
        },
        || {
            corio::run(async {
                let file = full_disk();
                file.write_all(b"lost").await.unwrap();
                assert_eq!(file.close().await.unwrap_err().kind(), io::ErrorKind::StorageFull);
            })
        },
    ),
];

const SHORT: Duration = Duration::from_millis(300);

/// A device that takes nothing.
fn full_disk() -> File {
    File::from_std(OpenOptions::new().write(true).open("/dev/full").unwrap())
}

/// Hears nothing.
struct Mute;

impl Protocol for Mute {}

/// A server that greets, and waits until its client goes.
async fn quiet_server() -> Server {
    let handler = |mut reader: StreamReader, writer: StreamWriter| async move {
        writer.write(b"hello\n");
        let read = reader.read_to_end().await;
        writer.close();
        let closed = writer.wait_closed().await;
        // A client that goes without a word is nothing to be told of.
        drop((read, closed));
    };
    start_server(handler, "127.0.0.1:0").await.unwrap()
}

fn address(server: &Server) -> std::net::SocketAddr {
    server.local_addr().expect("it listens on an address of the internet")
}

async fn connect(server: &Server) -> (StreamReader, StreamWriter) {
    open_connection(address(server)).await.unwrap()
}

async fn end(server: Server) {
    server.close();
    server.close_clients();
    server.wait_closed().await;
}

/// Serves one client, until the server has hung up.
fn serve<F>(handler: fn(StreamReader, StreamWriter) -> F)
where
    F: Future<Output = io::Result<()>> + 'static,
{
    corio::run(async move {
        let server = start_server(handler, "127.0.0.1:0").await.unwrap();
        let (mut reader, writer) = connect(&server).await;
        let _ = reader.read_to_end().await;
        writer.close();
        let _ = writer.wait_closed().await;
        end(server).await;
    });
}
