//! Two futures, the first to be ready wins; the other is dropped.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Which of the two was first, and what it gave.
#[derive(Debug)]
pub enum First<A, B> {
    /// The one on the left, also when both were ready.
    Left(A),
    /// The one on the right.
    Right(B),
}

/// Waits for either future.
///
/// # Cancel safety
/// As safe as both futures: the one that loses is dropped where it waits.
pub async fn first<L: Future, R: Future>(left: L, right: R) -> First<L::Output, R::Output> {
    let mut left = pin!(left);
    let mut right = pin!(right);
    poll_fn(|context| {
        if let Poll::Ready(output) = left.as_mut().poll(context) {
            return Poll::Ready(First::Left(output));
        }
        right.as_mut().poll(context).map(First::Right)
    })
    .await
}
