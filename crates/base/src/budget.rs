//! How often one leaf may be ready within one poll of its task.
//!
//! A task that reads a socket whose peer writes faster than it reads would never come back to its
//! loop: each read is ready at once. So a leaf that can be ready for ever counts, and after
//! [`READY_PER_POLL_MAX`] times within one poll asks the task to yield (wakes it and says
//! `Pending`). The count is the leaf's own, not the task's: `join_all` over ten thousand sockets
//! polls each of them once, no leaf reaches its limit, and nothing is polled twice for the budget's
//! sake. Outside a corio loop there are no polls to tell apart and nothing is limited.

use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use crate::current;

/// How often a leaf may be ready in one poll. A ready system call costs 0.2 to 1 µs, so a task that
/// never waits gives way after some 30 to 130 µs; one yield in 128 costs a leaf less than 1 %.
pub const READY_PER_POLL_MAX: u64 = 128;

/// The count of one leaf (one direction of one socket, one channel end).
#[derive(Debug, Default)]
pub struct Budget {
    /// The poll's number, times 256, plus how often the leaf was ready in it.
    word: AtomicU64,
}

impl Budget {
    /// A leaf that has not been ready yet.
    pub const fn new() -> Self {
        Budget { word: AtomicU64::new(0) }
    }

    /// Asks whether the leaf may be ready once more in this poll. `Pending`: it may not, the task has
    /// been woken, return `Pending`.
    ///
    /// Counts nothing if the leaf turns out not to be ready: call it before the attempt, and
    /// [`Budget::spend`] after a success.
    #[inline]
    pub fn poll_available(&self, context: &mut Context<'_>) -> Poll<()> {
        let number = current::poll_number();
        let word = self.word.load(Ordering::Relaxed);
        if number == 0 || word >> 8 != number & (u64::MAX >> 8) || word & 0xff < READY_PER_POLL_MAX
        {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Counts one success.
    #[inline]
    pub fn spend(&self) {
        let number = current::poll_number();
        if number == 0 {
            return;
        }
        let word = self.word.load(Ordering::Relaxed);
        let next = if word >> 8 == number & (u64::MAX >> 8) { word + 1 } else { number << 8 | 1 };
        // A plain store: two threads at one leaf may lose a count, never more than that.
        self.word.store(next, Ordering::Relaxed);
    }
}
