//! [`Edges`]: what the owner of a list has been told of one descriptor, and has not used up.
//!
//! ```text
//!                 1 add: what the list told
//!   not worth a try ──────────────────────▶ worth a try ──┐ 2 used_up: the end of the short read
//!          ▲                                  │       ▲   │   may have another reason
//!          ├── 2 used_up: a short read ───────┤       └───┘
//!          └── 3 blocked: it would block ─────┘
//! ```
//!
//! The word of a descriptor (`state`) is written by the reactor and cleared by whoever tries, on any
//! threads: two operations with the processor's lock for each edge. A watched descriptor has one owner, who
//! takes its edges from the list, by value. So here are plain bits, and what the word's tick guards against
//! cannot happen: an edge that comes during an attempt is in a list that nobody has taken yet.
//!
//! Where each wait has to be armed, the word is used all the same, and here it says so.

use std::cell::Cell;
use std::io;
use std::ops::BitOrAssign;
use std::task::Poll;

use crate::io::After;
use crate::ready::{Direction, Ready};
use crate::state::Drained;
use crate::watch::Tried;

const READY_MASK: u16 = 0x3f;
/// The reactor is gone.
const ENDED: u16 = 1 << 6;
/// Only `WouldBlock` says that the descriptor is drained.
const AT_EAGAIN: u16 = 1 << 7;
/// The descriptor's word knows, not this.
const BY_WORD: u16 = 1 << 8;

/// What a list says of one descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told(u8);

impl Told {
    /// Nothing new: for whoever gives a turn for a reason of its own.
    pub const NOTHING: Told = Told(0);

    pub(crate) const ENDED: Told = Told(ENDED as u8);

    /// It is `ready`.
    #[inline]
    pub const fn of(ready: Ready) -> Told {
        Told(ready.0)
    }
}

impl BitOrAssign for Told {
    #[inline]
    fn bitor_assign(&mut self, other: Told) {
        self.0 |= other.0;
    }
}

/// What is known of a descriptor that one owner watches: made by [`Io::watch`](crate::Io::watch), kept by
/// the owner beside the descriptor, given to [`Io::try_watched`](crate::Io::try_watched).
#[derive(Debug)]
pub struct Edges(Cell<u16>);

impl Default for Edges {
    /// Of one that is not watched.
    fn default() -> Edges {
        Edges(Cell::new(BY_WORD))
    }
}

impl Edges {
    /// Of one that is known to be `ready`.
    #[doc(hidden)]
    pub const fn new(ready: Ready, drained: Drained, arms: bool) -> Edges {
        let careful = if matches!(drained, Drained::AtWouldBlock) { AT_EAGAIN } else { 0 };
        Edges(Cell::new(if arms { BY_WORD } else { ready.0 as u16 | careful }))
    }

    /// Edge 1: what the list told.
    #[inline]
    pub fn add(&self, told: Told) {
        self.0.set(self.0.get() | u16::from(told.0));
    }

    /// Whether an attempt is worth it, as far as this knows.
    #[inline(always)]
    pub fn is_worth_a_try(&self, direction: Direction) -> bool {
        let wanted = u16::from(Ready::of(direction).0);
        self.0.get() & (wanted | ENDED | BY_WORD) == wanted
    }

    /// Makes the attempt `op`, if it is worth it by this.
    #[inline]
    pub(crate) fn attempt<R>(
        &self,
        direction: Direction,
        mut op: impl FnMut() -> io::Result<(R, After)>,
    ) -> Poll<io::Result<Tried<R>>> {
        while self.is_worth_a_try(direction) {
            match op() {
                Ok((output, After::Drained)) if self.used_up(direction) => {
                    return Poll::Ready(Ok(Tried::Last(output)));
                }
                Ok((output, _)) => return Poll::Ready(Ok(Tried::MayGoOn(output))),
                Err(error) => self.failed(direction, error)?,
            }
        }
        Poll::Pending
    }

    /// Edge 3, if an attempt failed because it would block. `Ok` says to look again.
    ///
    /// # Errors
    /// What is an error of the descriptor.
    #[cold]
    pub fn failed(&self, direction: Direction, error: io::Error) -> io::Result<()> {
        match error.kind() {
            io::ErrorKind::WouldBlock => self.blocked(direction),
            io::ErrorKind::Interrupted => {}
            _ => return Err(error),
        }
        Ok(())
    }

    /// Whether the descriptor's list, and nothing else, tells of it.
    #[inline]
    pub fn is_by_list(&self) -> bool {
        self.0.get() & (BY_WORD | ENDED) == 0
    }

    /// Edge 2: an operation moved fewer bytes than asked. Whether that proves that nothing is left: see
    /// `state`.
    #[inline(always)]
    pub fn used_up(&self, direction: Direction) -> bool {
        let doubt = match direction {
            Direction::Read => Ready::READ_CLOSED | Ready::PRIORITY | Ready::ERROR,
            Direction::Write => Ready::WRITE_CLOSED | Ready::ERROR,
        };
        let word = self.0.get();
        if word & (AT_EAGAIN | u16::from(doubt.0)) != 0 {
            return false;
        }
        self.0.set(word & !u16::from(Ready::of(direction).0));
        true
    }

    /// Edge 3: an attempt would block.
    fn blocked(&self, direction: Direction) {
        let flags = match direction {
            Direction::Read => Ready::READABLE | Ready::READ_CLOSED | Ready::PRIORITY,
            Direction::Write => Ready::WRITABLE | Ready::WRITE_CLOSED,
        } | Ready::ERROR;
        self.0.set(self.0.get() & !(u16::from(flags.0) & READY_MASK));
    }

    pub(crate) fn is_by_word(&self) -> bool {
        self.0.get() & BY_WORD != 0
    }

    /// Forgets that the reactor is gone; `false`: it was not told so.
    pub(crate) fn forget_end(&self) -> bool {
        let word = self.0.replace(self.0.get() & !ENDED);
        word & ENDED != 0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn drained(told: Ready) -> Edges {
        let edges = Edges::new(Ready::EMPTY, Drained::AfterShort, false);
        edges.add(Told::of(told));
        edges
    }

    #[test]
    fn edge_1_add_makes_its_directions_worth_a_try() {
        let edges = drained(Ready::READABLE);
        assert!(edges.is_worth_a_try(Direction::Read) && !edges.is_worth_a_try(Direction::Write));
        edges.add(Told::of(Ready::WRITABLE));
        assert!(edges.is_worth_a_try(Direction::Read) && edges.is_worth_a_try(Direction::Write));
    }

    #[test]
    fn edge_2_used_up_by_a_short_read_unless_its_end_may_have_another_reason() {
        let edges = drained(Ready::READABLE | Ready::WRITABLE);
        assert!(edges.used_up(Direction::Read));
        assert!(!edges.is_worth_a_try(Direction::Read) && edges.is_worth_a_try(Direction::Write));
        for doubt in [Ready::READ_CLOSED, Ready::PRIORITY, Ready::ERROR] {
            let edges = drained(Ready::READABLE | doubt);
            assert!(!edges.used_up(Direction::Read), "{doubt:?}");
            assert!(edges.is_worth_a_try(Direction::Read));
        }
        let careful = Edges::new(Ready::READABLE, Drained::AtWouldBlock, false);
        assert!(!careful.used_up(Direction::Read) && careful.is_worth_a_try(Direction::Read));
    }

    #[test]
    fn edge_3_blocked_takes_the_doubts_with_it_and_leaves_the_other_direction() {
        let edges = drained(Ready::READABLE | Ready::WRITABLE | Ready::READ_CLOSED);
        edges.blocked(Direction::Read);
        assert!(!edges.is_worth_a_try(Direction::Read) && edges.is_worth_a_try(Direction::Write));
        edges.add(Told::of(Ready::READABLE));
        assert!(edges.used_up(Direction::Read));
    }

    #[test]
    fn one_whose_reactor_is_gone_or_whose_word_knows_is_not_tried_by_this() {
        let edges = drained(Ready::READABLE);
        edges.add(Told::ENDED);
        assert!(!edges.is_worth_a_try(Direction::Read) && !edges.is_by_list());
        assert!(edges.forget_end() && !edges.forget_end());
        assert!(edges.is_worth_a_try(Direction::Read));
        let edges = Edges::new(Ready::READABLE, Drained::AtWouldBlock, true);
        edges.add(Told::of(Ready::READABLE));
        assert!(!edges.is_worth_a_try(Direction::Read) && edges.is_by_word());
    }
}
