//! Input that no client sends: the server says so or hangs up, and goes on serving the others.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

use super::Server;
use crate::Fail;

/// What the server may do.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reaction {
    /// Answer with an error, or hang up, or both.
    Refuse,
    /// Answer this.
    Say(&'static str),
    /// Say nothing until the client has hung up.
    Wait,
}
use Reaction::{Refuse, Say, Wait};

const INPUTS: &[(&str, &[u8], Reaction)] = &[
    ("an array of bulk strings without a length", b"*\r\n$4\r\nPING\r\n", Refuse),
    ("a length that is no number", b"*x\r\n", Refuse),
    ("a bulk string of negative length", b"*1\r\n$-5\r\n", Refuse),
    ("more arguments than memory", b"*99999999999\r\n", Refuse),
    ("more arguments than a word counts", b"*99999999999999999999999\r\n", Refuse),
    ("a bulk string larger than memory", b"*1\r\n$999999999999\r\n", Refuse),
    ("something else than a bulk string", b"*2\r\n+PING\r\n:1\r\n", Refuse),
    ("a bulk string longer than it says", b"*1\r\n$2\r\nPING\r\n", Refuse),
    ("bytes that are no text", b"\x00\xff\xfe\x80\r\n", Refuse),
    ("the start of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", Refuse),
    ("a web browser", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", Refuse),
    ("quotes that never end", b"SET a \"b\r\n", Refuse),
    ("empty lines before a request", b"\r\n\r\nPING\r\n", Say("+PONG\r\n")),
    (
        "a request in lower case, after an empty array",
        b"*0\r\n*1\r\n$4\r\nping\r\n",
        Say("+PONG\r\n"),
    ),
    ("half an array", b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n", Wait),
    ("half a length", b"*3\r\n$", Wait),
    ("half a bulk string", b"*1\r\n$4\r\nPI", Wait),
];

/// More than a server keeps for a connection that has not finished its request.
const OVERSIZED: usize = 64 << 20;

/// How much the server may grow by all of this: less than one oversized request.
const GROWTH_KIB_MAX: u64 = 48 << 10;

/// Sends all of it and asks after each whether the server is alive.
///
/// # Errors
/// A reaction is wrong, or the server is gone, or it has kept what it was sent.
pub(super) fn check(server: &Server) -> Result<(), Fail> {
    let before = server.memory_kib();
    for (what, bytes, reaction) in INPUTS {
        let found = send(server, bytes, *reaction).map_err(|error| format!("{what}: {error}"))?;
        if !reaction.fits(&found) {
            return Err(format!("{what}: {reaction:?} expected, got {found:?}").into());
        }
        alive(server).map_err(|error| format!("after {what}: {error}"))?;
    }
    for (what, start) in
        [("a line without an end", "SET a "), ("a huge value", "*1\r\n$67108864\r\n")]
    {
        oversized(server, start).map_err(|error| format!("{what}: {error}"))?;
        alive(server).map_err(|error| format!("after {what}: {error}"))?;
    }
    never_reads(server)?;
    alive(server).map_err(|error| format!("after a client that never reads: {error}"))?;
    if let (Some(before), Some(after)) = (before, server.memory_kib()) {
        eprintln!("malformed input: {before} KiB before, {after} KiB after");
        if after > before + GROWTH_KIB_MAX {
            return Err(format!("malformed input made the server grow to {after} KiB").into());
        }
    }
    Ok(())
}

fn alive(server: &Server) -> Result<(), Fail> {
    let mut stream = server.connect()?;
    stream.write_all(b"*1\r\n$4\r\nPING\r\n")?;
    let mut answer = [0; 7];
    stream
        .read_exact(&mut answer)
        .map_err(|error| format!("the server does not answer: {error}"))?;
    if &answer == b"+PONG\r\n" { Ok(()) } else { Err(format!("PING got {answer:?}").into()) }
}

/// Sends `bytes` and then no more; what came back until the server hung up too.
fn send(server: &Server, bytes: &[u8], reaction: Reaction) -> Result<Vec<u8>, Fail> {
    let mut stream = server.connect()?;
    ignore_hangup(stream.write_all(bytes))?;
    if let Say(text) = reaction {
        let mut answer = vec![0; text.len()];
        stream.read_exact(&mut answer)?;
        return Ok(answer);
    }
    if let Err(error) = stream.shutdown(Shutdown::Write)
        && error.kind() != ErrorKind::NotConnected
    {
        return Err(error.into());
    }
    let mut answer = Vec::new();
    ignore_hangup(stream.read_to_end(&mut answer).map(drop))?;
    Ok(answer)
}

/// The server may hang up at any moment, in the midst of our sentence too.
fn ignore_hangup(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted
            ) =>
        {
            Ok(())
        }
        other => other,
    }
}

/// Sends far too much of one request. The server may stop reading, but must not keep it all.
fn oversized(server: &Server, start: &str) -> Result<(), Fail> {
    let before = server.memory_kib();
    let mut stream = server.connect()?;
    stream.write_all(start.as_bytes())?;
    let chunk = vec![b'x'; 64 << 10];
    for _ in 0..OVERSIZED / chunk.len() {
        match stream.write_all(&chunk) {
            Ok(()) => {}
            // Hung up, or reads no more: both keep the memory bounded.
            Err(_) => break,
        }
    }
    if let (Some(before), Some(after)) = (before, server.memory_kib())
        && after > before + GROWTH_KIB_MAX
    {
        return Err(format!("the server grew from {before} to {after} KiB").into());
    }
    Ok(())
}

/// Asks and asks and never reads an answer: the server must stop reading, not pile answers up.
fn never_reads(server: &Server) -> Result<(), Fail> {
    let before = server.memory_kib();
    let mut stream: TcpStream = server.connect()?;
    stream.set_write_timeout(Some(std::time::Duration::from_secs(1)))?;
    let requests = b"*2\r\n$4\r\nECHO\r\n$8\r\nabcdefgh\r\n".repeat(2048);
    for _ in 0..OVERSIZED / requests.len() {
        if stream.write_all(&requests).is_err() {
            break;
        }
    }
    if let (Some(before), Some(after)) = (before, server.memory_kib())
        && after > before + GROWTH_KIB_MAX
    {
        return Err(format!("unread answers made the server grow by {} KiB", after - before).into());
    }
    Ok(())
}

impl Reaction {
    fn fits(self, answer: &[u8]) -> bool {
        match self {
            // Whatever came before the error, the last word is one, or there is none.
            Refuse => answer.is_empty() || answer.starts_with(b"-"),
            Say(text) => answer == text.as_bytes(),
            Wait => answer.is_empty() || answer.starts_with(b"-"),
        }
    }
}
