//! As much of HTTP/1 as curl needs: one request on a connection, and its body sent back.

use std::io;

use corio::stream::tls::TlsInfo;
use corio::stream::{StreamReader, StreamWriter};

/// A body may be so long: it is held in memory.
const BODY_MAX: usize = 16 * 1024 * 1024;

/// Answers one request and closes.
pub async fn answer(mut reader: StreamReader, writer: StreamWriter) -> io::Result<()> {
    let head = reader.read_until(b"\r\n\r\n").await?;
    match body_length(&head) {
        Ok(length) => {
            let body = match length {
                // Nothing was sent: the first line is what there is to send back.
                0 => head.split(|&byte| byte == b'\r').next().unwrap_or_default().to_vec(),
                length => {
                    if expects_continue(&head) {
                        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n");
                    }
                    reader.read_exactly(length).await?
                }
            };
            reply(&writer, "200 OK", &body);
        }
        Err(why) => reply(&writer, "400 Bad Request", why.as_bytes()),
    }
    writer.drain().await?;
    writer.close();
    writer.wait_closed().await
}

fn reply(writer: &StreamWriter, status: &str, body: &[u8]) {
    let version = writer.extra_info::<TlsInfo>().and_then(TlsInfo::version);
    let version = version.map(|version| format!("{version:?}")).unwrap_or_default();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nX-Tls: {version}\r\nConnection: close\r\n\r\n"
    );
    writer.write(head.as_bytes());
    writer.write(body);
}

fn body_length(head: &[u8]) -> Result<usize, String> {
    let Some(value) = header(head, "content-length") else { return Ok(0) };
    match value.parse() {
        Ok(length) if length <= BODY_MAX => Ok(length),
        Ok(length) => Err(format!("a body of {length} bytes is longer than {BODY_MAX}")),
        Err(_) => Err(format!("{value:?} is no length")),
    }
}

fn expects_continue(head: &[u8]) -> bool {
    header(head, "expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
}

fn header(head: &[u8], wanted: &str) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    head.lines().skip(1).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
    })
}
