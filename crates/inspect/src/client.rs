//! Asks a process for its report, over its socket. For `corio ps` and for tests; it blocks.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::door;
use crate::report::{FORMAT, Report};

/// How long the other process may take: it answers from a thread of its own, so what lasts longer has
/// been stopped.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Turns debug mode of process `pid` on or off. What its tasks waited for before that is not known until
/// they are polled again.
///
/// # Errors
/// As for [`ask`].
pub fn set_debug(pid: u32, on: bool) -> io::Result<()> {
    let path = if on { "/debug/on" } else { "/debug/off" };
    converse(&door::socket_of(pid), "POST", path).map_err(|error| nobody(pid, error)).map(drop)
}

/// The report of process `pid`.
///
/// # Errors
/// `NotFound` or `ConnectionRefused` if there is nobody to ask, with what to do about it; `TimedOut` if
/// the process has been stopped; `InvalidData` if what it says is not a report that this version
/// knows.
pub fn ask(pid: u32) -> io::Result<Report> {
    ask_at(&door::socket_of(pid)).map_err(|error| nobody(pid, error))
}

fn nobody(pid: u32, error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => io::Error::new(
            error.kind(),
            format!(
                "process {pid} cannot be inspected: nothing listens on {}. Start it with \
                 CORIO_INSPECT=1, or call inspect::serve() in it, as this user",
                door::socket_of(pid).display()
            ),
        ),
        _ => error,
    }
}

/// The report of whoever listens on `socket`.
///
/// # Errors
/// As for [`ask`].
pub fn ask_at(socket: &Path) -> io::Result<Report> {
    let report: Report = serde_json::from_slice(&converse(socket, "GET", "/report")?)?;
    if report.format != FORMAT {
        let message = format!(
            "the process writes reports of format {}, this program reads format {FORMAT}: use the corio \
             command of the same version",
            report.format
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(report)
}

/// Sends a request and gives the body of the answer.
fn converse(socket: &Path, method: &str, path: &str) -> io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    stream.set_write_timeout(Some(ANSWER_MAX))?;
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: inspector\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => io::Error::new(
            io::ErrorKind::TimedOut,
            format!(
                "no answer on {} within {ANSWER_MAX:?}: the process is stopped",
                socket.display()
            ),
        ),
        _ => error,
    })?;
    let head = parse(&answer)?;
    Ok(answer.split_off(head))
}

/// How long the head of a good answer is.
fn parse(answer: &[u8]) -> io::Result<usize> {
    let bad = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(answer) {
        Ok(httparse::Status::Complete(head)) if response.code == Some(200) => Ok(head),
        Ok(_) => Err(bad(format!("the answer is cut off or says {:?}", response.code))),
        Err(error) => Err(bad(format!("the answer is no HTTP: {error}"))),
    }
}
