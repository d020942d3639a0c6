//! Reading bytes, and what a reader says of its end and its error.

use std::io;

use corio::stream::{ReadError, StreamReader, streams};
use corio::{EventLoop, spawn_local, yield_now};

use crate::sockets::{soon, until};

pub(super) const DATA: &[u8] = b"line1\nline2\nline3\n";

fn of_the_test() -> io::Error {
    io::Error::other("of the test")
}

#[test]
fn test_feed_empty_data() {
    let (mut reader, feeder) = StreamReader::fed();
    feeder.feed_data(b"");
    assert_eq!(reader.buffered(), b"");
}

#[test]
fn test_feed_nonempty_data() {
    let (mut reader, feeder) = StreamReader::fed();
    feeder.feed_data(DATA);
    assert_eq!(reader.buffered(), DATA);
}

#[corio::test(virtual_time)]
async fn test_read_zero() {
    let (mut reader, feeder) = StreamReader::fed();
    feeder.feed_data(DATA);
    assert_eq!(reader.read_some(0).await.unwrap(), b"");
    assert_eq!(reader.read(&mut []).await.unwrap(), 0);
    assert_eq!(reader.buffered(), DATA);
}

#[corio::test(virtual_time)]
async fn test_read_line_breaks() {
    let (mut reader, feeder) = StreamReader::fed();
    feeder.feed_data(b"line1");
    feeder.feed_data(b"line2");
    assert_eq!(reader.read_some(5).await.unwrap(), b"line1");
    assert_eq!(reader.buffered(), b"line2");
}

#[corio::test(virtual_time)]
async fn test_read_until_eof() {
    let (mut reader, feeder) = StreamReader::fed();
    EventLoop::current().call_soon(move || {
        feeder.feed_data(b"chunk1\n");
        feeder.feed_data(b"chunk2");
        feeder.feed_eof();
    });
    assert_eq!(reader.read_to_end().await.unwrap(), b"chunk1\nchunk2");
    assert_eq!(reader.buffered(), b"");
}

/// A limit below zero is no `usize`.
#[test]
#[should_panic(expected = "limit cannot be 0")]
fn test_invalid_limit() {
    let _ = StreamReader::fed().0.with_limit(0);
}

#[corio::test(virtual_time)]
async fn test_at_eof() {
    let (mut reader, feeder) = StreamReader::fed();
    assert!(!reader.at_eof());
    feeder.feed_data(b"some data\n");
    assert!(!reader.at_eof());
    reader.read_line().await.unwrap();
    assert!(!reader.at_eof());
    feeder.feed_data(b"some data\n");
    feeder.feed_eof();
    reader.read_line().await.unwrap();
    assert!(reader.at_eof());
}

/// Less than nothing is no `usize`.
#[corio::test(virtual_time)]
async fn test_readexactly_zero_or_less() {
    let (mut reader, feeder) = StreamReader::fed();
    feeder.feed_data(DATA);
    assert_eq!(reader.read_exactly(0).await.unwrap(), b"");
    assert_eq!(reader.buffered(), DATA);
}

#[corio::test(virtual_time)]
async fn test_readexactly_eof() {
    let (mut reader, feeder) = StreamReader::fed();
    let n = 2 * DATA.len();
    EventLoop::current().call_soon(move || {
        feeder.feed_data(DATA);
        feeder.feed_eof();
    });
    let result = reader.read_exactly(n).await;
    let Err(ReadError::Incomplete(error)) = result else { panic!("{result:?}") };
    assert_eq!(error.partial, DATA);
    assert_eq!(error.expected, Some(n));
    assert_eq!(error.to_string(), "18 bytes read on a total of 36 expected bytes");
    assert_eq!(reader.buffered(), b"");
}

#[corio::test(virtual_time)]
async fn test_readexactly_exception() {
    let (mut reader, feeder) = StreamReader::fed();
    feeder.feed_data(b"line\n");
    assert_eq!(reader.read_exactly(2).await.unwrap(), b"li");
    feeder.set_error(of_the_test());
    let result = reader.read_exactly(2).await;
    let Err(ReadError::Io(error)) = result else { panic!("{result:?}") };
    assert_eq!(error.to_string(), "of the test");
}

#[test]
fn test_exception() {
    let (mut reader, _feeder) = StreamReader::fed();
    assert!(reader.error().is_none());
    reader.set_error(of_the_test());
    assert_eq!(reader.error().unwrap().to_string(), "of the test");
}

#[corio::test(virtual_time)]
async fn test_exception_waiter() {
    let (mut reader, feeder) = StreamReader::fed();
    let t1 = spawn_local(async move { reader.read_line().await });
    let t2 = spawn_local(async move { feeder.set_error(of_the_test()) });
    let result = t1.await.unwrap();
    let Err(ReadError::Io(error)) = result else { panic!("{result:?}") };
    assert_eq!(error.to_string(), "of the test");
    t2.await.unwrap();
}

#[corio::test(virtual_time)]
async fn test_exception_cancel() {
    let (mut reader, feeder) = StreamReader::fed();
    let task = spawn_local(async move { reader.read_line().await });
    yield_now().await;
    task.task().cancel("of the test");
    yield_now().await;
    // Nobody waits any more, and it may be told all the same.
    feeder.set_error(io::Error::other("message"));
    assert!(task.await.unwrap_err().is_cancelled());
}

/// A reader alone needs no loop. What reads and writes a connection does, and says so.
#[test]
fn test_streamreader_constructor_without_loop() {
    drop(StreamReader::fed());
    let (ours, _theirs) = corio::net::UnixStream::pair().unwrap();
    let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| streams(ours)));
    let words = *made.err().unwrap().downcast::<String>().unwrap();
    assert!(words.contains("outside a loop"), "{words}");
}

/// Whether what is written into `stream`, which takes nothing yet, is left to a task of this loop.
async fn is_of_this_loop(writer: &corio::stream::StreamWriter) -> bool {
    while writer.write_buffer_size() == 0 {
        writer.write(&[0; 65536]);
    }
    yield_now().await;
    corio::task::all().iter().any(|task| task.name() == "stream-flush")
}

#[corio::test]
async fn test_streamreader_constructor_use_running_loop() {
    let (ours, _theirs) = corio::net::UnixStream::pair().unwrap();
    let (_reader, writer) = streams(ours);
    assert!(is_of_this_loop(&writer).await);
    writer.abort();
}

/// asyncio's loop that is set and does not run: a runtime that is entered.
#[test]
fn test_streamreader_constructor_use_global_loop() {
    let runtime = corio::Builder::new().build().unwrap();
    let (_reader, writer, _theirs) = {
        let _entered = runtime.enter();
        let (ours, theirs) = corio::net::UnixStream::pair().unwrap();
        let (reader, writer) = streams(ours);
        (reader, writer, theirs)
    };
    runtime.block_on(async {
        assert!(is_of_this_loop(&writer).await);
        writer.abort();
        soon(writer.wait_closed()).await.unwrap();
    });
}

/// What asyncio's `StreamReaderProtocol` is for, to feed a reader from a connection, is done by the
/// connection's loop.
#[corio::test]
async fn test_streamreaderprotocol_constructor_use_running_loop() {
    let (ours, theirs) = corio::net::UnixStream::pair().unwrap();
    let (mut reader, writer) = streams(ours);
    let reading = spawn_local(async move { reader.read_line().await.unwrap() });
    yield_now().await;
    theirs.write_all(b"line\n").await.unwrap();
    assert_eq!(soon(reading).await.unwrap(), b"line\n");
    writer.close();
}

#[test]
fn test_streamreaderprotocol_constructor_use_global_loop() {
    let runtime = corio::Builder::new().build().unwrap();
    let (mut reader, writer, theirs) = {
        let _entered = runtime.enter();
        let (ours, theirs) = corio::net::UnixStream::pair().unwrap();
        let (reader, writer) = streams(ours);
        (reader, writer, theirs)
    };
    runtime.block_on(async {
        let reading = spawn_local(async move { (reader.read_line().await.unwrap(), reader) });
        yield_now().await;
        theirs.write_all(b"line\n").await.unwrap();
        let (line, reader) = soon(reading).await.unwrap();
        assert_eq!(line, b"line\n");
        writer.close();
        until(|| reader.at_eof()).await;
    });
}
