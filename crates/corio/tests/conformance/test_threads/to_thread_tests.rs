//! Functions that run on another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use corio::{context_var, to_thread};

context_var! {
    static TEST_CTX: &'static str = "nothing";
}

/// A function, and how often it was called.
fn counted() -> (impl Fn() + Clone + Send + 'static, Arc<AtomicU32>) {
    let calls = Arc::new(AtomicU32::new(0));
    let count = calls.clone();
    // Relaxed: the handle is awaited before the number is read, which orders them.
    let function = move || {
        count.fetch_add(1, Ordering::Relaxed);
    };
    (function, calls)
}

#[corio::test]
async fn test_to_thread() {
    let numbers = vec![40, 2];
    assert_eq!(to_thread(move || numbers.into_iter().sum::<i32>()).await.unwrap(), 42);
}

/// An error is a value; a panic is the handle's error.
#[corio::test]
async fn test_to_thread_exception() {
    let error = to_thread(|| "test".parse::<u8>()).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("invalid digit"));
    let error = to_thread(|| -> u32 { panic!("test") }).await.unwrap_err();
    assert!(error.is_panic() && error.to_string().contains("test"), "{error}");
}

#[corio::test]
async fn test_to_thread_once() {
    let (function, calls) = counted();
    to_thread(function).await.unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[corio::test]
async fn test_to_thread_concurrent() {
    let (function, calls) = counted();
    let jobs: Vec<_> = (0..10).map(|_| to_thread(function.clone())).collect();
    corio::gather(jobs).await.unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 10);
}

#[corio::test]
async fn test_to_thread_contextvars() {
    TEST_CTX.set("parrot");
    assert_eq!(to_thread(|| TEST_CTX.get()).await.unwrap(), "parrot");
}
