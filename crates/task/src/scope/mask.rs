//! The scope that unwinding waits for.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_trace::book::FrameKind;
use pin_project_lite::pin_project;

use super::site::Site;
use super::tree::Kind;

/// Runs `body` to its end, whatever is cancelled around it meanwhile: unwinding, also that of
/// siblings, waits for it.
///
/// Requests to the task, or to a scope around the mask, reach nothing in it; they are answered at the
/// first wait after it. Scopes within it and their own deadlines work as always. Only dropping the
/// future ends it before: [`Task::abort`](crate::Task::abort), or a `select!` around.
///
/// # Cancel safety
/// Dropping it drops the body.
#[track_caller]
#[inline]
pub fn mask<F: Future>(body: F) -> Mask<F> {
    let location = Location::caller();
    Mask { body, site: Site::new(Kind::Hold), location }
}

pin_project! {
    /// The future of [`mask`].
    #[derive(Debug)]
    #[must_use = "nothing is run unless it is awaited"]
    pub struct Mask<F> {
        #[pin]
        body: F,
        site: Site,
        location: &'static Location<'static>,
    }
}

impl<F: Future> Future for Mask<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if corio_trace::enabled() {
            this.site.enter_record(FrameKind::Mask, "mask", this.location);
        }
        let (polled, _) = this.site.poll(context, false, |context| this.body.poll(context));
        match polled {
            Poll::Ready(_) => this.site.finish(),
            Poll::Pending => this.site.leave_record(),
        }
        polled
    }
}
