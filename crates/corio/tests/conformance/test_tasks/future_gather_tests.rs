//! Gatherings, and the loops of what they gather.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use corio::{Builder, EventLoop, JoinHandle, eventual, gather, spawn_local};
use futures::FutureExt as _;

use crate::support::turns;

fn empty() -> Vec<JoinHandle<u32>> {
    Vec::new()
}

/// With nothing to gather, there is nothing that would need a loop.
#[test]
fn test_constructor_empty_sequence_without_loop() {
    assert!(EventLoop::try_current().is_none());
    assert!(futures::executor::block_on(gather(empty())).unwrap().is_empty());
}

#[corio::test(virtual_time)]
async fn test_constructor_empty_sequence_use_running_loop() {
    assert!(gather(empty()).now_or_never().expect("it does not wait").unwrap().is_empty());
    let results = gather(empty()).return_exceptions().now_or_never();
    assert!(results.expect("it does not wait").is_empty());
}

#[test]
fn test_constructor_empty_sequence_use_global_loop() {
    let runtime = Builder::new().build().unwrap();
    let gathering = gather(empty());
    assert!(runtime.block_on(gathering).unwrap().is_empty());
}

/// A handle can be awaited on any loop, so tasks of several are gathered like others.
#[test]
fn test_constructor_heterogenous_futures() {
    let (one, other) = (Builder::new().start().unwrap(), Builder::new().start().unwrap());
    let tasks = [one.handle().spawn(async { 1 }), other.handle().spawn(async { 2 })];
    assert_eq!(corio::run(async { gather(tasks).await.unwrap() }), [1, 2]);
}

#[test]
fn test_constructor_homogenous_futures() {
    let runtime = Builder::new().build().unwrap();
    let (promises, children): (Vec<_>, Vec<_>) = (0..3).map(|_| eventual::<u32, String>()).unzip();
    for _ in 0..2 {
        let tasks: Vec<_> = children
            .iter()
            .map(|child| runtime.spawn_local(child.shielded().map(Result::unwrap)))
            .collect();
        let mut gathering = gather(tasks);
        runtime.block_on(async {
            turns(10).await;
            assert!((&mut gathering).now_or_never().is_none());
        });
    }
    drop(promises);
}

#[corio::test(virtual_time)]
async fn test_one_cancellation() {
    let (promises, children): (Vec<_>, Vec<_>) = (0..5).map(|_| eventual::<u32, String>()).unzip();
    let members: Vec<_> =
        children.into_iter().map(|child| spawn_local(async { child.await.unwrap() })).collect();
    let tasks: Vec<_> = members.iter().map(JoinHandle::task).collect();
    let mut gathering = spawn_local(gather(members));
    let ends = Arc::new(AtomicU32::new(0));
    let counts = ends.clone();
    gathering.task().add_done_callback(move |_| {
        counts.fetch_add(1, Ordering::Relaxed);
    });
    promises[0].set_result(1).unwrap();
    tasks[1].cancel("just that one");
    turns(10).await;
    assert!(gathering.is_finished());
    assert_eq!(ends.load(Ordering::Relaxed), 1);
    // It was not cancelled: it tells of one that was.
    assert!(!gathering.task().is_cancelled());
    let error = (&mut gathering).await.unwrap().unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(error.reason().unwrap().message(), Some("just that one"));
    assert_eq!(error.task_id(), tasks[1].id());
    // The others run on.
    assert!(tasks[2..].iter().all(|task| !task.is_done() && task.cancelling() == 0));
    promises[2].set_result(3).unwrap();
    tasks[3].cancel(());
    promises[4].set_error("run time".to_owned()).unwrap();
    turns(10).await;
    assert!(tasks.iter().all(corio::task::Task::is_done));
    assert_eq!(ends.load(Ordering::Relaxed), 1);
}
