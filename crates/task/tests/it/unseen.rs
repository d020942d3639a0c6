//! Errors and panics that nobody retrieves: told of once, on every way an output can go.

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::Poll;

use corio_task::{Fallible, JoinHandle, Spawn, TryResult, catch};

use crate::support::{Loop, away};

type Failing = Result<u8, &'static str>;

fn told(l: &Loop) -> Vec<String> {
    std::mem::take(&mut *l.shared.unseen.lock().unwrap())
}

#[track_caller]
fn check(l: &Loop, words: &str) {
    let told = told(l);
    assert_eq!(told.len(), 1, "{told:?}");
    let begins = "Task exception was never retrieved\nfuture: <Task ";
    assert!(told[0].starts_with(begins) && told[0].ends_with(words), "{told:?}");
}

async fn panics() -> Failing {
    panic!("oops")
}

async fn fails() -> Failing {
    Err("no luck")
}

fn spawn(l: &Loop, fallible: bool) -> JoinHandle<Failing> {
    if fallible { l.spawn(Fallible::new(fails())) } else { l.spawn(panics()) }
}

const WORDS: [(bool, &str); 2] = [(false, "panicked with: \"oops\""), (true, "error: \"no luck\"")];

#[test]
fn a_fallible_task_goes_by_its_own_future_s_name() {
    let l = Loop::new();
    let plain = l.spawn(fails());
    let fallible = l.spawn(Fallible::new(fails()));
    assert_eq!(plain.task().type_name(), fallible.task().type_name());
    l.turn();
    drop((plain.task(), fallible.task()));
    let told_at_the_end = |handle: JoinHandle<Failing>| {
        drop(handle);
        told(&l).len()
    };
    assert_eq!((told_at_the_end(plain), told_at_the_end(fallible)), (0, 1));
}

#[test]
fn the_handle_goes_before_the_end() {
    for (fallible, words) in WORDS {
        let l = Loop::new();
        drop(spawn(&l, fallible));
        assert_eq!(told(&l), [""; 0]);
        l.turn();
        check(&l, words);
    }
}

#[test]
fn the_handle_goes_after_the_end() {
    for (fallible, words) in WORDS {
        let l = Loop::new();
        let handle = spawn(&l, fallible);
        l.turn();
        assert_eq!(told(&l), [""; 0], "it may still be taken");
        drop(handle);
        check(&l, words);
    }
}

#[test]
fn the_handle_goes_on_another_thread() {
    for (fallible, words) in WORDS {
        let l = Loop::new();
        let handle = spawn(&l, fallible);
        l.turn();
        away(|| drop(handle));
        check(&l, words);
        let handle = spawn(&l, fallible);
        away(|| drop(handle));
        l.turn();
        l.turn();
        check(&l, words);
    }
}

#[test]
fn a_free_task_tells_of_it_too() {
    for (fallible, words) in WORDS {
        let l = Loop::new();
        let spawn = || match fallible {
            true => Spawn::new().free(&l.remote(), Fallible::new(fails())),
            false => Spawn::new().free(&l.remote(), panics()),
        };
        drop(spawn());
        away(|| l.shared.pop_free().unwrap().run());
        check(&l, words);
        let handle = spawn();
        l.shared.pop_free().unwrap().run();
        away(|| drop(handle));
        check(&l, words);
    }
}

#[test]
fn an_eager_one_that_ends_at_once() {
    let l = Loop::new();
    drop(Spawn::new().eager(l.home(), Fallible::new(fails())));
    check(&l, "error: \"no luck\"");
}

#[test]
fn what_was_taken_is_nobody_s_business() {
    for (fallible, _) in WORDS {
        let l = Loop::new();
        let mut handle = spawn(&l, fallible);
        l.turn();
        assert!(handle.try_take().is_some());
        drop(handle);
        assert_eq!(told(&l), [""; 0]);
    }
}

#[test]
fn what_was_looked_at_is_nobody_s_business() {
    for (fallible, _) in WORDS {
        let l = Loop::new();
        let mut handle = spawn(&l, fallible);
        assert!(matches!(handle.try_result(), TryResult::NotDone));
        l.turn();
        assert!(matches!(handle.try_result(), TryResult::Done(_)));
        drop(handle);
        assert_eq!(told(&l), [""; 0]);
    }
}

#[test]
fn a_task_that_somebody_looks_after_is_not_told_of() {
    for (fallible, _) in WORDS {
        let l = Loop::new();
        let handle = spawn(&l, fallible);
        let task = handle.task();
        task.mark_retrieved();
        drop(handle);
        l.turn();
        assert_eq!(told(&l), [""; 0]);
        assert_eq!(task.failure().as_deref(), fallible.then_some("\"no luck\""));
    }
}

#[test]
fn cancelled_tasks_and_values_are_not_told_of() {
    let l = Loop::new();
    let cancelled = l.spawn(Fallible::new(pending::<Failing>()));
    l.turn();
    cancelled.task().cancel("enough");
    drop(cancelled);
    drop(l.spawn(async { 7 }));
    drop(l.spawn(Fallible::new(async { Failing::Ok(7) })));
    // A plain one cannot be seen to fail.
    drop(l.spawn(fails()));
    l.turn();
    l.turn();
    assert_eq!(told(&l), [""; 0]);
}

/// A body that is asked to unwind and fails meanwhile: its task ends as cancelled, so the error can be had
/// nowhere.
#[test]
fn an_error_that_a_cancellation_throws_away() {
    let l = Loop::new();
    let handle = l.spawn(Fallible::new(async {
        let cancelled = catch(pending::<()>()).await;
        drop(cancelled);
        Failing::Err("while cleaning up")
    }));
    l.turn();
    handle.task().cancel("enough");
    l.turn();
    let told = told(&l);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("while cleaning up"), "{told:?}");
    drop(handle);
    assert_eq!(self::told(&l), [""; 0]);
}

#[test]
fn the_end_of_the_home_tells_of_what_is_left() {
    let mut l = Loop::new();
    let shared = l.shared.clone();
    let kept: Rc<RefCell<Option<JoinHandle<Failing>>>> = Rc::default();
    let left = spawn(&l, false);
    l.turn();
    kept.replace(Some(left));
    let holds = kept.clone();
    // Another task has the handle, and never comes to it.
    drop(l.spawn(async move {
        let _handle = holds.take();
        poll_fn(|_| Poll::<()>::Pending).await;
    }));
    l.turn();
    l.close();
    assert_eq!(shared.unseen.lock().unwrap().len(), 1);
}
