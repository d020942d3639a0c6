//! A future that knows where it was made, and says so if nobody ever polls it: what
//! `#[corio::coroutine]` wraps a function's future in.
//!
//! ```text
//!   new ──▶ never polled ──1 poll──▶ polled
//!                │                      └─2 drop──▶ nothing is said
//!                └─3 drop──▶ "coroutine 'f' was never awaited", unless it is dropped rightly
//! ```
//!
//! Edge 3 is silent in [`crate::disarm`]'s sense, while a panic unwinds the thread, and with the switch
//! off. While it is polled it is a [frame](crate::book::Frame) of its task, so that stacks show it. It is
//! never more than its future in any other way: neither boxed nor `'static`, `Send` where that is.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::book::{Frame, FrameKind};
use crate::disarm::{self, Enters, Leaves};
use crate::undone;

pin_project! {
    /// The future of a function that is marked as a coroutine.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited"]
    pub struct Coroutine<F> {
        // Dropped first: what is in the future is dropped rightly, or this has spoken for it.
        origin: Origin,
        enters: Enters,
        #[pin]
        future: F,
        leaves: Leaves,
        frame: Frame,
    }
}

impl<F: Future> Coroutine<F> {
    /// `future`, which the function called `name` has made for whoever called it at `place`.
    ///
    /// ```
    /// use std::panic::Location;
    /// use corio_trace::coroutine::Coroutine;
    ///
    /// #[track_caller]
    /// fn add(left: u32, right: u32) -> impl Future<Output = u32> {
    ///     Coroutine::new(&"add", Location::caller(), async move { left + right })
    /// }
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # assert!(std::pin::pin!(add(1, 2)).poll(&mut context).is_ready());
    /// ```
    #[inline]
    pub fn new(
        name: &'static &'static str,
        place: &'static Location<'static>,
        future: F,
    ) -> Coroutine<F> {
        let origin = Origin { name, place, polled: false };
        Coroutine { origin, enters: Enters, future, leaves: Leaves, frame: Frame::new() }
    }
}

impl<F: Future> Future for Coroutine<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // Edge 1.
        this.origin.polled = true;
        let Origin { name, place, .. } = *this.origin;
        let _entered = this.frame.enter(|| (FrameKind::Coroutine, *name, place));
        this.future.poll(context)
    }
}

/// What is known of the call that made it. A thin pointer to the name: futures are moved about.
#[derive(Debug)]
struct Origin {
    name: &'static &'static str,
    place: &'static Location<'static>,
    polled: bool,
}

impl Drop for Origin {
    #[inline]
    fn drop(&mut self) {
        if !self.polled && crate::enabled() {
            warn(self.name, self.place);
        }
    }
}

/// Edge 3.
#[cold]
#[inline(never)]
fn warn(name: &str, place: &'static Location<'static>) {
    undone::warn(["coroutine", "Coroutine"], format_args!("{name}"), "was never awaited", place);
}

/// Whether nobody is wrong who drops something undone here.
pub(crate) fn is_excused() -> bool {
    disarm::is_disarmed() || std::thread::panicking()
}
