//! The two words of a channel: where it is written, where it is read, and who wants to be told.
//!
//! ```text
//!   tail:  | position ........ | reserved ...... | LOOKED_FOR | GUARDED | CLOSED |
//!           bit 23 and up        bits 3 to 22      bit 2        bit 1     bit 0
//!   head:  | position ........ |  unused ...................... | GUARDED | 0    |
//! ```
//!
//! A message is claimed in the tail and taken in the head, each by one compare-exchange. All that
//! could make a claim wrong is in the word that the claim is made in: the places that are promised to
//! somebody (`reserved`), that receivers wait (LOOKED_FOR), that the channel is closed, and that
//! whoever comes has to take the lock (GUARDED). So nobody needs a fence to see that somebody waits.
//!
//! Called by the core of a channel and nobody else; it knows no messages.

use corio_base::loom::sync::atomic::{AtomicU64, Ordering};

/// Nobody can send any more.
const CLOSED: u64 = 1;
/// In the tail: senders wait, or messages lie outside the ring, or there is no ring yet; whoever
/// sends takes the lock. In the head: senders wait or there is no ring yet; whoever takes does.
const GUARDED: u64 = 1 << 1;
/// Receivers wait: whoever sends tells one of them.
const LOOKED_FOR: u64 = 1 << 2;
/// One place promised.
const RESERVED_ONE: u64 = 1 << 3;
const RESERVED_BITS: u32 = 20;
/// One position further.
const POSITION_ONE: u64 = RESERVED_ONE << RESERVED_BITS;
const POSITION_SHIFT: u32 = POSITION_ONE.trailing_zeros();
/// Positions wrap after 2^41 messages, three hours at 5 ns each. A thread would have to sleep through
/// exactly that many to mistake one claim for another.
const POSITION_MASK: u64 = u64::MAX >> POSITION_SHIFT;

/// As many places as can be promised at a time.
pub(crate) const CAPACITY_MAX: usize = (1 << RESERVED_BITS) - 1;

/// What stood in the tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tail(u64);

impl Tail {
    pub(super) fn position(self) -> u64 {
        self.0 >> POSITION_SHIFT
    }

    pub(super) fn reserved(self) -> usize {
        (self.0 / RESERVED_ONE) as usize & CAPACITY_MAX
    }

    pub(super) fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    pub(super) fn is_guarded(self) -> bool {
        self.0 & GUARDED != 0
    }

    pub(super) fn is_looked_for(self) -> bool {
        self.0 & LOOKED_FOR != 0
    }

    /// Whether one can send without the lock.
    #[inline]
    pub(super) fn is_open(self) -> bool {
        self.0 & (CLOSED | GUARDED) == 0
    }

    /// How many messages lie between `head` and here. Nonsense if `head` is the younger one.
    #[inline]
    pub(super) fn used(self, head: Head) -> usize {
        (self.position().wrapping_sub(head.position()) & POSITION_MASK) as usize
    }

    /// How many places are taken or promised. One sum, that a claim of a promised place leaves as it
    /// is: so it is right as long as no place was taken or promised since, whatever was claimed.
    #[inline]
    pub(super) fn engaged(self, head: Head) -> usize {
        let sum = self.position().wrapping_add(self.reserved() as u64);
        (sum.wrapping_sub(head.position()) & POSITION_MASK) as usize
    }
}

/// What stood in the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head(u64);

impl Head {
    #[inline]
    pub(super) fn position(self) -> u64 {
        self.0 >> POSITION_SHIFT
    }

    #[inline]
    pub(super) fn is_guarded(self) -> bool {
        self.0 & GUARDED != 0
    }
}

/// Both words. They start guarded: there is no ring.
#[derive(Debug)]
pub(super) struct Words {
    tail: AtomicU64,
    head: AtomicU64,
}

impl Words {
    pub(super) fn new() -> Self {
        Words { tail: AtomicU64::new(GUARDED), head: AtomicU64::new(GUARDED) }
    }

    #[inline]
    pub(super) fn tail(&self) -> Tail {
        // Acquire: pairs with the Release in `unguard_tail`; the ring is there.
        Tail(self.tail.load(Ordering::Acquire))
    }

    #[inline]
    pub(super) fn head(&self) -> Head {
        // Acquire: pairs with the Release in `unguard_head`; the ring is there.
        Head(self.head.load(Ordering::Acquire))
    }

    /// Changes `tail` by `change`, or says what stands there.
    #[inline]
    fn change_tail(&self, tail: Tail, change: u64) -> Result<Tail, Tail> {
        // Relaxed on success: messages are published by their stamps, the ring was seen by the load.
        // Acquire on failure: as in `tail`.
        self.tail
            .compare_exchange_weak(
                tail.0,
                tail.0.wrapping_add(change),
                Ordering::Relaxed,
                Ordering::Acquire,
            )
            .map(Tail)
            .map_err(Tail)
    }

    /// Claims the position of `tail`.
    #[inline]
    pub(super) fn claim(&self, tail: Tail) -> Result<Tail, Tail> {
        self.change_tail(tail, POSITION_ONE)
    }

    /// Promises a place.
    #[inline]
    pub(super) fn reserve(&self, tail: Tail) -> Result<Tail, Tail> {
        self.change_tail(tail, RESERVED_ONE)
    }

    /// Claims a position for a promised place; cannot fail, the sum of both stays the same.
    #[inline]
    pub(super) fn claim_reserved(&self) -> Tail {
        // Relaxed: as in `change_tail`; who holds a place has seen the ring.
        Tail(self.tail.fetch_add(POSITION_ONE - RESERVED_ONE, Ordering::Relaxed))
    }

    /// Gives a promised place back.
    pub(super) fn release(&self) -> Tail {
        // Relaxed: nothing is published; the lock is taken if somebody waits.
        Tail(self.tail.fetch_sub(RESERVED_ONE, Ordering::Relaxed))
    }

    /// Marks, against the very word that was looked at, that receivers wait.
    pub(super) fn look_for(&self, tail: Tail) -> bool {
        // Relaxed: whoever finds the mark takes the lock, which orders the rest.
        tail.is_looked_for()
            || self
                .tail
                .compare_exchange(tail.0, tail.0 | LOOKED_FOR, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// No receiver waits. Under the lock.
    pub(super) fn look_no_more(&self) {
        // Relaxed: as in `look_for`.
        self.tail.fetch_and(!LOOKED_FOR, Ordering::Relaxed);
    }

    /// Whoever sends from now on takes the lock, if the tail still is `tail`. Under the lock.
    pub(super) fn guard_tail_at(&self, tail: Tail) -> bool {
        // Relaxed: as in `look_for`.
        tail.is_guarded()
            || self
                .tail
                .compare_exchange(tail.0, tail.0 | GUARDED, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// Whoever sends from now on takes the lock. Under the lock.
    pub(super) fn guard_tail(&self) {
        // Relaxed: as in `look_for`.
        self.tail.fetch_or(GUARDED, Ordering::Relaxed);
    }

    /// Whoever takes from now on takes the lock, if the head still is `head`. Under the lock.
    pub(super) fn guard_head_at(&self, head: Head) -> bool {
        // Relaxed: as in `look_for`.
        head.is_guarded()
            || self
                .head
                .compare_exchange(head.0, head.0 | GUARDED, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// The lock is not needed to send. Under it, and after the ring was made.
    pub(super) fn unguard_tail(&self) {
        // Release: publishes the ring to the Acquire in `tail`.
        self.tail.fetch_and(!GUARDED, Ordering::Release);
    }

    /// The lock is not needed to take. Under it, and after the ring was made.
    pub(super) fn unguard_head(&self) {
        // Release: publishes the ring to the Acquire in `head`.
        self.head.fetch_and(!GUARDED, Ordering::Release);
    }

    /// Takes the message at the position of `head`.
    #[inline]
    pub(super) fn take(&self, head: Head) -> Result<(), Head> {
        // Relaxed, Acquire: as in `change_tail`.
        self.head
            .compare_exchange_weak(
                head.0,
                head.0.wrapping_add(POSITION_ONE),
                Ordering::Relaxed,
                Ordering::Acquire,
            )
            .map(drop)
            .map_err(Head)
    }

    /// Nobody can send any more; says what was before. Under the lock.
    pub(super) fn close(&self) -> Tail {
        // Release: pairs with the Acquire in `tail`; who finds it sees whether receivers are left.
        Tail(self.tail.fetch_or(CLOSED, Ordering::Release))
    }
}
