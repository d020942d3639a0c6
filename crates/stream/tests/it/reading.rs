//! Reading bytes: CPython's `test_streams.StreamTests`, as far as it is about `read` and the buffer.

use std::io;

use corio_stream::{ReadError, StreamReader};

use crate::support::{run, soon, spawn, yield_now};

const DATA: &[u8] = b"line1\nline2\nline3\n";

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

#[test]
fn test_read_zero() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        feeder.feed_data(DATA);
        assert_eq!(reader.read_some(0).await.unwrap(), b"");
        assert_eq!(reader.read(&mut []).await.unwrap(), 0);
        assert_eq!(reader.buffered(), DATA);
    });
}

#[test]
fn test_read() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        let reading = spawn(async move {
            let data = reader.read_some(30).await.unwrap();
            (data, reader.buffered().to_vec())
        });
        yield_now().await;
        feeder.feed_data(DATA);
        assert_eq!(reading.await.unwrap(), (DATA.to_vec(), Vec::new()));
    });
}

#[test]
fn test_read_line_breaks() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        feeder.feed_data(b"line1");
        feeder.feed_data(b"line2");
        assert_eq!(reader.read_some(5).await.unwrap(), b"line1");
        assert_eq!(reader.buffered(), b"line2");
    });
}

#[test]
fn test_read_eof() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        let reading = spawn(async move { reader.read_some(1024).await.unwrap() });
        yield_now().await;
        feeder.feed_eof();
        assert_eq!(reading.await.unwrap(), b"");
    });
}

#[test]
fn test_read_until_eof() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        let reading = spawn(async move { reader.read_to_end().await.unwrap() });
        yield_now().await;
        feeder.feed_data(b"chunk1\n");
        feeder.feed_data(b"chunk2");
        feeder.feed_eof();
        assert_eq!(reading.await.unwrap(), b"chunk1\nchunk2");
    });
}

#[test]
fn test_read_exception() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        feeder.feed_data(b"line\n");
        assert_eq!(reader.read_some(2).await.unwrap(), b"li");
        feeder.set_error(io::Error::other("of the test"));
        assert_eq!(reader.read_some(2).await.unwrap_err().to_string(), "of the test");
        assert_eq!(reader.buffered(), b"ne\n", "what came is there all the same");
    });
}

#[test]
#[should_panic(expected = "imit")]
fn test_invalid_limit() {
    let _ = StreamReader::fed().0.with_limit(0);
}

#[test]
fn test_read_limit() {
    run(async {
        let (reader, feeder) = StreamReader::fed();
        let mut reader = reader.with_limit(3);
        feeder.feed_data(b"chunk");
        assert_eq!(reader.read_some(5).await.unwrap(), b"chunk");
        assert_eq!(reader.buffered(), b"");
    });
}

#[test]
fn test_at_eof() {
    run(async {
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
    });
}

#[test]
fn test_readexactly_zero_or_less() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        feeder.feed_data(DATA);
        assert_eq!(reader.read_exactly(0).await.unwrap(), b"");
        assert_eq!(reader.buffered(), DATA);
        // Less than nothing is no `usize`.
    });
}

#[test]
fn test_readexactly() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        let n = 2 * DATA.len();
        let reading = spawn(async move {
            let data = reader.read_exactly(n).await.unwrap();
            (data, reader.buffered().to_vec())
        });
        yield_now().await;
        (0..3).for_each(|_| feeder.feed_data(DATA));
        assert_eq!(reading.await.unwrap(), ([DATA, DATA].concat(), DATA.to_vec()));
    });
}

#[test]
fn test_readexactly_limit() {
    run(async {
        let (reader, feeder) = StreamReader::fed();
        let mut reader = reader.with_limit(3);
        feeder.feed_data(b"chunk");
        assert_eq!(reader.read_exactly(5).await.unwrap(), b"chunk");
        assert_eq!(reader.buffered(), b"");
    });
}

#[test]
fn test_readexactly_eof() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        let n = 2 * DATA.len();
        let reading = spawn(async move { (reader.read_exactly(n).await, reader) });
        yield_now().await;
        feeder.feed_data(DATA);
        feeder.feed_eof();
        let (result, mut reader) = reading.await.unwrap();
        let Err(ReadError::Incomplete(error)) = result else { panic!("{result:?}") };
        assert_eq!(error.partial, DATA);
        assert_eq!(error.expected, Some(n));
        assert_eq!(error.to_string(), "18 bytes read on a total of 36 expected bytes");
        assert_eq!(reader.buffered(), b"");
    });
}

#[test]
fn test_readexactly_exception() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        feeder.feed_data(b"line\n");
        assert_eq!(reader.read_exactly(2).await.unwrap(), b"li");
        feeder.set_error(io::Error::other("of the test"));
        let error = reader.read_exactly(2).await.unwrap_err();
        assert!(matches!(&error, ReadError::Io(error) if error.to_string() == "of the test"));
    });
}

#[test]
fn test_exception() {
    let (mut reader, _feeder) = StreamReader::fed();
    assert!(reader.error().is_none());
    reader.set_error(io::Error::other("of the test"));
    assert_eq!(reader.error().unwrap().to_string(), "of the test");
}

#[test]
fn test_exception_waiter() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        let reading = spawn(async move { reader.read_line().await });
        let failing = spawn(async move { feeder.set_error(io::Error::other("of the test")) });
        let result = soon(reading).await.unwrap();
        assert!(matches!(result, Err(ReadError::Io(_))), "{result:?}");
        failing.await.unwrap();
    });
}

#[test]
fn test_exception_cancel() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        let reading = spawn(async move { reader.read_line().await });
        yield_now().await;
        reading.task().cancel("of the test");
        yield_now().await;
        feeder.set_error(io::Error::other("message"));
        assert!(soon(reading).await.unwrap_err().is_cancelled());
    });
}

#[test]
fn test_streamreader_constructor_without_loop() {
    // A reader needs no loop; what is put over a connection does, and says so.
    drop(StreamReader::fed());
    let made = std::panic::catch_unwind(|| corio_stream::streams(crate::support::Played::new(0)));
    let words = *made.unwrap_err().downcast::<String>().unwrap();
    assert!(words.contains("outside a loop"), "{words}");
}

#[test]
fn test_streamreader_constructor_use_running_loop() {
    run(async {
        let played = crate::support::Played::new(0);
        let (_reader, writer) = corio_stream::streams(played.clone());
        writer.write(b"sent by a task of this loop");
        let flush = corio_executor::current().unwrap().all_tasks();
        assert!(flush.iter().any(|task| task.name() == "stream-flush"), "{flush:?}");
        writer.abort();
    });
}

/// Made on a loop, a writer uses it also where no loop runs.
#[test]
fn test_streamreader_constructor_use_global_loop() {
    let played = crate::support::Played::new(0);
    let executor = corio_executor::Executor::new(corio_base::park::ThreadPark::new());
    let (_reader, writer) = executor.block_on(async { corio_stream::streams(played.clone()) });
    let writer = std::thread::spawn(move || {
        writer.write(b"from elsewhere");
        writer.close();
        writer
    });
    let writer = writer.join().unwrap();
    played.allow(100);
    executor.block_on(async { soon(writer.wait_closed()).await.unwrap() });
    assert_eq!(played.written(), b"from elsewhere");
}

#[test]
fn test_repr() {
    let (reader, _feeder) = StreamReader::fed();
    assert_eq!(format!("{reader:?}"), "<StreamReader>");
}

#[test]
fn test_repr_nondefault_limit() {
    let (reader, _feeder) = StreamReader::fed();
    assert_eq!(format!("{:?}", reader.with_limit(123)), "<StreamReader limit=123>");
}

#[test]
fn test_repr_eof() {
    let (reader, feeder) = StreamReader::fed();
    feeder.feed_eof();
    assert_eq!(format!("{reader:?}"), "<StreamReader eof>");
}

#[test]
fn test_repr_data() {
    let (reader, feeder) = StreamReader::fed();
    feeder.feed_data(b"data");
    assert_eq!(format!("{reader:?}"), "<StreamReader 4 bytes>");
}

#[test]
fn the_end_is_shown_also_while_bytes_wait_before_it() {
    let (reader, feeder) = StreamReader::fed();
    feeder.feed_data(b"data");
    feeder.feed_eof();
    assert_eq!(format!("{reader:?}"), "<StreamReader 4 bytes eof>");
    assert!(!reader.at_eof());
}

#[test]
fn test_repr_exception() {
    let (reader, feeder) = StreamReader::fed();
    feeder.set_error(io::Error::from_raw_os_error(104));
    let words = format!("{reader:?}");
    assert!(words.starts_with("<StreamReader error=Os { code: 104"), "{words}");
}

#[test]
fn any_source_can_be_read_and_fed_besides() {
    run(async {
        let source = futures::io::Cursor::new(vec![7; 100_000]);
        let mut reader = StreamReader::new(source);
        reader.feed_data(b"before");
        let mut first = [0; 6];
        reader.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"before");
        let mut large = vec![0; 70_000];
        assert_eq!(reader.read(&mut large).await.unwrap(), 70_000, "past the buffer");
        let mut small = [0; 3];
        assert_eq!(reader.read(&mut small).await.unwrap(), 3);
        assert_eq!(reader.read_to_end().await.unwrap().len(), 100_000 - 70_003);
        assert!(reader.at_eof());
        assert_eq!(reader.read_to_end().await.unwrap(), b"");
    });
}

#[test]
fn a_read_that_is_dropped_loses_nothing() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        for round in 0..4 {
            feeder.feed_data(b"half ");
            let gave_up = match round {
                0 => futures::FutureExt::now_or_never(reader.read_line()).is_none(),
                1 => futures::FutureExt::now_or_never(reader.read_until(b"\r\n")).is_none(),
                2 => futures::FutureExt::now_or_never(reader.read_exactly(1000)).is_none(),
                _ => futures::FutureExt::now_or_never(reader.read_to_end()).is_none(),
            };
            assert!(gave_up, "{round}");
        }
        feeder.feed_data(b"whole\n");
        assert_eq!(reader.read_line().await.unwrap(), b"half half half half whole\n");
    });
}

#[test]
fn a_dropped_feeder_is_the_end() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        let reading = spawn(async move { reader.read_line().await.unwrap() });
        yield_now().await;
        feeder.feed_data(b"unfinished");
        drop(feeder);
        assert_eq!(soon(reading).await.unwrap(), b"unfinished");
    });
}

#[test]
#[should_panic(expected = "feed_data after feed_eof")]
fn nothing_is_fed_after_the_end() {
    let (_reader, feeder) = StreamReader::fed();
    feeder.feed_eof();
    feeder.feed_data(b"too late");
}
