//! Copying in one direction.

use std::io;
use std::task::{Context, Poll};

use corio_io::{BufWriter, copy, copy_with_capacity, duplex, repeat, sink};

use crate::util::{Says, Scripted, Wakes, block_on, poll_once};

#[test]
fn all_bytes_arrive_in_order_however_they_come_and_go() {
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..200 {
        let bytes: Vec<u8> = (0..random.usize(..3000)).map(|_| random.u8(..)).collect();
        let all: &'static [u8] = bytes.leak();
        let mut rest = all;
        let mut reads = Vec::new();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(random.usize(1..=rest.len().min(700)));
            rest = later;
            reads.push(Says::Bytes(now));
            if random.bool() {
                reads.push(Says::Waits);
            }
        }
        let writes = (0..50).map(|_| match random.u8(..3) {
            0 => Says::Waits,
            _ => Says::Takes(random.usize(1..500)),
        });
        let mut writer = Scripted::writing(writes.collect::<Vec<_>>());
        let mut reader = Scripted::reading(reads);
        let capacity = random.usize(1..1000);
        let copied = block_on(copy_with_capacity(&mut reader, &mut writer, capacity)).unwrap();
        assert_eq!(copied, all.len() as u64, "round {round}");
        assert!(writer.written == all, "round {round}: other bytes came out");
        assert!(writer.flushes > 0 && !writer.is_closed);
    }
}

#[test]
fn what_was_read_before_the_reader_failed_is_written_first() {
    let mut reader =
        Scripted::reading([Says::Bytes(b"abc"), Says::Fails(io::ErrorKind::ConnectionReset)]);
    let mut writer = Scripted::writing([Says::Waits, Says::Takes(1), Says::Waits]);
    let mut copying = copy(&mut reader, &mut writer);
    let error = block_on(&mut copying).unwrap_err();
    assert_eq!((error.kind(), copying.copied()), (io::ErrorKind::ConnectionReset, 3));
    assert_eq!((&*writer.written, writer.flushes), (&b"abc"[..], 1));
}

#[test]
fn a_writer_that_fails_leaves_the_count_and_the_rest() {
    for (says, kind) in [
        (Says::Fails(io::ErrorKind::BrokenPipe), io::ErrorKind::BrokenPipe),
        (Says::Takes(0), io::ErrorKind::WriteZero),
    ] {
        let mut reader = Scripted::reading([Says::Bytes(b"abcdef")]);
        let mut writer = Scripted::writing([Says::Takes(2), says]);
        let mut copying = copy(&mut reader, &mut writer);
        let error = block_on(&mut copying).unwrap_err();
        assert_eq!((error.kind(), copying.copied()), (kind, 2));
        assert_eq!(copying.unwritten(), b"cdef");
    }
}

#[test]
fn a_copy_kept_over_a_pause_goes_on() {
    let (mut near, far) = duplex(4);
    let mut reader = Scripted::reading([Says::Bytes(b"abcdefgh")]);
    let mut copying = copy(&mut reader, &mut near);
    assert!(poll_once(&mut copying).is_pending());
    assert_eq!((copying.copied(), copying.unwritten()), (4, &b"efgh"[..]));
    let mut buffer = [0; 8];
    assert_eq!(block_on(far.read(&mut buffer)).unwrap(), 4);
    assert_eq!(block_on(copying).unwrap(), 8);
    assert_eq!(block_on(far.read(&mut buffer)).unwrap(), 4);
    assert_eq!(&buffer[..4], b"efgh");
}

#[test]
fn while_the_writer_waits_the_buffer_fills_on() {
    let mut reader = Scripted::reading([Says::Bytes(b"ab"), Says::Bytes(b"cd"), Says::Bytes(b"e")]);
    let (mut near, _far) = duplex(1);
    let mut copying = copy_with_capacity(&mut reader, &mut near, 4);
    assert!(poll_once(&mut copying).is_pending());
    assert_eq!((copying.copied(), copying.unwritten()), (1, &b"bcd"[..]));
}

#[test]
fn while_the_reader_waits_the_writer_is_flushed() {
    let (near, mut far) = duplex(64);
    let (inner, out) = duplex(64);
    let mut writer = BufWriter::new(inner);
    let mut copying = copy(&mut far, &mut writer);
    block_on(near.write_all(b"now")).unwrap();
    assert!(poll_once(&mut copying).is_pending());
    let mut buffer = [0; 8];
    assert!(matches!(poll_once(&mut out.read(&mut buffer)), Poll::Ready(Ok(3))));
}

#[test]
fn an_endless_copy_gives_way() {
    let (wakes, waker) = Wakes::new();
    let (mut reader, mut writer) = (repeat(1), sink());
    let mut copying = copy(&mut reader, &mut writer);
    let mut context = Context::from_waker(&waker);
    assert!(std::pin::Pin::new(&mut copying).poll(&mut context).is_pending());
    assert_eq!(wakes.count(), 1);
    assert!(copying.copied() > 0);
}

#[test]
#[should_panic = "a copy needs a buffer of at least one byte"]
fn a_copy_without_a_buffer_is_refused() {
    drop(copy_with_capacity(&mut repeat(1), &mut sink(), 0));
}
