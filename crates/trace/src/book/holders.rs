//! Who holds a thing whose guards are too small, or too quick, to carry a [`Held`](crate::book::Held).
//!
//! A guard of a lock is one pointer, and taking a free lock is a handful of instructions. So the records of
//! its holders are kept here, by the lock's address, and the lock's own word has a bit that says so: where
//! the bit is clear, giving back costs nothing for the book.
//!
//! ```text
//!   take:  switch on? ── hold ──▶ a record in the table, the bit set, both under the table's lock
//!   give:  bit set?  ── let_go ─▶ the record goes; the last one clears the bit
//!   end:   bit set?  ── forget ─▶ the records of guards that were leaked go with the lock
//! ```
//!
//! **The race** of one that takes with one that gives: the bit and the table change together under the
//! table's lock, so no record is left behind a bit that is clear. So records that are found under a
//! clear bit are of a lock that was moved away from this address with a guard that was leaked.
//!
//! Where several hold, as readers do, each guard has its record's [`HeldKey`], for it may be dropped in another
//! task. Where one holds at a time there is one record to take away, and guards carry nothing.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::PoisonError;

use corio_base::loom::sync::{Mutex, MutexGuard};

use crate::book::token::Held;
use crate::book::{current_task, token};
use crate::wait::WaitKind;

/// Tables, by address, so that two locks seldom meet in one. In a model all meet: which of them do must be the
/// same in each of its runs, and addresses are not.
const TABLES: usize = if cfg!(loom) { 1 } else { 16 };

/// A holder's task and its record.
type Holders = Vec<(u64, Held)>;

/// Which of an object's records is a guard's; or none, of guards of which there is one at a time, or which
/// were made while the switch was off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldKey(u32);

impl HeldKey {
    /// None in particular.
    pub const NONE: HeldKey = HeldKey(0);
}

#[cfg(not(loom))]
static HELD: [Mutex<BTreeMap<usize, Holders>>; TABLES] =
    [const { Mutex::new(BTreeMap::new()) }; TABLES];

#[cfg(loom)]
loom::lazy_static! {
    // Anew in each run: `mark` and `unmark` change a word that loom knows, so it has to know of the lock.
    static ref HELD: [Mutex<BTreeMap<usize, Holders>>; TABLES] =
        std::array::from_fn(|_| Mutex::new(BTreeMap::new()));
}

fn table(object: usize) -> MutexGuard<'static, BTreeMap<usize, Holders>> {
    // Locks are words, mostly within larger things: the bits above those of a cache line differ.
    let at = (object >> 6) % TABLES;
    HELD[at].lock().unwrap_or_else(PoisonError::into_inner)
}

/// Records that the task that is polled on this thread has `object`, of which others say that they wait
/// for it. `mark` sets the bit and says whether it was set; it must call nothing foreign. For the switch
/// turned on, and for whoever just took it.
#[cold]
#[inline(never)]
pub fn hold(
    kind: WaitKind,
    object: usize,
    place: &'static Location<'static>,
    movable: bool,
    mark: impl FnOnce() -> bool,
) -> HeldKey {
    let task = current_task();
    let held = token::hold(kind, object, place, task, movable);
    let key = HeldKey(held.number());
    let mut table = table(object);
    let holders = table.entry(object).or_default();
    let stale = if mark() { Holders::new() } else { std::mem::take(holders) };
    holders.push((task, held));
    drop(table);
    drop(stale);
    key
}

/// Takes a record of `object` away: the one with this key. Without a key one of the task that is polled on
/// this thread or else the oldest. `unmark` clears the bit, if that was the last one; it must call nothing
/// foreign. For whoever finds the bit set.
#[cold]
#[inline(never)]
pub fn let_go(object: usize, key: HeldKey, unmark: impl FnOnce()) {
    let task = current_task();
    let mut table = table(object);
    let Some(holders) = table.get_mut(&object) else { return unmark() };
    let at = match key {
        HeldKey::NONE => Some(holders.iter().rposition(|&(of, _)| of == task).unwrap_or(0)),
        HeldKey(number) => holders.iter().position(|(_, held)| held.number() == number),
    };
    let at = at.filter(|&at| at < holders.len());
    let gone = at.map(|at| holders.remove(at));
    if holders.is_empty() {
        table.remove(&object);
        unmark();
    }
    drop(table);
    drop(gone);
}

/// `object` is no more, and neither are the records of guards that were leaked. For whoever finds the bit set
/// when it is dropped.
#[cold]
#[inline(never)]
pub fn forget(object: usize) {
    let gone = table(object).remove(&object);
    drop(gone);
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::book::{Here, TaskBirth, TaskPage, snapshot};

    fn hold_it(object: usize, was_marked: bool) -> HeldKey {
        hold(WaitKind::Lock, object, Location::caller(), false, || was_marked)
    }

    fn holders_of(object: usize) -> usize {
        let book = snapshot();
        let held = book.tasks.iter().flat_map(|task| &task.holds).chain(&book.ownerless);
        held.filter(|held| held.object == object as u64).count()
    }

    #[test]
    fn a_guard_that_is_dropped_elsewhere_takes_its_own_record() {
        const OBJECT: usize = 0x7001;
        let place = Location::caller();
        let birth = |id| TaskBirth { id, parent: 0, place, type_name: "", home: 0, late: false };
        let [one, other] = [910_001, 910_002].map(|id| (id, TaskPage::new(&birth(id))));
        let in_one = one.1.enter(one.0);
        let first = hold_it(OBJECT, false);
        drop(in_one);
        let in_other = other.1.enter(other.0);
        let second = hold_it(OBJECT, true);
        assert_ne!(first, second);
        let mut cleared = false;
        // The other task drops the first one's guard.
        let_go(OBJECT, first, || cleared = true);
        drop(in_other);
        let holds = |id| crate::book::task(id).unwrap().holds.len();
        assert_eq!((holds(one.0), holds(other.0), cleared), (0, 1, false));
        let_go(OBJECT, second, || cleared = true);
        assert_eq!((holds(other.0), cleared), (0, true));
        assert_eq!(crate::book::here(), Here::NOWHERE);
    }

    #[test]
    fn what_a_leaked_guard_left_goes_with_its_lock_or_with_the_next_at_its_place() {
        const OBJECT: usize = 0x7002;
        hold_it(OBJECT, false);
        forget(OBJECT);
        assert_eq!(holders_of(OBJECT), 0);
        hold_it(OBJECT, false);
        // The lock was moved away with its bit; another one lies there now.
        hold_it(OBJECT, false);
        assert_eq!(holders_of(OBJECT), 1);
        let mut cleared = false;
        let_go(OBJECT, HeldKey::NONE, || cleared = true);
        assert!(cleared);
        let_go(OBJECT, HeldKey::NONE, || ());
        assert_eq!(holders_of(OBJECT), 0);
    }
}
