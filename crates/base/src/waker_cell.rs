//! A slot for one waker, shared by threads.
//!
//! One side registers (one thread at a time), any number of threads take or wake. The protocol is
//! that of `AtomicWaker` in the futures crate, re-told:
//!
//! ```text
//!                register            store, then swap finds REGISTERING
//!   WAITING ───────1────▶ REGISTERING ───────2────▶ WAITING
//!      │                      │
//!      3 take                 4 take: sets WAKING too, leaves the slot alone
//!      ▼                      ▼
//!   WAKING ──5 slot read──▶ WAITING      REGISTERING|WAKING ──6──▶ WAITING; register itself wakes
//! ```
//!
//! **The race**: a wake arrives while a waker is being stored. It may not touch the slot (edge 4),
//! so it leaves its mark, and whoever registers finds the mark when done (edge 6) and wakes in its
//! stead. A register that meets a take under way (edge 3 to 5) wakes at once: the take that runs may
//! have read the slot before. **So** a wake after a register has returned finds its waker, and one
//! before it has begun had nothing to find; the caller checks its condition after registering.
#![expect(unsafe_code, reason = "the slot is reached under the state word's exclusion")]

use std::fmt;
use std::task::Waker;

use crate::loom::cell::UnsafeCell;
use crate::loom::sync::atomic::{AtomicUsize, Ordering};

/// Nobody is at the slot.
const WAITING: usize = 0;
/// A waker is being stored.
const REGISTERING: usize = 1;
/// A waker is being taken, or was to be taken while one was being stored.
const WAKING: usize = 2;

/// A slot for one waker.
pub struct WakerCell {
    state: AtomicUsize,
    /// # Invariant
    /// Reached only by the thread that changed the state from WAITING to something else, until that
    /// thread changes it back.
    slot: UnsafeCell<Option<Waker>>,
}

// SAFETY: `slot` is guarded by `state` as its invariant says, and a `Waker` is Send and Sync.
unsafe impl Send for WakerCell {}
// SAFETY: as above.
unsafe impl Sync for WakerCell {}

impl Default for WakerCell {
    fn default() -> Self {
        Self::new()
    }
}

impl WakerCell {
    /// An empty slot.
    pub fn new() -> Self {
        WakerCell { state: AtomicUsize::new(WAITING), slot: UnsafeCell::new(None) }
    }

    /// Stores `waker` for the next [`WakerCell::wake`]; a waker that is there already and wakes the
    /// same task stays. Wakes `waker` itself where a wake crossed.
    pub fn register(&self, waker: &Waker) {
        // Acquire: pairs with the Release that ended the last access to the slot (edges 2, 5, 6).
        match self.state.compare_exchange(
            WAITING,
            REGISTERING,
            Ordering::Acquire,
            Ordering::Acquire,
        ) {
            Ok(_) => self.store_and_release(waker),
            // Edge 3 is under way on another thread: it may have read the slot already.
            Err(WAKING) => waker.wake_by_ref(),
            // Two registrations at a time are the caller's mistake; the other one's waker stands.
            Err(_) => {}
        }
    }

    fn store_and_release(&self, waker: &Waker) {
        let old = self.slot.with_mut(|slot| {
            // SAFETY: this thread made the change WAITING -> REGISTERING.
            let slot = unsafe { &mut *slot };
            match slot {
                Some(present) if present.will_wake(waker) => None,
                _ => slot.replace(waker.clone()),
            }
        });
        // AcqRel: Release publishes the slot to the next one at it (edges 1 and 3); Acquire sees
        // what a crossing wake published with its WAKING.
        let crossed = self
            .state
            .compare_exchange(REGISTERING, WAITING, Ordering::AcqRel, Ordering::Acquire)
            .is_err();
        if crossed {
            // SAFETY: the state is REGISTERING|WAKING: still ours, edge 4 left the slot alone.
            let taken = self.slot.with_mut(|slot| unsafe { (*slot).take() });
            self.state.swap(WAITING, Ordering::AcqRel);
            if let Some(waker) = taken {
                waker.wake();
            }
        }
        drop(old);
    }

    /// Takes the waker out, if there is one and nobody else is at the slot.
    pub fn take(&self) -> Option<Waker> {
        // AcqRel: Acquire sees the stored waker; Release publishes the caller's condition to a
        // register that finds WAKING.
        match self.state.fetch_or(WAKING, Ordering::AcqRel) {
            WAITING => {
                // SAFETY: this thread made the change WAITING -> WAKING.
                let waker = self.slot.with_mut(|slot| unsafe { (*slot).take() });
                self.state.fetch_and(!WAKING, Ordering::Release);
                waker
            }
            _ => None,
        }
    }

    /// Wakes the waker that is stored, if any, and empties the slot.
    pub fn wake(&self) {
        if let Some(waker) = self.take() {
            waker.wake();
        }
    }
}

impl fmt::Debug for WakerCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakerCell").finish_non_exhaustive()
    }
}
