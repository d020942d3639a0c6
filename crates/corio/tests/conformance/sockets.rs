//! What the tests of sockets share: a bounded wait, servers on threads of their own, a path for a socket.
//!
//! Where a peer or a child is outside the loop, time is real: a virtual clock would jump while the loop
//! waits for them. Nothing waits longer than [`LONG`], and nothing that works waits long.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// What takes longer hangs.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// This machine, at a port that the system chooses.
pub(crate) const HERE: &str = "127.0.0.1:0";

pub(crate) const REQUEST: &[u8] = b"GET / HTTP/1.0\r\n\r\n";

/// What `future` gives.
///
/// # Panics
/// If it hangs.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    corio::timeout(LONG, future).await.expect("a future that ends")
}

/// Waits until `done`.
///
/// # Panics
/// If that does not come about.
pub(crate) async fn until(mut done: impl FnMut() -> bool) {
    let waiting = async {
        while !done() {
            corio::sleep(Duration::from_millis(1)).await;
        }
    };
    soon(waiting).await;
}

/// CPython's server for tests: speaks HTTP/1.0 to one client, and closes.
pub(crate) fn http_server() -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind(HERE).unwrap();
    let address = listener.local_addr().unwrap();
    (address, std::thread::spawn(move || answer(listener.accept().unwrap().0)))
}

/// The same at a Unix socket.
pub(crate) fn unix_http_server(path: &Path) -> JoinHandle<()> {
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || answer(listener.accept().unwrap().0))
}

/// Reads a request and answers; what is posted to it it sends back.
fn answer(mut client: impl Read + Write) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        match client.read(&mut byte) {
            Ok(1) => request.push(byte[0]),
            _ => return,
        }
    }
    // A client that does not read all is none of the test's concern.
    let request = String::from_utf8_lossy(&request);
    if let Some((_, length)) = request.split_once("Content-Length: ") {
        let mut left: usize = length.trim().parse().unwrap();
        let _ = client.write_all(b"HTTP/1.0 200 OK\r\n\r\n");
        let mut buffer = [0; 65536];
        while left > 0 {
            let room = left.min(buffer.len());
            match client.read(&mut buffer[..room]) {
                Ok(count @ 1..) if client.write_all(&buffer[..count]).is_ok() => left -= count,
                _ => return,
            }
        }
    } else {
        let _ = client.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 12\r\n\r\nTest message");
    }
}

/// A path for a Unix socket, in a folder of its own that goes with it.
pub(crate) struct SocketPath(PathBuf);

impl SocketPath {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        // Relaxed: only the numbers have to differ.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("corio-conformance-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        SocketPath(folder.join("socket"))
    }
}

impl std::ops::Deref for SocketPath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for SocketPath {
    fn drop(&mut self) {
        // What is left in the system's folder for such things harms nobody.
        let _ = std::fs::remove_dir_all(self.0.parent().expect("its folder"));
    }
}
