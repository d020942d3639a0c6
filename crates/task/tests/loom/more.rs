//! The pointer of `more.rs`: one place, whoever makes it.

use corio_base::loom::thread;
use corio_task::{Spawn, TaskState};

use crate::support::model;

/// Two threads are the first to have something to keep there: neither loses it.
#[test]
fn more_made_by_two_threads() {
    model(|l, drops| {
        let counted = drops.counted();
        let handle = Spawn::new().bound(l.home(), async move { drop(counted) });
        let task = handle.task();
        drop(handle);
        let away = thread::spawn({
            let task = task.clone();
            move || {
                task.set_name("away");
                task.name()
            }
        });
        assert!(task.cancel("here"));
        assert_eq!((task.cancelling(), task.state()), (1, TaskState::Cancelling));
        assert_eq!(away.join().unwrap(), "away");
        assert_eq!(task.name(), "away");
        l.settle();
        assert!(task.is_cancelled());
        drop(task);
        1
    });
}

/// A context asked for by two threads at a time is one.
#[test]
fn more_shares_one_context() {
    model(|l, drops| {
        let counted = drops.counted();
        let handle = Spawn::new().bound(l.home(), async move { drop(counted) });
        let task = handle.task();
        drop(handle);
        let another = task.clone();
        let away = thread::spawn(move || another.context());
        let here = task.context();
        assert!(here.is_same(&away.join().unwrap()));
        l.settle();
        drop(task);
        1
    });
}
