//! Who holds a thing whose guards are too small, or too quick, to carry a [`Held`](crate::book::Held).
//!
//! A guard of a lock is one pointer, and taking a free lock is a handful of instructions. So the records of
//! its holders are kept here, by the lock's address, and the lock's own word has a bit that says so: where
//! the bit is clear, giving back costs nothing for the book.
//!
//! ```text
//!   take:  switch on? ── hold ──▶ a record in the table, the bit set, both under the table's lock
//!   give:  bit set?  ── let_go ─▶ the record goes; the last one clears the bit
//! ```
//!
//! **The race** of one that takes with one that gives: the bit and the table change together under the
//! table's lock, so no record is left behind a bit that is clear.
//!
//! Where several hold, as readers do, the one that gives back is told by its task. A guard that was moved to
//! another task and is dropped there takes the record that has been there longest.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use crate::book::token::Held;
use crate::book::{current_task, token};
use crate::wait::WaitKind;

/// Tables, by address, so that two locks seldom meet in one.
const TABLES: usize = 16;

/// A holder's task and its record.
type Holders = Vec<(u64, Held)>;

static HELD: [Mutex<BTreeMap<usize, Holders>>; TABLES] =
    [const { Mutex::new(BTreeMap::new()) }; TABLES];

fn table(object: usize) -> std::sync::MutexGuard<'static, BTreeMap<usize, Holders>> {
    // Locks are words, mostly within larger things: the bits above those of a cache line differ.
    let at = (object >> 6) % TABLES;
    HELD[at].lock().unwrap_or_else(PoisonError::into_inner)
}

/// Records that the task that is polled on this thread has `object`, of which others say that they wait
/// for it. `mark` sets the bit; it must call nothing foreign. For the switch turned on, and for whoever
/// just took it.
#[cold]
#[inline(never)]
pub fn hold(
    kind: WaitKind,
    object: usize,
    place: &'static Location<'static>,
    movable: bool,
    mark: impl FnOnce(),
) {
    let task = current_task();
    let held = token::hold(kind, object, place, task, movable);
    let mut table = table(object);
    table.entry(object).or_default().push((task, held));
    mark();
}

/// Takes a record of `object` away: one of the task that is polled on this thread or else, the guard
/// having been moved, the oldest. `unmark` clears the bit, if that was the last one; it must call nothing
/// foreign. For whoever finds the bit set, before it gives back.
#[cold]
#[inline(never)]
pub fn let_go(object: usize, unmark: impl FnOnce()) {
    let task = current_task();
    let mut table = table(object);
    let Some(holders) = table.get_mut(&object) else { return unmark() };
    let at = holders.iter().rposition(|&(holder, _)| holder == task).unwrap_or(0);
    let gone = (!holders.is_empty()).then(|| holders.remove(at));
    if holders.is_empty() {
        table.remove(&object);
        unmark();
    }
    drop(table);
    drop(gone);
}
