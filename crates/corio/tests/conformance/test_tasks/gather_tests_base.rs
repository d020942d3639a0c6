//! What a gathering gives: values in the order of its tasks, or the first failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use corio::task::Task;
use corio::{Eventual, JoinHandle, Promise, eventual, gather, spawn_local, try_gather};

use crate::support::turns;

type Child = JoinHandle<Result<u32, &'static str>>;

/// As many tasks, and what each waits for.
fn children<const N: usize>() -> ([Promise<u32, &'static str>; N], [Child; N]) {
    let pairs: [_; N] = std::array::from_fn(|_| eventual());
    let tasks = pairs.each_ref().map(|(_, future): &(_, Eventual<u32, &'static str>)| {
        let future = future.clone();
        spawn_local(async move { future.await.map_err(|error| error.into_error().unwrap()) })
    });
    (pairs.map(|(promise, _)| promise), tasks)
}

/// How often the end of `task` is told.
fn count_ends(task: &Task) -> Arc<AtomicU32> {
    let count = Arc::new(AtomicU32::new(0));
    let counts = count.clone();
    let told = task.clone();
    task.add_done_callback(move |task| {
        assert_eq!(*task, told);
        counts.fetch_add(1, Ordering::Relaxed);
    });
    count
}

/// Enough for everything that is ready, and for what that makes ready.
const ENOUGH: u32 = 10;

/// Two are given their values, then the third.
async fn check_success<T, F>(gathers: impl FnOnce([Child; 3]) -> F) -> T
where
    T: 'static,
    F: Future<Output = T> + 'static,
{
    let ([a, b, c], tasks) = children();
    let gathering = spawn_local(gathers(tasks));
    let ends = count_ends(&gathering.task());
    b.set_result(1).unwrap();
    a.set_result(2).unwrap();
    turns(ENOUGH).await;
    assert_eq!(ends.load(Ordering::Relaxed), 0);
    assert!(!gathering.is_finished());
    c.set_result(3).unwrap();
    turns(ENOUGH).await;
    assert_eq!(ends.load(Ordering::Relaxed), 1);
    assert!(gathering.is_finished());
    gathering.await.unwrap()
}

#[corio::test(virtual_time)]
async fn test_success() {
    assert_eq!(check_success(gather).await.unwrap(), [Ok(2), Ok(1), Ok(3)]);
    assert_eq!(check_success(try_gather).await.unwrap(), [2, 1, 3]);
}

#[corio::test(virtual_time)]
async fn test_result_exception_success() {
    let results = check_success(|tasks| gather(tasks).return_exceptions()).await;
    let values: Vec<_> = results.into_iter().map(|result| result.unwrap().unwrap()).collect();
    assert_eq!(values, [2, 1, 3]);
}

#[corio::test(virtual_time)]
async fn test_one_exception() {
    let ([a, b, c, _d, e], tasks) = children();
    let others: Vec<_> = tasks[2..].iter().map(JoinHandle::task).collect();
    let gathering = spawn_local(try_gather(tasks));
    let ends = count_ends(&gathering.task());
    a.set_result(1).unwrap();
    b.set_error("division by zero").unwrap();
    turns(ENOUGH).await;
    assert!(gathering.is_finished());
    assert_eq!(ends.load(Ordering::Relaxed), 1);
    let error = gathering.await.unwrap().unwrap_err();
    assert_eq!(error.into_failure(), Some("division by zero"));
    // The others run on, and nobody is told how they end.
    assert!(others.iter().all(|task| !task.is_done() && task.cancelling() == 0));
    c.set_result(3).unwrap();
    others[1].cancel(());
    e.set_error("too late").unwrap();
    turns(ENOUGH).await;
    assert!(others.iter().all(Task::is_done));
    assert!(others[1].is_cancelled() && !others[0].is_cancelled());
    assert_eq!(ends.load(Ordering::Relaxed), 1);
}

#[corio::test(virtual_time)]
async fn test_return_exceptions() {
    let ([a, b, c, d], tasks) = children();
    let panics = spawn_local(async { panic!("that, too") });
    let tasks: Vec<Child> = tasks.into_iter().chain([panics]).collect();
    let gathering = spawn_local(gather(tasks).return_exceptions());
    let ends = count_ends(&gathering.task());
    b.set_result(1).unwrap();
    c.set_error("division by zero").unwrap();
    a.set_result(3).unwrap();
    turns(ENOUGH).await;
    assert!(!gathering.is_finished());
    d.set_error("run time").unwrap();
    turns(ENOUGH).await;
    assert!(gathering.is_finished());
    assert_eq!(ends.load(Ordering::Relaxed), 1);
    let mut results = gathering.await.unwrap();
    assert!(results.pop().unwrap().unwrap_err().is_panic());
    let values: Vec<_> = results.into_iter().map(Result::unwrap).collect();
    assert_eq!(values, [Ok(3), Ok(1), Err("division by zero"), Err("run time")]);
}
