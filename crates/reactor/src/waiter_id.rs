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

    /// Which direction it waits for.
    #[inline]
    pub const fn direction(self) -> Direction {
        if self.0 & WRITES == 0 { Direction::Read } else { Direction::Write }
    }

    /// Whether it is a future that has waited, and so has to be forgotten when it is dropped.
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
