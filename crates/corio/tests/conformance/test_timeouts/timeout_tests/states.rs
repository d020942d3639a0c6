//! What a timeout says of itself, and what it refuses.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use corio::time::now;
use corio::{Timeout, sleep, yield_now};
use futures::FutureExt as _;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// What `future` panics with.
async fn panics<T>(future: impl Future<Output = T>) -> String {
    let payload = AssertUnwindSafe(future).catch_unwind().await.map(|_| ()).unwrap_err();
    *payload.downcast::<String>().unwrap()
}

#[corio::test(virtual_time)]
async fn test_repr_active() {
    let limit = Timeout::after(10 * SECOND);
    assert_eq!(format!("{limit:?}"), "<Timeout [created]>");
    let shown = limit.run(async { format!("{limit:?}") }).await.unwrap();
    assert_eq!(shown, format!("<Timeout [active] when={:?}>", limit.when()));
    // What CPython asks in `test_repr_finished`.
    assert_eq!(format!("{limit:?}"), "<Timeout [finished]>");
}

#[corio::test(virtual_time)]
async fn test_repr_expired() {
    let limit = Timeout::after(10 * MS);
    assert!(limit.run(sleep(10 * SECOND)).await.is_err());
    assert_eq!(format!("{limit:?}"), "<Timeout [expired]>");
}

#[corio::test(virtual_time)]
async fn test_repr_disabled() {
    let limit = Timeout::never();
    let shown = limit.run(async { format!("{limit:?}") }).await.unwrap();
    assert_eq!(shown, "<Timeout [active] when=None>");
}

#[corio::test(virtual_time)]
async fn test_timeout_already_entered() {
    let limit = Timeout::after(10 * MS);
    let result = limit
        .run(async {
            let said = panics(limit.run(async { unreachable!() })).await;
            assert!(said.contains("was entered before"), "{said}");
        })
        .await;
    assert_eq!(result, Ok(()), "the first one is not harmed");
    assert!(!limit.expired());
}

#[corio::test(virtual_time)]
async fn test_timeout_double_enter() {
    let limit = Timeout::after(10 * MS);
    limit.run(async {}).await.unwrap();
    let said = panics(limit.run(async { unreachable!() })).await;
    assert!(said.contains("was entered before") && said.contains("make a new one"), "{said}");
    assert_eq!(format!("{limit:?}"), "<Timeout [finished]>");
}

#[corio::test(virtual_time)]
async fn test_timeout_finished() {
    let limit = Timeout::after(10 * MS);
    limit.run(yield_now()).await.unwrap();
    let error = limit.reschedule(Some(now() + 20 * MS)).unwrap_err().to_string();
    assert!(error.contains("has ended"), "{error}");
    assert!(!limit.expired());
    // What CPython asks in `test_timeout_expired`.
    let limit = Timeout::after(10 * MS);
    assert!(limit.run(sleep(SECOND)).await.is_err());
    let error = limit.reschedule(Some(now() + 20 * MS)).unwrap_err().to_string();
    assert!(error.contains("has expired"), "{error}");
}

#[corio::test(virtual_time)]
async fn test_timeout_not_entered() {
    let limit = Timeout::after(10 * MS);
    let error = limit.reschedule(Some(now() + 20 * MS)).unwrap_err().to_string();
    assert!(error.contains("has not been entered"), "{error}");
}
