//! The file of a Unix socket goes with its server.

use std::os::unix::net::UnixListener;
use std::path::Path;

use corio::net;
use corio::stream::{Listener, Server, ServerOptions, start_unix_server};

use super::read_all;
use crate::sockets::SocketPath;

/// A server at a socket that was bound before, and whose file is to go with it.
fn adopting(path: &Path) -> Server {
    let bound = UnixListener::bind(path).unwrap();
    let mut listener = net::UnixListener::from_std(bound).unwrap();
    listener.adopt_file().unwrap();
    let listeners: [Box<dyn Listener>; 1] = [Box::new(listener)];
    ServerOptions::new().start_on(read_all, listeners).unwrap()
}

#[corio::test]
async fn test_unix_server_addr_cleanup() {
    let path = SocketPath::new();
    let server = start_unix_server(read_all, &*path).await.unwrap();
    assert!(path.exists());
    server.close();
    assert!(!path.exists());
}

#[corio::test]
async fn test_unix_server_sock_cleanup() {
    let path = SocketPath::new();
    let server = adopting(&path);
    server.close();
    assert!(!path.exists());
}

#[corio::test]
async fn test_unix_server_cleanup_gone() {
    let path = SocketPath::new();
    let server = adopting(&path);
    // Somebody else was quicker.
    std::fs::remove_file(&*path).unwrap();
    server.close();
    assert!(!path.exists());
}
