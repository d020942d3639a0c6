//! A piece of code that can be cancelled by itself: by a handle, or by a deadline.

use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use corio_base::clock;
use corio_task::{Reason, Target, Triggered};
use corio_timer::{Sleep, sleep_until};
use corio_trace::book::FrameKind;
use pin_project_lite::pin_project;

use super::handle::CancelHandle;
use super::node::{Node, Phase};
use super::stopped::Stopped;

/// Runs a body that can be cancelled by itself, and goes on after it: trio's cancel scope.
///
/// ```
/// use corio::cancel::CancelScope;
///
/// corio::run(async {
///     let scope = CancelScope::new();
///     let handle = scope.handle();
///     corio::spawn(async move { handle.cancel("not needed any more") });
///     let stopped = scope.run(std::future::pending::<()>()).await.unwrap_err();
///     assert_eq!(stopped.reason().message(), Some("not needed any more"));
/// });
/// ```
///
/// A cancelled scope asks its body to unwind where it waits, and asks again, at its first wait in a
/// later turn, if the body suppressed that (level-triggered). A body that returns all the same after it
/// has suppressed gives its value. With a [grace](CancelScope::with_grace), what still runs when that
/// is over is dropped, and reported to the log target `corio::cancel`.
#[derive(Debug)]
pub struct CancelScope {
    node: Arc<Node>,
    grace: Option<Duration>,
    location: &'static Location<'static>,
}

impl CancelScope {
    /// A scope without a deadline.
    #[track_caller]
    pub fn new() -> Self {
        CancelScope { node: Node::new(None), grace: None, location: Location::caller() }
    }

    /// A scope that is cancelled when `handle` is, too.
    #[track_caller]
    pub fn under(handle: &CancelHandle) -> Self {
        CancelScope { node: handle.node().child(), grace: None, location: Location::caller() }
    }

    /// Cancelled at `deadline`; one that has passed cancels at the body's first wait.
    pub fn with_deadline(self, deadline: Instant) -> Self {
        self.node.set_deadline(Some(deadline));
        self
    }

    /// Cancelled `limit` from now. A limit too long for any [`Instant`] is none.
    pub fn with_timeout(self, limit: Duration) -> Self {
        self.node.set_deadline(clock::now_instant().checked_add(limit));
        self
    }

    /// How long the body may take to clean up once it is cancelled; no limit unless said. With
    /// [`Duration::ZERO`] a body that waits in its cleanup is dropped there.
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// The right to cancel it, for others.
    pub fn handle(&self) -> CancelHandle {
        CancelHandle::of(Arc::clone(&self.node))
    }

    /// Cancels it, before it is entered, too: then its body is unwound at its first wait. `false`: it
    /// was cancelled before.
    #[track_caller]
    pub fn cancel(&self, reason: impl Into<Reason>) -> bool {
        self.node.cancel(&reason.into())
    }

    /// When it will be cancelled for want of time.
    pub fn deadline(&self) -> Option<Instant> {
        self.node.deadline()
    }

    /// Moves the deadline, earlier or later; `None`: no deadline. Without effect once the scope is being
    /// cancelled.
    pub fn set_deadline(&self, deadline: Option<Instant>) {
        self.node.set_deadline(deadline);
    }

    /// Whether it was cancelled, by whatever.
    pub fn cancel_called(&self) -> bool {
        self.node.is_cancelled()
    }

    /// Whether it was cancelled, and its body has ended without a value for that.
    pub fn cancelled_caught(&self) -> bool {
        self.node.phase() == Phase::Caught
    }

    /// Runs `body` in the scope.
    ///
    /// # Errors
    /// [`Stopped`], if the scope was cancelled and the body has no value.
    ///
    /// # Panics
    /// When awaited, if the scope was entered before: it has one life, make a new one.
    ///
    /// # Cancel safety
    /// Dropping it drops the body.
    pub fn run<F: Future>(&self, body: F) -> Scoped<F> {
        Scoped {
            target: Target::new(body),
            node: Arc::clone(&self.node),
            location: self.location,
            level: true,
            grace: self.grace,
            seen: 0,
            entered: false,
            is_deadline: false,
            sleep: None,
        }
    }
}

impl Default for CancelScope {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

pin_project! {
    /// The future of [`CancelScope::run`].
    #[derive(Debug)]
    #[must_use = "nothing is run unless it is awaited"]
    pub struct Scoped<F> {
        #[pin]
        target: Target<F>,
        node: Arc<Node>,
        location: &'static Location<'static>,
        level: bool,
        grace: Option<Duration>,
        seen: u32,
        entered: bool,
        is_deadline: bool,
        // Until the deadline; once the scope is cancelled, until the grace is over.
        sleep: Option<Sleep>,
    }

    impl<F> PinnedDrop for Scoped<F> {
        fn drop(this: Pin<&mut Self>) {
            if this.entered {
                this.node.leave(false);
            }
        }
    }
}

impl<F: Future> Scoped<F> {
    /// One that asks once, as a timeout does.
    pub(crate) fn once(node: Arc<Node>, location: &'static Location<'static>, body: F) -> Self {
        Scoped {
            target: Target::new(body),
            node,
            location,
            level: false,
            grace: None,
            seen: 0,
            entered: false,
            is_deadline: false,
            sleep: None,
        }
    }

    #[cold]
    fn refuse(location: &Location<'_>) -> ! {
        panic!(
            "the cancel scope or timeout made at {location} was entered before: it has one life, make \
             a new one for each `run`"
        );
    }
}

/// Whether the scope is to be cancelled, asked where its body waits.
fn trigger(
    context: &mut Context<'_>,
    node: &Arc<Node>,
    seen: &mut u32,
    sleep: &mut Option<Sleep>,
) -> Option<Cause> {
    if let Some(look) = node.look(context.waker(), seen) {
        if let Some(reason) = look.reason {
            return Some(Cause::Handle(reason));
        }
        // A new one whose deadline has passed is over, although it would take a turn.
        if look.deadline.is_some_and(|deadline| deadline <= clock::now_instant()) {
            return Some(Cause::Deadline);
        }
        *sleep = look.deadline.map(sleep_until);
    }
    let has_ended = pin!(sleep.as_mut()?).poll(context).is_ready();
    has_ended.then_some(Cause::Deadline)
}

enum Cause {
    Handle(Reason),
    Deadline,
}

impl<F: Future> Future for Scoped<F> {
    type Output = Result<F::Output, Stopped>;

    /// # Panics
    /// If the scope was entered before, or if polled again after it was ready.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let location = *this.location;
        if !*this.entered {
            if !this.node.enter() {
                Self::refuse(location);
            }
            *this.entered = true;
        }
        let (node, level) = (&*this.node, *this.level);
        // Both may end by themselves: a limit in time, for whoever looks for waits without an end.
        let name = if level { "CancelScope" } else { "Timeout" };
        let about = || (FrameKind::Timeout, name, location);
        let (seen, sleep, is_deadline) = (this.seen, this.sleep, this.is_deadline);
        let polled = this.target.as_mut().poll_recorded(context, about, |context| {
            let reason = match trigger(context, node, seen, sleep)? {
                Cause::Handle(reason) => reason,
                Cause::Deadline => {
                    *is_deadline = true;
                    Reason::from("the deadline has passed").located(location)
                }
            };
            *sleep = None;
            node.expire(&reason);
            Some(Triggered { reason, level })
        });
        let result = match polled {
            Poll::Ready(Ok(value)) => {
                node.leave(false);
                return Poll::Ready(Ok(value));
            }
            Poll::Ready(Err(reason)) => {
                Stopped { reason, is_deadline: *is_deadline, is_dropped: false }
            }
            Poll::Pending => {
                let Some(grace) = *this.grace else { return Poll::Pending };
                if !this.target.is_triggered() {
                    return Poll::Pending;
                }
                let waits = || corio_timer::sleep(grace).placed(location);
                let waits = sleep.get_or_insert_with(waits);
                // Also a grace of zero is pending once: the body hears of the request in the next pass.
                if pin!(waits).poll(context).is_pending() {
                    return Poll::Pending;
                }
                this.target.abandon();
                report_dropped(grace, location);
                let reason = node.reason().unwrap_or_else(|| Reason::from(()).located(location));
                Stopped { reason, is_deadline: *is_deadline, is_dropped: true }
            }
        };
        node.leave(true);
        Poll::Ready(Err(result))
    }
}

#[cold]
fn report_dropped(grace: Duration, location: &Location<'_>) {
    corio_trace::report_error(
        "corio::cancel",
        format_args!(
            "the body of the scope made at {location} was still running {grace:?} after it was \
             cancelled, which is its grace, and was dropped",
        ),
    );
}
