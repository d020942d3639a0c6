//! Requests: the parser.
//!
//! [`Parser`] reads one request at a time out of the bytes a connection has received, in place:
//! arguments are ranges of those bytes, nothing is copied but the words of an inline command. It
//! goes on where it stopped when more bytes come, so that a request that arrives byte by byte costs
//! no more than one that arrives whole. It never looks beyond the request it reads.
//!
//! What is malformed or too large is a [`ProtocolError`], in Redis's words; the connection sends it
//! and closes, because where the next request begins is unknown then.

use std::fmt;

use super::number::integer;

/// The longest inline command, and the longest line that announces a length, as in Redis.
pub const LINE_MAX: usize = 64 * 1024;
/// The longest argument. Redis takes 512 MiB; an example that promises bounded memory takes less.
pub const BULK_MAX: usize = 4 * 1024 * 1024;
/// Arguments a request may have. Redis takes 2^31.
pub const ARGS_MAX: usize = 16 * 1024;
/// The longest request, all in all: what a connection has to keep while it waits for the rest.
pub const REQUEST_MAX: usize = 8 * 1024 * 1024;

/// Ranges that are kept from one request to the next; a request with more gives the rest back.
const SPANS_KEPT: usize = 64;

const _: () = assert!(BULK_MAX < REQUEST_MAX && REQUEST_MAX < u32::MAX as usize);

/// What is wrong with the bytes received; nothing that follows them can be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// No line end within [`LINE_MAX`] bytes of an inline command.
    InlineTooLong,
    /// An inline command with a quote that does not end, or ends in the middle of a word.
    UnbalancedQuotes,
    /// No line end within [`LINE_MAX`] bytes after `*`.
    CountLineTooLong,
    /// What follows `*` is not a number up to [`ARGS_MAX`].
    BadCount,
    /// No line end within [`LINE_MAX`] bytes after `$`.
    LengthLineTooLong,
    /// Another byte than `$` where an argument should begin.
    ExpectedBulk(u8),
    /// What follows `$` is not a number up to [`BULK_MAX`].
    BadLength,
    /// An argument that is not followed by a line end.
    BulkWithoutEnd,
    /// More than [`REQUEST_MAX`] bytes.
    RequestTooLong,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Protocol error: ")?;
        match self {
            ProtocolError::InlineTooLong => f.write_str("too big inline request"),
            ProtocolError::UnbalancedQuotes => f.write_str("unbalanced quotes in request"),
            ProtocolError::CountLineTooLong => f.write_str("too big mbulk count string"),
            ProtocolError::BadCount => f.write_str("invalid multibulk length"),
            ProtocolError::LengthLineTooLong => f.write_str("too big bulk count string"),
            ProtocolError::ExpectedBulk(byte) => {
                // A line end inside an error would end the reply.
                let byte = if byte.is_ascii_control() { b'?' } else { *byte };
                write!(f, "expected '$', got '{}'", char::from(byte).escape_default())
            }
            ProtocolError::BadLength => f.write_str("invalid bulk length"),
            ProtocolError::BulkWithoutEnd => f.write_str("expected CRLF after bulk"),
            ProtocolError::RequestTooLong => {
                write!(f, "too big request, at most {REQUEST_MAX} bytes")
            }
        }
    }
}

/// A range of the request's bytes.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: u32,
    to: u32,
}

impl Span {
    fn new(from: usize, to: usize) -> Span {
        // Both are below REQUEST_MAX, which fits.
        Span { from: from as u32, to: to as u32 }
    }
}

/// The arguments of one request, the command's name first.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a> {
    bytes: &'a [u8],
    spans: &'a [Span],
}

impl<'a> Args<'a> {
    /// How many there are; none for an empty line, which asks for nothing.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Argument `index`.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn get(&self, index: usize) -> &'a [u8] {
        let span = self.spans[index];
        &self.bytes[span.from as usize..span.to as usize]
    }

    /// Arguments `from` and later.
    pub fn iter_from(&self, from: usize) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let args = *self;
        (from..args.len()).map(move |index| args.get(index))
    }
}

/// A request that has arrived whole.
#[derive(Debug)]
pub struct Request<'a> {
    /// What it says.
    pub args: Args<'a>,
    /// How many bytes of the input it takes: the next request begins after them.
    pub len: usize,
}

/// Reads requests; keeps how far it is with the one that has not arrived whole.
///
/// ```text
///   header ──1──▶ length ──2──▶ bulk ──┐      1 read_count   3 read_bulk: more to come
///     │             ▲────────3─────────┤      2 read_length  4 read_bulk: that was the last
///     └──5──▶ done ◀─────────4─────────┘      5 read_inline, or a count of zero
/// ```
#[derive(Debug, Default)]
pub struct Parser {
    state: State,
    /// Where the part under way begins, counted from the start of the request.
    at: usize,
    /// Up to here no line end was found.
    scanned: usize,
    /// Arguments still to come.
    left: usize,
    spans: Vec<Span>,
    /// The arguments of an inline command, quotes resolved, one after another.
    inline: Vec<u8>,
    is_inline: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Header,
    Length,
    Bulk(usize),
    Done,
}

impl Parser {
    /// A parser at the start of a request.
    pub fn new() -> Parser {
        Parser::default()
    }

    /// Reads the request that `input` begins with; `None`: it has not arrived whole.
    ///
    /// Until it has, `input` MUST begin with the same bytes at every call and may only grow; after
    /// that, `input` begins where the request ended.
    ///
    /// # Errors
    /// [`ProtocolError`]; the parser is of no use any more.
    pub fn parse<'a>(&'a mut self, input: &'a [u8]) -> Result<Option<Request<'a>>, ProtocolError> {
        if matches!(self.state, State::Done) {
            self.restart();
        }
        loop {
            let goes_on = match self.state {
                State::Header if input.first() == Some(&b'*') => self.read_count(input)?,
                State::Header => self.read_inline(input)?,
                State::Length => self.read_length(input)?,
                State::Bulk(len) => self.read_bulk(input, len)?,
                State::Done => {
                    let bytes = if self.is_inline { &self.inline } else { input };
                    let args = Args { bytes, spans: &self.spans };
                    return Ok(Some(Request { args, len: self.at }));
                }
            };
            if !goes_on {
                return Ok(None);
            }
        }
    }

    fn restart(&mut self) {
        self.state = State::Header;
        self.at = 0;
        self.scanned = 0;
        self.spans.clear();
        self.spans.shrink_to(SPANS_KEPT);
        self.inline.clear();
        self.inline.shrink_to(SPANS_KEPT);
        self.is_inline = false;
    }

    /// The line at `at`, without its end; moves behind it.
    fn line<'a>(
        &mut self,
        input: &'a [u8],
        too_long: ProtocolError,
    ) -> Result<Option<&'a [u8]>, ProtocolError> {
        let from = self.scanned.max(self.at);
        match input[from..].iter().position(|&byte| byte == b'\n') {
            Some(offset) if from + offset - self.at <= LINE_MAX => {
                let line = &input[self.at..from + offset];
                self.at = from + offset + 1;
                Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
            }
            None if input.len() - self.at <= LINE_MAX => {
                self.scanned = input.len();
                Ok(None)
            }
            _ => Err(too_long),
        }
    }

    fn read_count(&mut self, input: &[u8]) -> Result<bool, ProtocolError> {
        let Some(line) = self.line(input, ProtocolError::CountLineTooLong)? else {
            return Ok(false);
        };
        let count = integer(&line[1..]).ok_or(ProtocolError::BadCount)?;
        // Redis skips a request without arguments, and takes a negative count for one.
        self.left = usize::try_from(count.max(0)).map_err(|_| ProtocolError::BadCount)?;
        if self.left > ARGS_MAX {
            return Err(ProtocolError::BadCount);
        }
        self.state = if self.left == 0 { State::Done } else { State::Length };
        Ok(true)
    }

    fn read_length(&mut self, input: &[u8]) -> Result<bool, ProtocolError> {
        match input.get(self.at) {
            None => return Ok(false),
            Some(b'$') => {}
            Some(&other) => return Err(ProtocolError::ExpectedBulk(other)),
        }
        let Some(line) = self.line(input, ProtocolError::LengthLineTooLong)? else {
            return Ok(false);
        };
        let len = integer(&line[1..]).and_then(|len| usize::try_from(len).ok());
        let len = len.filter(|&len| len <= BULK_MAX).ok_or(ProtocolError::BadLength)?;
        if self.at + len + 2 > REQUEST_MAX {
            return Err(ProtocolError::RequestTooLong);
        }
        self.state = State::Bulk(len);
        Ok(true)
    }

    fn read_bulk(&mut self, input: &[u8], len: usize) -> Result<bool, ProtocolError> {
        let end = self.at + len;
        match input.get(end..end + 2) {
            None => return Ok(false),
            Some(b"\r\n") => {}
            Some(_) => return Err(ProtocolError::BulkWithoutEnd),
        }
        self.spans.push(Span::new(self.at, end));
        self.at = end + 2;
        self.left -= 1;
        self.state = if self.left == 0 { State::Done } else { State::Length };
        Ok(true)
    }

    fn read_inline(&mut self, input: &[u8]) -> Result<bool, ProtocolError> {
        let Some(line) = self.line(input, ProtocolError::InlineTooLong)? else {
            return Ok(false);
        };
        self.is_inline = true;
        let mut rest = line;
        loop {
            let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
            rest = &rest[rest.iter().take_while(|byte| blank(byte)).count()..];
            if rest.is_empty() {
                break;
            }
            let from = self.inline.len();
            rest = unquote_word(rest, &mut self.inline).ok_or(ProtocolError::UnbalancedQuotes)?;
            self.spans.push(Span::new(from, self.inline.len()));
        }
        self.state = State::Done;
        Ok(true)
    }
}

/// Appends the word that `line` begins with to `word`, quotes and escapes resolved, and returns
/// what follows it; `None` if a quote does not end or is followed by anything but a blank.
fn unquote_word<'a>(mut line: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    let mut quote: Option<u8> = None;
    loop {
        let (&byte, rest) = match line.split_first() {
            Some(split) => split,
            None if quote.is_none() => return Some(line),
            None => return None,
        };
        match (quote, byte, rest) {
            (None, b'"' | b'\'', _) => quote = Some(byte),
            (None, byte, _) if byte.is_ascii_whitespace() || byte == 0 => return Some(rest),
            (Some(open), byte, _) if open == byte => {
                let ends = rest.first().is_none_or(u8::is_ascii_whitespace);
                return ends.then_some(rest);
            }
            (Some(b'"'), b'\\', &[b'x', high, low, ref after @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                word.push(hex(high) << 4 | hex(low));
                line = after;
                continue;
            }
            (Some(b'"'), b'\\', &[escaped, ref after @ ..]) => {
                word.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'a' => 7,
                    other => other,
                });
                line = after;
                continue;
            }
            (Some(b'\''), b'\\', &[b'\'', ref after @ ..]) => {
                word.push(b'\'');
                line = after;
                continue;
            }
            _ => word.push(byte),
        }
        line = rest;
    }
}

/// The value of a hexadecimal digit.
fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All requests of `input`, then what is wrong with the rest; given in pieces of `step` bytes.
    fn parse_all(input: &[u8], step: usize) -> (Vec<Vec<Vec<u8>>>, Option<ProtocolError>) {
        let mut parser = Parser::new();
        let mut requests = Vec::new();
        let mut start = 0;
        let mut end = 0;
        while end < input.len() {
            end = (end + step).min(input.len());
            loop {
                match parser.parse(&input[start..end]) {
                    Ok(Some(request)) => {
                        requests.push(request.args.iter_from(0).map(<[u8]>::to_vec).collect());
                        start += request.len;
                    }
                    Ok(None) => break,
                    Err(error) => return (requests, Some(error)),
                }
                if start == end {
                    break;
                }
            }
        }
        (requests, None)
    }

    #[track_caller]
    fn check(input: &[u8], expected: &[&[&str]], error: Option<ProtocolError>) {
        for step in [input.len(), 1, 2, 3, 7] {
            let (requests, found) = parse_all(input, step.max(1));
            let shown: Vec<Vec<_>> = requests
                .iter()
                .map(|args| args.iter().map(|arg| String::from_utf8_lossy(arg)).collect())
                .collect();
            assert_eq!(shown, expected, "in pieces of {step}");
            assert_eq!(found, error, "in pieces of {step}");
        }
    }

    #[test]
    fn whole_requests_in_any_pieces() {
        check(b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n", &[&["GET", "a"]], None);
        check(
            b"*1\r\n$4\r\nPING\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$0\r\n\r\n",
            &[&["PING"], &["PING"], &["ECHO", ""]],
            None,
        );
        check(b"*2\r\n$4\r\nECHO\r\n$6\r\n\r\n$1\r\n\r\n", &[&["ECHO", "\r\n$1\r\n"]], None);
        check(b"*0\r\n*-1\r\n\r\n  \r\n\nPING\n", &[&[], &[], &[], &[], &[], &["PING"]], None);
    }

    #[test]
    fn inline_words_and_quotes() {
        check(b" set  k\t'a b' \r\n", &[&["set", "k", "a b"]], None);
        check(b"echo \"a \\\"b\\\" \\x41\\n\\q\"\n", &[&["echo", "a \"b\" A\nq"]], None);
        check(b"echo 'it\\'s \\n' a\"b c\"\n", &[&["echo", "it's \\n", "ab c"]], None);
        check(b"echo '' \"\"\n", &[&["echo", "", ""]], None);
        for bad in ["echo \"a\n", "echo 'a\n", "echo \"a\"b\n", "echo 'a'b\n", "echo \"a\\\"\n"] {
            check(bad.as_bytes(), &[], Some(ProtocolError::UnbalancedQuotes));
        }
    }

    #[test]
    fn what_is_malformed_is_named_after_what_was_whole() {
        let table: &[(&str, ProtocolError)] = &[
            ("*x\r\n", ProtocolError::BadCount),
            ("*\r\n", ProtocolError::BadCount),
            ("*16385\r\n", ProtocolError::BadCount),
            ("*99999999999999999999\r\n", ProtocolError::BadCount),
            ("*1\r\n:1\r\n", ProtocolError::ExpectedBulk(b':')),
            ("*1\r\n\r\n", ProtocolError::ExpectedBulk(b'\r')),
            ("*1\r\n$-1\r\n", ProtocolError::BadLength),
            ("*1\r\n$x\r\n", ProtocolError::BadLength),
            ("*1\r\n$4194305\r\n", ProtocolError::BadLength),
            ("*1\r\n$1\r\nabc", ProtocolError::BulkWithoutEnd),
        ];
        for (input, error) in table {
            let input = format!("PING\r\n{input}");
            check(input.as_bytes(), &[&["PING"]], Some(error.clone()));
        }
    }

    #[test]
    fn the_words_are_redis_words() {
        let said = |error: ProtocolError| error.to_string();
        assert_eq!(said(ProtocolError::BadLength), "Protocol error: invalid bulk length");
        assert_eq!(said(ProtocolError::BadCount), "Protocol error: invalid multibulk length");
        assert_eq!(
            said(ProtocolError::ExpectedBulk(b'x')),
            "Protocol error: expected '$', got 'x'"
        );
        assert_eq!(
            said(ProtocolError::ExpectedBulk(b'\n')),
            "Protocol error: expected '$', got '?'"
        );
    }

    #[test]
    fn what_does_not_end_is_too_long() {
        let fed = |start: &str, step| {
            let mut input = start.as_bytes().to_vec();
            input.resize(LINE_MAX + 2 + start.len(), b'1');
            parse_all(&input, step)
        };
        for step in [usize::MAX / 2, 1000] {
            assert_eq!(fed("a", step), (vec![], Some(ProtocolError::InlineTooLong)));
            assert_eq!(fed("*1", step), (vec![], Some(ProtocolError::CountLineTooLong)));
            assert_eq!(fed("*1\r\n$1", step), (vec![], Some(ProtocolError::LengthLineTooLong)));
        }
    }

    #[test]
    fn a_request_has_a_longest_length() {
        let bulk = format!("${BULK_MAX}\r\n{}\r\n", "x".repeat(BULK_MAX));
        let (requests, error) = parse_all(format!("*1\r\n{bulk}").as_bytes(), usize::MAX / 2);
        assert_eq!((requests.len(), error), (1, None));
        let (requests, error) = parse_all(format!("*2\r\n{bulk}{bulk}").as_bytes(), 1 << 20);
        assert_eq!((requests.len(), error), (0, Some(ProtocolError::RequestTooLong)));
    }
}
