//! Timeouts, and cancellations by others.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use corio::cancel::catch;
use corio::time::now;
use corio::{Timeout, eventual, sleep, spawn_local, task, timeout};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

#[corio::test(virtual_time)]
async fn test_foreign_cancel_doesnt_timeout_if_not_expired() {
    let begun = now();
    let limit = Timeout::after(10 * SECOND);
    let caught = catch(limit.run(async {
        task::current().unwrap().cancel("from outside");
        sleep(10 * SECOND).await;
    }));
    let cancelled = caught.await.unwrap_err();
    assert_eq!(cancelled.message(), Some("from outside"));
    cancelled.suppress();
    assert!(!limit.expired());
    assert_eq!(now(), begun);
}

#[corio::test(virtual_time)]
async fn test_outer_task_is_not_cancelled() {
    let mut outer = spawn_local(async {
        assert!(timeout(MS, sleep(10 * SECOND)).await.is_err());
        assert_eq!(task::current().unwrap().cancelling(), 0);
    });
    (&mut outer).await.unwrap();
    assert!(!outer.task().is_cancelled());
    assert!(outer.is_finished());
}

#[corio::test(virtual_time)]
async fn test_reschedule() {
    let begun = now();
    let deadline = begun + 10 * SECOND;
    let later = deadline + 20 * SECOND;
    let (promise, future) = eventual::<Timeout, String>();
    let task = spawn_local(async move {
        let limit = Timeout::at(deadline);
        let inside = limit.clone();
        limit
            .run(async {
                promise.set_result(inside).unwrap();
                sleep(50 * SECOND).await;
            })
            .await
    });
    let limit = future.await.unwrap();
    assert_eq!(limit.when(), Some(deadline));
    limit.reschedule(Some(later)).unwrap();
    assert_eq!(limit.when(), Some(later));
    limit.reschedule(None).unwrap();
    assert_eq!(limit.when(), None);
    task.task().cancel(());
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(!limit.expired());
    assert_eq!(now(), begun);
}

#[corio::test(virtual_time)]
async fn test_cancel_in_timeout_after_cancellation() {
    let begun = now();
    let me = task::current().unwrap();
    me.cancel("first");
    // Work which is cancelled.
    let first = catch(sleep(SECOND)).await.unwrap_err();
    assert_eq!(me.cancelling(), 1);
    // The cleanup: it is cancelled again, and that is not taken for the timeout.
    let limit = Timeout::after(SECOND);
    let caught = catch(limit.run(async {
        task::current().unwrap().cancel("second");
        sleep(2 * SECOND).await;
    }));
    let second = caught.await.unwrap_err();
    assert_eq!(second.message(), Some("second"));
    assert!(!limit.expired());
    assert_eq!(me.cancelling(), 2);
    second.suppress();
    first.suppress();
    assert_eq!(me.cancelling(), 0);
    assert_eq!(now(), begun);
    // What CPython asks in `test_timeout_after_cancellation`: the cleanup may have a limit of no time.
    me.cancel("third");
    let third = catch(sleep(SECOND)).await.unwrap_err();
    assert!(timeout(Duration::ZERO, sleep(SECOND)).await.is_err());
    third.suppress();
}

#[corio::test(virtual_time)]
async fn test_timeout_expiring() {
    let limit = Timeout::after(10 * MS);
    let caught = Rc::new(Cell::new(false));
    let result = limit
        .run(async {
            let cancelled = catch(sleep(SECOND)).await.unwrap_err();
            let error = limit.reschedule(Some(now() + SECOND)).unwrap_err().to_string();
            assert!(error.contains("expired"), "{error}");
            cancelled.suppress();
            caught.set(true);
        })
        .await;
    assert_eq!(result, Ok(()), "swallowed, it is no timeout");
    assert!(caught.get());
    assert!(limit.expired());
}
