//! Servers at Unix sockets, and connections to them.

use std::io::ErrorKind;
use std::os::unix::net::UnixListener as StdListener;
use std::path::PathBuf;

use corio::net::UnixListener;
use corio::stream::protocol::{create_unix_connection, create_unix_server};
use corio::stream::{Listener, Server, ServerOptions};

use crate::recorder::Recorder;
use crate::sockets::{SocketPath, soon, until};
use crate::support::implements;

async fn end(server: Server) {
    server.close();
    server.close_clients();
    soon(server.wait_closed()).await;
}

/// A socket's file that was left behind is no obstacle.
#[corio::test]
async fn test_create_unix_server_existing_path_sock() {
    let path = SocketPath::new();
    drop(StdListener::bind(&*path).unwrap());
    assert!(path.exists());
    let server = create_unix_server(Recorder::shared, &*path).await.unwrap();
    let client = create_unix_connection(Recorder::shared, &*path).await.unwrap();
    client.close();
    end(server).await;
    assert!(!path.exists());
}

#[corio::test]
async fn test_create_unix_server_pathlike() {
    let path = SocketPath::new();
    let like: PathBuf = path.to_owned();
    end(create_unix_server(Recorder::shared, like.clone()).await.unwrap()).await;
    end(create_unix_server(Recorder::shared, like.to_str().unwrap()).await.unwrap()).await;
}

#[corio::test]
async fn test_create_unix_connection_pathlike() {
    let path = SocketPath::new();
    let server = create_unix_server(Recorder::shared, &*path).await.unwrap();
    let like: PathBuf = path.to_owned();
    let recorder = Recorder::shared();
    let made = create_unix_connection(|| recorder.clone(), like.as_os_str()).await;
    made.unwrap().close();
    until(|| recorder.borrow().lost.is_some()).await;
    end(server).await;
}

#[corio::test]
async fn test_create_unix_server_existing_path_nonsock() {
    let path = SocketPath::new();
    std::fs::write(&*path, "precious").unwrap();
    let error = create_unix_server(Recorder::shared, &*path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(error.to_string().contains("no socket"), "{error}");
    assert_eq!(std::fs::read(&*path).unwrap(), b"precious");
}

/// A server without a door is refused.
#[corio::test]
async fn test_create_unix_server_nopath_nosock() {
    let none: [Box<dyn Listener>; 0] = [];
    let error = ServerOptions::new().start_on(|_, _| async {}, none).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

/// A socket of another family is no Unix socket.
#[corio::test]
async fn test_create_unix_server_path_inetsock() {
    assert!(!implements!(std::net::TcpListener: Into<StdListener>));
    let inet = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    inet.set_nonblocking(true).unwrap();
    let listener = UnixListener::from(std::os::fd::OwnedFd::from(inet));
    assert!(listener.local_addr().is_err());
}

#[test]
fn test_create_unix_server_path_dgram() {
    assert!(!implements!(corio::net::UnixDatagram: Listener));
    assert!(implements!(UnixListener: Listener));
}

/// One that does not block already, and is not inherited, is as good as any.
#[corio::test]
async fn test_create_unix_server_path_stream_bittype() {
    let path = SocketPath::new();
    let listener = StdListener::bind(&*path).unwrap();
    listener.set_nonblocking(true).unwrap();
    let listener = UnixListener::from_std(listener).unwrap();
    let doors = [Box::new(listener) as Box<dyn Listener>];
    let server = ServerOptions::new().start_on(|_, _| async {}, doors).unwrap();
    create_unix_connection(Recorder::shared, &*path).await.unwrap().close();
    end(server).await;
    assert!(path.exists(), "whose file it is who bound it knows");
}

/// A path and a socket are not given both: a connection that is there is `connect_accepted_socket`'s.
#[test]
fn test_create_unix_connection_path_inetsock() {
    assert!(!implements!(std::net::TcpStream: AsRef<std::path::Path>));
}

#[corio::test]
async fn test_create_unix_server_bind_error() {
    let path = SocketPath::new();
    let nowhere = path.join("no/such/folder");
    let error = create_unix_server(Recorder::shared, &nowhere).await.unwrap_err();
    assert_ne!(error.kind(), ErrorKind::AddrInUse);
    let long = "x".repeat(200);
    let error = create_unix_server(Recorder::shared, path.with_file_name(long)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}
