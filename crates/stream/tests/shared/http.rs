//! CPython's server for tests, on a thread of its own: for the tests of every crate that has CPython's tests of
//! streams, which take this file in as a module of theirs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread::JoinHandle;

/// Speaks HTTP/1.0 to one client, and closes.
pub(crate) fn http_server() -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
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
