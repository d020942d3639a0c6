//! Lines and messages that are longer than a reader allows.

use corio::EventLoop;
use corio::stream::{Feeder, IncompleteRead, LimitOverrun, ReadError, StreamReader};

fn limited(limit: usize) -> (StreamReader, Feeder) {
    let (reader, feeder) = StreamReader::fed();
    (reader.with_limit(limit), feeder)
}

#[track_caller]
fn overrun(result: Result<Vec<u8>, ReadError>) -> LimitOverrun {
    match result {
        Err(ReadError::LimitOverrun(error)) => error,
        other => panic!("no overrun: {other:?}"),
    }
}

#[corio::test(virtual_time)]
async fn test_readline_limit_with_existing_data() {
    let (mut reader, feeder) = limited(3);
    feeder.feed_data(b"li");
    feeder.feed_data(b"ne1\nline2\n");
    overrun(reader.read_line().await);
    assert_eq!(reader.buffered(), b"line2\n", "the long line is gone, the next is there");

    let (mut reader, feeder) = limited(3);
    feeder.feed_data(b"li");
    feeder.feed_data(b"ne1");
    feeder.feed_data(b"li");
    overrun(reader.read_line().await);
    assert_eq!(reader.buffered(), b"");
}

#[corio::test(virtual_time)]
async fn test_readline_limit() {
    let (mut reader, feeder) = limited(7);
    EventLoop::current().call_soon(move || {
        feeder.feed_data(b"chunk1");
        feeder.feed_data(b"chunk2");
        feeder.feed_data(b"chunk3\n");
        feeder.feed_eof();
    });
    overrun(reader.read_line().await);
    assert_eq!(reader.buffered(), b"", "there was one line, and it is gone");

    let (mut reader, feeder) = limited(7);
    EventLoop::current().call_soon(move || {
        feeder.feed_data(b"chunk1");
        feeder.feed_data(b"chunk2\n");
        feeder.feed_data(b"chunk3\n");
        feeder.feed_eof();
    });
    overrun(reader.read_line().await);
    assert_eq!(reader.buffered(), b"chunk3\n");

    // The limit is strict, and does not count the end of the line.
    let (mut reader, feeder) = limited(7);
    feeder.feed_data(b"1234567\n");
    assert_eq!(reader.read_line().await.unwrap(), b"1234567\n");
    assert_eq!(reader.buffered(), b"");
    for long in [&b"12345678\n"[..], b"12345678"] {
        feeder.feed_data(long);
        overrun(reader.read_line().await);
        assert_eq!(reader.buffered(), b"");
    }
}

#[corio::test(virtual_time)]
async fn test_readuntil_limit_found_sep() {
    let (mut reader, feeder) = limited(3);
    feeder.feed_data(b"some dataAA");
    let error = overrun(reader.read_until(b"AAA").await);
    assert!(error.to_string().contains("not found"), "{error}");
    assert_eq!(reader.buffered(), b"some dataAA");
    feeder.feed_data(b"A");
    let error = overrun(reader.read_until(b"AAA").await);
    assert!(error.to_string().contains("is found"), "{error}");
    assert_eq!(reader.buffered(), b"some dataAAA");
}

/// What pickling is for: a copy, in another place, says the same.
#[test]
#[expect(non_snake_case, reason = "CPython's name")]
fn test_IncompleteReadError_pickleable() {
    let error = IncompleteRead { partial: b"abc".to_vec(), expected: Some(10) };
    let sent = error.clone();
    let received = std::thread::spawn(move || sent).join().unwrap();
    assert_eq!(received, error);
    assert_eq!(received.to_string(), error.to_string());
}

#[test]
#[expect(non_snake_case, reason = "CPython's name")]
fn test_LimitOverrunError_pickleable() {
    let error = LimitOverrun { consumed: 10, limit: 3, is_found: false };
    let sent = error.clone();
    let received = std::thread::spawn(move || sent).join().unwrap();
    assert_eq!(received, error);
    assert_eq!(received.to_string(), error.to_string());
}
