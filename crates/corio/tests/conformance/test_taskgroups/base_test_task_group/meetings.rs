//! Groups that are cancelled from outside, and meet errors by that.

use std::cell::Cell;
use std::rc::Rc;

use corio::cancel::{catch, mask};
use corio::time::now;
use corio::{GroupError, JoinHandle, TaskGroup, sleep, spawn_local};

use super::super::loops::{
    Count, SECOND, TENTH, Word, add, fails_after, fails_at_last, notes_a_cancel, on_both_loops,
    words,
};

/// Cancels the runner when it has begun, and gives what it returns all the same.
async fn cancelled_soon<T>(runner: JoinHandle<T>) -> T {
    sleep(TENTH).await;
    assert!(!runner.is_finished());
    runner.task().cancel("stop");
    runner.await.unwrap()
}

/// The errors with which the children answer are returned.
#[test]
fn test_taskgroup_08() {
    on_both_loops(async || {
        let error = cancelled_soon(spawn_local(TaskGroup::try_scope(|group| async move {
            for _ in 0..5 {
                group.try_spawn(fails_at_last("zero"));
            }
            sleep(10 * SECOND).await;
            Ok(())
        })))
        .await
        .unwrap_err();
        assert_eq!(words(&error), ["zero"; 5]);
    });
}

/// What the inner group gives is the outer body's.
#[test]
fn test_taskgroup_11() {
    on_both_loops(async || {
        let error = cancelled_soon(spawn_local(TaskGroup::try_scope(|_| async move {
            TaskGroup::try_scope(|inner| async move {
                for _ in 0..5 {
                    inner.try_spawn(fails_at_last("zero"));
                }
                sleep(10 * SECOND).await;
                Ok(())
            })
            .await
        })))
        .await
        .unwrap_err();
        assert_one_group_inside(&error);
    });
}

/// So it is with a child in the outer group, which is cancelled.
#[test]
fn test_taskgroup_12() {
    on_both_loops(async || {
        let child = Rc::new(Cell::new(None));
        let keep = child.clone();
        let error = cancelled_soon(spawn_local(TaskGroup::try_scope(|outer| async move {
            keep.set(Some(outer.spawn(sleep(10 * SECOND))));
            TaskGroup::try_scope(|inner| async move {
                for _ in 0..5 {
                    inner.try_spawn(fails_at_last("zero"));
                }
                sleep(10 * SECOND).await;
                Ok(())
            })
            .await
        })))
        .await
        .unwrap_err();
        assert_one_group_inside(&error);
        assert!(child.take().unwrap().task().is_cancelled());
    });
}

/// In the outer group's error is one group of errors.
#[track_caller]
fn assert_one_group_inside(error: &GroupError<GroupError<Word>>) {
    assert_eq!(error.len(), 1);
    assert_eq!(words(error.errors()[0].error().unwrap()), ["zero"; 5]);
}

/// A group whose child fails soon, and whose body takes long to clean up.
async fn nested(child: impl Future<Output = Result<(), Word>> + Send + 'static) -> Answer {
    TaskGroup::try_scope(|group| async move {
        group.try_spawn(child);
        if let Err(cancelled) = catch(sleep(10 * SECOND)).await {
            sleep(5 * TENTH).await;
            cancelled.resume().await;
        }
        Ok(())
    })
    .await
}

type Answer = Result<(), GroupError<Word>>;

/// A cancel goes to body and children at the same time, so that their cleanups overlap: the child does
/// not live to fail. One that cannot be cut fails while the body cleans up, which that cuts, and its
/// error outranks the cancel.
#[test]
fn test_taskgroup_15() {
    on_both_loops(async || {
        let begun = now();
        let runner = spawn_local(nested(fails_after(3 * TENTH, "zero")));
        sleep(TENTH).await;
        runner.task().cancel("stop");
        assert!(runner.await.unwrap_err().is_cancelled());
        assert_eq!(now() - begun, 6 * TENTH);

        let runner = spawn_local(nested(mask(fails_after(3 * TENTH, "zero"))));
        let begun = now();
        assert_eq!(words(&cancelled_soon(runner).await.unwrap_err()), ["zero"]);
        assert_eq!(now() - begun, 3 * TENTH);
    });
}

/// The same, where the cancel comes by way of a task that awaits.
#[test]
fn test_taskgroup_16() {
    on_both_loops(async || {
        let awaits = |inner: JoinHandle<Answer>| spawn_local(async { inner.await.unwrap() });
        let runner = awaits(spawn_local(nested(fails_after(3 * TENTH, "zero"))));
        sleep(TENTH).await;
        runner.task().cancel("stop");
        assert!(runner.await.unwrap_err().is_cancelled());

        let runner = awaits(spawn_local(nested(mask(fails_after(3 * TENTH, "zero")))));
        assert_eq!(words(&cancelled_soon(runner).await.unwrap_err()), ["zero"]);
    });
}

/// The body answers with an error. Not a good idea, but its group takes it.
#[test]
fn test_taskgroup_18() {
    on_both_loops(async || {
        let count = Count::default();
        let counts = count.clone();
        let runner = spawn_local(TaskGroup::try_scope(|_| async move {
            if let Err(cancelled) = catch(sleep(10 * SECOND)).await {
                add(&counts, 10);
                cancelled.suppress();
                return Err("mine");
            }
            Ok(())
        }));
        assert_eq!(words(&cancelled_soon(runner).await.unwrap_err()), ["mine"]);
        assert_eq!(count.get(), 10);
    });
}

/// What `test_taskgroup_16` rests on: without errors the cancel goes on through both.
#[test]
fn the_cancel_goes_on_where_nothing_fails() {
    on_both_loops(async || {
        let count = Count::default();
        let counts = count.clone();
        let inner = spawn_local(async move {
            let _ = TaskGroup::scope(|group| async move {
                let child = counts.clone();
                group.spawn_local(notes_a_cancel(move || add(&child, 1)));
                notes_a_cancel(move || add(&counts, 10)).await;
            })
            .await;
        });
        let runner = spawn_local(inner);
        sleep(TENTH).await;
        runner.task().cancel("stop");
        assert!(runner.await.unwrap_err().is_cancelled());
        assert_eq!(count.get(), 11);
    });
}
