//! One registered descriptor: its readiness word, its waiters, its budgets.
//!
//! The registry and the descriptor's [`Io`](crate::Io) share it. It is small on purpose: a server
//! holds one per idle connection.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use corio_base::WakeBatch;
use corio_base::budget::Budget;

use crate::reactor::Shared;
use crate::ready::{Direction, Ready};
use crate::registry::Key;
use crate::state::{Drained, ReadyState, Snapshot};
use crate::waiter_id::WaiterId;
use crate::waiters::Waiters;

/// The word and the waiters: what a wait needs, and all that a loom model has to see.
#[derive(Debug)]
pub struct Waitable {
    /// The readiness word.
    pub state: ReadyState,
    waiters: Waiters,
}

impl Waitable {
    /// A descriptor known to be `ready` for which nobody waits.
    pub fn new(ready: Ready, drained: Drained) -> Self {
        Waitable { state: ReadyState::new(ready, drained), waiters: Waiters::new() }
    }

    /// What the word says if it ends the wait of `id`; otherwise `waker` has been stored. `is_first` is set
    /// if nobody waited before: whoever tells of edges may not have told the word so far.
    #[inline]
    pub fn poll_ready(
        &self,
        id: &mut WaiterId,
        waker: &Waker,
        is_first: &mut bool,
    ) -> Poll<Snapshot> {
        let direction = id.direction();
        let mut seen = self.state.load();
        if seen.ends_wait(direction) {
            return Poll::Ready(seen);
        }
        let waits = self.waiters.register(id, waker, || {
            seen = self.state.load();
            if !seen.was_waited_for() && !seen.ends_wait(direction) {
                seen = self.state.mark_waited();
                *is_first = true;
            }
            seen.ends_wait(direction)
        });
        if waits { Poll::Pending } else { Poll::Ready(seen) }
    }

    /// Takes in what the system told: sets the word, then moves the waiters of `wakes` to `batch`.
    #[inline]
    pub fn deliver(&self, ready: Ready, wakes: Ready, batch: &mut WakeBatch) {
        if self.state.set(ready).was_waited_for() {
            self.waiters.take(wakes, batch);
        }
    }

    /// As if nobody had ever waited, if nobody does now. `false`: somebody does.
    ///
    /// **The race**: somebody begins to wait. It marks the word under the waiters' lock, as the mark is taken
    /// away: so it is found here, or it finds no mark and is the first again.
    #[must_use]
    pub fn forget_waits(&self) -> bool {
        self.waiters.if_none(|| self.state.unmark_waited())
    }

    /// Ends all waits for good.
    pub fn shut_down(&self, batch: &mut WakeBatch) {
        self.state.shut_down();
        self.waiters.take(Ready::READABLE | Ready::WRITABLE, batch);
    }

    /// Forgets the future `id`.
    pub fn remove(&self, id: WaiterId) {
        self.waiters.remove(id);
    }
}

/// One registered descriptor.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) waitable: Waitable,
    budgets: [Budget; 2],
    pub(crate) key: Key,
    /// Where it is registered. A circle, through the registry, until it is deregistered.
    pub(crate) shared: Arc<Shared>,
}

// With the two counts of its Arc and the allocator's header it fits a block of 128 bytes.
#[cfg(all(not(loom), target_pointer_width = "64"))]
const _: () = assert!(size_of::<Source>() + 16 <= 120);

impl Source {
    pub(crate) fn new(key: Key, ready: Ready, shared: Arc<Shared>) -> Self {
        let drained = shared.drained();
        Source {
            waitable: Waitable::new(ready, drained),
            budgets: [Budget::new(), Budget::new()],
            key,
            shared,
        }
    }

    pub(crate) fn poll_ready(
        &self,
        id: &mut WaiterId,
        context: &Context<'_>,
    ) -> Poll<io::Result<Snapshot>> {
        let mut is_first = false;
        let poll = self.waitable.poll_ready(id, context.waker(), &mut is_first);
        if is_first {
            // After the waker was stored, and without the waiters' lock: what this brings wakes it.
            self.shared.speak_up(self.key);
        }
        poll.map(|seen| if seen.is_shut_down() { Err(ended()) } else { Ok(seen) })
    }

    #[inline]
    pub(crate) fn budget(&self, direction: Direction) -> &Budget {
        &self.budgets[direction.index()]
    }

    /// Calls `f` with what somebody waits for; see [`Waiters::with_interest`].
    pub(crate) fn with_interest<R>(&self, f: impl FnOnce(Ready) -> R) -> R {
        self.waitable.waiters.with_interest(f)
    }
}

/// The error of every wait after the reactor has gone.
#[cold]
pub(crate) fn ended() -> io::Error {
    io::Error::other(
        "the event loop that this descriptor was registered with has ended; \
         create the descriptor inside a loop that is still running",
    )
}

/// The error of a wait that only the process which this one is a copy of can have.
#[cold]
pub(crate) fn copied() -> io::Error {
    io::Error::other(
        "this process is a copy, made by `fork`, of the one whose event loop this is, and must not take \
         its events: make a new event loop here, or call `exec` or `_exit` after the fork",
    )
}
