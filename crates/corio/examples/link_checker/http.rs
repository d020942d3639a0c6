//! One request over HTTP/1.1 and its answer; called by `check`, a connection for each request.
//!
//! Heads are read by `httparse`. What an answer can make us keep is bounded: [`HEAD_MAX`] and
//! [`BODY_MAX`]. The body of what is no page is not read.

use std::io;
use std::str;

use corio::net::TcpStream;

use crate::url::Url;

/// More than servers send, by default, before the body.
const HEAD_MAX: usize = 16 * 1024;
/// More headers than that are no answer.
const HEADERS_MAX: usize = 64;
/// A page of text that is longer than that is no page of text.
const BODY_MAX: usize = 4 * 1024 * 1024;
/// What is read at a time.
const READ_SIZE: usize = 16 * 1024;

/// What a server says of a page.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The words beside the status.
    pub reason: String,
    /// Where the page is now, if it is not here.
    pub location: Option<String>,
    /// The page, if it is one of HTML.
    pub html: Option<String>,
}

/// How long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Bytes(usize),
    Chunked,
    UntilEnd,
}

#[derive(Debug)]
struct Head {
    answer: Answer,
    is_html: bool,
    length: Length,
    /// How many bytes it takes.
    size: usize,
}

/// Asks for `url`.
///
/// # Errors
/// Why there is no answer, or none that can be read.
pub async fn get(url: &Url) -> Result<Answer, String> {
    let stream = TcpStream::connect((url.host.as_str(), url.port))
        .await
        .map_err(|error| format!("cannot connect: {error}"))?;
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: corio-link-checker\r\nConnection: close\r\n\r\n",
        url.path,
        url.authority(),
    );
    stream.write_all(request.as_bytes()).await.map_err(lost)?;
    let mut received = Vec::new();
    let head = loop {
        if let Some(head) = parse(&received)? {
            break head;
        }
        if received.len() > HEAD_MAX {
            return Err(format!("the head of the answer is longer than {HEAD_MAX} bytes"));
        }
        if stream.read_buf(more(&mut received)).await.map_err(lost)? == 0 {
            return Err(match received.len() {
                0 => "the server hung up without an answer".to_owned(),
                count => format!("the server hung up after {count} bytes of the head"),
            });
        }
    };
    let mut answer = head.answer;
    if head.is_html && answer.status == 200 {
        received.drain(..head.size);
        let body = body(&stream, received, head.length).await?;
        answer.html = Some(String::from_utf8_lossy(&body).into_owned());
    }
    Ok(answer)
}

/// Makes room for one read.
fn more(received: &mut Vec<u8>) -> &mut Vec<u8> {
    received.reserve(READ_SIZE);
    received
}

fn lost(error: io::Error) -> String {
    format!("the connection was lost: {error}")
}

/// The head, once it is there.
fn parse(received: &[u8]) -> Result<Option<Head>, String> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut parsed = httparse::Response::new(&mut headers);
    let size = match parsed.parse(received) {
        Ok(httparse::Status::Complete(size)) => size,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(format!("the answer is no HTTP: {error}")),
    };
    let value = |name: &str| {
        let mut headers = parsed.headers.iter();
        let header = headers.find(|header| header.name.eq_ignore_ascii_case(name))?;
        str::from_utf8(header.value).ok().map(str::trim)
    };
    let is_html = value("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    let length = match (value("transfer-encoding"), value("content-length")) {
        (Some(coding), _) if coding.eq_ignore_ascii_case("chunked") => Length::Chunked,
        (Some(coding), _) => return Err(format!("the answer is in {coding}, which is not known")),
        (None, None) => Length::UntilEnd,
        (None, Some(length)) => {
            let bytes = length.parse();
            Length::Bytes(bytes.map_err(|_| format!("the answer has {length:?} bytes"))?)
        }
    };
    let answer = Answer {
        status: parsed.code.unwrap_or_default(),
        reason: parsed.reason.unwrap_or_default().to_owned(),
        location: value("location").map(str::to_owned),
        html: None,
    };
    Ok(Some(Head { answer, is_html, length, size }))
}

/// The body, of which `received` has come with the head.
async fn body(
    stream: &TcpStream,
    mut received: Vec<u8>,
    length: Length,
) -> Result<Vec<u8>, String> {
    loop {
        let done = match length {
            Length::Bytes(length) if length > BODY_MAX => return Err(too_long()),
            Length::Bytes(length) if received.len() >= length => {
                received.truncate(length);
                return Ok(received);
            }
            Length::Chunked => unchunk(&received)?,
            Length::Bytes(_) | Length::UntilEnd => None,
        };
        if let Some(body) = done {
            return Ok(body);
        }
        if received.len() > BODY_MAX {
            return Err(too_long());
        }
        if stream.read_buf(more(&mut received)).await.map_err(lost)? > 0 {
            continue;
        }
        return match length {
            Length::UntilEnd => Ok(received),
            Length::Chunked => Err("the page ends in the middle of a chunk".to_owned()),
            Length::Bytes(length) => {
                Err(format!("the page ends after {} of {length} bytes", received.len()))
            }
        };
    }
}

fn too_long() -> String {
    format!("the page is longer than {BODY_MAX} bytes")
}

/// What the chunks hold, once the last one is there.
fn unchunk(mut rest: &[u8]) -> Result<Option<Vec<u8>>, String> {
    let mut body = Vec::new();
    loop {
        let (at, size) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err("a chunk of the page has no size".to_owned()),
        };
        if size == 0 {
            return Ok(Some(body));
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > BODY_MAX {
            return Err(too_long());
        }
        // Its bytes, and the end of a line.
        let Some(chunk) = rest.get(at..at + size + 2) else { return Ok(None) };
        body.extend_from_slice(&chunk[..size]);
        rest = &rest[at + size + 2..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read() {
        let text =
            b"HTTP/1.1 301 Moved\r\nlocation: /x\r\nContent-Type: text/html; charset=utf-8\r\n\
            Content-Length: 3\r\n\r\nabc";
        let head = parse(text).unwrap().unwrap();
        assert_eq!((head.answer.status, head.answer.reason.as_str()), (301, "Moved"));
        assert_eq!(head.answer.location.as_deref(), Some("/x"));
        assert_eq!(
            (head.is_html, head.length, head.size),
            (true, Length::Bytes(3), text.len() - 3)
        );
        assert!(parse(&text[..40]).unwrap().is_none());
        for bad in [
            "no HTTP\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn chunks_are_joined() {
        let text = b"3\r\nabc\r\n0A;x=y\r\n0123456789\r\n0\r\n\r\n";
        assert_eq!(unchunk(text).unwrap().unwrap(), b"abc0123456789");
        for end in 0..text.len() - 4 {
            assert_eq!(unchunk(&text[..end]), Ok(None), "after {end} bytes");
        }
        assert!(unchunk(b"x\r\n").is_err());
        assert!(unchunk(b"fffffffffffffff\r\n").is_err());
    }
}
