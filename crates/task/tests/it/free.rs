//! The drawing in `free.rs`, edge by edge.

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use corio_task::{JoinHandle, Ran, Spawn};

use crate::support::{Drops, Loop, Wakes, away, poll_once};

type Slot = Arc<Mutex<Option<Waker>>>;

/// A free task that leaves its waker and never ends.
fn waiting(l: &Loop) -> (Slot, Drops, JoinHandle<()>) {
    let (slot, drops) = (Slot::default(), Drops::new());
    let (left, counted) = (slot.clone(), drops.counted());
    let handle = Spawn::new().free(&l.remote(), async move {
        let _counted = counted;
        poll_fn(|context| {
            *left.lock().unwrap() = Some(context.waker().clone());
            Poll::<()>::Pending
        })
        .await;
    });
    assert_eq!(l.pop_free().unwrap().run(), Ran::Pending);
    (slot, drops, handle)
}

fn waker(slot: &Slot) -> Waker {
    slot.lock().unwrap().clone().unwrap()
}

#[test]
fn edge_1_wake_submits_once() {
    let l = Loop::new();
    let (slot, _, _handle) = waiting(&l);
    waker(&slot).wake();
    away(|| waker(&slot).wake_by_ref());
    assert!(l.pop_free().is_some());
    assert!(l.pop_free().is_none());
}

#[test]
fn edge_2_start_poll_runs_on_any_thread() {
    let l = Loop::new();
    let (slot, _, handle) = waiting(&l);
    for _ in 0..3 {
        waker(&slot).wake();
        let task = l.pop_free().unwrap();
        assert_eq!(away(|| task.run()), Ran::Pending);
    }
    handle.abort();
    assert_eq!(l.pop_free().unwrap().run(), Ran::Cancelled);
}

#[test]
fn edge_3_end_poll_submits_again_what_was_woken_meanwhile() {
    let l = Loop::new();
    let polls = Arc::new(AtomicUsize::new(0));
    let seen = polls.clone();
    let mut handle = Spawn::new().free(
        &l.remote(),
        poll_fn(move |context| {
            context.waker().wake_by_ref();
            match seen.fetch_add(1, Ordering::Relaxed) {
                3 => Poll::Ready(()),
                _ => Poll::Pending,
            }
        }),
    );
    for _ in 0..3 {
        assert_eq!(l.pop_free().unwrap().run(), Ran::Pending);
    }
    assert_eq!(l.pop_free().unwrap().run(), Ran::Returned);
    assert!(l.pop_free().is_none(), "complete: no entry");
    assert!(handle.try_take().unwrap().is_ok());
}

#[test]
fn edge_4_complete_gives_the_output_and_wakes_the_joiner() {
    let l = Loop::new();
    let mut handle = Spawn::new().free(&l.remote(), async { String::from("out") });
    let (wakes, waker) = Wakes::new();
    assert!(poll_once(&mut handle, &waker).is_pending());
    assert!(poll_once(&mut handle, &waker).is_pending());
    let task = l.pop_free().unwrap();
    assert_eq!(away(|| task.run()), Ran::Returned);
    assert_eq!(wakes.count(), 1);
    let Poll::Ready(output) = poll_once(&mut handle, &waker) else { panic!("ended") };
    assert_eq!(output.unwrap(), "out");
    drop(handle);
    drop(waker);
    assert_eq!(Arc::strong_count(&wakes), 1, "no waker is left anywhere");
}

#[test]
fn the_joiner_that_asked_last_is_woken() {
    let l = Loop::new();
    let mut handle = Spawn::new().free(&l.remote(), async {});
    let (first, one) = Wakes::new();
    let (second, two) = Wakes::new();
    assert!(poll_once(&mut handle, &one).is_pending());
    assert!(poll_once(&mut handle, &two).is_pending());
    drop(one);
    assert_eq!(Arc::strong_count(&first), 1);
    l.pop_free().unwrap().run();
    assert_eq!((first.count(), second.count()), (0, 1));
}

#[test]
fn a_handle_dropped_takes_its_waker_along() {
    let l = Loop::new();
    let (slot, drops, mut handle) = waiting(&l);
    let (wakes, joiner) = Wakes::new();
    assert!(poll_once(&mut handle, &joiner).is_pending());
    drop((handle, joiner));
    assert_eq!(Arc::strong_count(&wakes), 1);
    drops.assert(0);
    drop(l);
    // The home is gone; the next wake ends the task where it is.
    let waker = slot.lock().unwrap().take().unwrap();
    waker.wake();
    drops.assert(1);
}

#[test]
fn abort_cancels_at_the_next_start() {
    let l = Loop::new();
    let (_slot, drops, mut handle) = waiting(&l);
    handle.abort();
    handle.abort();
    drops.assert(0);
    assert_eq!(l.pop_free().unwrap().run(), Ran::Cancelled);
    assert!(l.pop_free().is_none());
    drops.assert(1);
    assert!(handle.try_take().unwrap().unwrap_err().is_cancelled());
    handle.abort();
    assert!(l.pop_free().is_none());
}

#[test]
fn abort_during_the_own_poll_lets_the_poll_end() {
    let l = Loop::new();
    let drops = Drops::new();
    let counted = drops.counted();
    let mut handle = Spawn::new().free(&l.remote(), async move {
        let _counted = counted;
        corio_task::current().unwrap().abort();
        pending::<()>().await;
    });
    assert_eq!(l.pop_free().unwrap().run(), Ran::Pending);
    drops.assert(0);
    assert_eq!(l.pop_free().unwrap().run(), Ran::Cancelled);
    drops.assert(1);
    assert!(handle.try_take().unwrap().unwrap_err().is_cancelled());
}

#[test]
fn a_runnable_dropped_ends_its_task() {
    let l = Loop::new();
    let (slot, drops, mut handle) = waiting(&l);
    waker(&slot).wake();
    let task = l.pop_free().unwrap();
    away(|| drop(task));
    drops.assert(1);
    assert!(handle.try_take().unwrap().unwrap_err().is_cancelled());
}

#[test]
fn a_closed_home_ends_what_is_submitted() {
    let mut l = Loop::new();
    let (slot, drops, mut handle) = waiting(&l);
    let remote = l.remote();
    l.close();
    drops.assert(0);
    away(|| waker(&slot).wake());
    drops.assert(1);
    assert!(handle.try_take().unwrap().unwrap_err().is_cancelled());
    let mut late = away(|| Spawn::new().free(&remote, async {}));
    assert!(late.try_take().unwrap().unwrap_err().is_cancelled());
}

#[test]
fn outputs_are_dropped_once_in_every_order() {
    for order in 0..3 {
        let l = Loop::new();
        let drops = Drops::new();
        let counted = drops.counted();
        let mut handle = Some(Spawn::new().free(&l.remote(), async move { counted }));
        if order == 0 {
            drop(handle.take());
        }
        l.pop_free().unwrap().run();
        if order == 1 {
            away(|| drop(handle.take()));
        }
        if let Some(mut handle) = handle {
            drops.assert(0);
            drop(handle.try_take().unwrap());
        }
        drops.assert(1);
    }
}
