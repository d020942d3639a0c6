//! Shields around gatherings and the other way round; what gatherings make of a cancel.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use corio::cancel::CancelScope;
use corio::{Builder, EventLoop, eventual, gather, shield, spawn_local};

use crate::support::{implements, turn};

#[corio::test(virtual_time)]
async fn test_shield_gather() {
    let (promise1, child1) = eventual::<u32, String>();
    let (promise2, child2) = eventual::<u32, String>();
    let children = [child1, child2].map(|child| spawn_local(async { child.await.unwrap() }));
    let mut parent = spawn_local(gather(children));
    let outer = CancelScope::new();
    let handle = outer.handle();
    EventLoop::current().call_soon(move || assert!(handle.cancel(())));
    assert!(outer.run(shield(&mut parent)).await.is_err());
    assert!(outer.cancelled_caught());
    assert!(!parent.is_finished());
    promise1.set_result(1).unwrap();
    promise2.set_result(2).unwrap();
    assert_eq!(parent.await.unwrap().unwrap(), [1, 2]);
}

#[corio::test(virtual_time)]
async fn test_gather_shield() {
    let (promise1, child1) = eventual::<u32, String>();
    let (promise2, child2) = eventual::<u32, String>();
    let inner = [child1.shielded(), child2.shielded()].map(spawn_local);
    let tasks = inner.each_ref().map(|inner| inner.task());
    let parent = spawn_local(gather(inner));
    turn().await;
    parent.task().cancel(());
    // The shields are cancelled, and not what they shield.
    assert!(parent.await.unwrap_err().is_cancelled());
    assert!(tasks.iter().all(|task| task.is_cancelled()));
    assert!(!child1.is_done() && !child2.is_done());
    promise1.set_result(1).unwrap();
    promise2.set_result(2).unwrap();
    assert_eq!((child1.await.unwrap(), child2.await.unwrap()), (1, 2));
}

/// The shield is made in one run of the loop and awaited in another.
#[test]
fn test_shield_coroutine_use_running_loop() {
    let runtime = Builder::new().build().unwrap();
    let outer = runtime.block_on(async { [shield(spawn_local(async { 42 }))] });
    let [outer] = outer;
    assert_eq!(runtime.block_on(outer).unwrap(), 42);
}

/// What CPython finds when it runs, the compiler finds: one handle is no list of handles.
#[test]
fn test_as_completed_invalid_args() {
    assert!(!implements!(corio::JoinHandle<()>: IntoIterator));
    assert!(implements!(Vec<corio::JoinHandle<()>>: IntoIterator));
    assert!(!implements!(corio::JoinHandle<()>: corio::many::IntoCrowd));
}

/// Handles in a `Vec` are all that the compiler lets through to `wait`; none at all is an error.
#[corio::test(virtual_time)]
async fn test_wait_invalid_args() {
    let mut none = Vec::<corio::JoinHandle<()>>::new();
    let error = corio::wait(&mut none).await.unwrap_err().to_string();
    assert!(error.contains("0 tasks to wait for"), "{error}");
    let until_first = corio::wait(&mut none).first_completed().timeout(Duration::MAX);
    assert!(until_first.await.is_err());
}

/// A gathering whose children are done is not cancelled. The request to its task is accepted, as the
/// task has not ended; but what was ready when it came is kept.
#[corio::test(virtual_time)]
async fn test_cancel_gather_1() {
    let (promise, future) = eventual::<u32, String>();
    let waits = future.clone();
    let child = spawn_local(async move { waits.await.unwrap() });
    let child_task = child.task();
    let gathering = spawn_local(gather([child]));
    // The child waits, and then the callback stands behind it.
    turn().await;
    let accepted = Arc::new(AtomicBool::new(false));
    let (task, says) = (gathering.task(), accepted.clone());
    future.add_done_callback(move |_| {
        // Between the child's end and the gathering's.
        assert!(child_task.is_done() && !task.is_done());
        says.store(task.cancel("too late"), Ordering::Relaxed);
    });
    promise.set_result(42).unwrap();
    let task = gathering.task();
    assert_eq!(gathering.await.unwrap().unwrap(), [42]);
    assert!(!task.is_cancelled());
    assert!(accepted.load(Ordering::Relaxed));
}
