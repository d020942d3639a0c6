//! How a reader shows itself.

#![expect(non_snake_case, reason = "CPython's names")]

use std::io;

use corio::stream::StreamReader;

#[test]
fn test___repr__nondefault_limit() {
    let (reader, _feeder) = StreamReader::fed();
    assert_eq!(format!("{reader:?}"), "<StreamReader>");
    assert_eq!(format!("{:?}", reader.with_limit(123)), "<StreamReader limit=123>");
}

#[test]
fn test___repr__eof() {
    let (reader, feeder) = StreamReader::fed();
    feeder.feed_eof();
    assert_eq!(format!("{reader:?}"), "<StreamReader eof>");
}

#[test]
fn test___repr__data() {
    let (reader, feeder) = StreamReader::fed();
    feeder.feed_data(b"data");
    assert_eq!(format!("{reader:?}"), "<StreamReader 4 bytes>");
}

#[test]
fn test___repr__exception() {
    let (mut reader, _feeder) = StreamReader::fed();
    reader.set_error(io::ErrorKind::TimedOut.into());
    assert_eq!(format!("{reader:?}"), "<StreamReader error=Kind(TimedOut)>");
}
