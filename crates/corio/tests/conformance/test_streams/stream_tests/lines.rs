//! Reading lines, and up to separators.

use std::io;

use corio::stream::{BadSeparator, ReadError, StreamReader};
use corio::{EventLoop, spawn_local, yield_now};

use super::reading::DATA;

#[corio::test(virtual_time)]
async fn test_readline() {
    let (mut reader, feeder) = StreamReader::fed();
    feeder.feed_data(b"chunk1 ");
    EventLoop::current().call_soon(move || {
        feeder.feed_data(b"chunk2 ");
        feeder.feed_data(b"chunk3 ");
        feeder.feed_data(b"\n chunk4");
    });
    assert_eq!(reader.read_line().await.unwrap(), b"chunk1 chunk2 chunk3 \n");
    assert_eq!(reader.buffered(), b" chunk4");
}

#[corio::test(virtual_time)]
async fn test_readline_nolimit_nowait() {
    let (mut reader, feeder) = StreamReader::fed();
    feeder.feed_data(&DATA[..6]);
    feeder.feed_data(&DATA[6..]);
    assert_eq!(reader.read_line().await.unwrap(), b"line1\n");
    assert_eq!(reader.buffered(), b"line2\nline3\n");
}

#[corio::test(virtual_time)]
async fn test_readline_eof() {
    let (mut reader, feeder) = StreamReader::fed();
    feeder.feed_data(b"some data");
    feeder.feed_eof();
    assert_eq!(reader.read_line().await.unwrap(), b"some data");
}

#[corio::test(virtual_time)]
async fn test_readline_read_byte_count() {
    let (mut reader, feeder) = StreamReader::fed();
    feeder.feed_data(DATA);
    reader.read_line().await.unwrap();
    assert_eq!(reader.read_some(7).await.unwrap(), b"line2\nl");
    assert_eq!(reader.buffered(), b"ine3\n");
}

#[corio::test(virtual_time)]
async fn test_readline_exception() {
    let (mut reader, feeder) = StreamReader::fed();
    feeder.feed_data(b"line\n");
    assert_eq!(reader.read_line().await.unwrap(), b"line\n");
    feeder.set_error(io::Error::other("of the test"));
    let result = reader.read_line().await;
    assert!(matches!(result, Err(ReadError::Io(_))), "{result:?}");
    assert_eq!(reader.buffered(), b"");
}

#[corio::test(virtual_time)]
async fn test_readuntil_separator() {
    let (mut reader, _feeder) = StreamReader::fed();
    let none: [&[u8]; 0] = [];
    for (result, expected) in [
        (reader.read_until(b"").await, BadSeparator::Empty(0)),
        (reader.read_until([&b"a"[..], b""]).await, BadSeparator::Empty(1)),
        (reader.read_until(none).await, BadSeparator::None),
    ] {
        let Err(ReadError::BadSeparator(error)) = result else { panic!("{result:?}") };
        assert_eq!(error, expected);
    }
}

#[corio::test(virtual_time)]
async fn test_readuntil_multi_chunks() {
    let (mut reader, feeder) = StreamReader::fed();
    for (fed, rest) in [(&b"lineAAA"[..], &b""[..]), (b"lineAAA", b""), (b"lineAAAxxx", b"xxx")] {
        feeder.feed_data(fed);
        assert_eq!(reader.read_until(b"AAA").await.unwrap(), b"lineAAA");
        assert_eq!(reader.buffered(), rest);
    }
}

#[corio::test(virtual_time)]
async fn test_readuntil_multi_separator() {
    let (mut reader, feeder) = StreamReader::fed();
    // The one that ends first.
    feeder.feed_data(b"line 1\nline 2\r");
    let ends = [&b"\r"[..], b"\n"];
    assert_eq!(reader.read_until(ends).await.unwrap(), b"line 1\n");
    assert_eq!(reader.read_until(ends).await.unwrap(), b"line 2\r");
    assert_eq!(reader.buffered(), b"");
    // Also if it is the longer one.
    feeder.feed_data(b"ABCDEFG");
    assert_eq!(reader.read_until([&b"DEF"[..], b"BCDE"]).await.unwrap(), b"ABCDE");
    assert_eq!(reader.buffered(), b"FG");
}

#[corio::test(virtual_time)]
async fn test_readuntil_multi_separator_negative_offset() {
    // What has come is shorter than the longest separator.
    let (mut reader, feeder) = StreamReader::fed();
    feeder.feed_data(b"data");
    let reading = spawn_local(async move {
        let data = reader.read_until([&b"A"[..], b"long sep"]).await.unwrap();
        (data, reader.buffered().to_vec())
    });
    yield_now().await;
    feeder.feed_data(b"Z");
    yield_now().await;
    feeder.feed_data(b"Aaaa");
    assert_eq!(reading.await.unwrap(), (b"dataZA".to_vec(), b"aaa".to_vec()));
}

/// Whatever holds bytes: a vector, a slice, an array.
#[corio::test(virtual_time)]
async fn test_readuntil_bytearray() {
    let (mut reader, feeder) = StreamReader::fed();
    feeder.feed_data(b"some data\r\n");
    assert_eq!(reader.read_until(b"\r\n".to_vec()).await.unwrap(), b"some data\r\n");
    assert_eq!(reader.buffered(), b"");
}
