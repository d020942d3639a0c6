//! Who runs when: first in, first out, in turns.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use corio_executor::{Core, JoinHandle, yield_now};

use crate::support::{FakePark, Log, Slot, executor, say, wait_in};
use corio_base::Park;

fn core() -> Rc<Core> {
    Core::new(FakePark::new().unparker())
}

/// A task that waits to be woken from a slot, and says so.
fn waits(core: &Core, log: &Log, name: &'static str) -> (JoinHandle<()>, Slot) {
    let slot = Slot::default();
    let (left, seen) = (slot.clone(), log.clone());
    let task = core.spawn_local(async move {
        wait_in(left).await;
        say(&seen, name);
    });
    (task, slot)
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
    let (waiting, slot) = waits(&core, &log, "woken");
    drop(waiting);
    let seen = log.clone();
    drop(core.spawn_local(async move {
        slot.take().expect("it waits").wake();
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
    let (waiting, slot) = waits(&core, &log, "other");
    drop(waiting);
    core.turn();
    let (seen, mut first) = (log.clone(), true);
    drop(core.spawn_local(poll_fn(move |context| {
        if std::mem::take(&mut first) {
            context.waker().wake_by_ref();
            slot.take().expect("it waits").wake();
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
    let (child, slot) = waits(&core, &log, "child ends");
    let seen = log.clone();
    drop(core.spawn_local(async move {
        child.await.unwrap();
        say(&seen, "joiner");
    }));
    core.turn();
    slot.take().expect("it waits").wake();
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
