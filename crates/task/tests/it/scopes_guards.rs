//! Guards: kept, moved, merged, dropped elsewhere, counted.

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;

use corio_task::{Cancelled, Unwinding, catch, current, mask};
use futures::future::join;

use crate::scopes::{Flag, Log, assert_cancelled, flagged, raise, turn};
use crate::support::{Door, Loop, away, keep_for_ever};

/// Catches, and gives the guard.
async fn caught() -> Cancelled {
    catch(pending::<()>()).await.expect_err("only a request ends it")
}

/// Where one leaves the guard that it has caught, and another finds it.
#[derive(Clone, Default)]
struct Slot(Rc<RefCell<Option<Cancelled>>>);

impl Slot {
    /// Catches, and leaves the guard here.
    async fn fill(&self) {
        let guard = caught().await;
        self.0.borrow_mut().replace(guard);
    }

    fn take(&self) -> Option<Cancelled> {
        self.0.borrow_mut().take()
    }

    /// Resumes the guard, as soon as it is here.
    async fn resume(&self) -> ! {
        loop {
            if let Some(guard) = self.take() {
                guard.resume().await
            }
            turn().await;
        }
    }
}

#[test]
fn a_second_request_takes_the_cleanup_and_both_come_in_one_guard() {
    let home = Loop::new();
    let log = Log::default();
    let mut handle = home.spawn({
        let log = log.clone();
        async move {
            let outer = catch(async {
                let _first = caught().await;
                log.add("cleaning");
                pending::<()>().await;
            });
            let guard = outer.await.unwrap_err();
            log.add(format!("{guard}"));
            // Were the first request not in the guard, this would be cut.
            turn().await;
            turn().await;
            log.add("cleaned");
            guard.suppress();
            current().unwrap().cancelling()
        }
    });
    home.cancel(&handle, "one");
    handle.task().cancel("two");
    home.settle();
    log.assert(&["cleaning", "cancelled: two", "cleaned"]);
    assert_eq!(handle.try_take().unwrap().unwrap(), 0, "both were suppressed");
}

#[test]
fn a_guard_in_the_body_of_a_younger_catch_merges_into_its_guard() {
    let home = Loop::new();
    let log = Log::default();
    let mut handle = home.spawn({
        let log = log.clone();
        async move {
            let first = caught().await;
            let inner = catch(async move {
                let _first = first;
                pending::<()>().await;
            });
            let guard = inner.await.unwrap_err();
            turn().await;
            turn().await;
            log.add("cleaned");
            drop(guard);
            turn().await;
            log.add("not reached");
        }
    });
    home.cancel(&handle, "one");
    handle.task().cancel("two");
    home.settle();
    log.assert(&["cleaned"]);
    assert_cancelled(&mut handle, Some("one"));
}

#[test]
fn two_requests_before_a_pass_come_in_one_guard_with_the_first_reason() {
    let home = Loop::new();
    let mut handle = home.spawn(async {
        let guard = caught().await;
        let message = guard.message().map(str::to_owned);
        assert_eq!(current().unwrap().cancelling(), 2);
        guard.suppress();
        turn().await;
        (message, current().unwrap().cancelling())
    });
    home.settle();
    handle.task().cancel("one");
    handle.task().cancel("two");
    home.settle();
    assert_eq!(handle.try_take().unwrap().unwrap(), (Some("one".into()), 0));
}

#[test]
fn a_guard_taken_back_and_suppressed_is_counted_off_once() {
    let home = Loop::new();
    let door = Door::new();
    let mut handle = home.spawn({
        let door = door.clone();
        async move {
            let guard = caught().await;
            let task = current().unwrap();
            mask(door.pass()).await;
            assert_eq!(task.cancelling(), 2);
            assert_eq!(task.uncancel(), 1);
            guard.suppress();
            assert_eq!(task.cancelling(), 1, "the second one is still to be answered");
            turn().await;
        }
    });
    home.cancel(&handle, "one");
    handle.task().cancel("two");
    home.settle();
    door.open_and_wake();
    home.settle();
    assert_cancelled(&mut handle, Some("two"));
}

#[test]
fn a_guard_in_another_task_holds_the_request_and_goes_on_when_it_is_dropped() {
    let home = Loop::new();
    let slot = Slot::default();
    let mut handle = home.spawn({
        let slot = slot.clone();
        async move {
            slot.fill().await;
            pending::<()>().await;
        }
    });
    home.cancel(&handle, "x");
    assert!(!handle.is_finished(), "held");
    drop(slot.take());
    home.settle();
    assert_cancelled(&mut handle, Some("x"));
}

#[test]
fn a_guard_dropped_on_another_thread_goes_on() {
    let home = Loop::new();
    let slot = Slot::default();
    for suppress in [false, true] {
        let mut handle = home.spawn({
            let slot = slot.clone();
            async move {
                slot.fill().await;
                turn().await;
                7
            }
        });
        let before = handle.task();
        home.settle();
        before.cancel("x");
        let guard = loop {
            home.turn();
            if let Some(guard) = slot.take() {
                break guard;
            }
        };
        away(move || if suppress { guard.suppress() } else { drop(guard) });
        home.settle();
        match suppress {
            false => assert_cancelled(&mut handle, Some("x")),
            true => assert_eq!(handle.try_take().unwrap().unwrap(), 7),
        }
        assert_eq!(before.unwinding().guards, 0);
    }
}

#[test]
fn a_guard_that_outlives_its_task_does_nothing() {
    let home = Loop::new();
    let slot = Slot::default();
    let mut handle = home.spawn({
        let slot = slot.clone();
        async move {
            slot.fill().await;
        }
    });
    home.cancel(&handle, "x");
    assert_cancelled(&mut handle, Some("x"));
    slot.take().unwrap().suppress();
    assert_eq!(handle.task().unwinding().guards, 0);
}

#[test]
fn a_leaked_guard_holds_its_request_and_not_the_second_one() {
    let home = Loop::new();
    let mut handle = home.spawn(async {
        keep_for_ever(caught().await);
        pending::<()>().await;
    });
    home.cancel(&handle, "one");
    assert!(!handle.is_finished());
    handle.task().cancel("two");
    home.settle();
    assert_cancelled(&mut handle, Some("two"));
}

#[test]
fn resumed_in_another_task_it_unwinds_that_one() {
    let home = Loop::new();
    let slot = Slot::default();
    let flag = Flag::default();
    let mut first = home.spawn({
        let slot = slot.clone();
        async move {
            slot.fill().await;
            pending::<()>().await;
        }
    });
    let mut second = home.spawn({
        let (slot, flag) = (slot.clone(), flag.clone());
        async move {
            // A request is under way in this task, too, and has nothing to do with it.
            let other = flagged(&flag, async {
                let _guard = caught().await;
                pending::<()>().await;
            });
            join(other, slot.resume()).await;
        }
    });
    home.turn();
    raise(&flag);
    home.turn();
    first.task().cancel("x");
    home.settle();
    assert_cancelled(&mut first, Some("x"));
    assert_cancelled(&mut second, Some("x"));
}

#[test]
fn resumed_outside_the_scope_that_was_cancelled_it_unwinds_the_task() {
    let home = Loop::new();
    let flag = Flag::default();
    let slot = Slot::default();
    let mut handle = home.spawn({
        let (slot, flag) = (slot.clone(), flag.clone());
        async move {
            let scope = flagged(&flag, async {
                slot.fill().await;
                pending::<()>().await;
            });
            join(scope, slot.resume()).await;
        }
    });
    home.turn();
    raise(&flag);
    home.settle();
    assert_cancelled(&mut handle, Some("flag"));
}

#[test]
fn a_guard_given_to_a_sibling_and_dropped_there_wakes_the_catch_it_came_from() {
    let home = Loop::new();
    let log = Log::default();
    let slot = Slot::default();
    let door = Door::new();
    let mut handle = home.spawn({
        let (slot, log, door) = (slot.clone(), log.clone(), door.clone());
        async move {
            let from = catch(async {
                slot.fill().await;
                pending::<()>().await;
            });
            let beside = async {
                mask(door.pass()).await;
                drop(slot.take());
                pending::<()>().await;
            };
            let from = async {
                if from.await.is_err() {
                    log.add("outer");
                }
            };
            join(from, beside).await;
        }
    });
    home.cancel(&handle, "x");
    assert!(!handle.is_finished());
    door.open_and_wake();
    home.settle();
    log.assert(&["outer"]);
    assert_cancelled(&mut handle, Some("x"));
}

#[test]
fn a_resume_wins_over_the_suppress_of_a_sibling() {
    for first_suppresses in [true, false] {
        let home = Loop::new();
        let branch = |suppress: bool| async move {
            let guard = caught().await;
            turn().await;
            match suppress {
                true => guard.suppress(),
                false => drop(guard),
            }
            turn().await;
            turn().await;
            turn().await;
        };
        let mut handle = home.spawn(join(branch(first_suppresses), branch(!first_suppresses)));
        home.cancel(&handle, "x");
        assert_cancelled(&mut handle, Some("x"));
        assert_eq!(handle.task().cancelling(), 1);
    }
}

#[test]
fn a_loop_around_a_catch_does_not_spin() {
    let home = Loop::new();
    let rounds = Rc::new(std::cell::Cell::new(0));
    let mut handle = home.spawn({
        let rounds = rounds.clone();
        async move {
            while catch(pending::<()>()).await.is_err() {
                rounds.set(rounds.get() + 1);
            }
        }
    });
    home.cancel(&handle, "x");
    assert_cancelled(&mut handle, Some("x"));
    assert_eq!(rounds.get(), 1);
}

#[test]
fn an_abort_in_cleanup_leaves_nothing_behind() {
    let home = Loop::new();
    let mut handle = home.spawn(async {
        let inner = async {
            let _guard = caught().await;
            pending::<()>().await;
        };
        let _ = catch(join(inner, mask(pending::<()>()))).await;
    });
    home.settle();
    let task = handle.task();
    task.cancel("x");
    home.settle();
    assert_eq!(task.unwinding().guards, 1);
    task.abort();
    home.settle();
    assert!(handle.try_take().unwrap().unwrap_err().is_cancelled());
    let Unwinding { scopes, guards, .. } = task.unwinding();
    assert_eq!((scopes, guards), (0, 0));
}

#[test]
fn taken_back_at_any_moment_it_leaves_a_task_that_goes_on() {
    for turns in 0..4 {
        let home = Loop::new();
        let door = Door::new();
        let mut handle = home.spawn({
            let door = door.clone();
            async move {
                mask(door.pass()).await;
                turn().await;
                5
            }
        });
        home.settle();
        let task = handle.task();
        task.cancel("x");
        for _ in 0..turns {
            home.turn();
        }
        assert_eq!(task.uncancel(), 0);
        door.open_and_wake();
        home.settle();
        assert_eq!(handle.try_take().unwrap().unwrap(), 5);
        assert_eq!(task.unwinding(), Unwinding::default());
    }
}
