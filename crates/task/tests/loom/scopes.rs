//! Requests, guards and scopes: a task that is cancelled from other threads while it is polled or ends.

use std::future::poll_fn;
use std::sync::Arc as StdArc;
use std::task::{Poll, Waker};

use corio_base::loom::sync::Arc;
use corio_base::loom::sync::atomic::{AtomicUsize, Ordering};
use corio_base::loom::thread;
use corio_task::{Cancelled, JoinHandle, Spawn, catch};

use crate::support::{Counted, Drops, Loop, flag, model, waiting};

type Slot = StdArc<std::sync::Mutex<Option<(Cancelled, Waker)>>>;

/// Waits for ever; says whether it was suppressed in the end. What it owns is counted.
async fn suppressing(counted: Counted) {
    let guard = catch(std::future::pending::<()>()).await.expect_err("it was cancelled");
    guard.suppress();
    drop(counted);
}

/// A request from another thread is never lost: whatever the task is doing, it is unwound, or returned
/// before.
#[test]
fn cancel_against_poll_and_end() {
    model(|l, drops| {
        let flag = flag();
        let (mut handle, waker) = waiting(&l, &flag, &drops);
        let task = handle.task();
        let away = thread::spawn(move || task.cancel("away"));
        flag.store(1, Ordering::Relaxed);
        waker.wake();
        l.turn();
        let asked = away.join().unwrap();
        l.settle();
        let result = handle.try_take().expect("it has ended in any case");
        assert!(asked || result.is_ok());
        1
    });
}

/// Without anything else that ends the task, the request does.
#[test]
fn cancel_against_a_turn() {
    model(|l, drops| {
        let (handle, _waker) = waiting(&l, &flag(), &drops);
        let task = handle.task();
        let away = thread::spawn(move || assert!(task.cancel("away")));
        l.turn();
        away.join().unwrap();
        l.settle();
        assert!(handle.is_finished(), "a lost request");
        1
    });
}

/// Two requests: the catch gets one or both; what is left ends the task, or nothing is left.
#[test]
fn two_cancels_against_a_catch() {
    model(|l, drops| {
        let mut handle = Spawn::new().bound(l.home(), suppressing(drops.counted()));
        l.turn();
        let threads =
            [handle.task(), handle.task()].map(|task| thread::spawn(move || task.cancel("")));
        l.turn();
        for thread in threads {
            let _ = thread.join().unwrap();
        }
        l.settle();
        assert!(handle.try_take().is_some(), "one is enough");
        1
    });
}

/// A guard goes on another thread while the task is polled: the request goes on, or is swallowed.
#[test]
fn guard_dropped_away_against_poll() {
    for suppress in [false, true] {
        model(move |l, drops| {
            let slot = Slot::default();
            let gone = flag();
            let mut handle = keeping(&l, &drops, &slot, &gone);
            l.turn();
            handle.task().cancel("");
            l.turn();
            let (guard, waker) = slot.lock().unwrap().take().expect("it was caught");
            let away = thread::spawn(move || {
                if suppress {
                    guard.suppress();
                } else {
                    drop(guard);
                }
                gone.store(1, Ordering::Relaxed);
                waker.wake();
            });
            l.turn();
            away.join().unwrap();
            l.settle();
            let result = handle.try_take().expect("it has ended");
            assert_eq!(result.is_ok(), suppress);
            1
        });
    }
}

/// Catches, puts the guard into `slot` and waits until it is `gone`.
fn keeping(l: &Loop, drops: &Drops, slot: &Slot, gone: &Arc<AtomicUsize>) -> JoinHandle<()> {
    let (slot, gone, counted) = (slot.clone(), gone.clone(), drops.counted());
    Spawn::new().bound(l.home(), async move {
        let _counted = counted;
        let guard = catch(std::future::pending::<()>()).await.expect_err("it was cancelled");
        let mut guard = Some(guard);
        poll_fn(|context| {
            if let Some(guard) = guard.take() {
                slot.lock().unwrap().replace((guard, context.waker().clone()));
            }
            // Relaxed: the wake has to carry what was written before it.
            match gone.load(Ordering::Relaxed) {
                0 => Poll::Pending,
                _ => Poll::Ready(()),
            }
        })
        .await;
    })
}

/// A free task is cancelled while another thread polls it.
#[test]
fn free_cancel_against_poll() {
    model(|l, drops| {
        let mut handle = Spawn::new().free(&l.home().remote(), suppressing(drops.counted()));
        let task = handle.task();
        let shared = l.shared.clone();
        let away = thread::spawn(move || {
            shared.run_free();
        });
        task.cancel("");
        away.join().unwrap();
        while l.shared.run_free() {}
        assert!(handle.try_take().is_some(), "a lost request");
        1
    });
}

/// Two threads cancel a free task that waits.
#[test]
fn free_two_cancels() {
    model(|l, drops| {
        let mut handle = Spawn::new().free(&l.home().remote(), suppressing(drops.counted()));
        while l.shared.run_free() {}
        let task = handle.task();
        let shared = l.shared.clone();
        let away = thread::spawn(move || {
            task.cancel("one");
            shared.run_free();
        });
        handle.task().cancel("two");
        l.shared.run_free();
        away.join().unwrap();
        while l.shared.run_free() {}
        assert!(handle.try_take().is_some(), "a lost request");
        1
    });
}
