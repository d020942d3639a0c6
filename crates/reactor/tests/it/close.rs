//! What ends under a waiter: the descriptor's registration, the reactor; and numbers used again.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::task::Context;

use corio_base::Park;
use corio_reactor::{Io, Reactor, Ready};

use crate::util::{Counter, block_on, for_each_driver, poll_once, register, settle};

#[test]
fn a_dropped_reactor_ends_every_wait_with_an_error_that_says_so() {
    for &kind in corio_reactor::DriverKind::ALL {
        let reactor = Reactor::with_driver(kind).unwrap();
        let handle = reactor.handle();
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let ours = register(&reactor, ours);
        let (counter, waker) = Counter::new();
        let mut waits = [ours.readable(), ours.readable()];
        for wait in &mut waits {
            assert!(poll_once(wait, &waker).is_pending());
        }
        drop(reactor);
        assert_eq!(counter.count(), 2);
        let [first, second] = &mut waits;
        for wait in [first, second] {
            let std::task::Poll::Ready(Err(error)) = poll_once(wait, &waker) else {
                panic!("the wait has not ended");
            };
            assert!(error.to_string().contains("has ended"), "{error}");
        }
        // Later waits, and later registrations, hear the same.
        let mut context = Context::from_waker(&waker);
        let read = ours.poll_read_with(&mut context, |mut stream| stream.read(&mut [0; 8]));
        assert!(matches!(read, std::task::Poll::Ready(Err(_))));
        let (late, _) = UnixStream::pair().unwrap();
        assert!(Io::register(late, &handle, Ready::EMPTY).is_err());
        assert_eq!(handle.registered(), 0);
    }
}

#[test]
fn a_poll_form_left_behind_is_woken_when_the_descriptor_goes() {
    for_each_driver(|reactor| {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let ours = register(reactor, ours);
        settle(reactor);
        let (counter, waker) = Counter::new();
        assert!(ours.poll_readable(&mut Context::from_waker(&waker)).is_pending());
        drop(ours);
        assert_eq!(counter.count(), 1);
        assert_eq!(reactor.handle().registered(), 0);
    });
}

#[test]
fn a_number_used_again_gets_no_events_of_the_old_one() {
    for_each_driver(|reactor| {
        for _ in 0..50 {
            let (old, mut theirs_old) = UnixStream::pair().unwrap();
            let old = register(reactor, old);
            // The event is on its way when the descriptor goes. The system gives the lowest free
            // number, so the next one gets this one's, if no other test is quicker.
            theirs_old.write_all(b"for the old one").unwrap();
            drop(old);
            let (new, mut theirs_new) = UnixStream::pair().unwrap();
            let new = register(reactor, new);
            settle(reactor);
            let (counter, waker) = Counter::new();
            assert!(poll_once(&mut new.readable(), &waker).is_pending());
            theirs_new.write_all(b"new").unwrap();
            let mut buffer = [0; 64];
            let n = block_on(reactor, new.read_with(|mut stream| stream.read(&mut buffer)));
            assert_eq!(&buffer[..n.unwrap()], b"new");
            assert_eq!(counter.count(), 0);
        }
    });
}

#[test]
fn taken_apart_a_descriptor_can_be_registered_elsewhere() {
    for_each_driver(|reactor| {
        let mut other = Reactor::with_driver(reactor.handle().driver()).unwrap();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let ours = register(reactor, ours);
        theirs.write_all(b"x").unwrap();
        let ours = register(&other, ours.into_inner());
        let n = block_on(&mut other, ours.read_with(|mut stream| stream.read(&mut [0; 8])));
        assert_eq!(n.unwrap(), 1);
        assert_eq!(reactor.park(corio_base::Wait::Poll).unwrap().events, 0);
    });
}

#[test]
fn registered_and_dropped_on_another_thread() {
    for_each_driver(|reactor| {
        let handle = reactor.handle();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let ours = std::thread::spawn(move || {
            ours.set_nonblocking(true).unwrap();
            Io::register(ours, &handle, Ready::EMPTY).unwrap()
        });
        let ours = ours.join().unwrap();
        let writer = std::thread::spawn(move || {
            theirs.write_all(b"from afar").unwrap();
            theirs
        });
        let n = block_on(reactor, ours.read_with(|mut stream| stream.read(&mut [0; 64])));
        assert_eq!(n.unwrap(), 9);
        let _theirs = writer.join().unwrap();
        std::thread::spawn(move || drop(ours)).join().unwrap();
        assert_eq!(reactor.handle().registered(), 0);
    });
}
