//! The readiness word of one descriptor.
//!
//! ```text
//!  word:  | tick ...                          | WAITED | AT_EAGAIN | SHUT_DOWN | Ready: 6 flags |
//!
//!                    1 set: flags in, tick + 1
//!    not ready ────────────────────────────────▶ ready
//!        ▲                                         │ │
//!        │   2 clear: tick as seen, flags out      │ │ 3 clear: the tick has moved on;
//!        └─────────────────────────────────────────┘ └──▶ ready, try again
//!
//!    any ──4 shut_down──▶ shut down, for good
//! ```
//!
//! **The race.** The system tells of an edge once. A reader finds the descriptor ready, reads, gets
//! `WouldBlock`; before it can write down "not ready", data comes and the reactor, on another
//! thread, writes down "ready" (edge 1). Clearing now would lose that edge for good.
//!
//! **Why it cannot happen.** Every edge moves the tick. The reader clears with the [`Snapshot`] it
//! took *before* its attempt; if the tick has moved, [`ReadyState::clear`] changes nothing (edge 3) and
//! the reader tries again. An edge that the system has yet to tell comes as edge 1 later and wakes.
//!
//! **A short read** (fewer bytes than asked for) of a stream says that the queue was empty at that
//! moment, as `WouldBlock` does, and costs no second system call ([`ReadyState::clear_after_short`]).
//! It says nothing where something else than an empty queue may have ended it: the end of the
//! stream (`READ_CLOSED`), the urgent mark (`PRIORITY`), an error. Then no further edge need come,
//! and only `WouldBlock` clears. A driver that does not tell these apart sets `AT_EAGAIN` for good. What no
//! driver tells of, a message that ends a read, or descriptors that a Unix socket's peer has passed, who reads
//! has to know ([`After`](crate::After)).
//!
//! **Whether anybody waited** stands in the same word (`WAITED`, set by the first waiter), so that an edge of
//! a descriptor that has none takes no lock. Both are read-modify-writes of one word, so one is first: either
//! `set` finds the mark and looks for the waiter, or `mark_waited` finds the edge and nobody waits. A
//! descriptor that comes to be watched ([`crate::WatchList`]) while nobody waits has the mark taken away: its
//! edges then go to its list alone, until somebody sets the mark anew.

use corio_base::loom::sync::atomic::{AtomicUsize, Ordering};

use crate::ready::{Direction, Ready};

const READY_MASK: usize = 0x3f;
/// The reactor or the registration is gone.
const SHUT_DOWN: usize = 1 << 6;
/// Only `WouldBlock` says that the descriptor is drained.
const AT_EAGAIN: usize = 1 << 7;
/// There was a waiter once: whoever sets the word has to look for one.
const WAITED: usize = 1 << 8;
/// The tick fills the rest of the word. It wraps: 2^55 edges between a reader's attempt and its
/// clear (2^23 on 32-bit systems, still seconds of edges at a million a second) do not happen.
const TICK_ONE: usize = 1 << 9;
const TICK_MASK: usize = !(TICK_ONE - 1);

/// When a descriptor counts as drained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// At `WouldBlock`, and after a short operation whose end nothing else explains.
    AfterShort,
    /// At `WouldBlock` alone.
    AtWouldBlock,
}

/// What the word said at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot(usize);

impl Snapshot {
    /// The flags.
    #[inline]
    pub fn ready(self) -> Ready {
        Ready((self.0 & READY_MASK) as u8)
    }

    /// Whether `direction` is worth an attempt, or has ended: its waiters need not wait.
    #[inline]
    pub fn ends_wait(self, direction: Direction) -> bool {
        self.0 & (Ready::of(direction).0 as usize | SHUT_DOWN) != 0
    }

    /// Whether `direction` is worth an attempt, and has not ended.
    #[inline]
    pub(crate) fn is_worth_a_try(self, direction: Direction) -> bool {
        self.0 & (Ready::of(direction).0 as usize | SHUT_DOWN) == Ready::of(direction).0 as usize
    }

    /// Whether the registration or its reactor is gone.
    #[inline]
    pub fn is_shut_down(self) -> bool {
        self.0 & SHUT_DOWN != 0
    }

    /// Whether somebody may wait for the descriptor.
    #[inline]
    pub(crate) fn was_waited_for(self) -> bool {
        self.0 & WAITED != 0
    }
}

/// What became of a clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Cleared {
    /// The direction is not ready any more: wait.
    Wait,
    /// An edge came in between: try again.
    TryAgain,
}

/// The readiness word.
#[derive(Debug)]
pub struct ReadyState(AtomicUsize);

impl ReadyState {
    /// A descriptor that is known to be `ready` now.
    pub fn new(ready: Ready, drained: Drained) -> Self {
        let careful = if drained == Drained::AtWouldBlock { AT_EAGAIN } else { 0 };
        ReadyState(AtomicUsize::new(ready.0 as usize | careful))
    }

    /// What the word says now.
    #[inline]
    pub fn load(&self) -> Snapshot {
        // Acquire: pairs with the Release in `set`; what the reactor's thread did before the edge
        // is seen by who acts on it.
        Snapshot(self.0.load(Ordering::Acquire))
    }

    /// The first waiter marks the word, and gets what it says then.
    #[cold]
    pub(crate) fn mark_waited(&self) -> Snapshot {
        // AcqRel: Acquire as in `load`; Release, so that the `set` that finds the mark comes after it in
        // the eyes of the lock, too.
        Snapshot(self.0.fetch_or(WAITED, Ordering::AcqRel) | WAITED)
    }

    /// Takes the mark away: under the lock of the waiters, when there is none.
    #[cold]
    pub(crate) fn unmark_waited(&self) {
        // Relaxed: the lock orders this and every mark, and an edge that still finds the mark looks for a
        // waiter in vain.
        self.0.fetch_and(!WAITED, Ordering::Relaxed);
    }

    /// Edge 1: the system told of `ready`. What the word said before.
    #[inline]
    pub fn set(&self, ready: Ready) -> Snapshot {
        let add = |word: usize| (word | ready.0 as usize).wrapping_add(TICK_ONE);
        let mut word = self.0.load(Ordering::Relaxed);
        // Release: pairs with the Acquire in `load`. Acquire is not needed: nothing is read here, and
        // what WAITED leads to is under a lock.
        while let Err(now) =
            self.0.compare_exchange_weak(word, add(word), Ordering::Release, Ordering::Relaxed)
        {
            word = now;
        }
        Snapshot(word)
    }

    /// Edges 2 and 3: an attempt made after `seen` found `direction` blocked.
    #[inline]
    pub fn clear(&self, direction: Direction, seen: Snapshot) -> Cleared {
        let flags = match direction {
            Direction::Read => Ready::READABLE | Ready::READ_CLOSED | Ready::PRIORITY,
            Direction::Write => Ready::WRITABLE | Ready::WRITE_CLOSED,
        } | Ready::ERROR;
        let mut word = seen.0;
        loop {
            if (word ^ seen.0) & TICK_MASK != 0 || word & SHUT_DOWN != 0 {
                return Cleared::TryAgain;
            }
            // AcqRel: Release keeps the attempt before the clear in the eyes of the next `set`;
            // Acquire on failure pairs with the Release of the `set` that came in between.
            match self.0.compare_exchange_weak(
                word,
                word & !(flags.0 as usize),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Cleared::Wait,
                Err(now) => word = now,
            }
        }
    }

    /// Edge 2, after an operation that moved fewer bytes than asked, if that proves anything: `TryAgain`
    /// if it does not.
    #[inline]
    pub fn clear_after_short(&self, direction: Direction, seen: Snapshot) -> Cleared {
        let doubt = match direction {
            Direction::Read => Ready::READ_CLOSED | Ready::PRIORITY | Ready::ERROR,
            Direction::Write => Ready::WRITE_CLOSED | Ready::ERROR,
        };
        if seen.0 & (AT_EAGAIN | doubt.0 as usize) == 0 {
            return self.clear(direction, seen);
        }
        Cleared::TryAgain
    }

    /// Edge 4: nothing more will be told, and no clear succeeds any more.
    pub fn shut_down(&self) {
        // AcqRel: as `set`; Acquire for whoever takes the waiters after it.
        self.0.fetch_or(SHUT_DOWN, Ordering::AcqRel);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn edge_1_set_and_2_clear() {
        let state = ReadyState::new(Ready::EMPTY, Drained::AfterShort);
        assert!(!state.load().ends_wait(Direction::Read));
        state.set(Ready::READABLE);
        let seen = state.load();
        assert!(seen.ends_wait(Direction::Read) && !seen.ends_wait(Direction::Write));
        assert_eq!(state.clear(Direction::Read, seen), Cleared::Wait);
        assert!(!state.load().ends_wait(Direction::Read));
    }

    #[test]
    fn edge_3_clear_after_the_tick_moved_changes_nothing() {
        let state = ReadyState::new(Ready::READABLE, Drained::AfterShort);
        let seen = state.load();
        state.set(Ready::READABLE);
        assert_eq!(state.clear(Direction::Read, seen), Cleared::TryAgain);
        assert!(state.load().ends_wait(Direction::Read));
    }

    #[test]
    fn clearing_one_direction_leaves_the_other() {
        let state = ReadyState::new(Ready::READABLE | Ready::WRITABLE, Drained::AfterShort);
        let seen = state.load();
        assert_eq!(state.clear(Direction::Read, seen), Cleared::Wait);
        assert_eq!(state.load().ready(), Ready::WRITABLE);
        // The other direction's clear, with a snapshot from before, still counts: no edge came.
        assert_eq!(state.clear(Direction::Write, seen), Cleared::Wait);
        assert_eq!(state.load().ready(), Ready::EMPTY);
    }

    #[test]
    fn a_short_read_proves_nothing_when_something_else_may_have_ended_it() {
        for doubt in [Ready::READ_CLOSED, Ready::PRIORITY, Ready::ERROR] {
            let state = ReadyState::new(Ready::READABLE | doubt, Drained::AfterShort);
            let _ = state.clear_after_short(Direction::Read, state.load());
            assert!(state.load().ends_wait(Direction::Read), "{doubt:?}");
        }
        let state = ReadyState::new(Ready::READABLE, Drained::AtWouldBlock);
        let _ = state.clear_after_short(Direction::Read, state.load());
        assert!(state.load().ends_wait(Direction::Read));

        let state = ReadyState::new(Ready::READABLE | Ready::WRITE_CLOSED, Drained::AfterShort);
        let _ = state.clear_after_short(Direction::Read, state.load());
        assert!(!state.load().ends_wait(Direction::Read));
    }

    #[test]
    fn edge_4_shut_down_ends_every_wait_for_good() {
        let state = ReadyState::new(Ready::EMPTY, Drained::AfterShort);
        state.shut_down();
        let seen = state.load();
        assert!(seen.is_shut_down());
        assert_eq!(state.clear(Direction::Write, seen), Cleared::TryAgain);
        assert!(state.load().ends_wait(Direction::Write));
    }
}
