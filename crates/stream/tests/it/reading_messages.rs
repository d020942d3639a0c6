//! Reading lines and up to separators: CPython's `test_streams.StreamTests`.

use std::io;

use corio_stream::{BadSeparator, IncompleteRead, LimitOverrun, ReadError, StreamReader};
use futures::StreamExt;

use crate::support::{run, spawn, yield_now};

const DATA: &[u8] = b"line1\nline2\nline3\n";

fn limited(limit: usize) -> (StreamReader, corio_stream::Feeder) {
    let (reader, feeder) = StreamReader::fed();
    (reader.with_limit(limit), feeder)
}

fn overrun(result: Result<Vec<u8>, ReadError>) -> LimitOverrun {
    match result {
        Err(ReadError::LimitOverrun(error)) => error,
        other => panic!("no overrun: {other:?}"),
    }
}

#[test]
fn test_readline() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        feeder.feed_data(b"chunk1 ");
        let reading = spawn(async move {
            let line = reader.read_line().await.unwrap();
            (line, reader.buffered().to_vec())
        });
        yield_now().await;
        feeder.feed_data(b"chunk2 ");
        feeder.feed_data(b"chunk3 ");
        feeder.feed_data(b"\n chunk4");
        let (line, rest) = reading.await.unwrap();
        assert_eq!(line, b"chunk1 chunk2 chunk3 \n");
        assert_eq!(rest, b" chunk4");
    });
}

#[test]
fn what_was_fed_at_once_is_looked_at_at_once() {
    run(async {
        // Longer than one read of a connection: it must not count as a line that has not ended yet.
        let (mut reader, feeder) = limited(8);
        let reading = spawn(async move {
            let error = overrun(reader.read_line().await);
            (error, reader.read_line().await.unwrap())
        });
        yield_now().await;
        feeder.feed_data(&[b'x'; 10_000]);
        feeder.feed_data(b"\nnext\n");
        let (error, next) = reading.await.unwrap();
        assert_eq!(error, LimitOverrun { consumed: 10_000, limit: 8, is_found: true });
        assert_eq!(next, b"next\n", "the long line is gone with its end");
    });
}

#[test]
fn test_readline_limit_with_existing_data() {
    run(async {
        let (mut reader, feeder) = limited(3);
        feeder.feed_data(b"li");
        feeder.feed_data(b"ne1\nline2\n");
        assert!(overrun(reader.read_line().await).is_found);
        assert_eq!(reader.buffered(), b"line2\n", "the long line is gone, the next is there");

        let (mut reader, feeder) = limited(3);
        feeder.feed_data(b"li");
        feeder.feed_data(b"ne1");
        feeder.feed_data(b"li");
        assert!(!overrun(reader.read_line().await).is_found);
        assert_eq!(reader.buffered(), b"");
    });
}

#[test]
fn test_readline_limit() {
    run(async {
        let (mut reader, feeder) = limited(7);
        let reading = spawn(async move { (reader.read_line().await, reader) });
        yield_now().await;
        feeder.feed_data(b"chunk1");
        feeder.feed_data(b"chunk2");
        feeder.feed_data(b"chunk3\n");
        feeder.feed_eof();
        let (result, mut reader) = reading.await.unwrap();
        overrun(result);
        assert_eq!(reader.buffered(), b"");

        let (mut reader, feeder) = limited(7);
        let reading = spawn(async move { (reader.read_line().await, reader) });
        yield_now().await;
        feeder.feed_data(b"chunk1");
        feeder.feed_data(b"chunk2\n");
        feeder.feed_data(b"chunk3\n");
        feeder.feed_eof();
        let (result, mut reader) = reading.await.unwrap();
        overrun(result);
        assert_eq!(reader.buffered(), b"chunk3\n");

        // The limit is strict, and does not count the end of the line.
        let (mut reader, feeder) = limited(7);
        feeder.feed_data(b"1234567\n");
        assert_eq!(reader.read_line().await.unwrap(), b"1234567\n");
        assert_eq!(reader.buffered(), b"");
        feeder.feed_data(b"12345678\n");
        overrun(reader.read_line().await);
        assert_eq!(reader.buffered(), b"");
        feeder.feed_data(b"12345678");
        overrun(reader.read_line().await);
        assert_eq!(reader.buffered(), b"");
    });
}

#[test]
fn test_readline_nolimit_nowait() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        feeder.feed_data(&DATA[..6]);
        feeder.feed_data(&DATA[6..]);
        assert_eq!(reader.read_line().await.unwrap(), b"line1\n");
        assert_eq!(reader.buffered(), b"line2\nline3\n");
    });
}

#[test]
fn test_readline_eof() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        feeder.feed_data(b"some data");
        feeder.feed_eof();
        assert_eq!(reader.read_line().await.unwrap(), b"some data");
    });
}

#[test]
fn test_readline_empty_eof() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        feeder.feed_eof();
        assert_eq!(reader.read_line().await.unwrap(), b"");
    });
}

#[test]
fn test_readline_read_byte_count() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        feeder.feed_data(DATA);
        reader.read_line().await.unwrap();
        assert_eq!(reader.read_some(7).await.unwrap(), b"line2\nl");
        assert_eq!(reader.buffered(), b"ine3\n");
    });
}

#[test]
fn test_readline_exception() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        feeder.feed_data(b"line\n");
        assert_eq!(reader.read_line().await.unwrap(), b"line\n");
        feeder.set_error(io::Error::other("of the test"));
        assert!(matches!(reader.read_line().await, Err(ReadError::Io(_))));
        assert_eq!(reader.buffered(), b"");
    });
}

#[test]
fn test_readuntil_separator() {
    run(async {
        let (mut reader, _feeder) = StreamReader::fed();
        let error = reader.read_until(b"").await.unwrap_err();
        assert!(matches!(error, ReadError::BadSeparator(BadSeparator::Empty(0))), "{error:?}");
        let error = reader.read_until([&b"a"[..], b""]).await.unwrap_err();
        assert!(matches!(error, ReadError::BadSeparator(BadSeparator::Empty(1))), "{error:?}");
        let none: [&[u8]; 0] = [];
        let error = reader.read_until(none).await.unwrap_err();
        assert!(matches!(error, ReadError::BadSeparator(BadSeparator::None)), "{error:?}");
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::InvalidInput);
    });
}

#[test]
fn test_readuntil_multi_chunks() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        for (fed, rest) in [(&b"lineAAA"[..], &b""[..]), (b"lineAAA", b""), (b"lineAAAxxx", b"xxx")]
        {
            feeder.feed_data(fed);
            assert_eq!(reader.read_until(b"AAA").await.unwrap(), b"lineAAA");
            assert_eq!(reader.buffered(), rest);
        }
    });
}

#[test]
fn test_readuntil_multi_chunks_1() {
    run(async {
        let check = async |chunks: &[&[u8]], expected: &[u8]| {
            let (mut reader, feeder) = StreamReader::fed();
            let reading = spawn(async move {
                let data = reader.read_until(b"aaa").await.unwrap();
                (data, reader.buffered().to_vec())
            });
            // Each chunk comes by itself: the search goes on over its edges.
            for chunk in chunks {
                yield_now().await;
                feeder.feed_data(chunk);
            }
            assert_eq!(reading.await.unwrap(), (expected.to_vec(), Vec::new()));
        };
        check(&[b"QWEaa", b"XYaa", b"a"], b"QWEaaXYaaa").await;
        check(&[b"QWEaa", b"XYa", b"aa"], b"QWEaaXYaaa").await;
        check(&[b"aaa"], b"aaa").await;
        check(&[b"Xaaa"], b"Xaaa").await;
        check(&[b"YYY", b"a", b"a", b"a"], b"YYYaaa").await;
    });
}

#[test]
fn test_readuntil_eof() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        feeder.feed_data(b"some dataAA");
        feeder.feed_eof();
        let error = reader.read_until(b"AAA").await.unwrap_err();
        assert!(error.to_string().contains("undefined expected bytes"), "{error}");
        let ReadError::Incomplete(error) = error else { panic!("{error:?}") };
        assert_eq!(error.partial, b"some dataAA");
        assert_eq!(error.expected, None);
        assert_eq!(reader.buffered(), b"");
    });
}

#[test]
fn test_readuntil_limit_found_sep() {
    run(async {
        let (mut reader, feeder) = limited(3);
        feeder.feed_data(b"some dataAA");
        let error = overrun(reader.read_until(b"AAA").await);
        assert!(error.to_string().contains("not found"), "{error}");
        assert_eq!(reader.buffered(), b"some dataAA");
        feeder.feed_data(b"A");
        let error = overrun(reader.read_until(b"AAA").await);
        assert!(error.to_string().contains("is found"), "{error}");
        assert_eq!(error.consumed, 9);
        assert_eq!(reader.buffered(), b"some dataAAA");
    });
}

#[test]
fn test_readuntil_multi_separator() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        feeder.feed_data(b"line 1\nline 2\r");
        let ends = [&b"\r"[..], b"\n"];
        assert_eq!(reader.read_until(ends).await.unwrap(), b"line 1\n");
        assert_eq!(reader.read_until(ends).await.unwrap(), b"line 2\r");
        assert_eq!(reader.buffered(), b"");
        // The one that ends first, even if it is the longer one.
        feeder.feed_data(b"ABCDEFG");
        assert_eq!(reader.read_until([&b"DEF"[..], b"BCDE"]).await.unwrap(), b"ABCDE");
        assert_eq!(reader.buffered(), b"FG");
    });
}

#[test]
fn test_readuntil_multi_separator_limit() {
    run(async {
        let (mut reader, feeder) = limited(3);
        feeder.feed_data(b"some dataA");
        let error = overrun(reader.read_until([&b"A"[..], b"ome dataA"]).await);
        assert!(error.is_found);
        assert_eq!(reader.buffered(), b"some dataA");
    });
}

#[test]
fn test_readuntil_multi_separator_negative_offset() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        feeder.feed_data(b"data");
        let reading = spawn(async move {
            let data = reader.read_until([&b"A"[..], b"long sep"]).await.unwrap();
            (data, reader.buffered().to_vec())
        });
        yield_now().await;
        feeder.feed_data(b"Z");
        yield_now().await;
        feeder.feed_data(b"Aaaa");
        assert_eq!(reading.await.unwrap(), (b"dataZA".to_vec(), b"aaa".to_vec()));
    });
}

#[test]
fn test_readuntil_bytearray() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        feeder.feed_data(b"some data\r\n");
        assert_eq!(reader.read_until(b"\r\n".to_vec()).await.unwrap(), b"some data\r\n");
        assert_eq!(reader.buffered(), b"");
    });
}

/// Errors are values that can be kept and compared, as pickled ones are.
#[test]
fn test_incomplete_read_error_pickleable() {
    let error = IncompleteRead { partial: b"abc".to_vec(), expected: Some(10) };
    assert_eq!(error.clone(), error);
    assert_eq!(error.clone().to_string(), error.to_string());
}

#[test]
fn test_limit_overrun_error_pickleable() {
    let error = LimitOverrun { consumed: 10, limit: 3, is_found: false };
    assert_eq!(error.clone(), error);
    assert_eq!(error.clone().to_string(), error.to_string());
}

#[test]
fn lines_are_a_stream() {
    run(async {
        let (mut reader, feeder) = limited(5);
        feeder.feed_data(b"one\nmuch too long\ntwo\nlast");
        feeder.feed_eof();
        let lines: Vec<_> = reader.lines().collect().await;
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0].as_deref().unwrap(), b"one\n");
        assert!(matches!(&lines[1], Err(ReadError::LimitOverrun(_))), "and it goes on");
        assert_eq!(lines[2].as_deref().unwrap(), b"two\n");
        assert_eq!(lines[3].as_deref().unwrap(), b"last");
    });
}

#[test]
fn lines_go_on_behind_the_whole_of_a_line_that_is_too_long() {
    const INPUT: &[u8] =
        b"one\nmuch too long to be a line\ntwo\nlonger\n\nthree\nand that is the end";
    run(async {
        for piece in 1..=INPUT.len() {
            let (mut reader, feeder) = limited(5);
            let reading = spawn(async move { reader.lines().collect::<Vec<_>>().await });
            for bytes in INPUT.chunks(piece) {
                feeder.feed_data(bytes);
                yield_now().await;
            }
            feeder.feed_eof();
            let lines = reading.await.unwrap();
            let text = |line: &Result<Vec<u8>, ReadError>| match line {
                Ok(line) => String::from_utf8_lossy(line).into_owned(),
                Err(error) => {
                    assert!(matches!(error, ReadError::LimitOverrun(_)), "{error}");
                    "!".to_owned()
                }
            };
            let lines: Vec<String> = lines.iter().map(text).collect();
            assert_eq!(lines, ["one\n", "!", "two\n", "!", "\n", "three\n", "!"], "by {piece}");
        }
    });
}

#[test]
fn skipping_a_line_without_an_end_gives_way() {
    run(async {
        let mut reader = StreamReader::new(futures::io::repeat(b'a')).with_limit(5);
        let mut lines = reader.lines();
        assert!(lines.next().await.is_err());
        assert!(futures::poll!(std::pin::pin!(lines.next())).is_pending());
        assert!(reader.buffered().len() <= 128 * 1024);
    });
}

#[test]
fn lines_end_with_an_error_of_the_connection() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        feeder.feed_data(b"one\nhalf");
        let mut lines = reader.lines();
        assert_eq!(lines.next().await.unwrap().unwrap(), b"one\n");
        feeder.set_error(io::Error::other("of the test"));
        assert!(lines.next().await.is_err());
        assert!(lines.next().await.unwrap().is_none());
        assert_eq!(reader.buffered(), b"half");
    });
}

#[test]
fn a_line_of_many_pieces_is_searched_once() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        let reading = spawn(async move { reader.read_line().await.unwrap().len() });
        for _ in 0..60_000 / 100 {
            feeder.feed_data(&[b'x'; 100]);
            yield_now().await;
        }
        feeder.feed_data(b"\n");
        assert_eq!(reading.await.unwrap(), 60_001);
    });
}
