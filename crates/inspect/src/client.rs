//! Asks a process for its report, over its socket. For the command `corio` and for tests; it blocks.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use corio_base::clock::{self, Time};
use serde::Deserialize;

use crate::connect::connect;
use crate::door;
use crate::report::{FORMAT, Report};
use crate::text::plain;

/// How long the other process may take unless the caller says so: it answers from a thread of its own, so what
/// takes longer has been stopped. A debug build with a hundred thousand tasks takes some ten seconds on a busy
/// machine.
pub const ANSWER_MAX: Duration = Duration::from_secs(30);
/// The longest answer: that of some million tasks.
const ANSWER_BYTES_MAX: u64 = 1 << 30;

/// Turns debug mode of process `pid` on or off. What its tasks waited for before that is not known until
/// they are polled again.
///
/// # Errors
/// As for [`ask`].
pub fn set_debug(pid: u32, on: bool) -> io::Result<()> {
    let path = if on { "/debug/on" } else { "/debug/off" };
    converse(&door::find(pid)?, "POST", path, ANSWER_MAX).map(drop)
}

/// The report of process `pid`.
///
/// # Errors
/// `NotFound` or `ConnectionRefused` if there is nobody to ask, with what to do about it; `TimedOut` if
/// the process has been stopped; `InvalidData` if what it says is not a report that this version
/// knows.
pub fn ask(pid: u32) -> io::Result<Report> {
    ask_within(pid, ANSWER_MAX)
}

/// As [`ask`], but the process may take no longer than `limit`.
///
/// # Errors
/// As for [`ask`].
pub fn ask_within(pid: u32, limit: Duration) -> io::Result<Report> {
    let report = report_at(&door::find(pid)?, limit).map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
            let message = format!("process {pid} has ended, or its inspector was dropped: {error}");
            io::Error::new(error.kind(), message)
        }
        _ => error,
    })?;
    if report.pid != pid {
        let message = format!("at the socket of process {pid} answers process {}", report.pid);
        return Err(invalid(message));
    }
    Ok(report)
}

/// The report of whoever listens on `socket`.
///
/// # Errors
/// As for [`ask`].
pub fn ask_at(socket: &Path) -> io::Result<Report> {
    report_at(socket, ANSWER_MAX)
}

fn report_at(socket: &Path, limit: Duration) -> io::Result<Report> {
    read(&converse(socket, "GET", "/report", limit)?)
}

/// Reads a report that was written as JSON.
///
/// # Errors
/// `InvalidData` if it is none, or of a format that this version does not know.
pub fn read(json: &[u8]) -> io::Result<Report> {
    /// What every format has, whatever else may change.
    #[derive(Deserialize)]
    struct Head {
        format: u32,
        #[serde(default)]
        version: String,
    }

    let whole: Result<Report, _> = serde_json::from_slice(json);
    let (format, version) = match &whole {
        Ok(report) => (report.format, report.version.clone()),
        // Of another format, most likely, which the head says. Looked at only now: it may be long.
        Err(_) => match serde_json::from_slice(json) {
            Ok(Head { format, version }) => (format, version),
            Err(error) => {
                return Err(invalid(format!(
                    "the answer is no report of a corio program: {error}"
                )));
            }
        },
    };
    if format == FORMAT {
        return whole.map_err(|error| invalid(format!("the report cannot be read: {error}")));
    }
    let theirs = if version.is_empty() {
        "an older corio".to_owned()
    } else {
        format!("corio {}", plain(&version))
    };
    let ours = env!("CARGO_PKG_VERSION");
    Err(invalid(format!(
        "the process runs {theirs}, which writes reports of format {format}; this is corio {ours}, which reads \
         format {FORMAT}: use the command corio of the process's version"
    )))
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Sends a request and gives the body of the answer.
fn converse(socket: &Path, method: &str, path: &str, limit: Duration) -> io::Result<Vec<u8>> {
    let due = clock::os_now().saturating_add(limit);
    let request = format!("{method} {path} HTTP/1.1\r\nHost: inspector\r\n\r\n");
    let answer = exchange(socket, &request, due, limit).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => io::Error::new(
            io::ErrorKind::TimedOut,
            format!(
                "no answer on {} within {limit:?}: the process is stopped, or its machine is overloaded",
                socket.display()
            ),
        ),
        _ => error,
    })?;
    body(answer)
}

/// All that is answered to `request`.
fn exchange(socket: &Path, request: &str, due: Time, limit: Duration) -> io::Result<Vec<u8>> {
    let mut stream = connect(socket, limit)?;
    stream.set_write_timeout(Some(limit))?;
    stream.write_all(request.as_bytes())?;
    read_until(stream, due)
}

/// All that comes, until `due`.
fn read_until(mut stream: UnixStream, due: Time) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        let left = due.saturating_since(clock::os_now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut chunk) {
            Ok(0) => return Ok(answer),
            Ok(n) => answer.extend_from_slice(&chunk[..n]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if answer.len() as u64 > ANSWER_BYTES_MAX {
            return Err(invalid(format!("the answer is longer than {ANSWER_BYTES_MAX} bytes")));
        }
    }
}

/// The body of a good answer.
fn body(mut answer: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let head = match response.parse(&answer) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) if answer.is_empty() => {
            return Err(invalid("the process hung up without an answer".to_owned()));
        }
        Ok(httparse::Status::Partial) => return Err(invalid("the answer is cut off".to_owned())),
        Err(error) => return Err(invalid(format!("the answer is no HTTP: {error}"))),
    };
    if let Some(code) = response.code.filter(|code| *code != 200) {
        let reason = plain(response.reason.unwrap_or_default());
        return Err(invalid(format!(
            "the process answers {code} {reason}: use the command corio of its version"
        )));
    }
    let length =
        response.headers.iter().find(|one| one.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|one| str::from_utf8(one.value).ok()?.parse::<usize>().ok());
    let there = answer.len() - head;
    if length.is_some_and(|length| length != there) {
        return Err(invalid(format!(
            "the answer is cut off: {there} bytes of {}",
            length.unwrap_or(0)
        )));
    }
    answer.drain(..head);
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(json: &str) -> String {
        read(json.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn other_formats_are_named_before_they_are_read() {
        let future =
            format!(r#"{{"format":{},"version":"9.1.0","tasks":"elsewhere"}}"#, FORMAT + 1);
        let said = error(&future);
        for part in ["corio 9.1.0", &format!("format {}", FORMAT + 1), &format!("format {FORMAT}")]
        {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(error(r#"{"format":1,"pid":7}"#).contains("an older corio"));
        for nonsense in ["", "[]", "{}", "<html>", r#"{"format":"two"}"#] {
            assert!(error(nonsense).contains("no report"), "{nonsense}");
        }
    }

    #[test]
    fn answers_are_whole_or_refused() {
        let of = |text: &str| body(text.as_bytes().to_vec());
        assert_eq!(of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap(), b"{}");
        for (bad, says) in [
            ("", "hung up"),
            ("HTTP/1.1 200", "cut off"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "2 bytes of 9"),
            ("HTTP/1.1 404 Not Found\r\n\r\n", "404"),
            ("SSH-2.0-x\r\n\r\n", "no HTTP"),
        ] {
            let error = of(bad).unwrap_err();
            assert!(error.to_string().contains(says), "{bad}: {error}");
        }
    }
}
