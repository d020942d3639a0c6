//! Replies: the encoder.

use std::fmt;

use super::number::append_integer;

/// Writes replies to the end of a connection's output.
#[derive(Debug)]
pub struct Reply<'a>(pub &'a mut Vec<u8>);

impl Reply<'_> {
    /// `+text`; a `text` with a line end in it would end the reply early.
    pub fn simple(&mut self, text: &str) {
        debug_assert!(!text.contains(['\r', '\n']));
        self.0.push(b'+');
        self.0.extend_from_slice(text.as_bytes());
        self.end();
    }

    /// `-text`; bytes that would end the line become spaces.
    pub fn error(&mut self, text: &impl fmt::Display) {
        let text = text.to_string();
        self.0.push(b'-');
        let one_line = |byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte };
        self.0.extend(text.bytes().map(one_line));
        self.end();
    }

    /// `:number`
    pub fn integer(&mut self, number: i64) {
        self.number(b':', number);
    }

    /// `$length`, then the bytes.
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.length(b'$', bytes.len());
        self.0.extend_from_slice(bytes);
        self.end();
    }

    /// The null bulk string: there is no such thing.
    pub fn nil(&mut self) {
        self.0.extend_from_slice(b"$-1\r\n");
    }

    /// The null array: there is no such list.
    pub fn nil_array(&mut self) {
        self.0.extend_from_slice(b"*-1\r\n");
    }

    /// The head of an array; `len` replies follow.
    pub fn array(&mut self, len: usize) {
        self.length(b'*', len);
    }

    fn length(&mut self, mark: u8, len: usize) {
        self.number(mark, i64::try_from(len).expect("a length in memory fits"));
    }

    fn number(&mut self, mark: u8, number: i64) {
        self.0.push(mark);
        append_integer(self.0, number);
        self.end();
    }

    fn end(&mut self) {
        self.0.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_reply() {
        let mut bytes = Vec::new();
        let mut reply = Reply(&mut bytes);
        reply.simple("OK");
        reply.error(&"ERR two\r\nlines");
        reply.integer(-7);
        reply.bulk(b"a\r\nb");
        reply.bulk(b"");
        reply.nil();
        reply.nil_array();
        reply.array(2);
        let expected =
            "+OK\r\n-ERR two  lines\r\n:-7\r\n$4\r\na\r\nb\r\n$0\r\n\r\n$-1\r\n*-1\r\n*2\r\n";
        assert_eq!(bytes, expected.as_bytes());
    }
}
