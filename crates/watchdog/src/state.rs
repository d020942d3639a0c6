//! The word between the watchdog, which asks for a stack, and the signal handler, which copies it.
//!
//! ```text
//!          ┌──────────────────────── (1) ask ───────────────────────┐
//!          ▼                                                        │
//!  IDLE ─(1) ask─▶ ASKED ─(2) begin─▶ COPYING ─(3) finish─▶ DONE ───┘
//!    ▲               │
//!    └─(4) give_up───┘
//! ```
//!
//! (1) and (4) are the watchdog's, (2) and (3) the handler's. Whoever the word names has the buffer: the
//! watchdog in IDLE and DONE, nobody in ASKED, the handler in COPYING.
//!
//! **The race.** A signal may be answered late: the thread had blocked it, and the watchdog has given up
//! and asked another thread meanwhile. Each request has a number, which travels in the signal and stands
//! in the word, so the late handler's `begin` finds another number (or IDLE) and touches nothing. A handler
//! that began in time and is then stopped by the system keeps COPYING, and while it does, `ask` gives no
//! new request: the buffer is never written by two.
//!
//! The number has 32 bits: a signal would have to be late by four billion requests to be mistaken.

use corio_base::loom::sync::atomic::{AtomicU64, Ordering};

const IDLE: u64 = 0;
const ASKED: u64 = 1;
const COPYING: u64 = 2;
const DONE: u64 = 3;

/// The phase is in the low bits, the request's number above them.
const PHASE_BITS: u32 = 2;
const PHASE: u64 = (1 << PHASE_BITS) - 1;

const fn pack(number: u32, phase: u64) -> u64 {
    (number as u64) << PHASE_BITS | phase
}

/// What became of a request that was [given up](RequestState::give_up).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum GivenUp {
    /// It is withdrawn: a handler that comes now does nothing.
    Withdrawn,
    /// A handler has begun, and perhaps finished: ask [`RequestState::is_done`] again.
    Begun,
}

/// The word. One thread asks; handlers may be many.
#[derive(Debug)]
pub struct RequestState(AtomicU64);

impl Default for RequestState {
    fn default() -> Self {
        Self::new()
    }
}

impl RequestState {
    /// No request, and none answered.
    pub fn new() -> RequestState {
        RequestState(AtomicU64::new(pack(0, IDLE)))
    }

    /// (1) Makes a request and gives its number; `None` while a handler still copies for an older one.
    /// `prepare` is called before, while the buffer is the caller's.
    pub fn ask(&self, prepare: impl FnOnce()) -> Option<u32> {
        // Acquire: pairs with the Release in `finish`, where an answer was never fetched; the handler's
        // writes are over before ours begin.
        let word = self.0.load(Ordering::Acquire);
        match word & PHASE {
            IDLE | DONE => {}
            COPYING => return None,
            phase => unreachable!("one asks at a time, and the word is in phase {phase}"),
        }
        prepare();
        let number = ((word >> PHASE_BITS) as u32).wrapping_add(1);
        // Release: pairs with the Acquire in `begin`, whose handler sees what `prepare` wrote. A plain
        // store: from IDLE and DONE only the asker goes on.
        self.0.store(pack(number, ASKED), Ordering::Release);
        Some(number)
    }

    /// (2) Takes the buffer for the handler of this request; `false` if the request is no more.
    #[must_use]
    pub fn begin(&self, number: u32) -> bool {
        let (asked, copying) = (pack(number, ASKED), pack(number, COPYING));
        // Acquire: pairs with the Release in `ask`. Failing, nothing is read.
        self.0.compare_exchange(asked, copying, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// (3) The copy is made: the buffer is the asker's.
    pub fn finish(&self, number: u32) {
        debug_assert_eq!(self.0.load(Ordering::Relaxed), pack(number, COPYING));
        // Release: pairs with the Acquire in `is_done` and in `ask`.
        self.0.store(pack(number, DONE), Ordering::Release);
    }

    /// Whether there is a request that no handler has begun to answer.
    pub fn is_asked(&self) -> bool {
        // Relaxed: it is asked on the strength of nothing else, and nothing is read for it.
        self.0.load(Ordering::Relaxed) & PHASE == ASKED
    }

    /// Whether this request is answered; from then on, until the next [`RequestState::ask`], the asker may read
    /// the buffer.
    pub fn is_done(&self, number: u32) -> bool {
        // Acquire: pairs with the Release in `finish`.
        self.0.load(Ordering::Acquire) == pack(number, DONE)
    }

    /// (4) Withdraws a request that nobody answers.
    pub fn give_up(&self, number: u32) -> GivenUp {
        let (asked, idle) = (pack(number, ASKED), pack(number, IDLE));
        // Relaxed: nothing was handed over, and nothing is.
        match self.0.compare_exchange(asked, idle, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => GivenUp::Withdrawn,
            Err(_) => GivenUp::Begun,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn edges_1_2_3_a_request_is_answered_and_the_next_one_made() {
        let state = RequestState::new();
        for round in 1..=3 {
            let number = state.ask(|| {}).unwrap();
            assert_eq!(number, round);
            assert!(!state.is_done(number) && state.is_asked());
            assert!(state.begin(number) && !state.is_asked());
            assert!(!state.begin(number), "a request is answered once");
            assert!(!state.is_done(number));
            state.finish(number);
            assert!(state.is_done(number));
        }
    }

    #[test]
    fn edge_4_a_late_handler_finds_nothing_to_do() {
        let state = RequestState::new();
        let first = state.ask(|| {}).unwrap();
        assert_eq!(state.give_up(first), GivenUp::Withdrawn);
        assert!(!state.begin(first));
        let second = state.ask(|| {}).unwrap();
        assert!(!state.begin(first), "the first one's handler does not answer the second");
        assert!(state.begin(second));
        assert_eq!(state.give_up(second), GivenUp::Begun);
        assert_eq!(state.ask(|| unreachable!()), None, "the buffer is the handler's");
        state.finish(second);
        assert_eq!(state.ask(|| {}), Some(3), "an answer may be left unread");
    }
}
