//! A group keeps nothing of what it has given away: its error, its children, its body.
//!
//! Each runs the loop it is on; the classes of tests choose that. The group's handle outlives its
//! scope, so that it would be seen what that keeps.

use std::panic::AssertUnwindSafe;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use corio::task::current;
use corio::{GroupError, TaskGroup, timeout, yield_now};
use futures::FutureExt as _;

/// An error that counts those who have it.
type Done = Arc<()>;

/// The only error of a group, and that of a group in there.
fn only<E>(error: GroupError<E>) -> E {
    let mut errors = error.into_errors();
    assert_eq!(errors.len(), 1);
    errors.remove(0).try_into_error().map_err(drop).unwrap()
}

/// A scope whose body fails, and its handle.
async fn fails() -> (GroupError<Done>, TaskGroup<Done>) {
    let mut kept = None;
    let keep = &mut kept;
    let error = TaskGroup::try_scope(|group| {
        *keep = Some(group);
        async { Err::<(), _>(Done::default()) }
    })
    .await
    .unwrap_err();
    (error, kept.unwrap())
}

pub(super) async fn direct() {
    let (error, _group) = fails().await;
    assert_eq!(error.len(), 1);
    assert_eq!(Arc::strong_count(error.errors()[0].error().unwrap()), 1);
}

pub(super) async fn errors() {
    let (error, _group) = fails().await;
    assert_eq!(Arc::strong_count(&only(error)), 1);
}

pub(super) async fn parent_task() {
    let (error, _outer) = fails_inside().await;
    let (inner, _group) = only(error);
    assert_eq!(Arc::strong_count(&only(inner)), 1);
}

/// What a child gives, whose own group fails: that one's error, and its handle.
type Inside = (GroupError<Done>, TaskGroup<Done>);

async fn fails_inside() -> (GroupError<Inside>, TaskGroup<Inside>) {
    let mut kept = None;
    let keep = &mut kept;
    let error = TaskGroup::try_scope(|group| {
        *keep = Some(group.clone());
        async move {
            group.try_spawn(async { Err::<(), _>(fails().await) });
            Ok(())
        }
    })
    .await
    .unwrap_err();
    (error, kept.unwrap())
}

/// Nothing of the child's future is left, either, nor of its task where nobody has it.
pub(super) async fn parent_task_wr() {
    let captured = Rc::new(());
    let child: Weak<()> = Rc::downgrade(&captured);
    let mut kept = None;
    let keep = &mut kept;
    let error = TaskGroup::try_scope(|group| {
        *keep = Some(group.clone());
        async move {
            group.try_spawn_local(async move {
                let _captured = captured;
                Err::<(), _>(fails().await)
            });
            Ok(())
        }
    })
    .await
    .unwrap_err();
    assert!(child.upgrade().is_none());
    let (inner, _group) = only(error);
    assert_eq!(Arc::strong_count(&only(inner)), 1);
    assert_eq!(corio::task::all(), [current().unwrap()]);
}

/// A group that was cut keeps nothing of its body, and its request is the timeout's alone.
pub(super) async fn propagate_cancellation_error() {
    let captured = Rc::new(());
    let inside = captured.clone();
    let mut kept = None;
    let keep = &mut kept;
    let cut = timeout(
        Duration::ZERO,
        TaskGroup::scope(|group| {
            *keep = Some(group);
            async move {
                let _inside = inside;
                std::future::pending::<()>().await;
            }
        }),
    )
    .await;
    assert!(cut.is_err());
    assert_eq!(Rc::strong_count(&captured), 1);
    assert!(!kept.unwrap().is_open());
}

/// What is more than an error is the panic's alone.
pub(super) async fn base_error() {
    let mut kept = None;
    let keep = &mut kept;
    let scope = TaskGroup::scope(|group| {
        *keep = Some(group);
        async {
            yield_now().await;
            std::panic::panic_any(Done::default())
        }
    });
    let panicked: Result<Result<(), _>, _> = AssertUnwindSafe(scope).catch_unwind().await;
    let payload = panicked.map(drop).unwrap_err();
    assert_eq!(Arc::strong_count(&payload.downcast::<Done>().unwrap()), 1);
    assert!(!kept.unwrap().is_open());
}
