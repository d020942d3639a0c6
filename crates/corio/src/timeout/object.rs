//! A timeout that can be looked at and moved while its body runs: asyncio's `Timeout`.

use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use corio_base::clock;
use pin_project_lite::pin_project;

use super::elapsed::Elapsed;
use crate::cancel::{Node, Phase, Scoped};

/// A time limit with a deadline that can be moved while the body runs. Clones are one timeout.
///
/// ```
/// use corio::Timeout;
/// use std::time::{Duration, Instant};
///
/// corio::run(async {
///     let timeout = Timeout::after(Duration::from_secs(60));
///     let inside = timeout.clone();
///     let result = timeout
///         .run(async move {
///             inside.reschedule(Some(Instant::now())).unwrap();
///             std::future::pending::<()>().await
///         })
///         .await;
///     assert!(result.is_err() && timeout.expired());
/// });
/// ```
#[derive(Clone)]
pub struct Timeout {
    node: Arc<Node>,
    location: &'static Location<'static>,
}

impl Timeout {
    #[track_caller]
    fn new(deadline: Option<Instant>) -> Self {
        Timeout { node: Node::new(deadline), location: Location::caller() }
    }

    /// One that ends `limit` from now. A limit too long for any [`Instant`] is none.
    #[track_caller]
    pub fn after(limit: Duration) -> Self {
        Timeout::new(clock::now_instant().checked_add(limit))
    }

    /// One that ends at `deadline`.
    #[track_caller]
    pub fn at(deadline: Instant) -> Self {
        Timeout::new(Some(deadline))
    }

    /// One without a deadline, until it is [given one](Timeout::reschedule).
    #[track_caller]
    pub fn never() -> Self {
        Timeout::new(None)
    }

    /// When it ends; `None`: not at all.
    pub fn when(&self) -> Option<Instant> {
        self.node.deadline()
    }

    /// Moves the deadline, earlier or later; `None`: there is none. One that has passed ends the body's
    /// time where it waits next.
    ///
    /// # Errors
    /// [`RescheduleError`], unless the body is running and its time is not over.
    pub fn reschedule(&self, deadline: Option<Instant>) -> Result<(), RescheduleError> {
        self.node.reschedule(deadline).map_err(|phase| RescheduleError { phase })
    }

    /// Whether the body's time was over before it returned. That it then returned a value all the same
    /// changes nothing.
    pub fn expired(&self) -> bool {
        matches!(self.node.phase(), Phase::Expiring | Phase::Expired | Phase::Caught)
    }

    /// Runs `body` for as long as it has time; then it is asked to unwind, once.
    ///
    /// # Errors
    /// [`Elapsed`], if the body was unwound.
    ///
    /// # Panics
    /// When awaited, if the timeout was entered before: it has one life, make a new one.
    ///
    /// # Cancel safety
    /// Dropping it drops the body.
    pub fn run<F: Future>(&self, body: F) -> TimeoutRun<F> {
        TimeoutRun { scoped: Scoped::once(Arc::clone(&self.node), self.location, body) }
    }
}

impl fmt::Debug for Timeout {
    /// With asyncio's words for its state; when it ends, while its body runs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.node.phase() {
            Phase::New => "<Timeout [created]>",
            Phase::Active => return write!(f, "<Timeout [active] when={:?}>", self.when()),
            Phase::Expiring => "<Timeout [expiring]>",
            Phase::Expired | Phase::Caught => "<Timeout [expired]>",
            Phase::Left => "<Timeout [finished]>",
        })
    }
}

pin_project! {
    /// The future of [`Timeout::run`].
    #[derive(Debug)]
    #[must_use = "nothing is run unless it is awaited"]
    pub struct TimeoutRun<F> {
        #[pin]
        scoped: Scoped<F>,
    }
}

impl<F: Future> Future for TimeoutRun<F> {
    type Output = Result<F::Output, Elapsed>;

    /// # Panics
    /// If the timeout was entered before, or if polled again after it was ready.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.project().scoped.poll(context);
        polled.map(|result| result.map_err(|_| Elapsed { limit: None }))
    }
}

/// A timeout's deadline could not be moved.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RescheduleError {
    phase: Phase,
}

impl fmt::Display for RescheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.phase {
            Phase::New => {
                "the timeout has not been entered: give it its deadline when it is made, or \
                 reschedule it from inside its `run`"
            }
            Phase::Active => "the timeout is active",
            Phase::Expiring | Phase::Expired | Phase::Caught => {
                "the timeout has expired: what needs more time needs a timeout of its own"
            }
            Phase::Left => "the timeout's body has ended: make a new timeout for the next one",
        })
    }
}

impl fmt::Debug for RescheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RescheduleError").field(&self.phase).finish()
    }
}

impl Error for RescheduleError {}
