//! How many messages one end passes before it lets other tasks run.
//!
//! The leaf's budget in [`corio_base::budget`] asks at each success which poll it is in. A message
//! costs a tenth of a system call, so here an end asks only once for a ration of
//! [`READY_PER_POLL_MAX`] messages: if the last ration was handed out in this very poll, the task
//! yields. So a poll passes at most two rations.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};

use corio_base::budget::READY_PER_POLL_MAX;
use corio_base::current;

/// The ration of one end.
#[derive(Debug, Default)]
pub(crate) struct Ration {
    left: AtomicU32,
    poll: AtomicU64,
}

impl Ration {
    /// What is left of a ration, for [`Ration::spend_of`]. If it is 0, [`Ration::poll_available`] may
    /// hand out another.
    #[inline]
    pub(crate) fn left(&self) -> u32 {
        // Relaxed, here and below: a count that threads which share an end may lose, no more.
        self.left.load(Ordering::Relaxed)
    }

    /// One message has passed, when `left` were left, which is not 0.
    #[inline]
    pub(crate) fn spend_of(&self, left: u32) {
        self.left.store(left.wrapping_sub(1), Ordering::Relaxed);
    }

    /// Whether one more message may pass in this poll. `Pending`: the task has been woken, return.
    #[inline]
    pub(crate) fn poll_available(&self, context: &Context<'_>) -> Poll<()> {
        if self.left() > 0 { Poll::Ready(()) } else { self.refill(context) }
    }

    /// One message has passed.
    #[inline]
    pub(crate) fn spend(&self) {
        self.left.store(self.left().saturating_sub(1), Ordering::Relaxed);
    }

    #[cold]
    #[inline(never)]
    fn refill(&self, context: &Context<'_>) -> Poll<()> {
        let number = current::poll_number();
        // Outside any loop there are no polls to tell apart, and nothing is limited.
        if number != 0 && self.poll.swap(number, Ordering::Relaxed) == number {
            self.poll.store(0, Ordering::Relaxed);
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.left.store(READY_PER_POLL_MAX as u32, Ordering::Relaxed);
        Poll::Ready(())
    }
}
