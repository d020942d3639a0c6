//! A group is entered once, by awaiting its scope, in a task.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use corio::TaskGroup;
use corio::group::{Plain, ScopeRun};
use futures::FutureExt as _;

use super::super::loops::{Count, add, on_both_loops};
use crate::support::{implements, turns};

/// There is no way to enter it from inside, and none to have a group but by its scope.
#[test]
fn test_taskgroup_already_entered() {
    type Scope = ScopeRun<Ready<()>, Infallible, Plain>;
    assert!(implements!(Scope: Future));
    assert!(!implements!(Scope: Clone));
    assert!(!implements!(TaskGroup: Default));
    assert!(!implements!(TaskGroup: Future));
}

/// A scope that is over is not awaited again.
#[test]
fn test_taskgroup_double_enter() {
    on_both_loops(async || {
        let mut scope = pin!(TaskGroup::scope(|_| ready(5)));
        assert_eq!(scope.as_mut().await.unwrap(), 5);
        let again = AssertUnwindSafe(scope.as_mut()).catch_unwind().await.unwrap_err();
        let words = again.downcast::<&str>().unwrap();
        assert_eq!(*words, "the scope of a task group was polled after its end");
    });
}

/// Not awaited, its body does not run, so no child begins.
#[test]
fn test_taskgroup_not_entered() {
    on_both_loops(async || {
        let begun = Count::default();
        let begins = begun.clone();
        let scope = TaskGroup::scope(|group| async move {
            add(&begins, 1);
            group.spawn_local(async move { add(&begins, 10) });
        });
        turns(3).await;
        assert_eq!(begun.get(), 0);
        drop(scope);
        turns(3).await;
        assert_eq!(begun.get(), 0);
    });
}

/// Polled by anything but a task of a loop it is a plain future, and its children have nowhere to run.
#[test]
fn test_taskgroup_without_parent_task() {
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(pin!(TaskGroup::scope(|_| ready(5))).poll(&mut context), Poll::Ready(Ok(5))));
    let mut scope = pin!(TaskGroup::scope(|group| async move {
        group.spawn(ready(5));
    }));
    let refused = catch_unwind(AssertUnwindSafe(|| scope.as_mut().poll(&mut context)));
    let words = refused.map(drop).unwrap_err().downcast::<&str>().unwrap();
    assert!(words.contains("inside `corio::run`"), "{words}");
}

/// Made before there is a loop, it has its children on the one that awaits it.
#[test]
fn a_scope_may_be_what_is_run() {
    let value = corio::run(TaskGroup::scope(|group| async move {
        let child = group.spawn(async { 6 });
        group.spawn_local(async { 7 }).await.unwrap() * child.await.unwrap()
    }));
    assert_eq!(value.unwrap(), 42);
}
