//! What a cancel does to a task: waiting, running, about to end, asleep.

use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use corio::cancel::catch;
use corio::event_loop::RunError;
use corio::time::now;
use corio::{EventLoop, JoinHandle, eventual, sleep, spawn_local, task, wait, yield_now};

use crate::support::{Seen, runtime, turn};

const TEN: Duration = Duration::from_secs(10);
const TENTH: Duration = Duration::from_millis(100);

#[corio::test(virtual_time)]
async fn test_cancel() {
    let begun = now();
    let handle = spawn_local(async {
        sleep(TEN).await;
        12
    });
    let task = handle.task();
    EventLoop::current().call_soon({
        let task = task.clone();
        move || assert!(task.cancel(()))
    });
    assert!(handle.await.unwrap_err().is_cancelled());
    assert!(task.is_done() && task.is_cancelled());
    assert!(!task.cancel(()));
    assert_eq!(now(), begun);
}

#[corio::test(virtual_time)]
async fn test_cancel_yield() {
    let handle = spawn_local(async {
        yield_now().await;
        yield_now().await;
        12
    });
    let task = handle.task();
    turn().await;
    task.cancel(());
    assert!(handle.await.unwrap_err().is_cancelled());
    assert!(task.is_done() && task.is_cancelled());
    assert!(!task.cancel(()));
}

/// Awaiting what somebody else cancelled gives an error; nobody asked the awaiter to unwind.
#[corio::test(virtual_time)]
async fn test_cancel_inner_future() {
    let (_promise, future) = eventual::<u32, ()>();
    let awaited = future.clone();
    let handle = spawn_local(async move {
        let number = awaited.await?;
        Ok::<u32, corio::eventual::EventualError<()>>(number)
    });
    turn().await;
    assert!(future.cancel("no more"));
    let task = handle.task();
    let error = handle.await.expect("not cancelled itself").unwrap_err();
    assert!(error.is_cancelled() && future.is_cancelled());
    assert!(!task.is_cancelled());
    assert_eq!(task.cancelling(), 0);
}

#[corio::test(virtual_time)]
async fn test_cancel_both_task_and_inner_future() {
    let (_promise, future) = eventual::<u32, ()>();
    let awaited = future.clone();
    let handle = spawn_local(async move {
        // That it was cancelled is known when the request comes, so it is told, and the request is
        // for the next wait.
        assert!(awaited.await.unwrap_err().is_cancelled());
        pending::<()>().await;
        12
    });
    let task = handle.task();
    turn().await;
    assert!(future.cancel(()));
    assert!(task.cancel(()));
    assert!(handle.await.unwrap_err().is_cancelled());
    assert!(task.is_done() && task.is_cancelled());
    assert!(future.is_cancelled());
}

#[corio::test(virtual_time)]
async fn test_cancel_task_ignoring() {
    let (promise1, future1) = eventual::<(), ()>();
    let (_promise2, future2) = eventual::<(), ()>();
    let (promise3, future3) = eventual::<u32, ()>();
    let seen = Seen::new();
    let handle = spawn_local({
        let (future2, future3, seen) = (future2.clone(), future3.clone(), seen.clone());
        async move {
            seen.push(1);
            future1.await.unwrap();
            seen.push(2);
            let cancelled = catch(future2).await.unwrap_err();
            cancelled.suppress();
            seen.push(3);
            future3.await.unwrap()
        }
    });
    let task = handle.task();
    turn().await;
    assert_eq!(seen.all(), [1]);
    promise1.set_result(()).unwrap();
    turn().await;
    assert_eq!(seen.all(), [1, 2]);
    task.cancel(());
    turn().await;
    assert!(future2.is_cancelled(), "passed on to what it awaits");
    assert_eq!(seen.all(), [1, 2, 3], "in the same turn");
    promise3.set_result(42).unwrap();
    assert_eq!(handle.await.unwrap(), 42);
    assert!(!future3.is_cancelled() && !task.is_cancelled());
}

#[corio::test(virtual_time)]
async fn test_cancel_current_task() {
    let begun = now();
    let handle = spawn_local(async {
        let task = task::current().unwrap();
        assert!(task.cancel(()));
        assert_eq!(task.cancelling(), 1);
        // Not for a moment.
        sleep(10 * TEN).await;
        12
    });
    let task = handle.task();
    assert!(!task.is_cancelled());
    turn().await;
    assert!(task.is_done() && task.is_cancelled(), "in its first turn");
    assert!(handle.await.unwrap_err().is_cancelled());
    assert!(!task.cancel(()));
    assert_eq!(now(), begun);
}

/// A request that was never delivered takes no value away: the task returned before it could unwind.
#[corio::test(virtual_time)]
async fn test_cancel_at_end() {
    let handle = spawn_local(async {
        let task = task::current().unwrap();
        assert!(task.cancel(()));
        12
    });
    let task = handle.task();
    assert_eq!(handle.await.unwrap(), 12);
    assert!(task.is_done() && !task.is_cancelled());
    assert!(!task.cancel(()));
}

#[corio::test(virtual_time)]
async fn test_cancel_awaited_task() {
    let (_promise, future) = eventual::<(), ()>();
    let nested_task = Rc::new(RefCell::new(None));
    let handle = spawn_local({
        let (future, nested_task) = (future.clone(), nested_task.clone());
        async move {
            let nested = spawn_local(async move { future.await.unwrap() });
            nested_task.replace(Some(nested.task()));
            turn().await;
            task::current().unwrap().cancel(());
            // Cancelled as soon as it is awaited.
            let _ = nested.await;
        }
    });
    let task = handle.task();
    assert!(handle.await.unwrap_err().is_cancelled());
    assert!(task.is_cancelled());
    assert!(nested_task.take().unwrap().is_cancelled());
    assert!(future.is_cancelled());
}

/// The line of the cancel, which is the one to look at.
#[corio::test(virtual_time)]
async fn test_cancel_traceback_for_future_result() {
    let outer = spawn_local(async {
        let nested = spawn_local(sleep(TEN));
        turn().await;
        nested.task().cancel("too slow");
        let line = line!() - 1;
        (nested.await.unwrap_err(), line)
    });
    let (error, line) = outer.await.unwrap();
    let place = error.reason().unwrap().location();
    assert_eq!((place.file(), place.line()), (file!(), line));
    assert!(error.to_string().contains("too slow"), "{error}");
    assert!(format!("{error:?}").contains(&format!("{}:{line}:", file!())), "{error:?}");
}

/// The same, of an error that was only looked at; and the place where the task was spawned.
#[corio::test(virtual_time)]
async fn test_cancel_traceback_for_future_exception() {
    let mut tasks = vec![spawn_local(sleep(TEN))];
    let spawned = line!() - 1;
    turn().await;
    tasks[0].task().cancel(());
    let line = line!() - 1;
    let mut done = wait(&mut tasks).await.unwrap();
    let error = done[0].try_result().done().expect("done").unwrap_err();
    assert_eq!(error.reason().unwrap().location().line(), line);
    assert_eq!(done[0].task().location().line(), spawned);
}

#[test]
fn test_stop_while_run_in_complete() {
    let runtime = runtime();
    let event_loop = runtime.event_loop();
    let begun = event_loop.time();
    let count = Seen::new();
    let mut handle = event_loop.create_task({
        let (count, event_loop) = (count.clone(), event_loop.clone());
        async move {
            while count.len() < 10 {
                sleep(TENTH).await;
                count.push(());
                if count.len() == 2 {
                    event_loop.stop();
                }
            }
        }
    });
    let error = event_loop.run_until_complete(&mut handle).unwrap_err();
    assert!(matches!(error, RunError::Stopped));
    assert_eq!(error.to_string(), "the event loop was stopped before the future completed");
    assert!(!handle.is_finished());
    assert_eq!(count.len(), 2);
    assert_eq!(event_loop.time() - begun, 2 * TENTH);

    assert!(handle.task().cancel(()));
    let ended = event_loop.run_until_complete(handle).unwrap();
    assert!(ended.unwrap_err().is_cancelled());
    assert_eq!(count.len(), 2);
}

/// A `Duration` is a number: what is none is refused where one is made of it, before anybody sleeps.
#[corio::test(virtual_time)]
async fn test_sleep_when_delay_is_nan() {
    let begun = now();
    let handle = spawn_local(async {
        let delay = Duration::try_from_secs_f64(f64::NAN)?;
        sleep(delay).await;
        Ok::<(), std::time::TryFromFloatSecsError>(())
    });
    assert!(handle.await.unwrap().is_err());
    assert!(Duration::try_from_secs_f64(-1.0).is_err());
    assert_eq!(now(), begun);
}

/// A sleep that is cancelled leaves nothing with the clock.
#[corio::test(virtual_time)]
async fn test_sleep_cancel() {
    struct Sleeper;

    impl Wake for Sleeper {
        fn wake(self: Arc<Self>) {}
    }

    let begun = now();
    let sleeper = Arc::new(Sleeper);
    let waker = Waker::from(sleeper.clone());
    let handle = spawn_local(async move {
        let mut sleep = pin!(sleep(TEN));
        poll_fn(|_| sleep.as_mut().poll(&mut Context::from_waker(&waker))).await;
        "yeah"
    });
    turn().await;
    assert_eq!(Arc::strong_count(&sleeper), 3, "the test's, the task's, and the clock's");
    handle.task().cancel(());
    turn().await;
    assert_eq!(Arc::strong_count(&sleeper), 1);
    assert!(handle.await.unwrap_err().is_cancelled());
    assert_eq!(now(), begun);
}

#[corio::test(virtual_time)]
async fn test_task_cancel_sleeping_task() {
    let begun = now();
    let doer = spawn_local(async {
        let sleeper = spawn_local(sleep(500 * TEN));
        let task = sleeper.task();
        EventLoop::current().call_later(TENTH, move || assert!(task.cancel(())));
        match sleeper.await {
            Err(error) if error.is_cancelled() => "cancelled",
            _ => "slept in",
        }
    });
    assert_eq!(doer.await.unwrap(), "cancelled");
    assert_eq!(now() - begun, TENTH);
}

#[corio::test(virtual_time)]
async fn test_task_cancel_waiter_future() {
    let (_promise, future) = eventual::<(), ()>();
    let awaited = future.clone();
    let mut handle: JoinHandle<()> = spawn_local(async move { awaited.await.unwrap() });
    turn().await;
    assert!(format!("{future:?}").contains("waiters=1"));
    handle.task().cancel(());
    turn().await;
    assert!(handle.try_take().expect("one turn later").unwrap_err().is_cancelled());
    assert!(future.is_cancelled());
    assert!(!format!("{future:?}").contains("waiters"));
}

/// What is thrown in the cleanup of a cancel is the task's end, and its payload is kept; the loop goes on.
#[corio::test(virtual_time)]
async fn test_baseexception_during_cancel() {
    struct SystemExit;

    let mut handle = spawn_local(async {
        if let Err(_cancelled) = catch(sleep(TEN)).await {
            std::panic::panic_any(SystemExit);
        }
    });
    let task = handle.task();
    turn().await;
    task.cancel(());
    assert!(!task.is_done());
    turn().await;
    assert!(task.is_done() && !task.is_cancelled());
    let error = handle.try_take().unwrap().unwrap_err();
    assert!(error.into_panic().is::<SystemExit>());
    assert_eq!(poll_fn(|_| Poll::Ready("it goes on")).await, "it goes on");
}
