//! Bodies in time, and too late ones.

use std::cell::Cell;
use std::future::pending;
use std::time::Duration;

use corio::cancel::catch;
use corio::time::now;
use corio::{TaskGroup, Timeout, sleep, spawn_local, timeout, timeout_at, yield_now};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

#[corio::test(virtual_time)]
async fn test_timeout_basic() {
    let begun = now();
    let limit = Timeout::after(10 * MS);
    assert!(limit.run(sleep(10 * SECOND)).await.is_err());
    assert!(limit.expired());
    assert_eq!(timeout(10 * MS, sleep(10 * SECOND)).await.unwrap_err().limit(), Some(10 * MS));
    assert_eq!(now() - begun, 20 * MS);
}

#[corio::test(virtual_time)]
async fn test_timeout_at_basic() {
    let deadline = now() + 10 * MS;
    let limit = Timeout::at(deadline);
    assert!(limit.run(sleep(10 * SECOND)).await.is_err());
    assert!(limit.expired());
    assert_eq!(limit.when(), Some(deadline));
    assert_eq!(now(), deadline);
    assert!(timeout_at(deadline + MS, sleep(10 * SECOND)).await.is_err());
    assert_eq!(now(), deadline + MS);
}

#[corio::test(virtual_time)]
async fn test_nested_timeouts() {
    let deadline = now() + 10 * MS;
    let (outer, inner) = (Timeout::at(deadline), Timeout::at(deadline));
    let cancelled = Cell::new(false);
    let result = outer
        .run(async {
            // Only the topmost says that the time is over.
            match catch(inner.run(sleep(10 * SECOND))).await {
                Ok(result) => unreachable!("the inner one gave {result:?}"),
                Err(caught) => {
                    cancelled.set(true);
                    caught.resume().await
                }
            }
        })
        .await;
    let _: Result<(), _> = result;
    assert!(result.is_err());
    assert!(cancelled.get());
    assert!(outer.expired() && inner.expired());
    assert_eq!(now(), deadline);
}

#[corio::test(virtual_time)]
async fn test_waiter_cancelled() {
    let cancelled = Cell::new(false);
    let result = timeout(10 * MS, async {
        if let Err(caught) = catch(sleep(10 * SECOND)).await {
            cancelled.set(true);
            caught.resume().await
        }
    });
    assert!(result.await.is_err());
    assert!(cancelled.get());
}

#[corio::test(virtual_time)]
async fn test_timeout_not_called() {
    let limit = Timeout::after(10 * SECOND);
    assert_eq!(limit.run(sleep(10 * MS)).await, Ok(()));
    assert!(!limit.expired());
    assert!(limit.when().unwrap() > now());
    // Nothing is left of it that could cancel later.
    sleep(20 * SECOND).await;
}

#[corio::test(virtual_time)]
async fn test_timeout_disabled() {
    let limit = Timeout::never();
    assert_eq!(limit.run(sleep(10 * MS)).await, Ok(()));
    assert!(!limit.expired());
    assert_eq!(limit.when(), None);
}

/// There is no moment that stands for none: also what has a deadline gets rid of it.
#[corio::test(virtual_time)]
async fn test_timeout_at_disabled() {
    let limit = Timeout::at(now() + MS);
    let result = limit.run(async {
        limit.reschedule(None).unwrap();
        sleep(10 * MS).await;
    });
    assert_eq!(result.await, Ok(()));
    assert!(!limit.expired());
    assert_eq!(limit.when(), None);
}

#[corio::test(virtual_time)]
async fn test_timeout_zero() {
    let begun = now();
    let limit = Timeout::after(Duration::ZERO);
    assert!(limit.run(sleep(10 * SECOND)).await.is_err());
    assert!(limit.expired());
    assert_eq!(limit.when(), Some(begun));
    assert!(timeout(Duration::ZERO, sleep(10 * SECOND)).await.is_err());
    assert_eq!(now(), begun);
    // What does not wait ends.
    assert_eq!(timeout(Duration::ZERO, async { 1 }).await, Ok(1));
}

#[corio::test(virtual_time)]
async fn test_timeout_zero_sleep_zero() {
    let begun = now();
    let limit = Timeout::after(Duration::ZERO);
    assert!(limit.run(yield_now()).await.is_err());
    assert!(limit.expired());
    assert_eq!(limit.when(), Some(begun));
    assert!(timeout(Duration::ZERO, yield_now()).await.is_err());
    assert!(timeout_at(begun, yield_now()).await.is_err());
    assert!(timeout(Duration::ZERO, sleep(Duration::ZERO)).await.is_err());
    assert_eq!(now(), begun);
}

#[corio::test(virtual_time)]
async fn test_foreign_exception_passed() {
    let limit = Timeout::after(10 * MS);
    assert_eq!(limit.run(async { Err::<(), _>("key error") }).await, Ok(Err("key error")));
    assert!(!limit.expired());
    let limit = Timeout::after(10 * MS);
    let inside = limit.clone();
    let panics = spawn_local(async move { inside.run(async { panic!("key error") }).await });
    let payload = panics.await.map(|_: Result<(), _>| ()).unwrap_err().into_panic();
    assert_eq!(*payload.downcast::<&str>().unwrap(), "key error");
    assert!(!limit.expired());
}

/// An error of the cleanup, given for the value, once the request is suppressed.
#[corio::test(virtual_time)]
async fn test_foreign_exception_on_timeout() {
    let crash = async {
        match catch(sleep(SECOND)).await {
            Ok(()) => Ok(()),
            Err(caught) => {
                caught.suppress();
                Err("division by zero")
            }
        }
    };
    assert_eq!(timeout(10 * MS, crash).await, Ok(Err("division by zero")));
    // A panic needs no leave.
    let panics = spawn_local(timeout(10 * MS, async {
        let _caught = catch(sleep(SECOND)).await;
        panic!("division by zero");
    }));
    let payload = panics.await.map(|_: Result<(), _>| ()).unwrap_err().into_panic();
    assert_eq!(*payload.downcast::<&str>().unwrap(), "division by zero");
}

/// As the one before, with an error on its way when the time is over: the last error stands.
#[corio::test(virtual_time)]
async fn test_foreign_exception_on_timeout_2() {
    let begun = now();
    let limit = Timeout::after(10 * MS);
    let result = limit
        .run(async {
            let first = Err::<(), _>("value error");
            match catch(sleep(SECOND)).await {
                Ok(()) => first,
                Err(caught) => {
                    let _second = Err::<(), _>("key error");
                    caught.suppress();
                    Err("division by zero")
                }
            }
        })
        .await;
    assert_eq!(result, Ok(Err("division by zero")));
    assert!(limit.expired());
    assert_eq!(now() - begun, 10 * MS);
}

/// As `test_timeout_zero_sleep_zero`, on the clock that goes on while a turn lasts.
#[corio::test]
async fn no_time_is_over_at_the_first_wait_on_the_real_clock_too() {
    assert!(Timeout::after(Duration::ZERO).run(yield_now()).await.is_err());
    assert!(Timeout::at(now()).run(yield_now()).await.is_err());
    assert!(timeout(Duration::ZERO, yield_now()).await.is_err());
    assert!(timeout_at(now(), yield_now()).await.is_err());
}

/// On the real clock: it is the thread that is busy.
#[corio::test]
async fn test_nested_timeouts_concurrent() {
    let result = timeout(2 * MS, async {
        let inner = timeout(100 * MS, async {
            // Pretend we crunch some numbers.
            std::thread::sleep(10 * MS);
            pending::<()>().await;
        });
        inner.await.unwrap_err();
        unreachable!("the outer one's time is over, and goes first");
    });
    assert_eq!(result.await.unwrap_err().limit(), Some(2 * MS));
}

#[corio::test(virtual_time)]
async fn test_nested_timeout_in_finally() {
    let begun = now();
    let result = timeout(10 * MS, async {
        if let Err(caught) = catch(sleep(SECOND)).await {
            // The cleanup is not disturbed, and may have limits of its own.
            assert!(timeout(10 * MS, sleep(10 * SECOND)).await.is_err());
            caught.resume().await
        }
    });
    assert!(result.await.is_err());
    assert_eq!(now() - begun, 20 * MS);
}

#[corio::test(virtual_time)]
async fn test_timeout_taskgroup() {
    let begun = now();
    let limit = Timeout::after(10 * MS);
    let result = limit
        .run(TaskGroup::try_scope(|group| async move {
            group.try_spawn_local(async {
                if let Err(caught) = catch(sleep(2 * SECOND)).await {
                    caught.suppress();
                    return Err("division by zero");
                }
                Ok(())
            });
            let value_error = Err::<(), _>("value error");
            sleep(SECOND).await;
            value_error
        }))
        .await;
    let errors = result.expect("errors outrank the timeout").unwrap_err();
    assert_eq!(errors.len(), 1, "the body had not got so far: {errors}");
    assert_eq!(errors.errors()[0].error(), Some(&"division by zero"));
    assert!(limit.expired());
    assert_eq!(now() - begun, 10 * MS);
}
