//! Panics of user code, wherever it is called: they are the task's, never the loop's.

use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};

use corio_task::{JoinHandle, Ran, Spawn};

use crate::support::{Bomb, Drops, Loop, away, keep_for_ever, poll_once};

fn message(error: corio_task::JoinError) -> String {
    let payload = error.into_panic();
    match payload.downcast_ref::<&str>() {
        Some(text) => (*text).to_owned(),
        None => payload.downcast_ref::<String>().expect("text").clone(),
    }
}

#[test]
fn in_the_poll() {
    let l = Loop::new();
    let drops = Drops::new();
    let counted = drops.counted();
    let mut handle: JoinHandle<()> = l.spawn(async move {
        let _counted = counted;
        panic!("in the poll");
    });
    assert_eq!(l.turn(), [Ran::Panicked]);
    drops.assert(1);
    let error = handle.try_take().unwrap().unwrap_err();
    assert!(error.is_panic() && !error.is_cancelled());
    assert_eq!(error.task_id(), handle.info().id());
    let id = handle.info().id();
    assert_eq!(error.to_string(), format!("task {id} panicked with \"in the poll\""));
    assert_eq!(message(error), "in the poll");
}

#[test]
fn a_cancelled_error_is_no_panic() {
    let l = Loop::new();
    let mut handle = l.spawn(async {});
    handle.abort();
    l.turn();
    let error = handle.try_take().unwrap().unwrap_err();
    let id = handle.info().id();
    assert_eq!(
        format!("{error} / {error:?}"),
        format!("task {id} was cancelled / JoinError::Cancelled(task {id})")
    );
    let error = error.try_into_panic().unwrap_err();
    let text = catch_unwind(AssertUnwindSafe(|| error.into_panic())).unwrap_err();
    assert!(text.downcast_ref::<String>().unwrap().contains("ask `is_panic` first"));
}

#[test]
fn in_the_futures_destructor() {
    for by_abort in [false, true] {
        let l = Loop::new();
        let bomb = Bomb("in the destructor");
        let mut handle = l.spawn(poll_fn(move |_| {
            let _ = &bomb;
            Poll::Ready(())
        }));
        if by_abort {
            handle.abort();
        }
        l.turn();
        assert_eq!(message(handle.try_take().unwrap().unwrap_err()), "in the destructor");
    }
}

#[test]
fn in_the_outputs_destructor() {
    for (detach_first, from_away) in [(true, false), (false, false), (false, true)] {
        let l = Loop::new();
        let handle = l.spawn(async { Bomb("in the output") });
        if detach_first {
            drop(handle);
            assert_eq!(l.turn(), [Ran::Returned]);
        } else {
            l.turn();
            if from_away { away(|| drop(handle)) } else { drop(handle) }
        }
        l.settle();
        assert_eq!(l.tasks(), 0);
    }
}

#[test]
fn in_both_destructors_at_the_end() {
    let l = Loop::new();
    let bomb = Bomb("in the future's destructor");
    let mut handle = l.spawn(poll_fn(move |_| {
        let _ = &bomb;
        Poll::Ready(Bomb("in the output's"))
    }));
    assert_eq!(l.turn(), [Ran::Panicked]);
    let Some(Err(error)) = handle.try_take() else { panic!("a panic") };
    assert_eq!(message(error), "in the future's destructor");
    drop(handle);
    assert_eq!(l.tasks(), 0);
}

/// A payload whose destructor panics in its turn must not get out either.
#[test]
fn in_the_destructor_of_a_payload() {
    struct Second;
    impl Drop for Second {
        fn drop(&mut self) {
            panic_any(Bomb("in the payload"));
        }
    }
    let l = Loop::new();
    let second = Second;
    let mut handle: JoinHandle<()> = l.spawn(poll_fn(move |_| {
        let _ = &second;
        panic!("the first")
    }));
    assert_eq!(l.turn(), [Ran::Panicked]);
    assert_eq!(message(handle.try_take().unwrap().unwrap_err()), "the first");
    // And one that nobody takes.
    drop(l.spawn(async { panic_any(Bomb("in a payload that is nobody's")) }));
    assert_eq!(l.turn(), [Ran::Panicked]);
    drop(handle);
    assert_eq!(l.tasks(), 0);
}

/// Panics when woken, and when dropped, as told.
struct Rude {
    in_wake: bool,
    in_drop: bool,
}

impl Wake for Rude {
    fn wake(self: Arc<Self>) {
        assert!(!self.in_wake, "in a joiner's wake");
    }
}

impl Drop for Rude {
    fn drop(&mut self) {
        assert!(!self.in_drop || std::thread::panicking(), "in a joiner's drop");
    }
}

fn rude(in_wake: bool, in_drop: bool) -> Waker {
    Waker::from(Arc::new(Rude { in_wake, in_drop }))
}

#[test]
fn in_a_joiners_waker_at_home() {
    for (in_wake, in_drop) in [(true, false), (false, true)] {
        let l = Loop::new();
        let mut handle = l.spawn(async {});
        assert!(poll_once(&mut handle, &rude(in_wake, in_drop)).is_pending());
        assert_eq!(l.turn(), [Ran::Returned]);
        assert!(handle.try_take().is_some());
        drop(handle);
        assert_eq!(l.tasks(), 0);
    }
}

#[test]
fn in_a_joiners_waker_that_came_by_mail() {
    for (in_wake, in_drop) in [(true, false), (false, true)] {
        let l = Loop::new();
        let mut handle = l.spawn(async {});
        let waker = rude(in_wake, in_drop);
        away(|| {
            assert!(poll_once(&mut handle, &waker).is_pending());
            // The clone in the handle is not this test's.
            if in_drop {
                keep_for_ever(handle)
            } else {
                drop(handle)
            }
            keep_for_ever(waker);
        });
        // The end is before the mail is opened: opening it wakes.
        assert_eq!(l.ready().pop().unwrap().run(), Ran::Returned);
        l.open_all();
        if !in_drop {
            assert_eq!(l.tasks(), 0);
        }
    }
}

#[test]
fn in_a_joiners_waker_that_is_let_go() {
    let l = Loop::new();
    let mut handle = l.spawn(pending::<()>());
    assert!(poll_once(&mut handle, &rude(false, true)).is_pending());
    drop(handle);
    assert_eq!(l.home().cancel_all(), 1);
    l.settle();
    assert_eq!(l.tasks(), 0, "its reference was given up all the same");
}

#[test]
fn in_a_free_tasks_parts() {
    let l = Loop::new();
    let remote = l.remote();
    let mut handle: JoinHandle<()> = Spawn::new().free(&remote, async { panic!("free") });
    assert!(poll_once(&mut handle, &rude(true, false)).is_pending());
    assert_eq!(l.pop_free().unwrap().run(), Ran::Panicked);
    assert_eq!(message(handle.try_take().unwrap().unwrap_err()), "free");

    drop(Spawn::new().free(&remote, async { Bomb("free output") }));
    assert_eq!(l.pop_free().unwrap().run(), Ran::Returned);

    let bomb = Bomb("free destructor");
    let mut handle = Spawn::new().free(&remote, async move {
        let _bomb = bomb;
        pending::<()>().await;
    });
    assert_eq!(l.pop_free().unwrap().run(), Ran::Pending);
    handle.abort();
    assert_eq!(l.pop_free().unwrap().run(), Ran::Cancelled);
    assert_eq!(message(handle.try_take().unwrap().unwrap_err()), "free destructor");
}
