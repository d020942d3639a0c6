//! The word through which other threads deal with a bound task.
//!
//! A bound task counts its references on its home's thread without atomics (`refs`). Everybody else
//! counts here, in a *signed* number: a waker cloned at home and dropped elsewhere takes this number
//! below zero. What counts is the sum, and only the home knows both terms. So a thread that takes
//! the number below zero, or wakes the task, sends its home a mail (one at a time: MAILED), and the
//! home, opening it, carries a negative number over into `refs`. A home that is about to have none
//! left carries the number over as well ([`Ledger::absorb`]), or, if the task has ended, *settles*:
//! from then on this number alone counts, and whoever takes it to zero frees the task.
//!
//! ```text
//!              mail_wake, release (below zero)                 settle
//!   at rest ──────────────1───────────────▶ MAILED      any ──────4─────▶ SETTLED
//!      ▲                                      │ │                            │
//!      └────────2 open_mail (home)────────────┘ │          5 release to zero, no MAILED
//!      └────────3 bounce (home closed)──────────┘                            ▼
//!                                                                          free
//! ```
//!
//! **The race** that edge 2 must not lose: a wake finds MAILED set and sends nothing, while the home
//! opens that mail. Both change the word by read-modify-write. If the wake's comes first, the home's
//! Acquire sees all that the waker wrote before, and the poll that follows does too; if it comes
//! second it finds MAILED clear and sends a mail of its own. A wake that only *read* the word could
//! see an old MAILED after its own writes were still under way, and be lost: so it never only reads.
//!
//! **A mail under way keeps the task**: nobody frees while MAILED is set (edges 4 and 5), whoever
//! receives or bounces the mail does.

use corio_base::loom::sync::atomic::{AtomicU32, Ordering};

/// A mail about this task is under way to its home.
const MAILED: u32 = 1;
/// That mail is to wake the task.
const WOKEN: u32 = 1 << 1;
/// The home counts here too.
const SETTLED: u32 = 1 << 2;
/// One reference; the number is the word's upper 29 bits, signed.
const ONE: u32 = 1 << 3;

/// What a thread must do after it changed the ledger.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Nothing,
    /// Post the mail that the MAILED bit announces.
    Post,
    /// The last reference is gone: free the task.
    Free,
}

/// What the home finds when it opens a mail.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    /// The task is to be woken.
    pub(crate) woken: bool,
    /// What to add to the home's own count; zero or less.
    pub(crate) carried: i32,
}

/// The operations on a bound task's word.
pub(crate) struct Ledger<'a>(pub(crate) &'a AtomicU32);

fn count(word: u32) -> i32 {
    (word as i32) >> 3
}

impl Ledger<'_> {
    /// The word of a task made away from its home, where `refs` references are held.
    pub(crate) fn initial(refs: u32) -> u32 {
        refs * ONE
    }

    /// One reference more, made from one that the caller has.
    pub(crate) fn add(&self) {
        // Relaxed: the caller's own reference keeps the task, nothing is published.
        let before = self.0.fetch_add(ONE, Ordering::Relaxed);
        if count(before) > i32::MAX >> 4 {
            crate::overflow();
        }
    }

    /// One reference less.
    pub(crate) fn release(&self) -> Then {
        self.update(|word| {
            let next = word.wrapping_sub(ONE);
            if word & SETTLED != 0 {
                let last = count(next) == 0 && word & MAILED == 0;
                (next, if last { Then::Free } else { Then::Nothing })
            } else if count(next) < 0 && word & MAILED == 0 {
                (next | MAILED, Then::Post)
            } else {
                (next, Then::Nothing)
            }
        })
    }

    /// Wakes the task; with `release`, by a reference that is thereby given up.
    pub(crate) fn mail_wake(&self, release: bool) -> Then {
        let given_up = if release { ONE } else { 0 };
        self.update(|word| {
            let next = word.wrapping_sub(given_up);
            if word & SETTLED != 0 {
                // The home is done with the task: nothing to wake.
                let last = release && count(next) == 0 && word & MAILED == 0;
                (next, if last { Then::Free } else { Then::Nothing })
            } else if word & MAILED != 0 {
                (next | WOKEN, Then::Nothing)
            } else {
                (next | MAILED | WOKEN, Then::Post)
            }
        })
    }

    /// Edge 2: the home opens a mail of this task.
    pub(crate) fn open_mail(&self) -> Opened {
        self.update(|word| {
            debug_assert!(word & MAILED != 0, "a mail that nobody announced");
            let carried = if word & SETTLED != 0 { 0 } else { count(word).min(0) };
            let kept = word.wrapping_sub((carried as u32).wrapping_mul(ONE));
            (kept & !(MAILED | WOKEN), Opened { woken: word & WOKEN != 0, carried })
        })
    }

    /// Edge 3: a mail of this task could not be delivered, its home has closed.
    pub(crate) fn bounce(&self) -> Then {
        self.update(|word| {
            let next = word & !(MAILED | WOKEN);
            let last = word & SETTLED != 0 && count(word) == 0;
            (next, if last { Then::Free } else { Then::Nothing })
        })
    }

    /// Whether no other thread has anything to do with the task: then the home, which has no
    /// reference either, may free it without a read-modify-write.
    pub(crate) fn is_at_rest(&self) -> bool {
        // Acquire: pairs with the Release of the last release, whose thread's reads come before
        // the freeing.
        self.0.load(Ordering::Acquire) == 0
    }

    /// Carries the whole number over to the home, which is about to have none left.
    #[must_use]
    pub(crate) fn absorb(&self) -> i32 {
        self.update(|word| (word & (ONE - 1), count(word)))
    }

    /// Edge 4: the home gives up counting apart and puts its `refs` here.
    pub(crate) fn settle(&self, refs: u32) -> Then {
        self.update(|word| {
            debug_assert!(word & SETTLED == 0, "settled twice");
            let next = word.wrapping_add(refs.wrapping_mul(ONE)) | SETTLED;
            let last = count(next) == 0 && word & MAILED == 0;
            (next, if last { Then::Free } else { Then::Nothing })
        })
    }

    /// One read-modify-write, also where the word stays as it is (see "The race").
    fn update<R>(&self, step: impl Fn(u32) -> (u32, R)) -> R {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let (next, result) = step(word);
            // AcqRel: every change pairs with every later one. Release: what this thread did with
            // the task, and wrote before waking it, comes before the home's poll and before the
            // freeing. Acquire: the other side of the same.
            match self.0.compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return result,
                Err(present) => word = present,
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_drop_of_a_home_made_waker_is_carried_over() {
        let word = AtomicU32::new(0);
        let ledger = Ledger(&word);
        assert_eq!(ledger.release(), Then::Post, "below zero: the home must know");
        assert_eq!(ledger.release(), Then::Nothing, "the mail is under way already");
        assert_eq!(ledger.open_mail(), Opened { woken: false, carried: -2 });
        assert!(ledger.is_at_rest());
    }

    #[test]
    fn a_mail_under_way_keeps_the_task() {
        let word = AtomicU32::new(Ledger::initial(1));
        let ledger = Ledger(&word);
        assert_eq!(ledger.mail_wake(true), Then::Post);
        assert_eq!(ledger.settle(0), Then::Nothing, "the bouncer or the opener frees");
        assert_eq!(ledger.bounce(), Then::Free);
    }

    #[test]
    fn a_positive_count_stays_where_it_is() {
        let word = AtomicU32::new(Ledger::initial(2));
        let ledger = Ledger(&word);
        assert_eq!(ledger.mail_wake(false), Then::Post);
        assert_eq!(ledger.open_mail(), Opened { woken: true, carried: 0 });
        assert_eq!(ledger.settle(0), Then::Nothing);
        assert_eq!(ledger.release(), Then::Nothing);
        assert_eq!(ledger.release(), Then::Free);
    }
}
