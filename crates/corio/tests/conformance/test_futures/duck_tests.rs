//! Futures that somebody else has written.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio::JoinHandle;

/// Ready with the address at which it is polled.
struct Duck;

impl Future for Duck {
    type Output = usize;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<usize> {
        Poll::Ready(std::ptr::from_ref(&*self).addr())
    }
}

/// Nothing is put around it: what is polled is the very value.
#[corio::test(virtual_time)]
async fn test_wrap_future() {
    let mut duck = Box::pin(Duck);
    let address = std::ptr::from_ref(&*duck).addr();
    assert_eq!(duck.as_mut().await, address);
    assert_eq!(corio::timeout(std::time::Duration::ZERO, duck).await.unwrap(), address);
}

/// Any future can be a task.
#[corio::test(virtual_time)]
async fn test_ensure_future() {
    let task: JoinHandle<usize> = corio::spawn_local(Duck);
    assert_ne!(task.await.unwrap(), 0);
}
