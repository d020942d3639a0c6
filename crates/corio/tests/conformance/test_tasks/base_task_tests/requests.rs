//! Requests to a task: how many there are, what they say, and how they are taken back.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use corio::cancel::catch;
use corio::time::now;
use corio::{EventLoop, JoinError, eventual, sleep, spawn_local, task, timeout, wait, yield_now};

use crate::support::turn;

const TEN: Duration = Duration::from_secs(10);
const A_BIT: Duration = Duration::from_millis(10);

#[corio::test(virtual_time)]
async fn test_task_cancel_message_getter() {
    let handle = spawn_local(async {});
    assert_eq!(handle.task().cancelling(), 0);
    handle.task().cancel("my message");
    let error = handle.await.unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(error.reason().unwrap().message(), Some("my message"));

    let silent = spawn_local(async {});
    silent.task().cancel(());
    assert_eq!(silent.await.unwrap_err().reason().unwrap().message(), None);
}

/// What a canceller said is not overwritten, neither by hand nor by the next one; to say something else,
/// take the request back and make another.
#[corio::test(virtual_time)]
async fn test_task_cancel_message_setter() {
    let handle = spawn_local(async {});
    handle.task().cancel("my message");
    handle.task().cancel("another one's");
    let error = handle.await.unwrap_err();
    assert_eq!(error.reason().unwrap().message(), Some("my message"));

    let handle = spawn_local(async {});
    handle.task().cancel("my message");
    assert_eq!(handle.task().uncancel(), 0);
    handle.task().cancel("my new message");
    let error = handle.await.unwrap_err();
    assert_eq!(error.reason().unwrap().message(), Some("my new message"));
}

#[corio::test(virtual_time)]
async fn test_cancelling() {
    let handle = spawn_local(sleep(TEN));
    let task = handle.task();
    assert_eq!(task.cancelling(), 0);
    assert!(!format!("{task:?}").contains(" cancelling "));
    assert!(task.cancel(()));
    assert_eq!(task.cancelling(), 1);
    assert!(format!("{task:?}").contains(" cancelling "));
    assert!(task.cancel(()), "each is counted");
    assert_eq!(task.cancelling(), 2);
    assert!(handle.await.unwrap_err().is_cancelled());
}

#[corio::test(virtual_time)]
async fn test_uncancel_basic() {
    let handle = spawn_local(async {
        let cancelled = catch(sleep(TEN)).await.unwrap_err();
        let task = task::current().unwrap();
        assert_eq!(task.uncancel(), 0);
        cancelled.suppress();
        assert_eq!(task.cancelling(), 0, "taken off once");
        sleep(TEN).await;
    });
    let task = handle.task();
    sleep(A_BIT).await;

    // The first sleep is cancelled.
    assert!(task.cancel(()));
    assert!(format!("{task:?}").contains(" cancelling "));
    assert_eq!(task.cancelling(), 1);
    assert!(!task.is_cancelled(), "it has not ended");
    sleep(A_BIT).await;

    // Taken back.
    assert!(!format!("{task:?}").contains(" cancelling "));
    assert_eq!(task.cancelling(), 0);
    assert!(!task.is_cancelled());

    // The second.
    assert!(task.cancel(()));
    assert_eq!(task.cancelling(), 1);
    assert!(!task.is_cancelled());
    assert!(handle.await.unwrap_err().is_cancelled());
    assert!(task.is_cancelled() && task.is_done());

    // Of no effect at the end.
    task.uncancel();
    assert!(task.is_cancelled() && task.is_done());
}

/// A block with a time limit, by hand: the timer's request is the block's own, and no other's.
#[corio::test(virtual_time)]
async fn test_uncancel_structured_blocks() {
    async fn request_with_timeout(takes: Duration, limit: Duration) -> (bool, bool, bool) {
        let task = task::current().unwrap();
        let timed_out = Rc::new(Cell::new(false));
        let timer = EventLoop::current().call_later(limit, {
            let (task, timed_out) = (task.clone(), timed_out.clone());
            move || {
                timed_out.set(true);
                task.cancel(());
            }
        });
        let mut finished = false;
        let result = catch(async {
            sleep(takes).await;
            finished = true;
        })
        .await;
        timer.cancel();
        if let Err(cancelled) = result {
            match timed_out.get() && task.cancelling() == 1 {
                true => cancelled.suppress(),
                false => cancelled.resume().await,
            }
        }
        // Code outside the block.
        yield_now().await;
        (timed_out.get(), finished, true)
    }

    let tenth = Duration::from_millis(100);
    let begun = now();
    let mut late = spawn_local(request_with_timeout(TEN, tenth));
    assert_eq!((&mut late).await.unwrap(), (true, false, true));
    assert_eq!(late.task().cancelling(), 0);
    assert_eq!(now() - begun, tenth);

    let mut in_time = spawn_local(request_with_timeout(Duration::ZERO, TEN));
    assert_eq!((&mut in_time).await.unwrap(), (false, true, true));
    assert_eq!(in_time.task().cancelling(), 0);

    // One that is cancelled from outside, too, goes on unwinding.
    let both = spawn_local(request_with_timeout(TEN, tenth));
    let task = both.task();
    EventLoop::current().call_later(tenth, move || {
        task.cancel("outside");
    });
    assert!(both.await.unwrap_err().is_cancelled());

    // What all of this is for.
    let mut ready_made = spawn_local(async move {
        let result = timeout(tenth, sleep(TEN)).await;
        yield_now().await;
        result.is_err()
    });
    assert!((&mut ready_made).await.unwrap());
    assert_eq!(ready_made.task().cancelling(), 0);
}

#[corio::test(virtual_time)]
async fn test_uncancel_resets_must_cancel() {
    let (promise, future) = eventual::<(), ()>();
    let handle = spawn_local(async move {
        future.await.unwrap();
        // A request that was left would end it here.
        sleep(A_BIT).await;
        42
    });
    turn().await;
    promise.set_result(()).unwrap();
    let task = handle.task();
    task.cancel(());
    assert_eq!(task.cancelling(), 1);
    assert_eq!(task.uncancel(), 0);
    assert_eq!(task.cancelling(), 0);
    assert_eq!(handle.await.unwrap(), 42);
}

/// A message, and whether it is given as a value or not at all.
fn cases() -> [Option<String>; 3] {
    [None, Some("my message".to_owned()), Some(5.to_string())]
}

fn cancel(task: &task::Task, message: Option<&String>) -> bool {
    match message {
        Some(message) => task.cancel(message.as_str()),
        None => task.cancel(()),
    }
}

/// Awaits a wait for a task that is cancelled with `message`, and gives what that says.
async fn cancelled_with(message: Option<&String>, started: bool) -> Result<(), JoinError> {
    let mut tasks = vec![spawn_local(sleep(TEN))];
    if started {
        turn().await;
    }
    assert!(cancel(&tasks[0].task(), message));
    let done = wait(&mut tasks).await.unwrap();
    assert!(tasks.is_empty());
    done.into_iter().next().unwrap().try_take().expect("done")
}

#[corio::test(virtual_time)]
async fn test_cancel_with_message_then_future_result() {
    for message in cases() {
        let given = message.clone();
        let outer = spawn_local(async move { cancelled_with(given.as_ref(), true).await });
        let error = outer.await.unwrap().unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(error.reason().unwrap().message(), message.as_deref());
        assert!(error.source().is_none(), "it is the innermost");
    }
}

/// The same, seen without taking it.
#[corio::test(virtual_time)]
async fn test_cancel_with_message_then_future_exception() {
    for message in cases() {
        let mut tasks = vec![spawn_local(sleep(TEN))];
        turn().await;
        assert!(cancel(&tasks[0].task(), message.as_ref()));
        let mut done = wait(&mut tasks).await.unwrap();
        for _ in 0..2 {
            let error = done[0].try_result().done().expect("done").unwrap_err();
            assert!(error.is_cancelled());
            assert_eq!(error.reason().unwrap().message(), message.as_deref());
        }
        let error = done.pop().unwrap().await.unwrap_err();
        assert_eq!(error.reason().unwrap().message(), message.as_deref());
    }
}

#[corio::test(virtual_time)]
async fn test_cancel_with_message_before_starting_task() {
    let message = "my message".to_owned();
    let error = cancelled_with(Some(&message), false).await.unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(error.reason().unwrap().message(), Some("my message"));
    assert!(error.source().is_none());
}

/// An error that is made of a cancellation says so by its source.
#[corio::test(virtual_time)]
async fn test_cancellation_exception_context() {
    #[derive(Debug)]
    struct ValueError(JoinError);

    impl fmt::Display for ValueError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cancelled")
        }
    }

    impl Error for ValueError {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    let outer = spawn_local(async {
        let (promise, started) = eventual::<(), ()>();
        let inner = spawn_local(async move {
            promise.set_result(()).unwrap();
            pending::<()>().await
        });
        started.await.unwrap();
        let task = inner.task();
        EventLoop::current().call_soon(move || assert!(task.cancel("msg")));
        inner.await.map_err(ValueError)
    });
    let error = outer.await.expect("it is not cancelled itself").unwrap_err();
    assert_eq!(error.to_string(), "cancelled");
    let cause = error.source().unwrap().downcast_ref::<JoinError>().unwrap();
    assert_eq!(cause.reason().unwrap().message(), Some("msg"));
    assert!(cause.source().is_none(), "one link");
}
