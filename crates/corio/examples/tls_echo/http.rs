//! As much of HTTP/1 as curl needs: one request on a connection, and its body sent back; once with streams,
//! and once with a protocol.

use std::io;

use corio::stream::protocol::{Protocol, Transport};
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
                0 => first_line(&head).to_vec(),
                length => {
                    if expects_continue(&head) {
                        writer.write(CONTINUE);
                    }
                    reader.read_exactly(length).await?
                }
            };
            writer.write(&reply(writer.extra_info(), "200 OK", &body));
        }
        Err(why) => {
            writer.write(&reply(writer.extra_info(), "400 Bad Request", why.as_bytes()));
        }
    }
    writer.drain().await?;
    writer.close();
    writer.wait_closed().await
}

/// The same without a task: it keeps what has come until all is there.
#[derive(Default)]
pub struct Http {
    transport: Option<Transport>,
    received: Vec<u8>,
    /// How long the head is, once it is there.
    head: Option<usize>,
}

impl Protocol for Http {
    fn connection_made(&mut self, transport: Transport) {
        self.transport = Some(transport);
    }

    fn data_received(&mut self, data: &[u8]) {
        self.received.extend_from_slice(data);
        let Some(transport) = self.transport.clone() else { return };
        let head_end = || self.received.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let is_new = self.head.is_none();
        self.head = self.head.or_else(|| head_end().map(|at| at + 4));
        let Some(end) = self.head else { return };
        let (head, body) = self.received.split_at(end);
        let info = transport.extra_info::<TlsInfo>();
        let answer = match body_length(head) {
            Ok(0) => reply(info.as_ref(), "200 OK", first_line(head)),
            Ok(length) if body.len() >= length => reply(info.as_ref(), "200 OK", &body[..length]),
            Ok(_) => {
                if is_new && expects_continue(head) {
                    transport.write(CONTINUE);
                }
                return;
            }
            Err(why) => reply(info.as_ref(), "400 Bad Request", why.as_bytes()),
        };
        transport.write(&answer);
        transport.close();
    }
}

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Where nothing was sent, the first line is what there is to send back.
fn first_line(head: &[u8]) -> &[u8] {
    head.split(|&byte| byte == b'\r').next().unwrap_or_default()
}

fn reply(info: Option<&TlsInfo>, status: &str, body: &[u8]) -> Vec<u8> {
    let version = info.and_then(TlsInfo::version);
    let version = version.map(|version| format!("{version:?}")).unwrap_or_default();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nX-Tls: {version}\r\nConnection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
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
