//! Groups in which something fails.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use corio::cancel::catch;
use corio::task::current;
use corio::time::now;
use corio::{GroupError, JoinHandle, TaskGroup, sleep, spawn_local};

use super::super::loops::{
    Count, SECOND, TENTH, Word, add, after, cleans_up_for, fails_after, fails_at_last,
    notes_a_cancel, on_both_loops, words,
};
use crate::support::{turn, turns};

/// The first error cancels siblings and body; all errors come together.
#[test]
fn test_cancel_children_on_child_error() {
    on_both_loops(async || {
        let cancelled = Count::default();
        let inside = cancelled.clone();
        let runner = spawn_local(async move {
            TaskGroup::try_scope(|group| async move {
                for _ in 0..3 {
                    group.try_spawn(fails_after(TENTH, "zero"));
                }
                let counts = inside.clone();
                group.spawn_local(notes_a_cancel(move || add(&counts, 1)));
                notes_a_cancel(move || add(&inside, 10)).await;
                Ok(())
            })
            .await
        });
        let begun = now();
        let error = runner.await.unwrap().unwrap_err();
        // What was ready in that turn is not lost: all three errors are there.
        assert_eq!(words(&error), ["zero"; 3]);
        assert_eq!(cancelled.get(), 11);
        assert_eq!(now() - begun, TENTH);
    });
}

/// The body fails while its children wait.
#[test]
fn test_taskgroup_09() {
    on_both_loops(async || {
        let kept = Rc::new(Cell::new(None));
        let keep = kept.clone();
        let error = TaskGroup::try_scope(|group| async move {
            keep.set(Some([group.spawn(after(SECOND, 42)), group.spawn(after(2 * SECOND, 11))]));
            sleep(TENTH).await;
            Err::<(), _>("zero")
        })
        .await
        .unwrap_err();
        assert_eq!(words(&error), ["zero"]);
        assert!(kept.take().unwrap().iter().all(|child| child.task().is_cancelled()));
    });
}

/// The body fails before its children have begun.
#[test]
fn test_taskgroup_10() {
    on_both_loops(async || {
        let kept = Rc::new(Cell::new(None));
        let keep = kept.clone();
        let error = TaskGroup::try_scope(|group| async move {
            keep.set(Some([group.spawn(after(SECOND, 42)), group.spawn(after(2 * SECOND, 11))]));
            Err::<(), _>("zero")
        })
        .await
        .unwrap_err();
        assert_eq!(words(&error), ["zero"]);
        assert!(kept.take().unwrap().iter().all(|child| child.task().is_cancelled()));
    });
}

/// The outer group fails while the inner one waits: that is only unwound.
#[test]
fn test_taskgroup_13() {
    on_both_loops(async || {
        let runner: JoinHandle<Result<(), _>> =
            spawn_local(TaskGroup::try_scope(|outer| async move {
                outer.try_spawn(fails_after(TENTH, "value"));
                let inner: Result<(), GroupError<Word>> =
                    TaskGroup::try_scope(|inner| async move {
                        inner.try_spawn(fails_after(10 * SECOND, "late"));
                        Ok(())
                    })
                    .await;
                unreachable!("the body goes on unwinding: {inner:?}")
            }));
        let begun = now();
        assert_eq!(words(&runner.await.unwrap().unwrap_err()), ["value"]);
        assert_eq!(now() - begun, TENTH);
    });
}

/// The body, cancelled because a child failed, fails in its cleanup: both errors come back, its own
/// after the child's.
#[test]
fn test_taskgroup_19() {
    on_both_loops(async || {
        let runner = spawn_local(TaskGroup::try_scope(|group| async move {
            group.try_spawn(fails_after(TENTH, "zero"));
            fails_at_last("mine").await
        }));
        assert_eq!(words(&runner.await.unwrap().unwrap_err()), ["zero", "mine"]);
    });
}

/// What is more than an error in the body goes through the group as it is, when the children have
/// ended.
#[test]
fn test_taskgroup_20() {
    on_both_loops(async || {
        let cleaned = Count::default();
        let cleans = cleaned.clone();
        let runner = spawn_local(async move {
            TaskGroup::try_scope(|group| async move {
                group.try_spawn(fails_after(TENTH, "zero"));
                group.spawn_local(cleans_up_for(TENTH, move || add(&cleans, 1)));
                if let Err(_cancelled) = catch(sleep(10 * SECOND)).await {
                    panic!("interrupted");
                }
                Ok(())
            })
            .await
        });
        let error = runner.await.unwrap_err();
        assert_eq!(*error.into_panic().downcast::<&str>().unwrap(), "interrupted");
        assert_eq!(cleaned.get(), 1);
    });
}

/// Errors of another kind in the body's cleanup are errors like all.
#[test]
fn test_taskgroup_20a() {
    on_both_loops(async || {
        let error = TaskGroup::try_scope(|group| async move {
            group.try_spawn(fails_after(TENTH, "zero"));
            fails_at_last("base").await
        })
        .await
        .unwrap_err();
        assert_eq!(words(&error), ["zero", "base"]);
        let (base, others) = error.split(|child| child.error() == Some(&"base"));
        assert_eq!((words(&base.unwrap()), words(&others.unwrap())), (vec!["base"], vec!["zero"]));
    });
}

/// What is more than an error in a child, a panic, counts as an error, beside the body's.
#[test]
fn test_taskgroup_21a() {
    on_both_loops(async || {
        let error = TaskGroup::try_scope(|group| async move {
            group.spawn(async {
                sleep(TENTH).await;
                panic!("base")
            });
            fails_at_last("type").await
        })
        .await
        .unwrap_err();
        assert_eq!(words(&error), ["panic", "type"]);
        assert!(error.errors()[0].to_string().contains("panicked with \"base\""));
        assert!(error.errors()[0].task().is_some() && error.errors()[1].task().is_none());
    });
}

/// The body's cleanup fails, too; the task was asked for nothing by that.
#[test]
fn test_taskgroup_context_manager_exit_raises() {
    on_both_loops(async || {
        let main = spawn_local(async {
            let error = TaskGroup::try_scope(|group| async move {
                group.try_spawn(async { Err::<(), _>("custom") });
                fails_at_last("custom").await
            })
            .await
            .unwrap_err();
            assert_eq!(current().unwrap().cancelling(), 0);
            assert_eq!(words(&error), ["custom", "custom"]);
        });
        main.await.unwrap();
    });
}

#[test]
fn test_cancelling_level_preserved() {
    on_both_loops(async || {
        let error = TaskGroup::try_scope(|group| async move {
            group.try_spawn(fails_after(Duration::ZERO, "run time"));
            Ok(())
        })
        .await
        .unwrap_err();
        assert_eq!(words(&error), ["run time"]);
        assert_eq!(current().unwrap().cancelling(), 0);
    });
}

/// Each group gives the errors of its own children. Between the two, asyncio counts the outer group's
/// request among those of the task; here that is a matter of the group's body alone.
#[test]
fn test_nested_groups_both_cancelled() {
    on_both_loops(async || {
        let met = Count::default();
        let meets = met.clone();
        let error = TaskGroup::try_scope(|outer| async move {
            let inner = TaskGroup::try_scope(|inner| async move {
                inner.try_spawn(fails_after(Duration::ZERO, "run time"));
                outer.try_spawn(fails_after(Duration::ZERO, "value"));
                Ok(())
            });
            assert_eq!(words(&inner.await.unwrap_err()), ["run time"]);
            add(&meets, 1);
            // Its request is still to be delivered, where the body waits next.
            sleep(SECOND).await;
            add(&meets, 10);
            Ok(())
        })
        .await
        .unwrap_err();
        assert_eq!(words(&error), ["value"]);
        assert_eq!(met.get(), 1);
        assert_eq!(current().unwrap().cancelling(), 0);
    });
}

/// A child that fails while its sibling is starting it, eagerly or not, has that sibling cancelled.
#[test]
fn test_cancels_task_if_created_during_creation() {
    on_both_loops(async || {
        let ran = Rc::new(Cell::new(false));
        let runs = ran.clone();
        let error = TaskGroup::try_scope(|group| async move {
            let inner = group.clone();
            group.spawn_local(async move {
                inner.try_spawn(async { Err::<(), _>("third task failed") });
                let cancelled = catch(turns(2)).await.unwrap_err();
                runs.set(true);
                cancelled.suppress();
            });
            Ok(())
        })
        .await
        .unwrap_err();
        assert!(ran.get());
        assert_eq!(words(&error), ["third task failed"]);
    });
}

#[test]
fn test_cancellation_does_not_leak_out_of_tg() {
    on_both_loops(async || {
        let error = TaskGroup::try_scope(|group| async move {
            group.try_spawn(async { Err::<(), _>("mine") });
            Ok(())
        })
        .await
        .unwrap_err();
        assert_eq!(words(&error), ["mine"]);
        turn().await;
        sleep(TENTH).await;
    });
}
