//! Who runs when: first in, first out, in turns.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use corio_executor::{Core, yield_now};

use crate::support::{FakePark, Log, executor, say, wait_in};
use corio_base::Park;

fn core() -> Rc<Core> {
    Core::new(FakePark::new().unparker())
}

#[test]
fn tasks_run_in_the_order_in_which_they_became_ready() {
    let (executor, parks) = executor();
    let log = Log::default();
    for name in ["a", "b", "c"] {
        let log = log.clone();
        drop(executor.spawn_local(async move {
            say(&log, name);
            yield_now().await;
            say(&log, name.to_uppercase());
        }));
    }
    executor.block_on(async {
        say(&log, "root");
        yield_now().await;
        say(&log, "ROOT");
    });
    assert_eq!(*log.borrow(), ["a", "b", "c", "root", "A", "B", "C", "ROOT"]);
    assert!(parks.borrow().is_empty(), "there was always something to run");
}

#[test]
fn what_is_woken_in_a_turn_runs_in_the_next() {
    let core = core();
    let log = Log::default();
    let slot = Rc::new(RefCell::new(None::<Waker>));
    let (left, seen) = (slot.clone(), log.clone());
    drop(core.spawn_local(async move {
        wait_in(left).await;
        say(&seen, "woken");
    }));
    let (found, seen) = (slot, log.clone());
    drop(core.spawn_local(async move {
        found.borrow_mut().take().unwrap().wake();
        say(&seen, "waker");
    }));
    let seen = log.clone();
    drop(core.spawn_local(async move { say(&seen, "after") }));
    let turn = core.turn();
    assert_eq!((turn.polls, core.tasks()), (3, 1));
    assert_eq!(*log.borrow(), ["waker", "after"]);
    let turn = core.turn();
    assert_eq!((turn.polls, core.tasks()), (1, 0));
    assert_eq!(log.borrow().last().unwrap(), "woken");
    assert_eq!(core.tasks(), 0);
}

#[test]
fn what_is_spawned_in_a_turn_runs_in_the_next() {
    let core = core();
    let log = Log::default();
    let (inner, seen) = (core.clone(), log.clone());
    drop(core.spawn_local(async move {
        let log = seen.clone();
        drop(inner.spawn_local(async move { say(&log, "child") }));
        say(&seen, "parent");
    }));
    assert_eq!(core.turn().polls, 1);
    assert_eq!(*log.borrow(), ["parent"]);
    assert_eq!(core.turn().polls, 1);
    assert_eq!(*log.borrow(), ["parent", "child"]);
}

/// A task that wakes itself before another does so is queued before it.
#[test]
fn a_self_wake_takes_its_place_at_once() {
    let core = core();
    let log = Log::default();
    let slot = Rc::new(RefCell::new(None::<Waker>));
    let (left, seen) = (slot.clone(), log.clone());
    drop(core.spawn_local(async move {
        wait_in(left).await;
        say(&seen, "other");
    }));
    core.turn();
    let (seen, mut first) = (log.clone(), true);
    drop(core.spawn_local(poll_fn(move |context| {
        if std::mem::take(&mut first) {
            context.waker().wake_by_ref();
            slot.borrow_mut().take().unwrap().wake();
            return Poll::Pending;
        }
        say(&seen, "self");
        Poll::Ready(())
    })));
    core.turn();
    core.turn();
    assert_eq!(*log.borrow(), ["self", "other"]);
}

#[test]
fn yield_now_costs_exactly_one_turn() {
    let core = core();
    let turns = Rc::new(RefCell::new(Vec::new()));
    let (seen, now) = (turns.clone(), Rc::new(RefCell::new(0)));
    let clock = now.clone();
    drop(core.spawn_local(async move {
        for _ in 0..3 {
            seen.borrow_mut().push(*clock.borrow());
            yield_now().await;
        }
        seen.borrow_mut().push(*clock.borrow());
    }));
    for turn in 0..5 {
        *now.borrow_mut() = turn;
        core.turn();
    }
    assert_eq!(*turns.borrow(), [0, 1, 2, 3]);
}

#[test]
fn a_joiner_runs_in_the_turn_after_the_end() {
    let core = core();
    let log = Log::default();
    let (seen, also) = (log.clone(), log.clone());
    let slot = Rc::new(RefCell::new(None::<Waker>));
    let left = slot.clone();
    let child = core.spawn_local(async move {
        wait_in(left).await;
        say(&seen, "child ends");
    });
    drop(core.spawn_local(async move {
        child.await.unwrap();
        say(&also, "joiner");
    }));
    core.turn();
    slot.borrow_mut().take().unwrap().wake();
    let seen = log.clone();
    drop(core.spawn_local(async move { say(&seen, "same turn") }));
    core.turn();
    assert_eq!(*log.borrow(), ["child ends", "same turn"]);
    core.turn();
    assert_eq!(log.borrow().last().unwrap(), "joiner");
}

#[test]
fn a_handle_of_a_task_that_has_ended_does_not_yield() {
    let core = core();
    let child = core.spawn_local(async { 1 });
    core.turn();
    let handle = core.spawn_local(async move { child.await.unwrap() });
    assert_eq!(core.turn().polls, 1);
    assert!(handle.is_finished(), "in one poll");
    drop(handle);
}

/// A turn taken inside a task runs the others, and that task not.
#[test]
fn a_turn_within_a_turn_is_harmless() {
    let core = core();
    let log = Log::default();
    let (inner, seen) = (core.clone(), log.clone());
    let mut polls = 0;
    drop(core.spawn_local(poll_fn(move |context| {
        polls += 1;
        let now = polls;
        context.waker().wake_by_ref();
        inner.turn();
        assert_eq!(polls, now, "polled within its own poll");
        say(&seen, "outer");
        if polls == 2 { Poll::Ready(()) } else { Poll::Pending }
    })));
    let seen = log.clone();
    drop(core.spawn_local(async move { say(&seen, "inner") }));
    for _ in 0..3 {
        core.turn();
    }
    assert_eq!(*log.borrow(), ["inner", "outer", "outer"]);
    assert_eq!(core.tasks(), 0);
}
