//! The scope that stops unwinding.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_trace::book::FrameKind;
use corio_trace::disarm;
use pin_project_lite::pin_project;

use super::site::Site;
use super::tree::Kind;
use crate::guard::Cancelled;

/// Runs `body`; if the task, or a scope around, is cancelled meanwhile, drops it and gives a guard
/// instead, with which the caller cleans up and goes on unwinding.
///
/// The body is dropped only where it waits: what it has got by then it keeps, and a value that was
/// ready is returned. Bodies that are ready at once cost a few nanoseconds more than without.
///
/// # Cancel safety
/// Dropping it drops the body.
#[track_caller]
#[inline]
pub fn catch<F: Future>(body: F) -> Catch<F> {
    Catch { body: Some(body), site: Site::new(Kind::Catch), location: Location::caller() }
}

pin_project! {
    /// The future of [`catch`].
    #[derive(Debug)]
    #[must_use = "nothing is run or caught unless it is awaited"]
    pub struct Catch<F> {
        // Dropped before the site: what is in the body leaves the tree first.
        #[pin]
        body: Option<F>,
        site: Site,
        location: &'static Location<'static>,
    }
}

impl<F: Future> Future for Catch<F> {
    type Output = Result<F::Output, Cancelled>;

    /// # Panics
    /// If polled again after it was ready.
    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(body) = this.body.as_mut().as_pin_mut() else {
            panic!("a `catch` was polled after it had given its result");
        };
        if corio_trace::enabled() {
            this.site.enter_record(FrameKind::Catch, "catch", this.location);
        }
        let (polled, visit) = this.site.poll(context, false, |context| body.poll(context));
        if let Poll::Ready(value) = polled {
            this.site.finish();
            return Poll::Ready(Ok(value));
        }
        this.site.leave_record();
        if !visit.slow {
            return Poll::Pending;
        }
        let requests = this.site.takeable();
        if requests.is_empty() {
            return Poll::Pending;
        }
        let Some(cancelled) = this.site.take(&requests) else {
            unreachable!("a scope that has to decide stands in the tree");
        };
        // Guards in the body go on unwinding with this, and come together in the new one. If the drop
        // panics, the new one goes on unwinding.
        let _disarmed = disarm::guard();
        this.body.set(None);
        this.site.leave_taken(cancelled.id());
        Poll::Ready(Err(cancelled))
    }
}
