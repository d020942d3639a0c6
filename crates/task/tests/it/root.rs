//! The task of a future on its waiter's stack, and the block that one such task leaves to the next.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::pin;
use std::task::{Poll, Waker};

use corio_task::{JoinError, current};

use crate::support::{Drops, Loop, away};

fn run<F: Future>(l: &Loop, at_once: bool, future: F) -> Result<F::Output, JoinError> {
    l.home().run_root(Location::caller(), pin!(future), at_once, |root| {
        while !root.is_done() {
            l.turn();
        }
    })
}

fn id() -> u64 {
    current().expect("a root is a task").id()
}

#[test]
fn roots_borrow_and_have_numbers_of_their_own() {
    let l = Loop::new();
    let text = String::from("borrowed");
    let mut ids: Vec<u64> = Vec::new();
    for at_once in [true, false, true, true] {
        assert_eq!(run(&l, at_once, async { text.len() }).unwrap(), 8);
        ids.push(run(&l, at_once, async { id() }).unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 4);
    assert_eq!(l.tasks(), 0, "an idle block is no task");
}

#[test]
fn a_root_that_somebody_has_keeps_its_block() {
    let l = Loop::new();
    let mut kept: Option<Waker> = None;
    let mut seen = None;
    let first = poll_fn(|context| {
        kept = Some(context.waker().clone());
        seen = current();
        Poll::Ready(id())
    });
    let first = run(&l, true, first).unwrap();
    let (kept, seen) = (kept.unwrap(), seen.unwrap());
    assert!(seen.is_done());
    let next = poll_fn(|context| {
        assert!(!context.waker().will_wake(&kept), "the waker of a root that has ended");
        kept.wake_by_ref();
        Poll::Ready(id())
    });
    assert_ne!(run(&l, true, next).unwrap(), first);
    assert_eq!((seen.id(), l.ready().len()), (first, 0), "a wake after the end queues nothing");
    away(|| drop(kept));
    drop(seen);
    l.settle();
    assert_eq!(l.tasks(), 0);
}

/// The home's own count is as if nobody had the task: only the ledger knows.
#[test]
fn a_root_whose_waker_was_cloned_away_keeps_its_block() {
    let l = Loop::new();
    let mut kept: Option<Waker> = None;
    let first = poll_fn(|context| {
        let waker = context.waker().clone();
        kept = Some(away(|| waker.clone()));
        Poll::Ready(())
    });
    run(&l, true, first).unwrap();
    let kept = kept.unwrap();
    let next = poll_fn(|context| Poll::Ready(context.waker().will_wake(&kept)));
    assert!(!run(&l, true, next).unwrap(), "the block of a task that somebody has was used again");
    drop(kept);
    assert_eq!(l.tasks(), 0);
}

#[test]
fn a_root_woken_or_aborted_in_its_only_poll_ends_with_its_value() {
    let l = Loop::new();
    let woken = poll_fn(|context| {
        context.waker().wake_by_ref();
        Poll::Ready(1)
    });
    assert_eq!(run(&l, true, woken).unwrap(), 1);
    let aborted = async {
        current().unwrap().abort();
        2
    };
    assert_eq!(run(&l, true, aborted).unwrap(), 2);
    assert_eq!(run(&l, true, async { 3 }).unwrap(), 3, "before their entries have gone");
    l.settle();
    assert_eq!(l.tasks(), 0);
}

#[test]
fn a_root_that_panics_or_is_aborted_has_no_output() {
    let l = Loop::new();
    for at_once in [true, false] {
        let panics = run(&l, at_once, async { panic!("root") }).unwrap_err();
        assert_eq!(*panics.into_panic().downcast::<&str>().unwrap(), "root");
        let aborts = poll_fn(|_| {
            current().unwrap().abort();
            Poll::<()>::Pending
        });
        assert!(run(&l, at_once, aborts).unwrap_err().is_cancelled());
        assert_eq!(run(&l, at_once, async { 1 }).unwrap(), 1);
    }
}

/// The loop stops, or unwinds, before the root is done: the task ends with the call, whoever has its
/// waker, and what it borrowed is not reached again.
#[test]
fn a_root_does_not_outlive_its_call() {
    let l = Loop::new();
    let drops = Drops::new();
    for unwinds in [false, true] {
        let mut kept = None;
        let counted = drops.counted();
        let future = poll_fn(|context| {
            let _ = &counted;
            kept = Some(context.waker().clone());
            Poll::<()>::Pending
        });
        let called = catch_unwind(AssertUnwindSafe(|| {
            let future = pin!(future);
            l.home().run_root(Location::caller(), future, true, |_| assert!(!unwinds, "unwound"))
        }));
        match called {
            Ok(result) => assert!(!unwinds && result.unwrap_err().is_cancelled()),
            Err(_) => assert!(unwinds),
        }
        kept.unwrap().wake();
        l.settle();
        assert_eq!(l.tasks(), 0);
    }
    drops.assert(2);
}
