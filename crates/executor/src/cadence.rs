//! When a loop that always has something to run looks at the rest of the world.
//!
//! Asking the OS costs some 200 ns, a turn with one small task some 10. So a loop under load looks
//! at most every [`POLLS_BETWEEN_LOOKS_MAX`] polls, which makes the price of looking about 1 ns a
//! poll, and less often never. Where polls take long it looks more often: so that, at the rate of
//! the time before, [`NANOS_BETWEEN_LOOKS`] pass between two looks. A turn that has begun is finished
//! first.
//!
//! **The bound**: a look comes after at most 128 polls and what is left of one turn; or, once a look
//! has found the polls slow, after 50 µs and one turn. What a look costs is the [`corio_base::Park`]'s
//! to limit: the facade's reads the clock and fires timers at every look, and asks the OS at looks
//! that are 20 µs apart or more, so polls shorter than 0.15 µs see I/O 20 µs late instead of 128 polls.

use std::cell::Cell;

/// The most polls between two looks.
pub const POLLS_BETWEEN_LOOKS_MAX: u32 = 128;
/// How much time between two looks is aimed at: as much as a parked thread takes to wake, so that a
/// busy loop is no later than an idle one.
pub const NANOS_BETWEEN_LOOKS: u64 = 50_000;

/// Counts the polls since the last look.
#[derive(Debug)]
pub(crate) struct Cadence {
    polls: Cell<u32>,
    due_at: Cell<u32>,
    /// Turns since [`Cadence::counted`].
    turns: Cell<u32>,
    /// What of `polls` is counted, or is not one.
    no_more: Cell<u32>,
}

/// What a loop did since it was asked before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) turns: u64,
    pub(crate) polls: u64,
}

impl Cadence {
    pub(crate) fn new() -> Self {
        Cadence {
            polls: Cell::new(0),
            due_at: Cell::new(POLLS_BETWEEN_LOOKS_MAX),
            turns: Cell::new(0),
            no_more: Cell::new(0),
        }
    }

    /// Counts a turn, and its polls.
    #[inline]
    pub(crate) fn turned(&self, polls: u32) {
        self.polls.set(self.polls.get().wrapping_add(polls));
        self.turns.set(self.turns.get().wrapping_add(1));
    }

    /// Counts what is no poll and takes as long as one.
    pub(crate) fn delivered(&self, deliveries: u32) {
        self.polls.set(self.polls.get().wrapping_add(deliveries));
        self.no_more.set(self.no_more.get().wrapping_add(deliveries));
    }

    /// The turns and polls since this was asked before.
    pub(crate) fn counted(&self) -> Done {
        let polls = self.polls.get();
        let new = polls.wrapping_sub(self.no_more.replace(polls));
        Done { turns: u64::from(self.turns.replace(0)), polls: u64::from(new) }
    }

    /// Whether it is time to look.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        self.polls.get() >= self.due_at.get()
    }

    /// The loop has looked, `nanos` after it did so before (0: not known). What was not
    /// [counted](Cadence::counted) by now never is.
    pub(crate) fn looked(&self, nanos: u64) {
        let polls = u64::from(self.polls.replace(0));
        self.no_more.set(0);
        if nanos > 0 && polls > 0 {
            let polls = polls * NANOS_BETWEEN_LOOKS / nanos;
            self.due_at.set(polls.clamp(1, u64::from(POLLS_BETWEEN_LOOKS_MAX)) as u32);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn slow_polls_bring_the_next_look_nearer() {
        let cadence = Cadence::new();
        // (polls, nanoseconds they took, polls until the next look)
        for (polls, nanos, expected) in [
            (128, 1_280, 128),     // 10 ns each: as rarely as allowed
            (128, 128_000, 50),    // 1 µs each
            (50, 50_000_000, 1),   // 1 ms each: after every turn
            (1, 1_000_000_000, 1), // never 0
            (1, 10, 128),          // fast again
            (1, 0, 128),           // not known: as before
        ] {
            cadence.turned(polls);
            cadence.looked(nanos);
            assert_eq!(cadence.due_at.get(), expected, "{polls} polls in {nanos} ns");
        }
    }

    #[test]
    fn what_was_counted_is_not_counted_again() {
        let cadence = Cadence::new();
        let counted = || (cadence.counted().turns, cadence.counted().polls);
        assert_eq!(cadence.counted(), Done { turns: 0, polls: 0 });
        cadence.turned(3);
        cadence.delivered(5);
        cadence.turned(2);
        assert_eq!(cadence.counted(), Done { turns: 2, polls: 5 });
        assert_eq!(counted(), (0, 0));
        cadence.turned(1);
        assert_eq!(cadence.polls.get(), 11, "deliveries bring the next look nearer, too");
        assert_eq!(cadence.counted(), Done { turns: 1, polls: 1 });
        cadence.looked(0);
        cadence.turned(4);
        assert_eq!(cadence.counted(), Done { turns: 1, polls: 4 });
    }
}
