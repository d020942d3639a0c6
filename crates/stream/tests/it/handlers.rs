//! What becomes of a server when handlers, peers and listeners fail.

use std::io::{self, Write};
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::time::Duration;

use corio_stream::{
    Accepted, Address, Listener, ServerOptions, StreamReader, StreamWriter, open_connection,
    start_server,
};

use crate::support::{Played, listen_to_log, logged, run, soon, until, yield_now};
use crate::support_servers::{HERE, answer, ask, end};

#[test]
fn test_unhandled_exceptions() {
    run(async {
        listen_to_log();
        let handler = |_reader, writer: StreamWriter| async move {
            let _open = writer;
            Err::<(), _>("test")
        };
        let server = start_server(handler, HERE).await.unwrap();
        let (mut reader, writer) = open_connection(server.local_addr().unwrap()).await.unwrap();
        assert_eq!(soon(reader.read_to_end()).await.unwrap(), b"", "its connection is closed");
        writer.close();
        end(&server).await;
        let errors: Vec<_> =
            logged().into_iter().filter(|line| line.starts_with("ERROR")).collect();
        assert_eq!(errors.len(), 1, "{errors:?}");
        let words = "ERROR Unhandled exception in client_connected_cb: test";
        assert!(errors[0].starts_with(words), "{errors:?}");
    });
}

/// As the test before; asyncio has both.
#[test]
fn test_unhandled_exception() {
    run(async {
        listen_to_log();
        async fn handler(_reader: StreamReader, _writer: StreamWriter) {
            panic!("of the test");
        }
        let server = start_server(handler, HERE).await.unwrap();
        for _ in 0..2 {
            let address = server.local_addr().unwrap();
            let (mut reader, writer) = open_connection(address).await.unwrap();
            assert_eq!(soon(reader.read_to_end()).await.unwrap(), b"");
            writer.close();
        }
        end(&server).await;
        let lines = logged();
        assert_eq!(lines.len(), 2, "the server goes on; the writer is not told of: {lines:?}");
        let words =
            "ERROR Unhandled exception in client_connected_cb: panicked with \"of the test\"";
        assert!(lines[0].starts_with(words), "{lines:?}");
    });
}

#[test]
fn a_handler_that_panics_before_it_is_a_future() {
    run(async {
        listen_to_log();
        let mut calls = 0;
        let handler = move |reader, writer| {
            calls += 1;
            assert!(calls > 1, "of the test");
            answer(reader, writer)
        };
        let server = start_server(handler, HERE).await.unwrap();
        let address = server.local_addr().unwrap();
        let (mut reader, _writer) = open_connection(address).await.unwrap();
        assert_eq!(soon(reader.read_to_end()).await.unwrap(), b"");
        assert_eq!(ask(open_connection(address).await.unwrap()).await, b"hello world!\n");
        assert!(logged()[0].contains("panicked with \"of the test\""));
        server.close();
    });
}

#[test]
fn test_unhandled_cancel() {
    run(async {
        listen_to_log();
        let handler = |_reader, writer: StreamWriter| async move {
            let _open = writer;
            corio_task::current().unwrap().cancel("of the test");
            std::future::pending::<()>().await;
        };
        let server = start_server(handler, HERE).await.unwrap();
        let (mut reader, writer) = open_connection(server.local_addr().unwrap()).await.unwrap();
        assert_eq!(soon(reader.read_to_end()).await.unwrap(), b"");
        writer.close();
        end(&server).await;
        assert_eq!(logged(), Vec::<String>::new());
    });
}

/// A listener that the test plays.
#[derive(Debug, Default)]
struct Door(Mutex<Vec<io::Result<Played>>>);

impl Listener for Door {
    fn listen(&self, backlog: u32) -> io::Result<()> {
        assert_eq!(backlog, corio_stream::BACKLOG_DEFAULT);
        Ok(())
    }

    fn poll_accept(&self, _: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        match self.0.lock().unwrap().pop() {
            None => Poll::Pending,
            Some(result) => Poll::Ready(result.map(|played| Accepted {
                connection: Box::new(played),
                peer: Address::Abstract(b"test".to_vec()),
            })),
        }
    }

    fn local_addr(&self) -> io::Result<Address> {
        Ok(Address::Unnamed)
    }
}

#[test]
fn a_listener_of_the_programs_own_that_fails_once() {
    run(async {
        listen_to_log();
        let played = Played::new(100);
        played.bring(b"line\n");
        let failure = io::Error::from_raw_os_error(22);
        let door = Door(Mutex::new(vec![Ok(played.clone()), Err(failure)]));
        let handler = |reader, writer: StreamWriter| {
            assert_eq!(writer.peer_addr().unwrap().to_string(), "@test");
            assert!(writer.socket().is_none());
            answer(reader, writer)
        };
        let listeners: [Box<dyn Listener>; 1] = [Box::new(door)];
        let server = ServerOptions::new().start_on(handler, listeners).unwrap();
        yield_now().await;
        yield_now().await;
        let lines = logged();
        assert!(lines.len() == 1 && lines[0].contains("cannot accept"), "{lines:?}");
        // A second later it tries again.
        until(|| played.is_closed()).await;
        assert_eq!(played.written(), b"line\n");
        end(&server).await;
    });
}

#[test]
fn handlers_inherit_the_servers_context() {
    corio_task::context_var! { static WHO: &'static str = "nobody"; }
    run(async {
        WHO.set("the server's");
        let handler = |_reader, writer: StreamWriter| async move {
            writer.write(WHO.get().as_bytes());
            writer.close();
        };
        let server = start_server(handler, HERE).await.unwrap();
        WHO.set("somebody else's");
        let (mut reader, writer) = open_connection(server.local_addr().unwrap()).await.unwrap();
        assert_eq!(soon(reader.read_to_end()).await.unwrap(), b"the server's");
        writer.close();
    });
}

#[test]
fn peers_that_reset_and_stall_leave_the_server_running() {
    run(async {
        listen_to_log();
        let server = start_server(answer, HERE).await.unwrap();
        let address = server.local_addr().unwrap();
        let stalled = std::net::TcpStream::connect(address).unwrap();
        for _ in 0..5 {
            let mut client = std::net::TcpStream::connect(address).unwrap();
            client.write_all(b"half a line").unwrap();
            socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
        }
        assert_eq!(ask(open_connection(address).await.unwrap()).await, b"hello world!\n");
        until(|| server.clients() == 1).await;
        server.close();
        server.abort_clients();
        soon(server.wait_closed()).await;
        drop(stalled);
    });
}
