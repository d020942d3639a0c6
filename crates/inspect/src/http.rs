//! As much of HTTP/1.1 as a browser and `corio ps` need: one GET, or a POST without a body, a connection.
//!
//! Called by the server for each connection. What it does not understand it answers with the status that
//! says so, and it reads no more than [`HEAD_MAX`] bytes.

use std::io;

use corio_io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The longest head of a request: browsers send some hundred bytes.
pub(crate) const HEAD_MAX: usize = 8 * 1024;

/// What a client asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// POST, and not GET: something is to change.
    pub(crate) is_post: bool,
    pub(crate) path: String,
    pub(crate) host: Option<String>,
}

/// What it is answered.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn ok(kind: &'static str, body: impl Into<Vec<u8>>) -> Response {
        Response { status: "200 OK", kind, body: body.into() }
    }

    pub(crate) fn refusal(status: &'static str) -> Response {
        let body = format!("{status}\n").into_bytes();
        Response { status, kind: "text/plain; charset=utf-8", body }
    }
}

/// Reads the head of a request; within, the answer to one that is not understood.
pub(crate) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
) -> io::Result<Result<Request, Response>> {
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    loop {
        let n = stream.read(&mut chunk).await?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(&chunk[..n]);
        match parse(&head) {
            Parsed::Whole(answer) => return Ok(answer),
            Parsed::Partial if head.len() < HEAD_MAX => {}
            Parsed::Partial => {
                return Ok(Err(Response::refusal("431 Request Header Fields Too Large")));
            }
        }
    }
}

enum Parsed {
    Partial,
    Whole(Result<Request, Response>),
}

fn parse(head: &[u8]) -> Parsed {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Partial) => return Parsed::Partial,
        Ok(httparse::Status::Complete(_)) => {}
        Err(_) => return Parsed::Whole(Err(Response::refusal("400 Bad Request"))),
    }
    let is_post = match request.method {
        Some("GET") => false,
        Some("POST") => true,
        _ => return Parsed::Whole(Err(Response::refusal("405 Method Not Allowed"))),
    };
    let mut hosts =
        request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host"));
    let host = hosts.next().and_then(|header| str::from_utf8(header.value).ok());
    let host = host.map(str::to_owned).filter(|_| hosts.next().is_none());
    let path = request.path.unwrap_or("/").to_owned();
    Parsed::Whole(Ok(Request { is_post, path, host }))
}

/// Writes an answer and closes the sending side. Nothing but what this server sends may be loaded by it
/// or keep it.
pub(crate) async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    response: &Response,
) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\
         Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\
         X-Frame-Options: DENY\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; \
         style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'\r\n\r\n",
        response.status,
        response.kind,
        response.body.len(),
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&response.body).await?;
    stream.close().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_in_parts_and_in_bad_shape() {
        let whole = b"GET /report HTTP/1.1\r\nHost: 127.0.0.1:9\r\n\r\n";
        for end in 0..whole.len() {
            assert!(matches!(parse(&whole[..end]), Parsed::Partial), "{end}");
        }
        let Parsed::Whole(Ok(request)) = parse(whole) else { panic!("understood") };
        assert_eq!(request.path, "/report");
        assert_eq!(request.host.as_deref(), Some("127.0.0.1:9"));
        for (bad, status) in [
            (&b"DELETE / HTTP/1.1\r\n\r\n"[..], "405 Method Not Allowed"),
            (b"\0\r\n\r\n", "400 Bad Request"),
        ] {
            let Parsed::Whole(Err(response)) = parse(bad) else { panic!("refused") };
            assert_eq!(response.status, status);
        }
    }

    #[test]
    fn two_hosts_are_none() {
        let two = b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n";
        let Parsed::Whole(Ok(request)) = parse(two) else { panic!("understood") };
        assert_eq!(request.host, None);
    }
}
