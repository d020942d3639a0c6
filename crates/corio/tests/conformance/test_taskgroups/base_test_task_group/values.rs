//! Groups in which nothing fails.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use corio::task::{Spawn, current};
use corio::time::now;
use corio::{Context, JoinHandle, TaskGroup, context_var, sleep, spawn_local};

use super::super::loops::{Count, SECOND, TENTH, add, after, notes_a_cancel, on_both_loops};
use crate::support::turn;

#[test]
fn test_taskgroup_01() {
    on_both_loops(async || {
        let begun = now();
        let (mut t1, mut t2) = TaskGroup::scope(|group| async move {
            (group.spawn(after(TENTH, 42)), group.spawn(after(2 * TENTH, 11)))
        })
        .await
        .unwrap();
        assert_eq!(now() - begun, 2 * TENTH);
        assert_eq!(t1.try_take().unwrap().unwrap(), 42);
        assert_eq!(t2.try_take().unwrap().unwrap(), 11);
    });
}

#[test]
fn test_taskgroup_02() {
    on_both_loops(async || {
        let begun = now();
        let (mut t1, mut t2) = TaskGroup::scope(|group| async move {
            let t1 = group.spawn(after(TENTH, 42));
            sleep(TENTH * 3 / 2).await;
            (t1, group.spawn(after(2 * TENTH, 11)))
        })
        .await
        .unwrap();
        assert_eq!(now() - begun, TENTH * 7 / 2);
        assert_eq!(t1.try_take().unwrap().unwrap(), 42);
        assert_eq!(t2.try_take().unwrap().unwrap(), 11);
    });
}

/// A child that is cancelled by itself harms nobody.
#[test]
fn test_taskgroup_03() {
    on_both_loops(async || {
        let (t1, mut t2) = TaskGroup::scope(|group| async move {
            let t1 = group.spawn(after(SECOND, 42));
            sleep(TENTH * 3 / 2).await;
            assert!(t1.task().cancel("not needed"));
            (t1, group.spawn(after(2 * TENTH, 11)))
        })
        .await
        .unwrap();
        assert!(t1.task().is_cancelled());
        assert_eq!(t2.try_take().unwrap().unwrap(), 11);
    });
}

#[test]
fn test_cancellation() {
    on_both_loops(async || {
        let count = Count::default();
        let counts = count.clone();
        let runner: JoinHandle<()> = spawn_local(async move {
            let _ = TaskGroup::scope(|group| async move {
                for _ in 0..5 {
                    let counts = counts.clone();
                    group.spawn_local(notes_a_cancel(move || add(&counts, 1)));
                }
            })
            .await;
            unreachable!("it goes on unwinding");
        });
        sleep(TENTH).await;
        assert!(!runner.is_finished());
        runner.task().cancel("stop");
        let error = runner.await.unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(error.reason().unwrap().message(), Some("stop"));
        assert_eq!(count.get(), 5);
    });
}

/// A group keeps nothing of the children that have ended.
#[test]
fn test_taskgroup_23() {
    on_both_loops(async || {
        TaskGroup::scope(|group| async move {
            for count in 0..10 {
                sleep(TENTH).await;
                group.spawn(sleep(3 * TENTH));
                if count == 5 {
                    assert!((1..5).contains(&group.len()), "{}", group.len());
                }
            }
            sleep(TENTH * 27 / 2).await;
            assert_eq!(group.len(), 0);
        })
        .await
        .unwrap();
    });
}

/// Children start children.
#[test]
fn test_taskgroup_24() {
    on_both_loops(async || {
        let begun = now();
        TaskGroup::scope(|group| async move {
            let inner = group.clone();
            group.spawn(async move {
                sleep(TENTH).await;
                inner.spawn(sleep(TENTH));
                inner.spawn(sleep(2 * TENTH));
            });
        })
        .await
        .unwrap();
        assert_eq!(now() - begun, 3 * TENTH);
    });
}

#[test]
fn test_taskgroup_task_name() {
    on_both_loops(async || {
        TaskGroup::scope(|group| async move {
            let task = group.spawn_with(Spawn::new().name("yolo"), turn());
            assert_eq!(task.task().name(), "yolo");
        })
        .await
        .unwrap();
    });
}

#[test]
fn test_name() {
    on_both_loops(async || {
        let name = Arc::new(Mutex::new(String::new()));
        let writes = name.clone();
        TaskGroup::scope(|group| async move {
            group.spawn_with(Spawn::new().name("example name"), async move {
                *writes.lock().unwrap() = current().unwrap().name();
            });
        })
        .await
        .unwrap();
        assert_eq!(*name.lock().unwrap(), "example name");
    });
}

/// A child may run in a given context, the very one, in which it leaves what it sets.
#[test]
fn test_taskgroup_task_context() {
    context_var! { static NUMBER: u32; }
    async fn child(number: u32) {
        turn().await;
        NUMBER.set(number);
    }
    on_both_loops(async || {
        TaskGroup::scope(|group| async move {
            let context = Context::copy();
            assert_eq!(context.get(&NUMBER), None);
            for number in 1..=2 {
                let spawn = Spawn::new().context(context.clone());
                group.spawn_with(spawn, child(number)).await.unwrap();
                assert_eq!(context.get(&NUMBER), Some(number));
            }
            assert_eq!(NUMBER.try_get(), None);
        })
        .await
        .unwrap();
    });
}

/// A group outlives its end only as a handle, which takes no child in.
#[test]
fn test_taskgroup_finished() {
    on_both_loops(async || {
        let group = TaskGroup::scope(|group| async move { group }).await.unwrap();
        assert!(!group.is_open());
        let late: JoinHandle<()> = group.spawn(async { unreachable!("it does not begin") });
        let error = late.await.unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(error.reason().unwrap().message(), Some("its task group has ended"));
    });
}

/// What comes too late is dropped, and not run.
#[test]
fn test_coro_closed_when_tg_closed() {
    on_both_loops(async || {
        let group = TaskGroup::scope(|group| async move { group }).await.unwrap();
        let captured = Rc::new(RefCell::new(()));
        let inside = captured.clone();
        let late = group.spawn_local(async move {
            inside.borrow_mut();
            unreachable!("it does not begin")
        });
        let _: Result<(), _> = late.await;
        assert_eq!(Rc::strong_count(&captured), 1);
    });
}
