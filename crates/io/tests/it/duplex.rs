//! The stream in memory.

use std::io;
use std::net::Shutdown;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use corio_io::prelude::*;
use corio_io::{DuplexStream, duplex};

use crate::util::{Wakes, block_on, poll_once};

const _: fn() = || {
    fn everywhere<T: Send + Sync + Unpin + 'static>() {}
    everywhere::<DuplexStream>();
};

fn read(stream: &DuplexStream) -> Poll<Vec<u8>> {
    let mut buffer = [0; 64];
    let n = std::task::ready!(poll_once(&mut stream.read(&mut buffer))).unwrap();
    Poll::Ready(buffer[..n].to_vec())
}

#[test]
fn a_full_pipe_makes_writers_wait_and_an_empty_one_readers() {
    let (near, far) = duplex(3);
    assert!(read(&far).is_pending());
    let mut writing = near.write_all(b"abcde");
    assert!(poll_once(&mut writing).is_pending());
    assert_eq!(writing.rest(), b"de");
    assert_eq!(read(&far), Poll::Ready(b"abc".to_vec()));
    assert!(poll_once(&mut writing).is_ready());
    assert_eq!(read(&far), Poll::Ready(b"de".to_vec()));
    assert!(read(&far).is_pending());
    assert!(read(&near).is_pending(), "the other direction has its own pipe");
}

#[test]
fn what_was_written_is_read_after_the_writer_has_gone_then_comes_the_end() {
    let (near, far) = duplex(8);
    block_on(near.write_all(b"abc")).unwrap();
    drop(near);
    assert_eq!(read(&far), Poll::Ready(b"abc".to_vec()));
    assert_eq!(read(&far), Poll::Ready(vec![]));
    assert_eq!(read(&far), Poll::Ready(vec![]));
    let error = block_on(far.write_all(b"x")).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn each_way_to_shut_down() {
    for how in [Shutdown::Write, Shutdown::Read, Shutdown::Both] {
        let (near, far) = duplex(8);
        block_on(far.write_all(b"kept?")).unwrap();
        block_on(near.shutdown(how)).unwrap();
        let writes = how != Shutdown::Read;
        let reads = how != Shutdown::Write;
        let kind = |stream: &DuplexStream| block_on(stream.write(b"x")).map_err(|e| e.kind());
        let broken = Err(io::ErrorKind::BrokenPipe);
        assert_eq!(kind(&near), if writes { broken } else { Ok(1) }, "{how:?}");
        assert_eq!(kind(&far), if reads { broken } else { Ok(1) }, "{how:?}");
        assert!(read(&near).is_ready());
        let expected = if writes { vec![] } else { b"x".to_vec() };
        assert_eq!(read(&far), Poll::Ready(expected), "{how:?}");
    }
}

#[test]
fn every_waiter_is_woken_and_a_dropped_one_takes_nobodys_turn() {
    let (near, far) = duplex(4);
    let (mut one, mut two) = ([0; 2], [0; 2]);
    let (wakes_one, waker_one) = Wakes::new();
    let (wakes_two, waker_two) = Wakes::new();
    let mut first = far.read(&mut one);
    let mut second = far.read(&mut two);
    assert!(Pin::new(&mut first).poll(&mut Context::from_waker(&waker_one)).is_pending());
    assert!(Pin::new(&mut second).poll(&mut Context::from_waker(&waker_two)).is_pending());
    block_on(near.write_all(b"ab")).unwrap();
    assert_eq!((wakes_one.count(), wakes_two.count()), (1, 1));
    drop(first);
    assert!(matches!(poll_once(&mut second), Poll::Ready(Ok(2))));

    let mut third = far.read(&mut one);
    assert!(Pin::new(&mut third).poll(&mut Context::from_waker(&waker_one)).is_pending());
    drop(third);
    assert_eq!(Arc::strong_count(&wakes_one), 2, "the pipe has kept no waker of it");
}

#[test]
fn writers_are_woken_by_room_and_by_the_end() {
    let (near, far) = duplex(1);
    block_on(near.write_all(b"a")).unwrap();
    let (wakes, waker) = Wakes::new();
    let mut writing = near.write(b"b");
    assert!(Pin::new(&mut writing).poll(&mut Context::from_waker(&waker)).is_pending());
    assert_eq!(read(&far), Poll::Ready(b"a".to_vec()));
    assert_eq!(wakes.count(), 1);
    assert!(poll_once(&mut writing).is_ready());
    let mut writing = near.write(b"c");
    assert!(Pin::new(&mut writing).poll(&mut Context::from_waker(&waker)).is_pending());
    drop(far);
    assert_eq!(wakes.count(), 2);
    assert!(matches!(poll_once(&mut writing), Poll::Ready(Err(_))));
}

#[test]
fn all_poll_forms_of_one_direction_are_one_waiter_and_the_last_waker_wins() {
    let (near, far) = duplex(4);
    let (wakes_one, waker_one) = Wakes::new();
    let (wakes_two, waker_two) = Wakes::new();
    let mut buffer = [0; 4];
    for waker in [&waker_one, &waker_two] {
        let context = &mut Context::from_waker(waker);
        assert!(Pin::new(&mut &far).poll_read(context, &mut buffer).is_pending());
    }
    block_on(near.write_all(b"ab")).unwrap();
    assert_eq!((wakes_one.count(), wakes_two.count()), (0, 1));
}

#[test]
fn reads_and_writes_of_several_slices() {
    let (mut near, mut far) = duplex(5);
    let slices = [io::IoSlice::new(b"ab"), io::IoSlice::new(b""), io::IoSlice::new(b"cdef")];
    assert_eq!(block_on(near.write_vectored(&slices)).unwrap(), 5);
    let (mut one, mut two) = ([0; 1], [0; 8]);
    let mut buffers = [io::IoSliceMut::new(&mut one), io::IoSliceMut::new(&mut two)];
    assert_eq!(block_on(far.read_vectored(&mut buffers)).unwrap(), 5);
    assert_eq!((&one, &two[..4]), (b"a", &b"bcde"[..]));
    assert_eq!(block_on(near.write_vectored(&[])).unwrap(), 0);
}

#[test]
fn across_threads_nothing_is_lost() {
    let (near, far) = duplex(7);
    let writer = thread::spawn(move || {
        let all: Vec<u8> = (0..50_000_u32).map(|n| n as u8).collect();
        for piece in all.chunks(13) {
            block_on(near.write_all(piece)).unwrap();
        }
        all
    });
    let mut all = Vec::new();
    let mut far = pin!(far);
    block_on(far.read_to_end(&mut all)).unwrap();
    assert!(all == writer.join().unwrap());
}

#[test]
#[should_panic = "room for at least one byte"]
fn a_duplex_without_room_is_refused() {
    let _ = duplex(0);
}
