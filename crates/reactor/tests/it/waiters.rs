//! Who is woken: several waiters, independent directions, dropped ones, and the budget.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::task::{Context, Poll};

use corio_base::budget::READY_PER_POLL_MAX;
use corio_base::current;
use corio_reactor::Direction;

use crate::util::{Counter, block_on, for_each_driver, poll_once, register, settle};

#[test]
fn all_waiters_of_a_direction_wake_and_none_of_the_other() {
    for_each_driver(|reactor| {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let ours = register(reactor, ours);
        // Fill the way out, so that writers wait.
        block_on(reactor, ours.writable()).unwrap();
        while ours.try_io(Direction::Write, |mut stream| stream.write(&[0; 4096])).is_ok() {}

        let counters: [_; 4] = std::array::from_fn(|_| Counter::new());
        let [(a, wake_a), (b, wake_b), (form, wake_form), (writer, wake_writer)] = &counters;
        let (mut wait_a, mut wait_b) = (ours.readable(), ours.readable());
        let mut wait_writer = ours.writable();
        assert!(poll_once(&mut wait_a, wake_a).is_pending());
        assert!(poll_once(&mut wait_b, wake_b).is_pending());
        assert!(ours.poll_readable(&mut Context::from_waker(wake_form)).is_pending());
        assert!(poll_once(&mut wait_writer, wake_writer).is_pending());
        settle(reactor);
        assert_eq!([a, b, form, writer].map(|counter| counter.count()), [0; 4]);

        theirs.write_all(b"x").unwrap();
        settle(reactor);
        assert_eq!([a, b, form].map(|counter| counter.count()), [1; 3]);
        assert!(matches!(poll_once(&mut wait_a, wake_a), Poll::Ready(Ok(_))));
        assert!(matches!(poll_once(&mut wait_b, wake_b), Poll::Ready(Ok(_))));
        // Woken for nothing, perhaps, but not ready.
        assert!(poll_once(&mut wait_writer, wake_writer).is_pending());
    });
}

#[test]
fn the_other_direction_goes_on_waiting_and_wakes_in_its_turn() {
    for_each_driver(|reactor| {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let ours = register(reactor, ours);
        block_on(reactor, ours.writable()).unwrap();
        while ours.try_io(Direction::Write, |mut stream| stream.write(&[0; 4096])).is_ok() {}
        theirs.write_all(b"x").unwrap();
        let theirs = register(reactor, theirs);
        let (read, written) = block_on(reactor, async {
            let mut buffer = [0; 8];
            let read = ours.read_with(|mut stream| stream.read(&mut buffer)).await;
            let drain = async {
                let mut sink = vec![0; 1 << 20];
                let mut left = 1 << 16;
                while left > 0 {
                    let n = theirs.read_with(|mut stream| stream.read(&mut sink)).await.unwrap();
                    left -= n.min(left);
                }
            };
            let write = ours.write_with(|mut stream| stream.write(b"y"));
            let (written, ()) = futures::future::join(write, drain).await;
            (read, written)
        });
        assert_eq!((read.unwrap(), written.unwrap()), (1, 1));
    });
}

#[test]
fn a_dropped_waiter_is_not_woken() {
    for_each_driver(|reactor| {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let ours = register(reactor, ours);
        settle(reactor);
        let (counter, waker) = Counter::new();
        let mut waits: Vec<_> = (0..5).map(|_| ours.readable()).collect();
        for wait in &mut waits {
            assert!(poll_once(wait, &waker).is_pending());
        }
        drop(waits.remove(0));
        drop(waits.remove(2));
        theirs.write_all(b"x").unwrap();
        settle(reactor);
        assert_eq!(counter.count(), 3);
        drop(waits);
    });
}

#[test]
fn an_operation_that_is_always_ready_yields_after_its_budget() {
    for_each_driver(|reactor| {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let ours = register(reactor, ours);
        theirs.write_all(&[1; 1000]).unwrap();
        block_on(reactor, ours.readable()).unwrap();

        let (counter, waker) = Counter::new();
        let mut context = Context::from_waker(&waker);
        let mut read = || ours.poll_read_with(&mut context, |mut stream| stream.read(&mut [0; 1]));
        let poll = current::enter_without_task();
        let mut reads = 0;
        while read().is_ready() {
            reads += 1;
        }
        assert_eq!((reads, counter.count()), (READY_PER_POLL_MAX, 1));
        drop(poll);
        let _next_poll = current::enter_without_task();
        assert!(read().is_ready());
    });
}

#[test]
fn readiness_that_nobody_uses_up_yields_after_its_budget() {
    for_each_driver(|reactor| {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let ours = register(reactor, ours);
        block_on(reactor, ours.writable()).unwrap();

        let (counter, waker) = Counter::new();
        for poll_form in [false, true] {
            let is_ready = || match poll_form {
                true => ours.poll_writable(&mut Context::from_waker(&waker)).is_ready(),
                false => poll_once(&mut ours.writable(), &waker).is_ready(),
            };
            let woken = counter.count();
            let _poll = current::enter_without_task();
            let times = (0..1000).take_while(|_| is_ready()).count();
            assert_eq!((times as u64, counter.count() - woken), (READY_PER_POLL_MAX, 1));
            let _next_poll = current::enter_without_task();
            assert!(is_ready());
        }
    });
}
