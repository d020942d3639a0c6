//! asyncio's `wait_for`.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::elapsed::Elapsed;
use super::limited::{Limited, When};

/// As [`timeout`](super::timeout()), but for what is said of no limit and no time: with `None` the body
/// may take for ever, and with [`Duration::ZERO`] it does not begin.
///
/// ```
/// use std::time::Duration;
///
/// corio::run(async {
///     let begun = async { panic!("not run") };
///     assert!(corio::wait_for(begun, Some(Duration::ZERO)).await.is_err());
///     assert_eq!(corio::wait_for(async { 7 }, None).await, Ok(7));
/// });
/// ```
///
/// A task has begun already, so for a handle without time left `timeout(Duration::ZERO, handle)` is
/// the one to use: it gives the value of one that is done, and else cancels it and waits for its end.
///
/// # Errors
/// [`Elapsed`], if the body was unwound, or not begun.
///
/// # Cancel safety
/// Dropping it drops the body.
#[track_caller]
pub fn wait_for<F: Future>(body: F, limit: Option<Duration>) -> WaitFor<F> {
    let when = limit.map_or(When::Never, When::After);
    WaitFor { limited: Limited::new(when, Location::caller(), body), limit, begun: false }
}

pin_project! {
    /// The future of [`wait_for`].
    #[derive(Debug)]
    #[must_use = "nothing is run unless it is awaited"]
    pub struct WaitFor<F> {
        #[pin]
        limited: Limited<F>,
        limit: Option<Duration>,
        begun: bool,
    }
}

impl<F: Future> Future for WaitFor<F> {
    type Output = Result<F::Output, Elapsed>;

    /// # Panics
    /// If polled again after it was ready.
    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let limit = *this.limit;
        if !*this.begun {
            *this.begun = true;
            if this.limited.has_no_time() {
                this.limited.as_mut().refuse();
                return Poll::Ready(Err(Elapsed { limit }));
            }
        }
        this.limited
            .poll_limited(context, false, "wait_for")
            .map(|result| result.map_err(|_| Elapsed { limit }))
    }
}
