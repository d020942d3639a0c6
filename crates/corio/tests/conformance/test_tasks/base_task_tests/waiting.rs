//! `wait`: for all, for the first, for the first that fails, for so long at most.

use std::panic::resume_unwind;
use std::time::Duration;

use corio::task::Task;
use corio::time::now;
use corio::{EmptyWait, JoinHandle, sleep, spawn_local, wait, yield_now};

use crate::support::{implements, runtime, turn};

const MS: Duration = Duration::from_millis(1);
const TEN: Duration = Duration::from_secs(10);

struct ZeroDivision;

fn after(delay: Duration) -> JoinHandle<()> {
    spawn_local(sleep(delay))
}

/// A task that panics after `delay`.
fn panics_after(delay: Duration) -> JoinHandle<()> {
    spawn_local(async move {
        sleep(delay).await;
        resume_unwind(Box::new(ZeroDivision))
    })
}

fn tasks_of<T>(handles: &[JoinHandle<T>]) -> Vec<Task> {
    handles.iter().map(JoinHandle::task).collect()
}

#[corio::test(virtual_time)]
async fn test_wait() {
    let begun = now();
    let (a, b) = (after(100 * MS), after(150 * MS));
    let both = [b.task(), a.task()];
    let mut handles = vec![b, a];
    let done = wait(&mut handles).await.unwrap();
    assert_eq!(tasks_of(&done), both);
    assert!(handles.is_empty());
    assert_eq!(now() - begun, 150 * MS);

    // Once more takes no time, and not a turn: the results are still theirs.
    let mut again = done;
    let mut waits = Box::pin(wait(&mut again));
    let std::task::Poll::Ready(done) = futures::poll!(&mut waits) else {
        panic!("what has ended is not waited for");
    };
    drop(waits);
    assert_eq!(tasks_of(&done.unwrap()), both);
    assert!(again.is_empty());
    assert_eq!(now() - begun, 150 * MS);
}

/// The same task cannot be given twice: its handle is moved into the list, and has no clones.
#[corio::test(virtual_time)]
async fn test_wait_duplicate_coroutines() {
    assert!(!implements!(JoinHandle<()>: Clone));
    let mut handles =
        ["test", "spam"].map(|text| spawn_local(async move { text })).into_iter().collect();
    let done = wait(&mut handles).await.unwrap();
    assert!(handles.is_empty());
    let mut texts = Vec::new();
    for handle in done {
        texts.push(handle.await.unwrap());
    }
    assert_eq!(texts, ["test", "spam"]);
}

/// There is nothing else to say wrongly: what is waited for is said by methods.
#[corio::test(virtual_time)]
async fn test_wait_errors() {
    let mut none: Vec<JoinHandle<()>> = Vec::new();
    let error: EmptyWait = wait(&mut none).await.unwrap_err();
    assert!(error.to_string().contains("0 tasks to wait for"), "{error}");
    assert_eq!(wait(&mut none).first_panic().await.unwrap_err(), error);
    assert_eq!(wait(&mut none).first_completed().timeout(TEN).await.unwrap_err(), error);
}

#[corio::test(virtual_time)]
async fn test_wait_first_completed() {
    let begun = now();
    let (a, b) = (after(TEN), after(100 * MS));
    let (a_task, b_task) = (a.task(), b.task());
    let mut handles = vec![b, a];
    let mut done = wait(&mut handles).first_completed().await.unwrap();
    assert_eq!((tasks_of(&done), tasks_of(&handles)), (vec![b_task.clone()], vec![a_task.clone()]));
    assert!(!a_task.is_done() && b_task.is_done());
    assert!(done[0].try_result().done().unwrap().is_ok());
    assert_eq!(now() - begun, 100 * MS);

    // Those that are left can be waited for again, along with those that are not.
    handles.append(&mut done);
    assert_eq!(wait(&mut handles).await.unwrap().len(), 2);
    assert_eq!(now() - begun, TEN);
}

/// All that has ended when the wait gives its answer is in it, whoever woke it: nothing that is left
/// has ended.
#[corio::test(virtual_time)]
async fn test_wait_really_done() {
    for turns in [1, 2] {
        let a = spawn_local(yield_now());
        let b = spawn_local(async move {
            for _ in 0..turns {
                yield_now().await;
            }
        });
        let (a_task, b_task) = (a.task(), b.task());
        let waiter = spawn_local(async move {
            let mut handles = vec![b, a];
            let done = wait(&mut handles).first_completed().await.unwrap();
            assert!(handles.iter().all(|handle| !handle.is_finished()));
            done
        });
        let mut done = waiter.await.unwrap();
        assert!(done.iter_mut().all(|handle| handle.try_take().expect("done").is_ok()));
        let expected = match turns {
            1 => vec![b_task, a_task],
            // b ends a turn later. The wait has its answer by then, a turn before asyncio's.
            _ => vec![a_task],
        };
        assert_eq!(tasks_of(&done), expected);
    }
}

#[corio::test(virtual_time)]
async fn test_wait_first_exception() {
    let begun = now();
    // One fails before anybody waits.
    let (a, b) = (after(TEN), panics_after(Duration::ZERO));
    let expected = (vec![b.task()], vec![a.task()]);
    let mut handles = vec![b, a];
    let done = wait(&mut handles).first_panic().await.unwrap();
    assert_eq!((tasks_of(&done), tasks_of(&handles)), expected);
    assert_eq!(now(), begun);

    // An error that is returned is one, too; a task that was cancelled is none.
    let cancelled = spawn_local(async { Ok::<(), &str>(()) });
    cancelled.task().cancel(());
    let fails = spawn_local(async {
        sleep(MS).await;
        Err("err")
    });
    let runs = spawn_local(async {
        sleep(TEN).await;
        Ok(())
    });
    let expected = (vec![fails.task(), cancelled.task()], vec![runs.task()]);
    let mut handles = vec![fails, runs, cancelled];
    let done = wait(&mut handles).first_error().await.unwrap();
    assert_eq!((tasks_of(&done), tasks_of(&handles)), expected);
    assert_eq!(now() - begun, MS);
}

#[corio::test(virtual_time)]
async fn test_wait_first_exception_in_wait() {
    let begun = now();
    let (a, b) = (after(TEN), panics_after(10 * MS));
    let expected = (vec![b.task()], vec![a.task()]);
    let mut handles = vec![b, a];
    let mut done = wait(&mut handles).first_panic().await.unwrap();
    assert_eq!((tasks_of(&done), tasks_of(&handles)), expected);
    assert_eq!(now() - begun, 10 * MS);
    let error = done[0].try_take().unwrap().unwrap_err();
    assert!(error.into_panic().is::<ZeroDivision>());
}

#[corio::test(virtual_time)]
async fn test_wait_with_exception() {
    let begun = now();
    let mut handles = vec![panics_after(150 * MS), after(100 * MS)];
    for _ in 0..2 {
        let mut done = wait(&mut handles).await.unwrap();
        assert_eq!(done.len(), 2);
        assert!(handles.is_empty());
        let results = done.iter_mut().map(|handle| handle.try_result().done().expect("done"));
        assert_eq!(results.filter(Result::is_err).count(), 1);
        assert_eq!(now() - begun, 150 * MS);
        handles = done;
    }
}

#[corio::test(virtual_time)]
async fn test_wait_with_timeout() {
    let begun = now();
    let (a, b) = (after(100 * MS), after(150 * MS));
    let expected = (vec![a.task()], vec![b.task()]);
    let mut handles = vec![b, a];
    let done = wait(&mut handles).timeout(110 * MS).await.unwrap();
    assert_eq!((tasks_of(&done), tasks_of(&handles)), expected);
    assert_eq!(now() - begun, 110 * MS);
    assert_eq!(handles[0].task().cancelling(), 0, "nothing was asked of it");

    assert_eq!(wait(&mut handles).await.unwrap().len(), 1);
    assert_eq!(now() - begun, 150 * MS);
}

/// One that ends at the very moment of the timeout has ended.
#[corio::test(virtual_time)]
async fn test_wait_concurrent_complete() {
    let begun = now();
    let (a, b) = (after(100 * MS), after(150 * MS));
    let expected = (vec![a.task()], vec![b.task()]);
    turn().await;
    let mut handles = vec![b, a];
    let done = wait(&mut handles).timeout(100 * MS).await.unwrap();
    assert_eq!((tasks_of(&done), tasks_of(&handles)), expected);
    assert_eq!(now() - begun, 100 * MS);
}

/// Whatever gives handles fills the list.
#[test]
fn test_wait_with_iterator_of_tasks() {
    let runtime = runtime();
    let event_loop = runtime.event_loop();
    let begun = event_loop.time();
    let a = event_loop.create_task(sleep(100 * MS));
    let b = event_loop.create_task(sleep(150 * MS));
    let both = [b.task(), a.task()];
    let waiter = event_loop.create_task(async move {
        let mut handles = [b, a].into_iter().collect();
        let done = wait(&mut handles).await.unwrap();
        assert_eq!(tasks_of(&done), both);
        assert!(handles.is_empty());
        42
    });
    assert_eq!(event_loop.run_until_complete(waiter).unwrap().unwrap(), 42);
    assert_eq!(event_loop.time() - begun, 150 * MS);
}

#[corio::test(virtual_time)]
async fn test_wait_generator() {
    let mut tasks = (0..10).map(|number| spawn_local(async move { number })).collect();
    let done = wait(&mut tasks).await.unwrap();
    assert_eq!((done.len(), tasks.len()), (10, 0));
    for (number, task) in done.into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), number);
    }
}
