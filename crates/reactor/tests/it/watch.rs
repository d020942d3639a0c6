//! Descriptors on a list: who is told, how often, and that nothing is lost.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use corio_base::{Park, Wait, clock};
use corio_reactor::{After, Direction, DriverKind, Edges, Io, Reactor, Tried, WatchList};

use crate::util::{Counter, block_on, for_each_driver, poll_once, register, settle};

type Attempt = Poll<std::io::Result<Tried<usize>>>;

/// A descriptor as its owner has it.
struct Ours {
    io: Io<UnixStream>,
    edges: Edges,
    token: u32,
}

fn read(ours: &Ours, buffer: &mut [u8]) -> Attempt {
    ours.io.try_watched(&ours.edges, Direction::Read, |mut stream| {
        let count = stream.read(buffer)?;
        Ok((count, After::stream(count, buffer.len())))
    })
}

fn write(ours: &Ours, bytes: &[u8]) -> Attempt {
    ours.io.try_watched(&ours.edges, Direction::Write, |mut stream| {
        let count = stream.write(bytes)?;
        Ok((count, After::stream(count, bytes.len())))
    })
}

/// Reads until the list will tell.
fn drain(ours: &Ours) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = [0; 64];
    loop {
        match read(ours, &mut buffer) {
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

/// Takes the list, and gives each of `all` what was told of it.
fn take(list: &WatchList, all: &[&Ours]) -> Vec<u32> {
    let mut ready = Vec::new();
    list.take(&mut ready);
    for (token, told) in &ready {
        let whose = all.iter().find(|ours| ours.token == *token);
        whose.into_iter().for_each(|ours| ours.edges.add(*told));
    }
    ready.into_iter().map(|(token, _)| token).collect()
}

/// Parks until something stands in the list.
fn wait(reactor: &mut Reactor, list: &WatchList, all: &[&Ours]) -> Vec<u32> {
    let deadline = clock::now().saturating_add(std::time::Duration::from_secs(10));
    loop {
        reactor.park(Wait::Until(deadline)).unwrap();
        let tokens = take(list, all);
        if !tokens.is_empty() {
            return tokens;
        }
        assert!(clock::now() < deadline, "nothing is told");
    }
}

/// One whose owner looks by itself.
fn silent_list() -> WatchList {
    WatchList::new(std::task::Waker::noop().clone())
}

/// A watched end, tried once, so that the next edge is told; and the other end.
fn watched(reactor: &mut Reactor, list: &WatchList, token: u32) -> (Ours, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let io = register(reactor, ours);
    let edges = io.watch(list, token).unwrap();
    let ours = Ours { io, edges, token };
    settle(reactor);
    take(list, &[&ours]);
    assert_eq!(drain(&ours), b"");
    (ours, theirs)
}

/// One byte, awaited as of a descriptor that nobody watches.
fn read_one(reactor: &mut Reactor, io: &Io<UnixStream>) -> u8 {
    let mut byte = [0];
    let count = block_on(reactor, io.read_with(|mut stream| stream.read(&mut byte)));
    assert_eq!(count.unwrap(), 1);
    byte[0]
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
            assert_eq!(wait(reactor, &list, &[&ours]), [7]);
            assert_eq!(counter.count(), woken + 1);
            assert_eq!(drain(&ours), [b'a' + round]);
            assert_eq!(take(&list, &[]), []);
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
        let mut tokens = take(&list, &pairs.iter().map(|(ours, _)| ours).collect::<Vec<_>>());
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
        let list = silent_list();
        let (ours, mut theirs) = watched(reactor, &list, 3);
        let mut sent = 0;
        // Where a descriptor is armed for each wait, it is not known to have room before it is asked.
        while sent == 0 {
            while let Poll::Ready(written) = write(&ours, &[b'x'; 4096]) {
                sent += written.unwrap().output();
            }
            settle(reactor);
            take(&list, &[&ours]);
        }
        assert!(write(&ours, b"y").is_pending());
        theirs.read_exact(&mut vec![0; sent]).unwrap();
        assert_eq!(wait(reactor, &list, &[&ours]), [3]);
        assert!(matches!(write(&ours, b"y"), Poll::Ready(Ok(_))));
    });
}

#[test]
fn the_end_is_told_with_or_after_the_last_bytes() {
    for_each_driver(|reactor| {
        let list = silent_list();
        let (ours, mut theirs) = watched(reactor, &list, 1);
        theirs.write_all(b"last words").unwrap();
        drop(theirs);
        wait(reactor, &list, &[&ours]);
        let mut buffer = [0; 64];
        let Poll::Ready(Ok(first)) = read(&ours, &mut buffer) else { panic!("there are bytes") };
        assert_eq!(&buffer[..first.output()], b"last words");
        if matches!(first, Tried::Last(_)) {
            wait(reactor, &list, &[&ours]);
        }
        assert!(matches!(read(&ours, &mut buffer), Poll::Ready(Ok(Tried::MayGoOn(0)))));
    });
}

#[test]
fn a_reactor_that_goes_tells_of_all_and_every_attempt_says_so() {
    // Whether or not the owner has taken in what it was told.
    for (&kind, told) in DriverKind::ALL.iter().flat_map(|kind| [(kind, false), (kind, true)]) {
        let mut reactor = Reactor::with_driver(kind).unwrap();
        let (counter, waker) = Counter::new();
        let list = WatchList::new(waker);
        let pairs = [1, 2].map(|token| watched(&mut reactor, &list, token));
        let woken = counter.count();
        drop(reactor);
        assert!(counter.count() > woken);
        let all = [&pairs[0].0, &pairs[1].0];
        assert_eq!(take(&list, if told { &all } else { &[] }), [1, 2]);
        for (ours, _) in &pairs {
            let Poll::Ready(Err(error)) = read(ours, &mut [0; 8]) else { panic!("it works on") };
            assert!(error.to_string().contains("has ended"), "{error}");
            let error = ours.io.watch(&list, 3).unwrap_err();
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
        first.io.unwatch();
        drop(gone);
        let woken = counter.count();
        to_first.write_all(b"x").unwrap();
        let error = to_gone.write_all(b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        settle(reactor);
        assert_eq!((counter.count(), take(&list, &[])), (woken, vec![]));
        drop(list);
        to_second.write_all(b"x").unwrap();
        settle(reactor);
        assert_eq!(counter.count(), woken);
        // They are as any others.
        for ours in [first, second] {
            assert_eq!(read_one(reactor, &ours.io), b'x');
        }
    });
}

#[test]
fn a_place_that_is_used_again_is_not_watched() {
    for_each_driver(|reactor| {
        let list = silent_list();
        drop(watched(reactor, &list, 1));
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let _ours = register(reactor, ours);
        theirs.write_all(b"x").unwrap();
        settle(reactor);
        assert_eq!(take(&list, &[]), []);
    });
}

#[test]
fn a_waiter_beside_a_watch_is_woken_as_well() {
    for_each_driver(|reactor| {
        let list = silent_list();
        let (ours, mut theirs) = watched(reactor, &list, 1);
        let (counter, waker) = Counter::new();
        let mut readable = ours.io.readable();
        assert!(poll_once(&mut readable, &waker).is_pending());
        theirs.write_all(b"x").unwrap();
        assert_eq!(wait(reactor, &list, &[&ours]), [1]);
        assert_eq!(counter.count(), 1);
    });
}

/// Bytes that came while the list alone was told are not missed by who comes with a waker.
#[test]
fn a_waiter_who_comes_after_the_edge_is_woken_as_well() {
    for_each_driver(|reactor| {
        let list = silent_list();
        let (ours, mut theirs) = watched(reactor, &list, 1);
        theirs.write_all(b"x").unwrap();
        settle(reactor);
        assert_eq!(read_one(reactor, &ours.io), b'x');
        let empty = ours.io.try_io(Direction::Read, |mut stream| stream.read(&mut [0]));
        assert_eq!(empty.unwrap_err().kind(), ErrorKind::WouldBlock);
        // And from now on it is told of each edge, as is the list.
        let (counter, waker) = Counter::new();
        let mut readable = ours.io.readable();
        assert!(poll_once(&mut readable, &waker).is_pending());
        take(&list, &[&ours]);
        theirs.write_all(b"y").unwrap();
        assert_eq!(wait(reactor, &list, &[&ours]), [1]);
        assert_eq!((counter.count(), drain(&ours)), (1, b"y".to_vec()));
    });
}

#[test]
fn an_attempt_without_a_wait_finds_what_the_list_alone_was_told() {
    for_each_driver(|reactor| {
        let list = silent_list();
        let (ours, mut theirs) = watched(reactor, &list, 1);
        theirs.write_all(b"x").unwrap();
        settle(reactor);
        let mut byte = [0];
        let count = ours.io.try_io(Direction::Read, |mut stream| stream.read(&mut byte));
        assert_eq!((count.unwrap(), byte), (1, *b"x"));
    });
}

/// What was waited for before counts no longer: its edges go to the list alone, and come back to the word
/// when it is watched no more.
#[test]
fn who_waited_before_the_watch_is_watched_as_any_other() {
    for_each_driver(|reactor| {
        let list = silent_list();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let io = register(reactor, ours);
        theirs.write_all(b"a").unwrap();
        assert_eq!(read_one(reactor, &io), b'a');
        let edges = io.watch(&list, 4).unwrap();
        let ours = Ours { io, edges, token: 4 };
        assert_eq!(drain(&ours), b"");
        theirs.write_all(b"b").unwrap();
        wait(reactor, &list, &[&ours]);
        assert_eq!(drain(&ours), b"b");
        theirs.write_all(b"c").unwrap();
        wait(reactor, &list, &[&ours]);
        ours.io.unwatch();
        assert_eq!(read_one(reactor, &ours.io), b'c');
    });
}

#[test]
fn who_is_watched_under_another_number_is_told_by_that() {
    for_each_driver(|reactor| {
        let list = silent_list();
        let (mut ours, mut theirs) = watched(reactor, &list, 1);
        theirs.write_all(b"x").unwrap();
        settle(reactor);
        ours.edges = ours.io.watch(&list, 2).unwrap();
        assert_eq!(take(&list, &[]), [0; 0]);
        assert_eq!(drain(&ours), b"x");
        ours.token = 2;
        theirs.write_all(b"y").unwrap();
        assert_eq!(wait(reactor, &list, &[&ours]), [2]);
        assert_eq!(drain(&ours), b"y");
    });
}

#[test]
fn one_list_has_the_descriptors_of_several_reactors() {
    for_each_driver(|reactor| {
        let mut other = Reactor::with_driver(reactor.handle().driver()).unwrap();
        let list = silent_list();
        let (_here, mut to_here) = watched(reactor, &list, 1);
        let (_there, mut to_there) = watched(&mut other, &list, 2);
        to_here.write_all(b"x").unwrap();
        to_there.write_all(b"x").unwrap();
        settle(reactor);
        settle(&mut other);
        assert_eq!(take(&list, &[]), [1, 2]);
    });
}

/// What is told of a number may be of the descriptor that had it before: also the end of its reactor.
#[test]
fn the_end_of_another_reactor_is_not_ones_own() {
    for_each_driver(|reactor| {
        let mut other = Reactor::with_driver(reactor.handle().driver()).unwrap();
        let list = WatchList::new(std::task::Waker::noop().clone());
        let (before, _) = watched(&mut other, &list, 1);
        let (ours, mut theirs) = watched(reactor, &list, 1);
        drop(other);
        drop(before);
        theirs.write_all(b"x").unwrap();
        wait(reactor, &list, &[&ours]);
        assert_eq!(drain(&ours), b"x");
        theirs.write_all(b"y").unwrap();
        wait(reactor, &list, &[&ours]);
        assert_eq!(drain(&ours), b"y");
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
            let (list, got) = (&list, &got);
            scope.spawn(move || {
                while got.load(Ordering::Acquire) < BYTES {
                    if !take(list, &[&ours]).is_empty() {
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
    let list = silent_list();
    ours.unwatch();
    assert_eq!(reactor.handle().registered(), 0);
    ours.watch(&list, 1).unwrap();
    assert_eq!(reactor.handle().registered(), 1);
    assert!(ours.poll_readable(&mut Context::from_waker(std::task::Waker::noop())).is_pending());
}
