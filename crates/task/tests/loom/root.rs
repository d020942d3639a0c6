//! A root task and other threads: its block is used again only when nobody else has the task.

use std::future::poll_fn;
use std::panic::Location;
use std::pin::pin;
use std::task::Poll;

use corio_base::loom::sync::atomic::Ordering;
use corio_base::loom::thread;

use crate::support::{Loop, flag, model};

fn run<F: Future>(l: &Loop, future: F) -> F::Output {
    let drive = |root: corio_task::TaskInfo<'_>| {
        while !root.is_done() {
            l.turn();
            thread::yield_now();
        }
    };
    l.home().run_root(Location::caller(), pin!(future), true, drive).unwrap()
}

/// A waker of a root that was ready at once is used, or dropped, on another thread while the next
/// roots begin: none of them may be in the block that it points to.
#[test]
fn root_blocks_are_not_used_again_under_a_waker() {
    for by_wake in [true, false] {
        model(move |l, _| {
            let mut away = None;
            let first = run(
                &l,
                poll_fn(|context| {
                    let waker = context.waker().clone();
                    away = Some(thread::spawn(move || {
                        if by_wake {
                            waker.wake()
                        }
                    }));
                    Poll::Ready(1)
                }),
            );
            let next = [run(&l, async { 2 }), run(&l, async { 3 })];
            away.unwrap().join().unwrap();
            l.settle();
            assert_eq!((first, next, run(&l, async { 4 })), (1, [2, 3], 4));
            0
        });
    }
}

/// A root that waits is woken from another thread, in a block that an earlier root had.
#[test]
fn root_wake_from_away_against_poll() {
    model(|l, _| {
        assert_eq!(run(&l, async { 1 }), 1);
        let flag = flag();
        let mut away = None;
        let second = run(
            &l,
            poll_fn(|context| {
                away.get_or_insert_with(|| {
                    let (flag, waker) = (flag.clone(), context.waker().clone());
                    thread::spawn(move || {
                        flag.store(1, Ordering::Relaxed);
                        waker.wake();
                    })
                });
                // Relaxed: the wake has to carry what was written before it.
                if flag.load(Ordering::Relaxed) == 1 { Poll::Ready(2) } else { Poll::Pending }
            }),
        );
        away.unwrap().join().unwrap();
        l.settle();
        assert_eq!(second, 2);
        0
    });
}
