//! Frames.

use std::io;
use std::task::Poll;

use corio_io::framed::{FrameError, LineError, Step};
use corio_io::prelude::*;
use corio_io::{Framed, FramedRead, FramedWrite, LengthDelimited, Lines, duplex, repeat};

use crate::util::{Says, Scripted, Wakes, block_on, poll_once};

/// All items of `input`, cut into pieces of `piece` bytes, as text.
fn lines(input: &'static [u8], piece: usize, max: usize) -> Vec<String> {
    let reads = input.chunks(piece).flat_map(|bytes| [Says::Bytes(bytes), Says::Waits]);
    let frames = FramedRead::new(Scripted::reading(reads), Lines::max(max));
    let items = block_on(frames.collect::<Vec<_>>());
    let text = |item| match item {
        Ok(line) => line,
        Err(LineError::TooLong { max, .. }) => format!("!{max}"),
        Err(LineError::NotUtf8 { valid, length }) => format!("?{valid}/{length}"),
        Err(error) => panic!("{error}"),
    };
    items.into_iter().map(text).collect()
}

#[test]
fn lines_however_they_come() {
    let table: &[(&[u8], usize, &[&str])] = &[
        (b"", 9, &[]),
        (b"\n", 9, &[""]),
        (b"one\ntwo\r\n\nthree", 9, &["one", "two", "", "three"]),
        (b"a\rb\n\r\n", 9, &["a\rb", ""]),
        (b"end\r", 9, &["end\r"]),
        (b"123\n1234\n12\n", 3, &["123", "!3", "12"]),
        (b"123\r\n1234\r\n12", 3, &["123", "!3", "12"]),
        (b"123456789012345678901234567890\nok\n", 3, &["!3", "ok"]),
        (b"ok\n123456789", 3, &["ok", "!3"]),
        (b"\n\n", 0, &["", ""]),
        (b"ok\nab\xff\nok", 9, &["ok", "?2/3", "ok"]),
        (b"\xff", 9, &["?0/1"]),
    ];
    for (input, max, expected) in table {
        for piece in 1..=input.len().max(1) {
            assert_eq!(lines(input, piece, *max), *expected, "{input:?} by {piece}");
        }
    }
}

#[test]
fn frames_however_they_come() {
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..100 {
        let header = random.usize(1..=8);
        let codec = LengthDelimited::max(200_000).length_bytes(header);
        let codec = if random.bool() { codec.little_endian() } else { codec };
        let max = if header == 1 { 255 } else { 300 };
        let mut frames: Vec<Vec<u8>> =
            (0..random.usize(..20)).map(|_| vec![random.u8(..); random.usize(..=max)]).collect();
        if header > 2 {
            frames.push(vec![1; 150_000]);
        }
        let mut writer = FramedWrite::new(Vec::new(), codec.clone());
        for frame in &frames {
            block_on(writer.feed(frame)).unwrap();
        }
        block_on(writer.close()).unwrap();
        let bytes: &'static [u8] = writer.into_inner().leak();
        let piece = random.usize(1..2000);
        let reads = bytes.chunks(piece).flat_map(|bytes| [Says::Bytes(bytes), Says::Waits]);
        let reader = FramedRead::new(Scripted::reading(reads), codec);
        let read: Vec<_> = block_on(reader.map(Result::unwrap).collect());
        assert!(read == frames, "{header} by {piece}");
    }
}

#[test]
fn a_frame_that_is_too_long_is_the_end_and_takes_no_memory() {
    let input: &[u8] = b"\0\0\0\x01a\xff\xff\xff\xffrest";
    let mut frames = FramedRead::new(input, LengthDelimited::max(10));
    assert_eq!(block_on(frames.next()).unwrap().unwrap(), b"a");
    let error = block_on(frames.next()).unwrap().unwrap_err();
    assert!(matches!(error, FrameError::TooLong { length: 0xffff_ffff, max: 10 }), "{error}");
    assert!(block_on(frames.next()).is_none());
    assert!(block_on(frames.next()).is_none());
    assert_eq!(frames.read_buffer(), b"\xff\xff\xff\xffrest");
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::InvalidData);
}

#[test]
fn a_frame_that_is_cut_off_says_how_much_came() {
    for (input, expected) in [(&b"\0\0"[..], (2, 4)), (&b"\0\0\0\x05abc"[..], (7, 9))] {
        let mut frames = FramedRead::new(input, LengthDelimited::max(10));
        let error = block_on(frames.next()).unwrap().unwrap_err();
        let FrameError::Unfinished { seen, expected: wanted } = error else { panic!("{error}") };
        assert_eq!((seen, wanted), expected);
        assert!(block_on(frames.next()).is_none());
    }
}

#[test]
fn an_error_of_the_reader_is_the_last_item() {
    let script = [
        Says::Bytes(b"one\ntw"),
        Says::Fails(io::ErrorKind::ConnectionReset),
        Says::Fails(io::ErrorKind::ConnectionReset),
    ];
    let mut frames = FramedRead::new(Scripted::reading(script), Lines::max(10));
    assert_eq!(block_on(frames.next()).unwrap().unwrap(), "one");
    let error = block_on(frames.next()).unwrap().unwrap_err();
    assert!(matches!(&error, LineError::Io(e) if e.kind() == io::ErrorKind::ConnectionReset));
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::ConnectionReset);
    assert!(block_on(frames.next()).is_none());
    assert_eq!(frames.into_parts().2, b"tw");
}

#[test]
fn a_dropped_next_loses_nothing() {
    let (near, far) = duplex(64);
    let mut frames = Framed::new(far, Lines::max(20));
    for piece in ["he", "ll", "o\nwor"] {
        assert!(poll_once(&mut frames.next()).is_pending());
        block_on(near.write_all(piece.as_bytes())).unwrap();
    }
    let Poll::Ready(Some(Ok(line))) = poll_once(&mut frames.next()) else { panic!("no line") };
    assert_eq!((&*line, frames.read_buffer()), ("hello", &b"wor"[..]));
}

#[test]
fn a_dropped_send_leaves_its_frame_whole_for_the_next() {
    let (near, far) = duplex(3);
    let mut frames = Framed::new(near, Lines::max(20));
    assert!(poll_once(&mut frames.send("hello")).is_pending());
    assert_eq!(frames.write_buffer(), b"lo\n");
    let mut lines = FramedRead::new(far, Lines::max(20)).map(Result::unwrap);
    assert!(poll_once(&mut lines.next()).is_pending());
    assert!(matches!(poll_once(&mut frames.send("x")), Poll::Pending));
    assert_eq!(poll_once(&mut lines.next()), Poll::Ready(Some("hello".to_owned())));
    assert!(matches!(poll_once(&mut frames.flush()), Poll::Ready(Ok(()))));
    assert_eq!(poll_once(&mut lines.next()), Poll::Ready(Some("x".to_owned())));
}

#[test]
fn what_cannot_be_sent_is_refused_and_leaves_nothing() {
    let mut lines = FramedWrite::new(Vec::new(), Lines::max(5));
    let error = block_on(lines.send("a\nb")).unwrap_err();
    assert!(matches!(error, LineError::HasLineBreak { at: 1 }), "{error}");
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::InvalidInput);
    let error = block_on(lines.send("123456")).unwrap_err();
    assert!(matches!(error, LineError::TooLong { seen: 6, max: 5 }), "{error}");
    block_on(lines.send("fine")).unwrap();
    assert_eq!(lines.into_inner(), b"fine\n");

    let mut frames = FramedWrite::new(Vec::new(), LengthDelimited::max(1000).length_bytes(1));
    let error = block_on(frames.send([0; 256])).unwrap_err();
    assert!(matches!(error, FrameError::TooLong { length: 256, max: 255 }), "{error}");
    assert_eq!(frames.write_buffer(), b"");
}

#[test]
fn a_feeder_waits_for_the_writer_at_the_high_water() {
    let (near, far) = duplex(1);
    let mut frames = FramedWrite::new(near, LengthDelimited::max(100_000));
    let mut fed = 0;
    while poll_once(&mut frames.feed([0; 1020])).is_ready() {
        fed += 1;
        assert!(fed < 100, "the buffer has no bound");
    }
    assert_eq!(fed, 8);
    drop(far);
    let error = block_on(frames.flush()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn a_flood_without_an_end_of_line_gives_way_and_keeps_little() {
    let (wakes, waker) = Wakes::new();
    let context = &mut std::task::Context::from_waker(&waker);
    let mut frames = FramedRead::new(repeat(b'a'), Lines::max(100));
    let mut next = frames.next();
    let Poll::Ready(Some(Err(LineError::TooLong { .. }))) =
        std::pin::Pin::new(&mut next).poll(context)
    else {
        panic!("a line of this length was let through");
    };
    assert!(std::pin::Pin::new(&mut frames.next()).poll(context).is_pending());
    assert_eq!(wakes.count(), 1);
    assert!(frames.read_buffer().len() <= 64 * 1024);
}

#[test]
fn whatever_comes_the_pieces_it_comes_in_make_no_difference() {
    let mut random = fastrand::Rng::with_seed(11);
    for round in 0..300 {
        // Few different bytes, so that lengths are short and line breaks are many.
        let bytes: Vec<u8> = (0..random.usize(..200))
            .map(|_| *random.choice(b"\n\r\0\x01\x02a\xff").unwrap())
            .collect();
        let input: &'static [u8] = bytes.leak();
        let reader = |piece: usize| {
            Scripted::reading(input.chunks(piece).flat_map(|b| [Says::Bytes(b), Says::Waits]))
        };
        let read_lines = |piece| {
            let frames = FramedRead::new(reader(piece), Lines::max(5));
            // How much was seen of a line that is too long depends on the pieces.
            let items = frames.map(|item| item.map_err(|e| matches!(e, LineError::TooLong { .. })));
            block_on(items.collect::<Vec<_>>())
        };
        let read_frames = |piece| {
            let frames = FramedRead::new(reader(piece), LengthDelimited::max(5).length_bytes(1));
            block_on(frames.map(|item| item.map_err(|e| e.to_string())).collect::<Vec<_>>())
        };
        let piece = random.usize(2..50);
        assert_eq!(read_lines(1), read_lines(piece), "round {round}: {input:?} by {piece}");
        assert_eq!(read_frames(1), read_frames(piece), "round {round}: {input:?} by {piece}");
    }
}

#[test]
#[should_panic = "a length has 1 to 8 bytes, not 9"]
fn a_length_of_nine_bytes_is_refused() {
    let _ = LengthDelimited::max(1).length_bytes(9);
}

/// A codec that goes by the contract and no further: half a frame at the end is an error, each time.
struct Pairs;

impl corio_io::framed::Decode for Pairs {
    type Item = [u8; 2];
    type Error = io::Error;

    fn decode(&mut self, bytes: &[u8], has_ended: bool) -> io::Result<Step<[u8; 2]>> {
        match bytes {
            [b'!', ..] => Err(io::ErrorKind::InvalidData.into()),
            [a, b, ..] => Ok(Step::Frame { item: [*a, *b], taken: 2 }),
            [_] if has_ended => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(Step::More { at_least: 2 }),
        }
    }
}

#[test]
fn an_error_that_a_codec_does_not_get_over_is_told_once() {
    for (input, frames, kind) in
        [(&b"abc"[..], 1, io::ErrorKind::UnexpectedEof), (b"abcd!x", 2, io::ErrorKind::InvalidData)]
    {
        for piece in 1..=input.len() {
            let reads = input.chunks(piece).flat_map(|bytes| [Says::Bytes(bytes), Says::Waits]);
            let stream = FramedRead::new(Scripted::reading(reads), Pairs).take(20);
            let mut items = block_on(stream.collect::<Vec<_>>());
            assert_eq!(items.len(), frames + 1, "{input:?} by {piece}");
            assert_eq!(items.pop().unwrap().unwrap_err().kind(), kind);
        }
    }
}
