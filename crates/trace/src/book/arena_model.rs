//! The arena's twin for models: what loom checks is made anew in each run of a model, so no slot may outlive one.
//!
//! The same as the arena in all that its callers see. A thread of the model keeps the numbers that it was given
//! back, as a thread of a program does; what is left of them when it ends is not given to others, for a run is
//! over before that would matter.
//!
//! A slot is made by whoever takes its number first, and loom refuses an access by a thread that was not told of
//! the number after that. So a model also finds who reaches a record on a guess.
//!
//! Each time somebody reaches for a slot he says so by a read-modify-write. Loom keeps no more than the last access
//! to a word: an owner who looks at what he then writes hides from it that another was there before, who might as
//! well have come after. Of two read-modify-writes it overlooks none, so it tries either order.

use std::cell::RefCell;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32 as StdU32;

use corio_base::loom::sync::atomic::{AtomicU32, Ordering};

use crate::book::slot::Slot;

/// The most numbers of one run. Models have a few records; one that needs more makes them without end.
const NUMBERS_MAX: usize = 32;

/// All slots of one run. What counts and places them is std's: no model is about that, and loom need not
/// explore it.
struct Arena {
    slots: [OnceLock<Reached>; NUMBERS_MAX],
    /// How many numbers were ever given out.
    given: StdU32,
}

/// A slot, and how often it was reached for.
struct Reached {
    slot: Slot,
    times: AtomicU32,
}

impl Reached {
    fn new() -> Reached {
        Reached { slot: Slot::new(), times: AtomicU32::new(0) }
    }
}

loom::lazy_static! {
    static ref ARENA: Arena = Arena {
        slots: [const { OnceLock::new() }; NUMBERS_MAX],
        given: StdU32::new(0),
    };
}

loom::thread_local! {
    static MINE: RefCell<Vec<u32>> = RefCell::new(Vec::new());
}

/// The slot with this number; 0 has none.
pub(crate) fn slot(number: u32) -> Option<&'static Slot> {
    let at = number.checked_sub(1)?;
    // Through the static itself: a reference that lives as long as the run.
    let arena: &'static Arena = &ARENA;
    let reached = arena.slots[at as usize].get()?;
    // Relaxed: it must not order what else is done.
    reached.times.fetch_add(1, Ordering::Relaxed);
    Some(&reached.slot)
}

/// A free number for the caller alone.
///
/// # Panics
/// If the run has taken more than models need.
pub(crate) fn take() -> u32 {
    let kept = MINE.try_with(|mine| mine.borrow_mut().pop());
    // A thread that ends records nothing more.
    let Ok(kept) = kept else { return 0 };
    kept.unwrap_or_else(|| {
        let at = ARENA.given.fetch_add(1, Ordering::Relaxed) as usize;
        assert!(at < NUMBERS_MAX, "a model takes at most {NUMBERS_MAX} numbers in one run");
        let _ = ARENA.slots[at].get_or_init(Reached::new);
        at as u32 + 1
    })
}

/// Takes back a number whose slot has been cleared.
pub(crate) fn give(number: u32) {
    let _ = MINE.try_with(|mine| mine.borrow_mut().push(number));
}

/// Every slot that was ever given out, with its number.
pub(crate) fn all() -> impl Iterator<Item = (u32, &'static Slot)> {
    let given = ARENA.given.load(Ordering::Relaxed);
    (1..=given).filter_map(|number| Some((number, slot(number)?)))
}

/// How many records found no slot: none, for the run would have ended.
pub(crate) fn lost() -> u64 {
    0
}
