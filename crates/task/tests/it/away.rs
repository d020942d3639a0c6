//! Many threads at one task, without a model: a few thousand rounds of the real thing.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Poll, Waker};

use corio_task::{Ran, Spawn};

use crate::support::{Drops, Loop, Wakes, poll_once};

const ROUNDS: usize = 1500;

/// Two threads wake, clone and drop while the home polls, ends and closes.
#[test]
fn wakes_clones_and_drops_against_the_end() {
    let drops = Drops::new();
    for round in 0..ROUNDS {
        let (to_one, one) = mpsc::channel::<Waker>();
        let (to_two, two) = mpsc::channel::<Waker>();
        std::thread::scope(|scope| {
            for wakers in [one, two] {
                scope.spawn(move || {
                    for waker in wakers {
                        let another = waker.clone();
                        waker.wake();
                        another.wake_by_ref();
                    }
                });
            }
            let mut l = Loop::new();
            let (counted, mut polls) = (drops.counted(), 0);
            let handle = l.spawn(poll_fn(move |context| {
                let _ = &counted;
                polls += 1;
                let _ = to_one.send(context.waker().clone());
                let _ = to_two.send(context.waker().clone());
                if polls == 4 { Poll::Ready(()) } else { Poll::Pending }
            }));
            if round % 2 == 0 {
                drop(handle);
            } else {
                scope.spawn(move || drop(handle));
            }
            for _ in 0..round % 50 {
                l.turn();
            }
            l.close();
        });
    }
    drops.assert(ROUNDS);
}

/// A handle polled from away always learns of the end, also of one by a closing home.
#[test]
fn joins_from_away_against_the_end() {
    let ended = AtomicUsize::new(0);
    for round in 0..ROUNDS {
        std::thread::scope(|scope| {
            let mut l = Loop::new();
            let remote = l.remote();
            let ended = &ended;
            scope.spawn(move || {
                let mut handle = Spawn::new().remote(&remote, async {});
                let (wakes, waker) = Wakes::new();
                let mut woken = 0;
                while poll_once(&mut handle, &waker).is_pending() {
                    let begun = std::time::Instant::now();
                    while wakes.count() == woken {
                        assert!(begun.elapsed().as_secs() < 10, "a lost wake");
                        std::thread::yield_now();
                    }
                    woken = wakes.count();
                }
                ended.fetch_add(1, Ordering::Relaxed);
            });
            for _ in 0..round % 100 {
                l.turn();
                std::hint::spin_loop();
            }
            l.close();
        });
    }
    assert_eq!(ended.load(Ordering::Relaxed), ROUNDS);
}

/// A free task hops between two threads while a third wakes it.
#[test]
fn a_free_task_between_threads() {
    for _ in 0..ROUNDS / 10 {
        let l = Loop::new();
        let (to_waker, wakers) = mpsc::channel::<Waker>();
        let mut polls = 0;
        let mut handle = Spawn::new().free(
            &l.remote(),
            poll_fn(move |context| {
                polls += 1;
                let _ = to_waker.send(context.waker().clone());
                if polls >= 20 { Poll::Ready(polls) } else { Poll::Pending }
            }),
        );
        let l = &l;
        let shared = l.shared.clone();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for waker in wakers {
                    waker.wake_by_ref();
                    waker.wake();
                }
            });
            for _ in 0..2 {
                let shared = shared.clone();
                scope.spawn(move || {
                    loop {
                        match shared.pop_free().map(|task| task.run()) {
                            Some(Ran::Returned) => return shared.stop(),
                            Some(_) => {}
                            None if shared.stopped() => return,
                            None => std::thread::yield_now(),
                        }
                    }
                });
            }
        });
        assert!(handle.try_take().unwrap().unwrap() >= 20);
    }
}
