//! Tells the waiters of one descriptor apart.
//!
//! A future may be woken and then, never polled again, kept for years before it is dropped and says
//! "forget me". Its number must not have become another's by then, so numbers have 62 bits and are
//! given once in a process. A thread takes them in blocks, so that threads do not meet at a counter
//! each time somebody waits.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::ready::Direction;

/// The highest bit: what is waited for.
const WRITES: u64 = 1 << 63;
/// A future that has not waited yet.
const NEW: u64 = 0;
/// All poll forms of a direction together.
const POLL_FORM: u64 = 1;

/// A future that does something, and that nobody has polled: told of if it is dropped. Only in debug mode,
/// and never among the waiters.
const UNDONE: u64 = 2;

/// Numbers a thread takes at a time: one meeting at the counter in 65 536 waits.
const BLOCK: u64 = 1 << 16;

/// One waiter of a descriptor, and which direction it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaiterId(u64);

impl WaiterId {
    /// A future that has not waited yet; it gets its number when it does.
    #[inline]
    pub const fn new(direction: Direction) -> Self {
        WaiterId(NEW | Self::bit(direction))
    }

    /// All poll forms of a direction together.
    #[inline]
    pub const fn poll_form(direction: Direction) -> Self {
        WaiterId(POLL_FORM | Self::bit(direction))
    }

    /// A future that does something: as [`WaiterId::new`], but for debug mode, where it is
    /// [undone](WaiterId::is_undone) until it is [begun](WaiterId::begin).
    #[inline]
    pub(crate) fn of_action(direction: Direction) -> Self {
        let number = if corio_trace::enabled() { UNDONE } else { NEW };
        WaiterId(number | Self::bit(direction))
    }

    /// Whether nobody has polled it, and that is to be told.
    #[inline]
    pub(crate) const fn is_undone(self) -> bool {
        self.0 & !WRITES == UNDONE
    }

    /// It is polled: one that was undone is new now.
    #[inline]
    pub(crate) const fn begin(&mut self) {
        if self.is_undone() {
            self.0 &= WRITES;
        }
    }

    /// Which direction it waits for.
    #[inline]
    pub const fn direction(self) -> Direction {
        if self.0 & WRITES == 0 { Direction::Read } else { Direction::Write }
    }

    /// Whether it is a future that has waited, and so has to be forgotten when it is dropped; or one that
    /// is undone, which says so.
    #[inline]
    pub(crate) const fn is_numbered(self) -> bool {
        !self.is_new() && !self.is_poll_form()
    }

    /// Whether it is a future that never waited.
    #[inline]
    pub const fn is_new(self) -> bool {
        self.0 & !WRITES == NEW
    }

    /// Whether it stands for the poll forms.
    #[inline]
    pub(crate) const fn is_poll_form(self) -> bool {
        self.0 & !WRITES == POLL_FORM
    }

    /// Gives a new future its number; all others keep theirs.
    #[inline]
    pub(crate) fn number(&mut self) {
        if self.is_new() {
            self.0 |= next_number();
        }
    }

    #[inline]
    const fn bit(direction: Direction) -> u64 {
        match direction {
            Direction::Read => 0,
            Direction::Write => WRITES,
        }
    }
}

std::thread_local! {
    /// The next number of this thread's block; at a multiple of [`BLOCK`] there is none left.
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

#[inline]
fn next_number() -> u64 {
    NEXT.with(|next| {
        let number = if next.get() % BLOCK == 0 { take_block() } else { next.get() };
        next.set(number + 1);
        number
    })
}

/// The first number of a new block.
#[cold]
fn take_block() -> u64 {
    // Std's atomic also under loom: the numbers are no part of what a model explores. The first
    // block begins behind the numbers that have a meaning.
    static BLOCKS: AtomicU64 = AtomicU64::new(1);
    BLOCKS.fetch_add(1, Ordering::Relaxed) * BLOCK + 1
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_begun_is_new() {
        for direction in [Direction::Read, Direction::Write] {
            let mut id = WaiterId(UNDONE | WaiterId::bit(direction));
            assert!(id.is_undone() && id.is_numbered() && !id.is_new());
            id.begin();
            assert_eq!(id, WaiterId::new(direction));
            id.number();
            let numbered = id;
            id.begin();
            assert_eq!(id, numbered);
        }
    }

    #[test]
    fn numbers_are_given_once_and_keep_their_direction() {
        let number_some = || {
            (0..2 * BLOCK).map(|_| {
                let mut id = WaiterId::new(Direction::Write);
                assert!(id.is_new());
                id.number();
                assert!(!id.is_new() && !id.is_poll_form());
                assert_eq!(id.direction(), Direction::Write);
                id.0
            })
        };
        let other = std::thread::spawn(move || number_some().collect::<Vec<_>>());
        let mut all: Vec<_> = number_some().collect();
        all.extend(other.join().unwrap());
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
