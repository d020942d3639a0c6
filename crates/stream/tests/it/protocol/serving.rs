//! Servers of protocols: CPython's `create_server` tests, on real sockets.

use std::io::{Read, Write};
use std::net::TcpStream as StdTcpStream;

use corio_stream::protocol::{
    create_connection, create_server, create_unix_connection, create_unix_server,
};
use corio_stream::{Address, Server, ServerOptions};

use super::Recorder;
use crate::support::{Folder, run, soon, until};
use crate::support_servers::{HERE, end};

/// A server whose connections are the recorder's, and a client.
async fn server(recorder: &Recorder) -> (Server, StdTcpStream) {
    let recorder = recorder.clone();
    let server = create_server(move || recorder.clone(), HERE).await.unwrap();
    let client = StdTcpStream::connect(server.local_addr().unwrap()).unwrap();
    (server, client)
}

#[test]
fn test_create_server() {
    run(async {
        let recorder = Recorder::new();
        let (server, mut client) = server(&recorder).await;
        client.write_all(b"xxx").unwrap();
        recorder.hears("data xxx").await;
        assert_eq!(server.clients(), 1);
        let transport = recorder.transport();
        let ours = client.local_addr().unwrap();
        assert_eq!(transport.peer_addr().unwrap(), Address::Inet(ours));
        assert_eq!(transport.local_addr().unwrap().as_inet(), server.local_addr());
        drop(client);
        recorder.hears("lost").await;
        until(|| server.clients() == 0).await;
        end(&server).await;
    });
}

#[test]
fn test_create_unix_server() {
    let folder = Folder::new();
    run(async {
        let (ours, theirs) = (Recorder::new(), Recorder::new());
        let server = {
            let theirs = theirs.clone();
            create_unix_server(move || theirs.clone(), folder.file("socket")).await.unwrap()
        };
        let transport =
            create_unix_connection(|| ours.clone(), folder.file("socket")).await.unwrap();
        transport.write(b"hello");
        theirs.hears("data hello").await;
        theirs.transport().write(b"you too");
        ours.hears("data you too").await;
        transport.close();
        theirs.hears("lost").await;
        end(&server).await;
    });
}

#[test]
fn test_create_server_addr_in_use() {
    run(async {
        let server = create_server(Recorder::new, HERE).await.unwrap();
        let address = server.local_addr().unwrap();
        let error = create_server(Recorder::new, address).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&address.to_string()), "{error}");
        server.close();
    });
}

#[test]
fn test_close_clients() {
    run(async {
        let recorder = Recorder::new();
        let (server, mut client) = server(&recorder).await;
        recorder.hears("made").await;
        server.close();
        // From any thread, as the server itself.
        let (server, end) = std::thread::spawn(move || {
            server.close_clients();
            (server, client.read(&mut [0; 1]).unwrap())
        })
        .join_in_loop()
        .await;
        soon(server.wait_closed()).await;
        assert_eq!(end, 0);
        assert_eq!(recorder.events(), ["made", "lost"]);
    });
}

/// Waits for a thread while the loop turns.
trait JoinInLoop<T> {
    async fn join_in_loop(self) -> T;
}

impl<T> JoinInLoop<T> for std::thread::JoinHandle<T> {
    async fn join_in_loop(self) -> T {
        until(|| self.is_finished()).await;
        self.join().unwrap()
    }
}

#[test]
fn test_abort_clients() {
    run(async {
        let recorder = Recorder::new();
        // It reads nothing, so a close would wait for it for ever.
        let (server, client) = server(&recorder).await;
        recorder.hears("made").await;
        recorder.transport().write(&vec![0; 64 << 20]);
        server.close();
        server.close_clients();
        recorder.hears("pause").await;
        assert!(!recorder.has("lost"));
        server.abort_clients();
        soon(server.wait_closed()).await;
        recorder.hears("lost").await;
        drop(client);
    });
}

#[test]
fn a_factory_that_panics_costs_one_connection() {
    run(async {
        let recorder = Recorder::new();
        let mut first = true;
        let server = {
            let recorder = recorder.clone();
            let factory = move || {
                assert!(!std::mem::take(&mut first), "of the test");
                recorder.clone()
            };
            ServerOptions::new().create_server(factory, HERE).await.unwrap()
        };
        let address = server.local_addr().unwrap();
        let mut refused = StdTcpStream::connect(address).unwrap();
        let other = create_connection(Recorder::new, address).await.unwrap();
        recorder.hears("made").await;
        assert_eq!(refused.read(&mut [0; 1]).unwrap(), 0);
        other.close();
        recorder.hears("lost").await;
        server.close();
    });
}
