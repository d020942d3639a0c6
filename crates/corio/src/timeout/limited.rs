//! A body with a timer: what the timeouts of this module are made of.
//!
//! Not for deadlines that move: those are [`crate::cancel::Scoped`]'s, which has a place that others
//! can reach.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use corio_base::clock;
use corio_task::{Reason, Target, Triggered};
use corio_timer::{Sleep, sleep, sleep_until};
use corio_trace::book::FrameKind;
use pin_project_lite::pin_project;

/// When the body's time is over. The timer begins where the body first waits: one that is ready before
/// pays for none.
#[derive(Debug)]
pub(super) enum When {
    /// So long after the first wait.
    After(Duration),
    At(Instant),
    /// Counting.
    Waiting(Sleep),
    /// Not at all, or no more.
    Never,
}

impl When {
    /// Whether it is over, asked where the body waits. The sleep is shown at `place`, which is the user's.
    fn is_over(&mut self, place: &'static Location<'static>, context: &mut Context<'_>) -> bool {
        let sleep = match self {
            When::Never => return false,
            When::Waiting(sleep) => return Pin::new(sleep).poll(context).is_ready(),
            When::After(Duration::ZERO) => return true,
            When::After(limit) => sleep(*limit),
            // The loop has looked at its clock when the turn began; what has passed since is over, too.
            When::At(deadline) if *deadline <= clock::now_instant() => return true,
            When::At(deadline) => sleep_until(*deadline),
        };
        let mut sleep = sleep.placed(place);
        let is_over = Pin::new(&mut sleep).poll(context).is_ready();
        *self = When::Waiting(sleep);
        is_over
    }
}

pin_project! {
    #[derive(Debug)]
    pub(super) struct Limited<F> {
        #[pin]
        target: Target<F>,
        when: When,
        location: &'static Location<'static>,
    }
}

impl<F: Future> Limited<F> {
    #[inline]
    pub(super) fn new(when: When, location: &'static Location<'static>, body: F) -> Self {
        Limited { target: Target::new(body), when, location }
    }

    /// Whether its time is over before it begins.
    pub(super) fn has_no_time(&self) -> bool {
        matches!(self.when, When::After(Duration::ZERO))
    }

    /// Drops the body, which was not begun.
    pub(super) fn refuse(self: Pin<&mut Self>) {
        self.project().target.abandon();
    }

    /// Polls the body, and asks it to unwind when its time is over: once, or, with `level`, until it
    /// does. `name` is what people know it by.
    #[inline]
    pub(super) fn poll_limited(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        level: bool,
        name: &'static str,
    ) -> Poll<Result<F::Output, Reason>> {
        let this = self.project();
        let (when, location) = (this.when, *this.location);
        let about = || (FrameKind::Timeout, name, location);
        this.target.poll_recorded(context, about, |context| {
            if !when.is_over(location, context) {
                return None;
            }
            // The timer is of no more use.
            *when = When::Never;
            Some(triggered(location, level))
        })
    }
}

#[cold]
fn triggered(location: &'static Location<'static>, level: bool) -> Triggered {
    Triggered { reason: Reason::from("timed out").located(location), level }
}
