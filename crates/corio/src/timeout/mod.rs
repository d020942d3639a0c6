//! Bodies that may take only so long.
//!
//! | | asks the body to unwind | gives |
//! |---|---|---|
//! | [`timeout`], [`timeout_at`] | once | the value, or [`Elapsed`] |
//! | [`Timeout`] | once; the deadline can be moved meanwhile | the same |
//! | [`wait_for`] | once; does not start a body that has no time | the same |
//! | [`move_on_after`] | until it does | the value, or `None` |
//!
//! A body that is ready at its first poll has cost no timer: that is begun where the body first waits,
//! and the delay counts from there. No clock is read at any poll.

mod elapsed;
mod limited;
mod move_on;
mod object;
mod wait_for;

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

pub use elapsed::Elapsed;
pub use move_on::{MoveOn, move_on_after, move_on_at};
pub use object::{RescheduleError, Timeout, TimeoutRun};
pub use wait_for::{WaitFor, wait_for};

use limited::{Limited, When};

/// Gives `body` so much time; then it is asked to unwind, once.
///
/// A body that catches that cleans up before this is ready, and one that suppresses it and returns has
/// its value returned. With [`Duration::ZERO`] it runs to its first wait. A limit too long for any
/// [`Instant`] is none.
///
/// ```
/// use std::time::Duration;
///
/// corio::run(async {
///     let answer = corio::timeout(Duration::from_secs(1), async { 42 }).await;
///     assert_eq!(answer, Ok(42));
///     let never = std::future::pending::<()>();
///     let error = corio::timeout(Duration::from_millis(1), never).await.unwrap_err();
///     assert_eq!(error.to_string(), "timed out after 1ms");
/// });
/// ```
///
/// A task that is awaited in it is cancelled with it, and waited for: `timeout(limit, &mut handle)`.
/// With [`crate::shield`] around the handle it runs on.
///
/// # Errors
/// [`Elapsed`], if the body was unwound.
///
/// # Cancel safety
/// Dropping it drops the body.
#[track_caller]
#[inline]
pub fn timeout<F: Future>(limit: Duration, body: F) -> Timed<F> {
    Timed {
        limited: Limited::new(When::After(limit), Location::caller(), body),
        limit: Some(limit),
    }
}

/// As [`timeout`], with an end instead of a length. One that has passed lets the body run to its
/// first wait.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// corio::run(async {
///     let deadline = Instant::now() + Duration::from_millis(1);
///     assert!(corio::timeout_at(deadline, std::future::pending::<()>()).await.is_err());
/// });
/// ```
///
/// # Errors
/// [`Elapsed`], if the body was unwound.
///
/// # Cancel safety
/// Dropping it drops the body.
#[track_caller]
#[inline]
pub fn timeout_at<F: Future>(deadline: Instant, body: F) -> Timed<F> {
    Timed { limited: Limited::new(When::At(deadline), Location::caller(), body), limit: None }
}

pin_project! {
    /// The future of [`timeout`] and [`timeout_at`].
    #[derive(Debug)]
    #[must_use = "nothing is run unless it is awaited"]
    pub struct Timed<F> {
        #[pin]
        limited: Limited<F>,
        limit: Option<Duration>,
    }
}

impl<F: Future> Future for Timed<F> {
    type Output = Result<F::Output, Elapsed>;

    /// # Panics
    /// If polled again after it was ready.
    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let limit = *this.limit;
        this.limited
            .poll_limited(context, false, "timeout")
            .map(|result| result.map_err(|_| Elapsed { limit }))
    }
}
