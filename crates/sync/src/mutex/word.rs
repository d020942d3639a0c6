//! The word of a [`Mutex`](super::Mutex): who has it, who waits, who was woken.
//!
//! ```text
//!   word:  | RECORDED | NOTED | SEATED | OWED | WOKEN | WAITED | LOCKED |
//!
//!   the mutex                         a waiter
//!              take                          mark_woken          take_woken
//!     free ─────1─────▶ held            queue ────3────▶ woken ───────4─────▶ has it
//!      ▲                 │                                │ ▲                   ▲
//!      └────────2────────┘                    sit_or_take 5 3 give              │
//!              give                                       ▼ │       give        │
//!                                                        seat ────────6─────────┘
//! ```
//!
//! Taking is one compare-exchange, giving back another. An unlocked mutex is anybody's: who runs
//! already takes it again, and the one that was woken finds that it is taken. Then it sits in the
//! seat, before the queue (edge 5), from where who unlocks it calls it again (edge 3), without a
//! lock. So no time is lost to the wake. What a waiter can lose is bounded: after some wakes in vain
//! it sets OWED, then nobody takes past it, and `give` hands it the mutex, locked (edge 6).
//!
//! | bit | set | cleared |
//! |---|---|---|
//! | LOCKED | edges 1 and 4 | edge 2, and 3 from the seat |
//! | WAITED | under the list's lock, by who joins the queue | under it, when the queue is empty |
//! | WOKEN | edge 3; `leave` | edges 4 and 5; `give_up` |
//! | SEATED | edge 5 | edges 3 and 6; `leave` |
//! | OWED | with SEATED | edges 4 and 6; `give_up` |
//! | NOTED | by the holder, after edge 1, 4 or 6, in debug mode | by who gives it back, before edge 2 |
//! | RECORDED | with SEATED, in debug mode | with SEATED |
//!
//! SEATED comes with LOCKED, and never with WOKEN. While WOKEN or SEATED is set nobody from the queue
//! is woken: one at a time has that right, and it has it first.
//!
//! **The race**: the mutex is given back between a waiter's look and its joining the queue, or its
//! sitting down. It marks the word by a compare-exchange against the very word in which it saw
//! LOCKED. So either `give` came before and the exchange fails, or it comes after and finds the mark:
//! SEATED, and the sitter is there; WAITED, and it takes the list's lock, which it gets once the
//! waiter is in the queue.
#![expect(unsafe_code, reason = "the one in the seat is reached by its address")]

use std::ptr::NonNull;
use std::task::Waker;

use corio_base::loom::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::raw::Turn;
use crate::wait_list::Waiter;

/// Somebody holds it.
const LOCKED: usize = 1;
/// The queue is not empty.
const WAITED: usize = 2;
/// One was woken to try, and has not tried yet.
const WOKEN: usize = 4;
/// The one in the seat, or just out of it, was passed too often: nobody takes it but that one.
const OWED: usize = 8;
/// One sits in the seat.
const SEATED: usize = 16;
/// The book has a record of who holds it.
const NOTED: usize = 32;
/// The book has a record of the wait of the one in the seat.
const RECORDED: usize = 64;

/// Who is to be told that the mutex was given back.
#[derive(Debug)]
pub(super) enum Next {
    /// Nobody.
    Nobody,
    /// The one in the seat, who was called; this wakes it.
    Sitter(Option<Waker>),
    /// The first in the queue.
    Queue,
}

#[derive(Debug)]
pub(super) struct Word {
    bits: AtomicUsize,
    /// # Invariant
    /// While SEATED is set, a waiter that stays until it was granted its turn or has left. Written by
    /// the one that has the right of the woken.
    seat: AtomicPtr<Waiter<Turn>>,
}

impl Word {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Self {
        Word { bits: AtomicUsize::new(0), seat: AtomicPtr::new(std::ptr::null_mut()) }
    }

    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Word { bits: AtomicUsize::new(0), seat: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// Whether somebody holds it, or it is kept for somebody; and how many sit. For the eye.
    pub(super) fn glance(&self) -> (bool, usize) {
        // Relaxed: nothing rests on it.
        let word = self.bits.load(Ordering::Relaxed);
        (word & (LOCKED | OWED) != 0, usize::from(word & SEATED != 0))
    }

    /// Edge 1.
    #[inline]
    pub(super) fn take(&self) -> bool {
        self.take_unless(LOCKED | OWED, 0).is_ok()
    }

    /// Edge 4, for the one that was woken.
    #[inline]
    pub(super) fn take_woken(&self) -> bool {
        self.take_unless(LOCKED, WOKEN | OWED).is_ok()
    }

    /// Takes it and clears `clear`, unless one of the bits `taken` is set; then it says what it found.
    #[inline]
    fn take_unless(&self, taken: usize, clear: usize) -> Result<(), usize> {
        // Relaxed: the exchange decides.
        let mut word = self.bits.load(Ordering::Relaxed);
        while word & taken == 0 {
            // Acquire: pairs with the Release in `give`; what was done under the mutex is seen.
            match self.bits.compare_exchange_weak(
                word,
                (word | LOCKED) & !clear,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(()),
                Err(found) => word = found,
            }
        }
        Err(word)
    }

    /// The last look of one that joins the queue, under the list's lock: takes the mutex, or marks
    /// that the queue is not empty.
    pub(super) fn take_or_mark(&self) -> bool {
        loop {
            let Err(word) = self.take_unless(LOCKED | OWED, 0) else { return true };
            // Marked already, under the lock: who gives it back after this word sees it.
            if word & WAITED != 0 {
                return false;
            }
            // The compare-exchange of the module's race. Relaxed: nothing is read on the strength of
            // it, and the lock orders the queue.
            let exchange = self.bits.compare_exchange(
                word,
                word | WAITED,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            if exchange.is_ok() {
                return false;
            }
        }
    }

    /// Edge 5, for the one that was woken: puts it into the seat, or takes the mutex (`false`). `recorded`: there
    /// is a record of its wait.
    #[inline]
    pub(super) fn sit_or_take(
        &self,
        sitter: NonNull<Waiter<Turn>>,
        owed: bool,
        recorded: bool,
    ) -> bool {
        // Relaxed: published by the exchange below; nobody else has the right of the woken.
        self.seat.store(sitter.as_ptr(), Ordering::Relaxed);
        let seated = if owed { SEATED | OWED } else { SEATED };
        let seated = if recorded { seated | RECORDED } else { seated };
        loop {
            let Err(word) = self.take_unless(LOCKED, WOKEN | OWED) else { return false };
            debug_assert!(
                word & (WOKEN | SEATED) == WOKEN,
                "one at a time is woken, and then sits"
            );
            // The compare-exchange of the module's race. Release: publishes the sitter to the Acquire
            // in `give`.
            let exchange = self.bits.compare_exchange(
                word,
                word & !WOKEN | seated,
                Ordering::Release,
                Ordering::Relaxed,
            );
            if exchange.is_ok() {
                return true;
            }
        }
    }

    /// For the one in the seat: leaves it, with the right of the woken. `false` if it was taken out.
    ///
    /// OWED stays: nobody passes it while it decides to sit down again.
    #[cold]
    pub(super) fn leave(&self) -> bool {
        // Relaxed: the exchange decides. Another sitter cannot be there: until this one knows that it
        // was taken out, and acts on it, nobody else has the right to sit.
        let mut word = self.bits.load(Ordering::Relaxed);
        while word & SEATED != 0 {
            // Relaxed: what it takes back it wrote itself.
            let next = word & !(SEATED | RECORDED) | WOKEN;
            match self.bits.compare_exchange(word, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(found) => word = found,
            }
        }
        false
    }

    /// Edge 2 where nobody waits; otherwise it has done nothing, and says what it found.
    #[inline]
    pub(super) fn give_unwaited(&self) -> Result<(), usize> {
        // Relaxed: the exchange decides. Where somebody waits, looking first spares one in vain.
        match self.bits.load(Ordering::Relaxed) {
            // Release: pairs with the Acquire in `take_unless`.
            LOCKED => self
                .bits
                .compare_exchange(LOCKED, 0, Ordering::Release, Ordering::Relaxed)
                .map(drop),
            word => Err(word),
        }
    }

    /// For the holder: the book has a record of it. Whether it had one before, which is then of a guard that
    /// was leaked.
    pub(super) fn note(&self) -> bool {
        // Relaxed: whoever is given the guard sees it with the guard.
        self.bits.fetch_or(NOTED, Ordering::Relaxed) & NOTED != 0
    }

    /// Whether the book has a record; for who has the mutex to himself.
    pub(super) fn has_note(&self) -> bool {
        // Relaxed: as in `note`.
        self.bits.load(Ordering::Relaxed) & NOTED != 0
    }

    /// For the holder: the record is gone. Says what the word is now.
    pub(super) fn unnote(&self) -> usize {
        // Relaxed: as in `note`. The chain from `give` to `take_unless` goes on.
        self.bits.fetch_and(!NOTED, Ordering::Relaxed) & !NOTED
    }

    /// Whether `word`, found by the holder, says that the book has a record of its holding.
    pub(super) fn is_noted(word: usize) -> bool {
        word & NOTED != 0
    }

    /// Whether `word` says that the book has any record, of who holds or who sits.
    #[inline]
    pub(super) fn is_booked(word: usize) -> bool {
        word & (NOTED | RECORDED) != 0
    }

    /// Edge 2 or, from the seat, 3 or 6, if the word is still `word`; otherwise it has done nothing, and says what
    /// it found.
    #[inline]
    pub(super) fn give(&self, word: usize) -> Result<Next, usize> {
        debug_assert!(word & LOCKED != 0, "given back without being held");
        debug_assert!(word & (SEATED | RECORDED) != RECORDED, "a record of nobody's wait");
        let next = match (word & SEATED != 0, word & OWED != 0) {
            (true, true) => word & !(SEATED | OWED | RECORDED),
            (true, false) => word & !(SEATED | LOCKED | RECORDED) | WOKEN,
            (false, _) => word & !LOCKED,
        };
        // AcqRel: Release pairs with the Acquire in `take_unless`; Acquire with the Release in
        // `sit_or_take`, for the one who sits there.
        self.bits.compare_exchange(word, next, Ordering::AcqRel, Ordering::Relaxed)?;
        if word & SEATED == 0 {
            let queue = word & (WAITED | WOKEN) == WAITED;
            return Ok(if queue { Next::Queue } else { Next::Nobody });
        }
        // Relaxed: acquired with SEATED, and not written until the sitter has been granted its turn.
        let sitter = NonNull::new(self.seat.load(Ordering::Relaxed));
        let sitter = sitter.expect("the seat is not empty");
        // SAFETY: the exchange took it out of the seat.
        unsafe { Waiter::with_slot(sitter, |turn: &mut Turn| turn.held = word & OWED != 0) };
        let waker = if word & RECORDED == 0 {
            // SAFETY: as above; the word says that there is no record.
            unsafe { Waiter::grant_unrecorded(sitter) }
        } else {
            // SAFETY: as above.
            unsafe { Waiter::grant(sitter, true) }
        };
        Ok(Next::Sitter(waker))
    }

    /// Edge 3 from the queue, under the list's lock: `true` if one may be woken, which is marked.
    pub(super) fn mark_woken(&self, is_last: bool) -> bool {
        // Relaxed, twice: the woken one acquires when it takes. Held by somebody: that one gives it
        // back and comes here. WOKEN: one tries already. Neither: nobody but who has the list's lock
        // can set WOKEN, though LOCKED may come and go.
        if self.bits.load(Ordering::Relaxed) & (LOCKED | WOKEN) != 0 {
            return false;
        }
        self.bits.fetch_xor(if is_last { WOKEN | WAITED } else { WOKEN }, Ordering::Relaxed);
        true
    }

    /// The right of the woken is given up; `true` if the first in the queue should have it.
    pub(super) fn give_up(&self) -> bool {
        // Relaxed: who wakes looks again under the lock. Held: the mutex will be given back by one
        // who finds WOKEN gone.
        let before = self.bits.fetch_and(!(WOKEN | OWED), Ordering::Relaxed);
        before & (WAITED | LOCKED) == WAITED
    }

    /// Takes the mark back, under the list's lock: the queue is empty.
    pub(super) fn unmark(&self) {
        // Relaxed: changes a mark alone. Like all exchanges here it keeps up the chain from the
        // Release in `give` to the Acquire in `take_unless`.
        self.bits.fetch_and(!WAITED, Ordering::Relaxed);
    }
}
