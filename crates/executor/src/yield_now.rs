//! Giving way for one turn.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_base::current;
use corio_trace::{Wait, WaitKind};

/// Lets every other task that is ready run, once, before this one goes on: exactly one turn of the
/// loop, as asyncio's `sleep(0)`.
///
/// # Cancel safety
/// Dropped, it has no effect.
///
/// ```
/// # use corio_executor::{Executor, yield_now};
/// # let executor = Executor::new(corio_base::park::ThreadPark::new());
/// executor.block_on(async {
///     yield_now().await;
/// });
/// ```
#[inline]
#[track_caller]
pub fn yield_now() -> YieldNow {
    YieldNow { place: Location::caller(), yielded: false }
}

/// The future of [`yield_now`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct YieldNow {
    place: &'static Location<'static>,
    yielded: bool,
}

impl YieldNow {
    #[cold]
    fn record(&self) {
        let (kind, place) = (WaitKind::Yield, self.place);
        corio_trace::record(&Wait { kind, object: 0, owner: None, place });
    }
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // A task that is asked to unwind may be polled several times in one turn.
        if self.yielded && !current::is_again() {
            return Poll::Ready(());
        }
        self.yielded = true;
        context.waker().wake_by_ref();
        // Over within a turn: a note for this poll, and no record of its own.
        if corio_trace::enabled() {
            self.record();
        }
        Poll::Pending
    }
}
