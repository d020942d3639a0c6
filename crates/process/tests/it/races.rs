//! Ends, signals, waits and drops that meet, on several threads.

use std::os::unix::process::ExitStatusExt;
use std::sync::Barrier;

use corio_process::{Child, SignalKind, Stdio};
use corio_reactor::Reactor;

use crate::util::{assert_goes_away, block_on, cat, run_in, sh};

const ROUNDS: usize = 40;
const THREADS: usize = 4;

/// Has every thread do `work` to a child's handle at the moment at which `end` ends it.
fn meet(end: impl Fn(&mut Child), work: impl Fn(&corio_process::ChildHandle) + Sync) {
    for _ in 0..ROUNDS {
        let mut child = cat();
        let handle = child.handle();
        let start = Barrier::new(THREADS + 1);
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    start.wait();
                    work(&handle);
                });
            }
            start.wait();
            end(&mut child);
        });
        block_on(child.wait()).unwrap();
        assert_goes_away(child.id());
    }
}

#[test]
fn signals_meet_the_end() {
    meet(
        |child| drop(child.stdin.take()),
        |handle| {
            // It ignores this one; what counts is that nobody else gets it and that it is no error.
            while handle.try_wait().unwrap().is_none() {
                handle.send_signal(SignalKind::window_change()).unwrap();
            }
            handle.send_signal(SignalKind::kill()).unwrap();
        },
    );
}

#[test]
fn kills_meet_waits() {
    meet(
        |child| child.start_kill().unwrap(),
        |handle| assert_eq!(block_on(handle.wait()).unwrap().signal(), Some(9)),
    );
}

#[test]
fn a_loops_end_meets_the_childs() {
    for _ in 0..ROUNDS {
        let mut reactor = Reactor::new().unwrap();
        let mut child = run_in(&mut reactor, async { cat() });
        let handle = child.handle();
        let start = Barrier::new(3);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                drop(reactor);
            });
            let waits = scope.spawn(|| {
                start.wait();
                block_on(handle.wait()).unwrap().success()
            });
            start.wait();
            drop(child.stdin.take());
            assert!(waits.join().unwrap());
        });
        assert_goes_away(child.id());
    }
}

#[test]
fn drops_meet_the_end() {
    for _ in 0..ROUNDS {
        let child = sh("read line").stdin(Stdio::piped()).spawn().unwrap();
        let (id, handle) = (child.id(), child.handle());
        std::thread::scope(|scope| {
            scope.spawn(|| handle.terminate().unwrap());
            scope.spawn(move || drop(child));
        });
        assert_goes_away(id);
        assert!(handle.try_wait().unwrap().is_some());
    }
}
