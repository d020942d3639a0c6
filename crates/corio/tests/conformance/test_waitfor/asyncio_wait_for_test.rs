//! `wait_for`: a body with a limit, or without one.

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::time::{Duration, Instant};

use corio::cancel::catch;
use corio::time::now;
use corio::{EventLoop, eventual, sleep, spawn_local, timeout, wait, wait_for, yield_now};

const MS: Duration = Duration::from_millis(1);
/// Over at the first wait, nearly.
const EPSILON: Duration = Duration::from_micros(100);
/// How long a [`slow`] body runs, whoever cancels it.
const SLOW: Duration = Duration::from_millis(200);

/// Runs for [`SLOW`], swallows every request meanwhile, and says when it was through.
async fn slow(exited: Rc<Cell<Option<Instant>>>) {
    let exit_at = now() + SLOW;
    while now() < exit_at {
        if let Err(cancelled) = catch(sleep(exit_at - now())).await {
            cancelled.suppress();
        }
    }
    exited.set(Some(now()));
}

#[corio::test(virtual_time)]
async fn test_asyncio_wait_for_cancelled() {
    let begun = now();
    let exited = Rc::new(Cell::new(None));
    let waits = spawn_local(wait_for(slow(exited.clone()), Some(2 * SLOW)));
    yield_now().await;
    assert!(waits.task().cancel(()));
    let mut tasks = vec![waits];
    let mut done = wait(&mut tasks).await.unwrap();
    assert_eq!(exited.get(), Some(begun + SLOW), "the cancel was swallowed, and waited for");
    assert_eq!(done.remove(0).await.unwrap(), Ok(()));
}

#[corio::test(virtual_time)]
async fn test_asyncio_wait_for_timeout() {
    let begun = now();
    let exited = Rc::new(Cell::new(None));
    let result = wait_for(slow(exited.clone()), Some(SLOW / 2)).await;
    assert_eq!(exited.get(), Some(begun + SLOW));
    assert_eq!(result, Ok(()), "what suppressed the request has its value returned");
}

/// No type says whether a future has begun, so `wait_for` begins none without time, whatever it is. For
/// what has begun, a zero `timeout` gives the value that is there.
#[corio::test(virtual_time)]
async fn test_wait_for_timeout_less_then_0_or_0_future_done() {
    let (promise, future) = eventual::<&str, String>();
    promise.set_result("done").unwrap();
    let begun = now();
    assert!(wait_for(future.shielded(), Some(Duration::ZERO)).await.is_err());
    assert_eq!(timeout(Duration::ZERO, future.clone()).await.unwrap().unwrap(), "done");
    assert!(future.is_done());
    assert_eq!(now(), begun);
}

#[corio::test(virtual_time)]
async fn test_wait_for_timeout_less_then_0_or_0_coroutine_do_not_started() {
    let begun = now();
    let started = Cell::new(false);
    let result = wait_for(async { started.set(true) }, Some(Duration::ZERO)).await;
    assert_eq!(result.unwrap_err().limit(), Some(Duration::ZERO));
    assert!(!started.get());
    assert_eq!(now(), begun);
}

#[corio::test(virtual_time)]
async fn test_wait_for_blocking() {
    assert_eq!(wait_for(async { "done" }, None).await, Ok("done"));
    // Without a limit there is none, however long it takes.
    let begun = now();
    assert_eq!(wait_for(sleep(SLOW * 1_000_000), None).await, Ok(()));
    assert_eq!(now() - begun, SLOW * 1_000_000);
}

#[corio::test(virtual_time)]
async fn test_wait_for_race_condition() {
    let begun = now();
    let (promise, future) = eventual::<&str, String>();
    EventLoop::current().call_later(100 * MS, move || promise.set_result("ok").unwrap());
    assert_eq!(wait_for(future, Some(200 * MS)).await.unwrap().unwrap(), "ok");
    assert_eq!(now() - begun, 100 * MS);
}

/// Waits for long; asked to unwind, it needs another [`EPSILON`] to clean up.
async fn cleans_up(done: Rc<Cell<bool>>) {
    let caught = catch(sleep(10_000 * MS)).await;
    if caught.is_err() {
        sleep(EPSILON).await;
    }
    done.set(true);
    if let Err(cancelled) = caught {
        cancelled.resume().await
    }
}

#[corio::test(virtual_time)]
async fn test_wait_for_waits_for_task_cancellation() {
    let begun = now();
    let done = Rc::new(Cell::new(false));
    let mut task = spawn_local(cleans_up(done.clone()));
    assert!(wait_for(&mut task, Some(EPSILON)).await.is_err());
    assert!(done.get());
    assert_eq!(now() - begun, 2 * EPSILON);
    // What stands behind the timeout is a cancellation.
    let error = task.await.unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(error.reason().unwrap().message(), Some("timed out"));
}

/// See `test_wait_for_timeout_less_then_0_or_0_future_done`: for a task, a zero `timeout`.
#[corio::test(virtual_time)]
async fn test_wait_for_waits_for_task_cancellation_w_timeout_0() {
    let begun = now();
    let done = Rc::new(Cell::new(false));
    let mut task = spawn_local(cleans_up(done.clone()));
    sleep(EPSILON).await;
    assert!(timeout(Duration::ZERO, &mut task).await.is_err());
    assert!(done.get());
    assert_eq!(now() - begun, 2 * EPSILON);
    assert!(task.await.unwrap_err().is_cancelled());
}

#[corio::test(virtual_time)]
async fn test_wait_for_reraises_exception_during_cancellation() {
    // An error of the cleanup, instead of the cancellation.
    let mut fails = spawn_local(async {
        match catch(sleep(200 * MS)).await {
            Ok(()) => Ok(()),
            Err(cancelled) => {
                cancelled.suppress();
                Err("foo")
            }
        }
    });
    assert_eq!(wait_for(&mut fails, Some(EPSILON)).await.unwrap().unwrap(), Err("foo"));
    // A panic there needs no leave.
    let mut panics = spawn_local(async {
        let _cancelled = catch(sleep(200 * MS)).await;
        panic!("foo");
    });
    let error = wait_for(&mut panics, Some(EPSILON)).await.unwrap().unwrap_err();
    assert_eq!(*error.into_panic().downcast::<&str>().unwrap(), "foo");
}

/// Also what CPython asks in `test_cancel_blocking_wait_for`.
#[corio::test(virtual_time)]
async fn test_cancel_wait_for() {
    for limit in [Some(60_000 * MS), None] {
        let begun = now();
        let mut inner = spawn_local(pending::<()>());
        let task = inner.task();
        let waits = spawn_local(async move { wait_for(&mut inner, limit).await });
        let cancelled = waits.task();
        EventLoop::current().call_soon(move || assert!(cancelled.cancel(())));
        assert!(waits.await.unwrap_err().is_cancelled());
        // Cancelling the wait has cancelled the task.
        assert!(task.is_cancelled());
        assert_eq!(now(), begun);
    }
}

#[corio::test(virtual_time)]
async fn test_wait_for_cancel_suppressed() {
    let return_42 = async {
        match catch(sleep(10_000 * MS)).await {
            Ok(()) => 0,
            Err(cancelled) => {
                cancelled.suppress();
                42
            }
        }
    };
    assert_eq!(wait_for(return_42, Some(100 * MS)).await, Ok(42));
}

#[corio::test(virtual_time)]
async fn test_wait_for_issue86296() {
    let inner = Rc::new(Cell::new(None));
    let reached_end = Rc::new(Cell::new(false));
    let mut inner_task = spawn_local(async { "done" });
    let (value, end) = (inner.clone(), reached_end.clone());
    let task = spawn_local(async move {
        value.set(Some(wait_for(&mut inner_task, Some(100_000 * MS)).await.unwrap().unwrap()));
        sleep(1_000 * MS).await;
        end.set(true);
    });
    assert!(!task.is_finished());
    yield_now().await;
    assert!(task.task().cancel(()));
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(inner.get(), Some("done"), "what was ready came");
    assert!(!reached_end.get(), "and the cancel was not forgotten");
}
