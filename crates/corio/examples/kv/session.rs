//! One client's conversation, without the socket: bytes come in, bytes go out.
//!
//! The connection asks [`Session::space`] where to read to, says with [`Session::received`] how much
//! came, and calls [`Session::answer`] until that asks for more. All whole requests that have come
//! are answered into one output, so that a pipeline costs one read and one write.
//!
//! What a client can make a session keep:
//!
//! | part | at most | why |
//! |---|---|---|
//! | input | `REQUEST_MAX` and one read | a request has to be there whole |
//! | arguments | 8 bytes each, 128 KiB | their places in the input |
//! | output | `OUTPUT_FULL` and one `REPLY_MAX` | beyond `OUTPUT_FULL` nothing is answered before it is sent |
//!
//! A client that sends without reading stops being read; one that stops in the middle of a request
//! keeps what it has sent, and waits.

use std::time::Instant;

use crate::command::{self, Flow};
use crate::resp::{Parser, REQUEST_MAX, Reply};
use crate::store::Store;

/// What a session reads into at first: a pipeline of sixteen short commands has 700 bytes.
const INPUT_MIN: usize = 4 * 1024;
/// What it grows to by itself when reads fill it, and shrinks to when a large request is over. A
/// read of 64 KiB takes some 10 µs; more would keep other connections waiting.
const INPUT_KEPT: usize = 64 * 1024;
/// What the input can grow to: the parser refuses a request before it is longer.
const INPUT_MAX: usize = REQUEST_MAX + INPUT_KEPT;
/// Output that is sent before anything more is answered.
const OUTPUT_FULL: usize = 64 * 1024;

/// What the connection has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send the output if there is any, then answer more.
    Send,
    /// Send the output if there is any, then read.
    Read,
    /// Send the output, then close.
    Close,
}

/// A client's unfinished request and unsent replies.
#[derive(Debug)]
pub struct Session {
    /// Bytes `start..end` have been received and not yet answered.
    input: Vec<u8>,
    start: usize,
    end: usize,
    parser: Parser,
    output: Vec<u8>,
}

impl Session {
    /// A session that has received nothing.
    pub fn new() -> Session {
        Session {
            input: vec![0; INPUT_MIN],
            start: 0,
            end: 0,
            parser: Parser::new(),
            output: Vec::new(),
        }
    }

    /// Where the next bytes shall be put; never empty.
    pub fn space(&mut self) -> &mut [u8] {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            if self.input.len() > INPUT_KEPT {
                self.input = vec![0; INPUT_MIN];
            }
        } else if self.end == self.input.len() && self.start > 0 {
            self.input.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.input.len() {
            let len = (self.input.len() * 2).min(INPUT_MAX);
            assert!(len > self.end, "the parser refuses what is longer than INPUT_MAX");
            self.input.resize(len, 0);
        }
        &mut self.input[self.end..]
    }

    /// Takes note of `count` bytes that were put into [`Session::space`].
    pub fn received(&mut self, count: usize) {
        self.end += count;
        assert!(self.end <= self.input.len(), "{count} bytes do not fit into the space given");
        if self.start == 0 && self.end == self.input.len() && self.end < INPUT_KEPT {
            // A read that fills everything: the client has more to say than was thought.
            self.input.resize(self.end * 2, 0);
        }
    }

    /// Answers requests that have come whole until the output is full.
    pub fn answer(&mut self, store: &mut Store, now: Instant) -> Next {
        while self.start < self.end {
            if self.output.len() >= OUTPUT_FULL {
                return Next::Send;
            }
            match self.parser.parse(&self.input[self.start..self.end]) {
                Ok(Some(request)) => {
                    self.start += request.len;
                    match command::execute(store, request.args, now, &mut self.output) {
                        Flow::Continue => {}
                        Flow::Close => return Next::Close,
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    Reply(&mut self.output).error(&format_args!("ERR {error}"));
                    return Next::Close;
                }
            }
        }
        Next::Read
    }

    /// The replies to send.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// Forgets the replies: they are sent.
    pub fn sent(&mut self) {
        self.output.clear();
        self.output.shrink_to(OUTPUT_FULL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `input` in pieces of `step` bytes and gives everything that is sent.
    fn talk(input: &[u8], step: usize) -> (Vec<u8>, Next) {
        let mut session = Session::new();
        let mut store = Store::new();
        let now = Instant::now();
        let mut sent = Vec::new();
        let mut rest = input;
        loop {
            let next = session.answer(&mut store, now);
            assert!(session.output().len() < OUTPUT_FULL + command::REPLY_MAX);
            sent.extend_from_slice(session.output());
            session.sent();
            match next {
                Next::Close => return (sent, next),
                Next::Read if rest.is_empty() => return (sent, next),
                Next::Send => {}
                Next::Read => {
                    let space = session.space();
                    let count = space.len().min(step).min(rest.len());
                    space[..count].copy_from_slice(&rest[..count]);
                    rest = &rest[count..];
                    session.received(count);
                    assert!(session.input.len() <= INPUT_MAX);
                }
            }
        }
    }

    #[test]
    fn pieces_change_nothing() {
        let mut input = Vec::new();
        for number in 0..200 {
            let value = "v".repeat(number * 7);
            let set = format!("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n${}\r\n{value}\r\n", value.len());
            input.extend_from_slice(set.as_bytes());
            input.extend_from_slice(b"GET key\r\n*1\r\n$4\r\nPING\r\n");
        }
        let whole = talk(&input, usize::MAX);
        assert_eq!(whole.1, Next::Read);
        assert!(whole.0.ends_with(b"v\r\n+PONG\r\n"));
        for step in [1, 2, 13, 1000] {
            assert!(talk(&input, step) == whole, "in pieces of {step}");
        }
    }

    #[test]
    fn replies_before_an_error_or_quit_are_sent_and_none_after() {
        let bad = talk(b"PING\r\n*1\r\n$9999999999\r\nPING\r\n", usize::MAX);
        let expected = b"+PONG\r\n-ERR Protocol error: invalid bulk length\r\n".to_vec();
        assert_eq!(bad, (expected, Next::Close));
        let quit = talk(b"PING\r\nQUIT\r\nPING\r\n", 3);
        assert_eq!(quit, (b"+PONG\r\n+OK\r\n".to_vec(), Next::Close));
    }

    #[test]
    fn a_full_output_is_sent_before_more_is_answered() {
        let mut session = Session::new();
        let mut store = Store::new();
        let now = Instant::now();
        store.set(b"k", &vec![b'x'; OUTPUT_FULL / 2], None);
        let input = b"GET k\r\n".repeat(5);
        session.space()[..input.len()].copy_from_slice(&input);
        session.received(input.len());
        let mut sends = 0;
        while session.answer(&mut store, now) == Next::Send {
            sends += 1;
            session.sent();
        }
        assert_eq!(sends, 2);
        assert!(session.output().len() > OUTPUT_FULL / 2);
    }

    #[test]
    fn a_large_request_is_taken_in_and_its_memory_given_back() {
        let len = 4 * 1024 * 1024;
        let mut input = format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${len}\r\n").into_bytes();
        input.resize(input.len() + len, b'x');
        input.extend_from_slice(b"\r\n");
        let (sent, _) = talk(&input, usize::MAX);
        assert_eq!(sent, b"+OK\r\n");

        let mut session = Session::new();
        session.input.resize(INPUT_MAX, 0);
        session.space();
        assert_eq!(session.input.len(), INPUT_MIN);
    }

    #[test]
    fn no_bytes_at_all_make_it_panic_or_grow() {
        // A small generator of noise with protocol characters in it; the seed is fixed.
        let alphabet = b"*$:+-0123456789\r\n \"'\\xGETSPINGabc\0\xff";
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..2000 {
            let noise: Vec<u8> = (0..200)
                .map(|_| {
                    seed ^= seed << 13;
                    seed ^= seed >> 7;
                    seed ^= seed << 17;
                    alphabet[(seed % alphabet.len() as u64) as usize]
                })
                .collect();
            let whole = talk(&noise, usize::MAX);
            assert_eq!(talk(&noise, 1), whole, "{noise:?}");
        }
    }
}
