//! Descriptors on a list: who is told, how often, and that nothing is lost.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use corio_base::{Park, Wait, clock};
use corio_reactor::{After, Direction, Io, Reactor, Tried, WatchList};

use crate::util::{Counter, block_on, for_each_driver, poll_once, register, settle};

type Attempt = Poll<std::io::Result<Tried<usize>>>;

fn read(io: &Io<UnixStream>, buffer: &mut [u8]) -> Attempt {
    io.try_watched(Direction::Read, |mut stream| {
        let count = stream.read(buffer)?;
        Ok((count, After::stream(count, buffer.len())))
    })
}

fn write(io: &Io<UnixStream>, bytes: &[u8]) -> Attempt {
    io.try_watched(Direction::Write, |mut stream| {
        let count = stream.write(bytes)?;
        Ok((count, After::stream(count, bytes.len())))
    })
}

/// Reads until the list will tell.
fn drain(io: &Io<UnixStream>) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = [0; 64];
    loop {
        match read(io, &mut buffer) {
            Poll::Ready(Ok(tried)) => {
                assert_ne!(tried.output(), 0, "the end has come");
                all.extend_from_slice(&buffer[..tried.output()]);
                if matches!(tried, Tried::Last(_)) {
                    return all;
                }
            }
            Poll::Ready(Err(error)) => panic!("{error}"),
            Poll::Pending => return all,
        }
    }
}

fn take(list: &WatchList) -> Vec<u32> {
    let mut tokens = Vec::new();
    list.take(&mut tokens);
    tokens
}

/// Parks until something stands in the list.
fn wait(reactor: &mut Reactor, list: &WatchList) -> Vec<u32> {
    let deadline = clock::now().saturating_add(std::time::Duration::from_secs(10));
    loop {
        reactor.park(Wait::Until(deadline)).unwrap();
        let tokens = take(list);
        if !tokens.is_empty() {
            return tokens;
        }
        assert!(clock::now() < deadline, "nothing is told");
    }
}

/// A watched end, tried once, so that the next edge is told; and the other end.
fn watched(reactor: &mut Reactor, list: &WatchList, token: u32) -> (Io<UnixStream>, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let ours = register(reactor, ours);
    ours.watch(list, token).unwrap();
    settle(reactor);
    take(list);
    assert_eq!(drain(&ours), b"");
    (ours, theirs)
}

#[test]
fn each_edge_after_a_pending_attempt_is_told() {
    for_each_driver(|reactor| {
        let (counter, waker) = Counter::new();
        let list = WatchList::new(waker);
        let (ours, mut theirs) = watched(reactor, &list, 7);
        for round in 0..3 {
            let woken = counter.count();
            theirs.write_all(&[b'a' + round]).unwrap();
            assert_eq!(wait(reactor, &list), [7]);
            assert_eq!(counter.count(), woken + 1);
            assert_eq!(drain(&ours), [b'a' + round]);
            assert_eq!(take(&list), []);
        }
    });
}

#[test]
fn one_wait_wakes_the_owner_once_for_all_and_lists_each_once() {
    for_each_driver(|reactor| {
        let (counter, waker) = Counter::new();
        let list = WatchList::new(waker);
        let mut pairs: Vec<_> = (0..20).map(|token| watched(reactor, &list, token)).collect();
        let woken = counter.count();
        // Several edges of each, while nobody takes the list.
        for _ in 0..3 {
            for (_, theirs) in &mut pairs {
                theirs.write_all(b"x").unwrap();
            }
            settle(reactor);
        }
        assert_eq!(counter.count(), woken + 1);
        let mut tokens = take(&list);
        tokens.sort_unstable();
        assert_eq!(tokens, (0..20).collect::<Vec<_>>());
        for (ours, _) in &pairs {
            assert_eq!(drain(ours), b"xxx");
        }
    });
}

#[test]
fn room_is_told_when_a_write_did_not_go_through() {
    for_each_driver(|reactor| {
        let list = WatchList::new(std::task::Waker::noop().clone());
        let (ours, mut theirs) = watched(reactor, &list, 3);
        let mut sent = 0;
        // Where a descriptor is armed for each wait, it is not known to have room before it is asked.
        while sent == 0 {
            while let Poll::Ready(written) = write(&ours, &[b'x'; 4096]) {
                sent += written.unwrap().output();
            }
            settle(reactor);
            take(&list);
        }
        assert!(write(&ours, b"y").is_pending());
        theirs.read_exact(&mut vec![0; sent]).unwrap();
        assert_eq!(wait(reactor, &list), [3]);
        assert!(matches!(write(&ours, b"y"), Poll::Ready(Ok(_))));
    });
}

#[test]
fn the_end_is_told_with_or_after_the_last_bytes() {
    for_each_driver(|reactor| {
        let list = WatchList::new(std::task::Waker::noop().clone());
        let (ours, mut theirs) = watched(reactor, &list, 1);
        theirs.write_all(b"last words").unwrap();
        drop(theirs);
        wait(reactor, &list);
        let mut buffer = [0; 64];
        let Poll::Ready(Ok(first)) = read(&ours, &mut buffer) else { panic!("there are bytes") };
        assert_eq!(&buffer[..first.output()], b"last words");
        if matches!(first, Tried::Last(_)) {
            wait(reactor, &list);
        }
        assert!(matches!(read(&ours, &mut buffer), Poll::Ready(Ok(Tried::MayGoOn(0)))));
    });
}

#[test]
fn a_reactor_that_goes_tells_of_all_and_every_attempt_says_so() {
    for &kind in corio_reactor::DriverKind::ALL {
        let mut reactor = Reactor::with_driver(kind).unwrap();
        let (counter, waker) = Counter::new();
        let list = WatchList::new(waker);
        let pairs = [1, 2].map(|token| watched(&mut reactor, &list, token));
        let woken = counter.count();
        drop(reactor);
        assert!(counter.count() > woken);
        assert_eq!(take(&list), [1, 2]);
        for (ours, _) in &pairs {
            let Poll::Ready(Err(error)) = read(ours, &mut [0; 8]) else { panic!("it works on") };
            assert!(error.to_string().contains("has ended"), "{error}");
            let error = ours.watch(&list, 3).unwrap_err();
            assert!(error.to_string().contains("has ended"), "{error}");
        }
    }
}

#[test]
fn who_is_watched_no_more_tells_nobody() {
    for_each_driver(|reactor| {
        let (counter, waker) = Counter::new();
        let list = WatchList::new(waker);
        let (first, mut to_first) = watched(reactor, &list, 1);
        let (second, mut to_second) = watched(reactor, &list, 2);
        let (gone, mut to_gone) = watched(reactor, &list, 3);
        first.unwatch();
        drop(gone);
        let woken = counter.count();
        to_first.write_all(b"x").unwrap();
        let error = to_gone.write_all(b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        settle(reactor);
        assert_eq!((counter.count(), take(&list)), (woken, vec![]));
        drop(list);
        to_second.write_all(b"x").unwrap();
        settle(reactor);
        assert_eq!(counter.count(), woken);
        // They are as any others.
        for ours in [first, second] {
            let mut byte = [0];
            let count = block_on(reactor, ours.read_with(|mut stream| stream.read(&mut byte)));
            assert_eq!((count.unwrap(), byte), (1, *b"x"));
        }
    });
}

#[test]
fn a_place_that_is_used_again_is_not_watched() {
    for_each_driver(|reactor| {
        let list = WatchList::new(std::task::Waker::noop().clone());
        drop(watched(reactor, &list, 1));
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let _ours = register(reactor, ours);
        theirs.write_all(b"x").unwrap();
        settle(reactor);
        assert_eq!(take(&list), []);
    });
}

#[test]
fn a_waiter_beside_a_watch_is_woken_as_well() {
    for_each_driver(|reactor| {
        let list = WatchList::new(std::task::Waker::noop().clone());
        let (ours, mut theirs) = watched(reactor, &list, 1);
        let (counter, waker) = Counter::new();
        let mut readable = ours.readable();
        assert!(poll_once(&mut readable, &waker).is_pending());
        theirs.write_all(b"x").unwrap();
        assert_eq!(wait(reactor, &list), [1]);
        assert_eq!(counter.count(), 1);
    });
}

#[test]
fn one_list_has_the_descriptors_of_several_reactors() {
    for_each_driver(|reactor| {
        let mut other = Reactor::with_driver(reactor.handle().driver()).unwrap();
        let list = WatchList::new(std::task::Waker::noop().clone());
        let (_here, mut to_here) = watched(reactor, &list, 1);
        let (_there, mut to_there) = watched(&mut other, &list, 2);
        to_here.write_all(b"x").unwrap();
        to_there.write_all(b"x").unwrap();
        settle(reactor);
        settle(&mut other);
        assert_eq!(take(&list), [1, 2]);
    });
}

#[test]
fn another_thread_drives_and_nothing_is_lost() {
    const BYTES: usize = 2000;
    for_each_driver(|reactor| {
        let (_, waker) = Counter::new();
        let list = WatchList::new(waker);
        let (ours, mut theirs) = watched(reactor, &list, 1);
        let got = Arc::new(AtomicUsize::new(0));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..BYTES {
                    theirs.write_all(b"x").unwrap();
                }
            });
            scope.spawn(|| {
                while got.load(Ordering::Acquire) < BYTES {
                    if !take(&list).is_empty() {
                        got.fetch_add(drain(&ours).len(), Ordering::AcqRel);
                    }
                    std::thread::yield_now();
                }
            });
            let deadline = clock::now().saturating_add(std::time::Duration::from_secs(10));
            while got.load(Ordering::Acquire) < BYTES && clock::now() < deadline {
                let soon = clock::now().saturating_add(std::time::Duration::from_millis(5));
                reactor.park(Wait::Until(soon)).unwrap();
            }
            let count = got.swap(BYTES, Ordering::AcqRel);
            assert_eq!(count, BYTES, "an edge was lost");
        });
    });
}

#[test]
fn a_first_use_registers() {
    let reactor = Reactor::new().unwrap();
    let _installed = corio_reactor::current::install(reactor.handle());
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let ours = Io::from(ours);
    let list = WatchList::new(std::task::Waker::noop().clone());
    ours.unwatch();
    assert_eq!(reactor.handle().registered(), 0);
    ours.watch(&list, 1).unwrap();
    assert_eq!(reactor.handle().registered(), 1);
    assert!(ours.poll_readable(&mut Context::from_waker(std::task::Waker::noop())).is_pending());
}
