//! A name for a future, in stacks and graphs.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_trace::book::{Frame, FrameKind};
use pin_project_lite::pin_project;

/// Gives `future` a name in stacks and call graphs: for futures of other libraries, and for stretches of
/// code that deserve one. What it waits for is shown below that name.
///
/// ```
/// use corio::debug;
///
/// let answer = corio::run(debug::scope("answer", async { 42 }));
/// assert_eq!(answer, 42);
/// ```
///
/// # Cancel safety
/// That of `future`.
#[track_caller]
#[inline]
pub fn scope<F: Future>(name: &'static str, future: F) -> InScope<F> {
    InScope { future, frame: Frame::new(), name, place: Location::caller() }
}

pin_project! {
    /// The future of [`scope`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited"]
    pub struct InScope<F> {
        // Dropped before its frame: what it waits for is below that.
        #[pin]
        future: F,
        frame: Frame,
        name: &'static str,
        place: &'static Location<'static>,
    }
}

impl<F: Future> Future for InScope<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (name, place) = (*this.name, *this.place);
        let _entered = this.frame.enter(|| (FrameKind::Scope, name, place));
        this.future.poll(context)
    }
}
