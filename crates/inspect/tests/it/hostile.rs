//! Clients and servers that mean no good, or are of another version.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use corio_inspect::{client, serve_with};

use crate::folder::Socket;
use crate::serving::{alone, with_page};

/// How long an honest client may be kept waiting by others, on a busy machine.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Far more than are heard at a time, and few enough for a process that may open a thousand descriptors.
fn crowd<S>(connect: impl Fn() -> std::io::Result<S>) -> Vec<S> {
    let mut crowd = Vec::new();
    for _ in 0..400 {
        // A full queue or no descriptors: that is a crowd, too.
        match connect() {
            Ok(stream) => crowd.push(stream),
            Err(_) => break,
        }
    }
    crowd
}

/// What the page answers to this request.
fn page(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(WAIT_MAX)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut answer = String::new();
    // A reset after the answer is as good.
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn a_crowd_that_says_nothing_keeps_nobody_out() {
    let _alone = alone();
    let socket = Socket::new("crowd");
    let inspector = serve_with(with_page(&socket)).unwrap();
    let url = inspector.page().unwrap().strip_prefix("http://").unwrap().to_owned();
    let (address, path) = url.split_once('/').unwrap();
    let before = Instant::now();
    let strangers = crowd(|| TcpStream::connect(address));
    let silent = crowd(|| UnixStream::connect(&socket));
    assert!(strangers.len() >= 100 && silent.len() >= 100);
    assert_eq!(client::ask_at(&socket).unwrap().pid, std::process::id());
    let answer = page(address, &format!("/{path}"));
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(before.elapsed() < WAIT_MAX, "{:?}", before.elapsed());
    // Those that came first were sent away, and hold no descriptor here.
    let mut first = &strangers[0];
    first.set_read_timeout(Some(WAIT_MAX)).unwrap();
    assert!(matches!(first.read(&mut [0]), Ok(0)) || strangers[0].take_error().is_ok());
}

#[test]
fn a_crowd_without_the_token_keeps_nobody_out() {
    let _alone = alone();
    let socket = Socket::new("guess");
    let inspector = serve_with(with_page(&socket)).unwrap();
    let url = inspector.page().unwrap().strip_prefix("http://").unwrap().to_owned();
    let (address, path) = url.split_once('/').unwrap();
    let guesses = crowd(|| {
        let mut stream = TcpStream::connect(address)?;
        // Asks and never reads.
        write!(stream, "GET /{:032x}/report HTTP/1.1\r\nHost: {address}\r\n\r\n", 7)?;
        Ok(stream)
    });
    assert!(page(address, &format!("/{path}")).starts_with("HTTP/1.1 200 OK"));
    drop(guesses);
}

#[test]
fn bad_requests_are_answered_with_what_is_wrong() {
    let _alone = alone();
    let socket = Socket::new("bad");
    let inspector = serve_with(with_page(&socket)).unwrap();
    let url = inspector.page().unwrap().strip_prefix("http://").unwrap().to_owned();
    let (address, token) = url.split_once('/').unwrap();
    let many = "X: y\r\n".repeat(65);
    for (request, status) in [
        ("\r\n\r\n\r\n \r\n", "400"),
        ("GET / HTTP/3.9\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost\r\n\r\n", "400"),
        (&*format!("GET / HTTP/1.1\r\n{many}\r\n"), "400"),
        ("HEAD / HTTP/1.1\r\n\r\n", "405"),
        ("CONNECT elsewhere:443 HTTP/1.1\r\n\r\n", "405"),
        ("GET / HTTP/1.1\r\n\r\n", "421"),
        (&*format!("GET / HTTP/1.1\r\nHost: {address}.example\r\n\r\n"), "421"),
        (&*format!("GET / HTTP/1.1\r\nHost: {address}\r\nHost: {address}\r\n\r\n"), "421"),
        (&*format!("GET http://{address}/{token} HTTP/1.1\r\nHost: {address}\r\n\r\n"), "404"),
        (&*format!("GET /{token}report/ HTTP/1.1\r\nHost: {address}\r\n\r\n"), "404"),
        (&*format!("GET /{token}/report HTTP/1.1\r\nHost: {address}\r\n\r\n"), "404"),
        (&*format!("POST /{token}debug HTTP/1.1\r\nHost: {address}\r\n\r\n"), "405"),
    ] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {answer}");
    }
    assert!(client::ask_at(&socket).is_ok());
}

#[test]
fn a_client_that_leaves_in_the_middle_harms_nobody() {
    let _alone = alone();
    let socket = Socket::new("leaves");
    let inspector = serve_with(with_page(&socket)).unwrap();
    for _ in 0..50 {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.write_all(b"GET /report HTTP/1.1\r\n\r\n").unwrap();
        drop(stream);
    }
    assert!(client::ask_at(&socket).is_ok());
    drop(inspector);
}

/// What a client says of a server that answers so.
fn told_of(socket: &Path, answer: &'static [u8]) -> String {
    let _ = std::fs::create_dir_all(socket.parent().unwrap());
    let _ = std::fs::remove_file(socket);
    let listener = UnixListener::bind(socket).unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]);
        stream.write_all(answer).unwrap();
    });
    let error = client::ask_at(socket).unwrap_err();
    server.join().unwrap();
    error.to_string()
}

#[test]
fn a_process_of_another_version_is_named_as_such() {
    let socket = Socket::new("version");
    let newer = b"HTTP/1.1 200 OK\r\n\r\n{\"format\":77,\"version\":\"9.9.9\",\"loops\":{}}";
    let said = told_of(&socket, newer);
    assert!(said.contains("corio 9.9.9") && said.contains("format 77"), "{said}");
    let said = told_of(&socket, b"HTTP/1.1 404 Not Found\r\n\r\n");
    assert!(said.contains("404"), "{said}");
    let said = told_of(&socket, b"\x15\x03\x01");
    assert!(said.contains("no HTTP"), "{said}");
    assert!(told_of(&socket, b"").contains("hung up"));
}
