//! Abort at every moment.

use std::future::pending;

use corio_task::{Ran, Spawn};

use crate::support::{Door, Drops, Loop, away};

#[test]
fn before_the_first_poll_the_body_never_runs() {
    for from_away in [false, true] {
        let l = Loop::new();
        let drops = Drops::new();
        let counted = drops.counted();
        let mut handle = l.spawn(async move {
            let _counted = counted;
            unreachable!("polled");
        });
        if from_away {
            away(|| handle.abort())
        } else {
            handle.abort()
        }
        drops.assert(0);
        assert_eq!(l.turn(), [Ran::Cancelled]);
        drops.assert(1);
        assert!(handle.try_take().unwrap().unwrap_err().is_cancelled());
    }
}

#[test]
fn during_the_own_poll_the_poll_goes_on_to_its_suspension() {
    for from_away in [false, true] {
        let l = Loop::new();
        let drops = Drops::new();
        let counted = drops.counted();
        let mut handle = l.spawn(async move {
            let task = corio_task::current().unwrap();
            if from_away {
                away(move || task.abort())
            } else {
                task.abort()
            }
            let _counted = counted;
            pending::<()>().await;
        });
        assert_eq!(l.turn(), [Ran::Pending]);
        drops.assert(0);
        assert_eq!(l.turn(), [Ran::Cancelled]);
        drops.assert(1);
        assert!(handle.try_take().unwrap().unwrap_err().is_cancelled());
        drop(handle);
        assert_eq!(l.tasks(), 0);
    }
}

#[test]
fn a_task_that_ends_in_the_poll_that_aborts_it_has_its_output() {
    let l = Loop::new();
    let mut handle = l.spawn(async {
        corio_task::current().unwrap().abort();
        3
    });
    assert_eq!(l.turn(), [Ran::Returned]);
    assert_eq!(l.turn(), [Ran::Stale]);
    assert_eq!(handle.try_take().unwrap().unwrap(), 3);
}

#[test]
fn while_waiting_from_away() {
    let l = Loop::new();
    let door = Door::new();
    let mut handle = l.spawn(door.clone().pass());
    l.turn();
    let task = handle.task();
    away(|| {
        task.abort();
        task.abort();
        drop(task);
    });
    assert_eq!(l.turn(), [Ran::Cancelled]);
    assert!(handle.try_take().unwrap().unwrap_err().is_cancelled());
}

#[test]
fn after_the_end_and_after_the_home() {
    let mut l = Loop::new();
    let mut handle = l.spawn(async { 9 });
    l.turn();
    handle.abort();
    away(|| handle.abort());
    assert_eq!(l.turn(), []);
    assert_eq!(handle.try_take().unwrap().unwrap(), 9);
    let other = l.spawn(pending::<()>());
    l.close();
    handle.abort();
    away(|| {
        handle.abort();
        other.abort();
    });
}

/// A task whose mail is still under way is the handle's to abort already.
#[test]
fn before_it_has_arrived() {
    let l = Loop::new();
    let mut handle = Spawn::new().remote(&l.remote(), async { unreachable!("polled") });
    handle.abort();
    assert_eq!(l.turn(), [Ran::Cancelled]);
    let _: Result<(), _> = handle.try_take().unwrap();
}
