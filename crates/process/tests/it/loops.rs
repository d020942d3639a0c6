//! Children and loops: the loop's own reactor hears of their end, and when it is gone or stands still,
//! somebody else does.

use std::sync::mpsc::channel;

use corio_process::Stdio;
use corio_reactor::{DriverKind, Reactor, current};
use futures::future::join_all;

use crate::telling::telling;
use crate::util::{assert_deregistered, assert_goes_away, block_on, cat, poll_once, run_in, sh};

#[test]
fn a_loops_own_reactor_watches_with_each_driver() {
    for &kind in DriverKind::ALL {
        let mut reactor = Reactor::with_driver(kind).unwrap();
        let handle = reactor.handle();
        run_in(&mut reactor, async {
            let mut child = sh("cat; exit 6").stdin(Stdio::piped()).spawn().unwrap();
            // Its input and its end.
            assert_eq!(handle.registered(), 2, "{}", kind.name());
            assert!(poll_once(&mut child.handle().wait()).is_pending());
            assert_eq!(child.wait().await.unwrap().code(), Some(6), "{}", kind.name());
            assert_deregistered(&handle);
        });
    }
}

#[test]
fn several_end_in_one_loop() {
    let mut reactor = Reactor::new().unwrap();
    run_in(&mut reactor, async {
        let waits = (0..20).map(|number| {
            let status = sh(&format!("exit {number}")).status();
            async move { (number, status.await.unwrap().code()) }
        });
        for (number, code) in join_all(waits).await {
            assert_eq!(code, Some(number));
        }
    });
}

#[test]
fn a_child_outlives_its_loop_and_is_reaped() {
    let mut reactor = Reactor::new().unwrap();
    let mut child = run_in(&mut reactor, async { cat() });
    drop(reactor);
    let stdin = child.stdin.take();
    // Its end is heard of without anybody asking.
    drop(stdin);
    assert_goes_away(child.id());
    assert!(block_on(child.wait()).unwrap().success());
}

#[test]
fn who_waits_is_told_though_the_loop_ends_meanwhile() {
    let mut reactor = Reactor::new().unwrap();
    let mut child = run_in(&mut reactor, async { cat() });
    let handle = child.handle();
    let (told, waits) = channel();
    let waiter = std::thread::spawn(move || {
        block_on(telling(handle.wait(), || told.send(()).unwrap())).unwrap().success()
    });
    waits.recv().unwrap();
    drop(reactor);
    drop(child.stdin.take());
    assert!(waiter.join().unwrap());
}

#[test]
fn a_loop_that_stands_still_holds_nobody_up() {
    let mut reactor = Reactor::new().unwrap();
    let mut child = run_in(&mut reactor, async { cat() });
    // The reactor is not driven any more.
    assert!(block_on(child.wait()).unwrap().success());
    assert_deregistered(&reactor.handle());
}

#[test]
fn a_child_dropped_in_a_loop_that_stands_still_is_reaped() {
    let mut reactor = Reactor::new().unwrap();
    let (id, stdin) = run_in(&mut reactor, async {
        let mut child = cat();
        (child.id(), child.stdin.take())
    });
    drop(stdin);
    assert_goes_away(id);
    assert_deregistered(&reactor.handle());
}

#[test]
fn a_child_held_in_a_loop_that_is_blocked_or_stands_still_is_reaped() {
    let mut reactor = Reactor::new().unwrap();
    let mut held = run_in(&mut reactor, async {
        let (mut first, second) = (cat(), cat());
        drop(first.stdin.take());
        // This poll blocks until somebody else has reaped it.
        assert_goes_away(first.id());
        assert_eq!(first.try_wait().unwrap().map(|status| status.success()), Some(true));
        second
    });
    drop(held.stdin.take());
    assert_goes_away(held.id());
    // Run again, the loop finds how it has ended.
    assert!(run_in(&mut reactor, held.wait()).unwrap().success());
}

#[test]
fn a_wait_begun_in_one_loop_may_end_in_another() {
    let mut first = Reactor::new().unwrap();
    let mut second = Reactor::new().unwrap();
    let mut child = run_in(&mut first, async { cat() });
    let stdin = child.stdin.take();
    let handle = child.handle();
    let mut wait = Box::pin(handle.wait());
    run_in(&mut first, async { assert!(poll_once(&mut wait).is_pending()) });
    let other = run_in(&mut second, async {
        // Another waiter, elsewhere: from now on nobody depends on the first loop.
        assert!(poll_once(&mut child.handle().wait()).is_pending());
        drop(stdin);
        child.handle().wait().await.unwrap()
    });
    assert!(other.success());
    assert!(block_on(wait).unwrap().success());
}

#[test]
fn without_a_loop_the_process_has_a_reactor() {
    assert!(current::try_handle().is_none());
    assert!(block_on(sh("true").status()).unwrap().success());
}
