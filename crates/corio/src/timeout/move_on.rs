//! trio's `move_on_after`.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use super::limited::{Limited, When};

/// Gives `body` so much time, and then goes on without it: `None`.
///
/// Unlike [`timeout`](super::timeout()) it asks the body to unwind until it does: one that suppresses the
/// request is asked again at its first wait in a later turn. For a deadline that moves, a handle, or a
/// grace, there is [`CancelScope`](crate::cancel::CancelScope).
///
/// ```
/// use std::time::Duration;
///
/// corio::run(async {
///     let limit = Duration::from_millis(1);
///     assert_eq!(corio::move_on_after(limit, async { 1 }).await, Some(1));
///     assert_eq!(corio::move_on_after(limit, std::future::pending::<i32>()).await, None);
/// });
/// ```
///
/// # Cancel safety
/// Dropping it drops the body.
#[track_caller]
pub fn move_on_after<F: Future>(limit: Duration, body: F) -> MoveOn<F> {
    MoveOn { limited: Limited::new(When::After(limit), Location::caller(), body) }
}

/// As [`move_on_after`], with an end instead of a length.
///
/// # Cancel safety
/// Dropping it drops the body.
#[track_caller]
pub fn move_on_at<F: Future>(deadline: Instant, body: F) -> MoveOn<F> {
    MoveOn { limited: Limited::new(When::At(deadline), Location::caller(), body) }
}

pin_project! {
    /// The future of [`move_on_after`] and [`move_on_at`].
    #[derive(Debug)]
    #[must_use = "nothing is run unless it is awaited"]
    pub struct MoveOn<F> {
        #[pin]
        limited: Limited<F>,
    }
}

impl<F: Future> Future for MoveOn<F> {
    type Output = Option<F::Output>;

    /// # Panics
    /// If polled again after it was ready.
    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().limited.poll_limited(context, true, "move_on_after").map(Result::ok)
    }
}
