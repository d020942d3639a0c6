//! The word that makes many unparks one system call.
//!
//! ```text
//!          ┌───────────4 begin: only look, 2 end───────────┐
//!          ▼                                               │
//!        IDLE ──────────────3 unpark: Nothing────────▶ NOTIFIED ──┐ unpark: Nothing
//!         │ ▲                                           ▲  ▲      │
//! 1 begin │ │ 2 end          5 unpark: Signal or Thread │  └──────┘
//!         ▼ │                                           │
//!       PARKED or PARKED_ALONE ─────────────────────────┘
//! ```
//!
//! PARKED_ALONE is a wait in which no descriptor can become ready, because none is registered: the
//! loop then waits as a plain thread, which is quicker to wake (4.1 µs there and back on one core,
//! by a descriptor 5 to 6). Whoever registers the first descriptor unparks the loop.
//!
//! Only edge 5 needs a system call: the thread is in its wait, or on its way in, and nobody has
//! ended that wait yet. An unpark of a running loop (edge 3) leaves a mark that the next
//! [`UnparkState::begin`] finds, a storm of unparks leaves the same mark again.
//!
//! **The race**: an unpark comes after the loop looked at its inbox and before it waits. All
//! transitions are read-modify-writes of one word, so one of the two is first: either `begin` finds
//! the mark and only looks (edge 4), or `unpark` finds PARKED and signals (edge 5), and the signal, a
//! descriptor that stays signalled until it is seen, ends the wait also if that has yet to begin.
//! A signal that comes after the wait has ended for another reason ends the next wait: early, once,
//! which the contract of [`Park`](corio_base::Park) allows.

use corio_base::Wait;
use corio_base::loom::sync::atomic::{AtomicU8, Ordering};

const IDLE: u8 = 0;
const PARKED: u8 = 1;
const NOTIFIED: u8 = 2;
const PARKED_ALONE: u8 = 3;

/// What an unpark has left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum ToDo {
    /// The loop will look by itself.
    Nothing,
    /// End the wait through the system.
    Signal,
    /// End the wait of the thread.
    Thread,
}

/// The word.
#[derive(Debug)]
pub struct UnparkState(AtomicU8);

impl Default for UnparkState {
    fn default() -> Self {
        Self::new()
    }
}

impl UnparkState {
    /// Nobody waits, nobody has unparked.
    pub fn new() -> Self {
        UnparkState(AtomicU8::new(IDLE))
    }

    /// Edges 1 and 4, before the wait: how long to wait in fact; `alone`, as a plain thread.
    #[inline]
    pub fn begin(&self, wait: Wait, alone: bool) -> Wait {
        if wait == Wait::Poll {
            return wait;
        }
        // Relaxed on success: nothing is handed over, the next `unpark` only has to find PARKED.
        // Relaxed on failure: `end` follows and acquires.
        let parked = if alone { PARKED_ALONE } else { PARKED };
        match self.0.compare_exchange(IDLE, parked, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => wait,
            Err(_) => Wait::Poll,
        }
    }

    /// Edge 2, after the wait: takes the mark away.
    #[inline]
    pub fn end(&self) {
        // Relaxed: a mark that comes after this look is found by the next `begin`.
        if self.0.load(Ordering::Relaxed) != IDLE {
            // Acquire: pairs with the Release in `unpark`; what was handed over before any of the
            // unparks that this takes away is seen after it.
            self.0.swap(IDLE, Ordering::Acquire);
        }
    }

    /// Edges 3 and 5.
    #[inline]
    pub fn unpark(&self) -> ToDo {
        // Release: pairs with the Acquire in `end`. A swap also where the mark is there already:
        // it continues the release sequence, so that `end` sees what every unpark handed over.
        match self.0.swap(NOTIFIED, Ordering::Release) {
            PARKED => ToDo::Signal,
            PARKED_ALONE => ToDo::Thread,
            _ => ToDo::Nothing,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn edge_3_an_unpark_of_a_running_loop_is_found_by_the_next_park() {
        let state = UnparkState::new();
        assert_eq!(state.unpark(), ToDo::Nothing);
        assert_eq!(state.unpark(), ToDo::Nothing);
        assert_eq!(state.begin(Wait::Forever, false), Wait::Poll);
        state.end();
        assert_eq!(state.begin(Wait::Forever, false), Wait::Forever);
    }

    #[test]
    fn edge_5_a_storm_signals_once() {
        let state = UnparkState::new();
        assert_eq!(state.begin(Wait::Forever, false), Wait::Forever);
        assert_eq!(state.unpark(), ToDo::Signal);
        assert_eq!(state.unpark(), ToDo::Nothing);
        state.end();
        assert_eq!(state.unpark(), ToDo::Nothing);
    }

    #[test]
    fn edge_5_a_loop_without_descriptors_is_woken_as_a_thread() {
        let state = UnparkState::new();
        assert_eq!(state.begin(Wait::Forever, true), Wait::Forever);
        assert_eq!(state.unpark(), ToDo::Thread);
        assert_eq!(state.unpark(), ToDo::Nothing);
        state.end();
        assert_eq!(state.unpark(), ToDo::Nothing);
        assert_eq!(state.begin(Wait::Forever, true), Wait::Poll);
    }

    #[test]
    fn edge_2_a_mere_look_takes_the_mark_too() {
        let state = UnparkState::new();
        assert_eq!(state.unpark(), ToDo::Nothing);
        assert_eq!(state.begin(Wait::Poll, false), Wait::Poll);
        state.end();
        assert_eq!(state.begin(Wait::Forever, false), Wait::Forever);
    }
}
