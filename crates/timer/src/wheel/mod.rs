//! A hierarchical timing wheel: values that wait for deadlines, to the nanosecond.
//!
//! Pure: no clock, no wakers, no atomics. [`Timers`](crate::Timers) keeps wakers in one, the
//! fallback another; anything else that has deadlines may.
//!
//! ```text
//!   insert_after ──1──▶ FRESH ──2 start_fresh──▶ a slot ──4 collect──▶ DUE ──5 expire──▶ FIRED
//!                                                │    ▲                                    │
//!   insert ───────────────────3─────────────────▶│    └─ 4 collect: a slot further down    6
//!                                                ▼                                         ▼
//!                                  ASIDE (deadline: never)             remove, from anywhere: VACANT
//! ```
//!
//! An entry's slot says when it has to be looked at again: never later than its deadline. When the
//! slot comes up, its entries go where they belong by then: into finer slots or, from the finest
//! ones (one tick wide), by their exact deadlines into the due list. Pushing a deadline back
//! therefore changes one number: the entry is looked at when its old slot comes up, and goes on.
//!
//! **Why equal deadlines keep their order**: lists are first in, first out; a coarse slot is emptied
//! when the cursor enters its span, and from then on entries for that span go into finer slots,
//! behind those that were emptied into them. An entry that was pushed back counts as inserted when
//! it moves on from its old slot.
//!
//! **Cost**: insert, remove, reset are O(1); an entry moves down at most once a level, eight times
//! in 584 years and usually three times; emptying a slot takes as long as it has entries, 5 to 10 ns
//! each.

mod level;
mod slab;

use corio_base::Time;

use crate::queue::{Key, TimerQueue};
use level::{Slots, TICK_BITS};
use slab::{List, NIL, Place, Slab};

/// How many entries [`TimerQueue::next_deadline`] looks at, at most, to replace an earliest deadline
/// that was cancelled. Beyond that it names the cancelled one: a wait that ends once for nothing is
/// cheaper than a walk through thousands.
const RESCAN_ENTRIES_MAX: usize = 32;

/// A queue of deadlines in which everything takes constant time.
///
/// ```
/// use corio_base::Time;
/// use corio_timer::{TimerQueue, Wheel};
///
/// let mut wheel = Wheel::default();
/// wheel.insert(Time::from_nanos(1_500), "later");
/// let key = wheel.insert(Time::from_nanos(1_000), "cancelled");
/// wheel.insert(Time::from_nanos(1_499), "sooner");
/// assert_eq!(wheel.remove(key), Some("cancelled"));
///
/// let mut fired = Vec::new();
/// wheel.expire(Time::from_nanos(1_498), usize::MAX, |value| fired.push(value));
/// assert!(fired.is_empty(), "none is early, not by a nanosecond");
/// wheel.expire(Time::from_nanos(1_500), usize::MAX, |value| fired.push(value));
/// assert_eq!(fired, ["sooner", "later"]);
/// ```
#[derive(Debug)]
pub struct Wheel<T> {
    slab: Slab<T>,
    slots: Slots,
    /// The tick up to which slots have been emptied: no slot that begins before it, or contains it,
    /// has entries, but for the cursor's own tick.
    cursor: u64,
    fresh: List,
    /// Due, not fired yet, in firing order.
    due: List,
    due_len: usize,
    /// When the entry was due that fired first in the last turn in which one did.
    first_fired: u64,
    len: usize,
    /// The due entries of one slot while they are sorted: deadline and index.
    sorting: Vec<(u64, u32)>,
}

impl<T> Default for Wheel<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Wheel<T> {
    /// An empty wheel; it allocates with its first entry.
    pub const fn new() -> Self {
        Wheel {
            slab: Slab::new(),
            slots: Slots::new(),
            cursor: 0,
            fresh: List::EMPTY,
            due: List::EMPTY,
            due_len: 0,
            first_fired: 0,
            len: 0,
            sorting: Vec::new(),
        }
    }

    /// Every value that has not fired, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.slab.iter().map(|(index, value)| (Key(index), value))
    }

    /// The values that have not fired, in no order.
    pub fn into_values(self) -> impl Iterator<Item = T> {
        self.slab.into_values()
    }

    /// When the value was due that fired first in the last [`TimerQueue::expire`] in which one did:
    /// no other one of that turn was due before it.
    pub fn first_fired(&self) -> Time {
        Time::from_nanos(self.first_fired)
    }

    /// For how many entries there is memory, used or not.
    pub fn capacity(&self) -> usize {
        self.slab.capacity()
    }

    /// Puts an entry that is in no list where its deadline says (edges 2, 3 and 4).
    #[inline]
    fn file(&mut self, index: u32) {
        let deadline = self.slab.entry(index).nanos;
        if deadline == Time::NEVER.as_nanos() {
            self.slab.entry_mut(index).place = Place::ASIDE;
            return;
        }
        let tick = (deadline >> TICK_BITS).max(self.cursor);
        let slot = level::slot_of(tick, self.cursor);
        let list = self.slots.enter(slot, deadline);
        self.slab.push_back(list, index, Place::slot(slot));
    }

    /// Takes an entry out of the list it is in, if any.
    #[inline]
    fn unfile(&mut self, index: u32) {
        let entry = self.slab.entry(index);
        let deadline = entry.nanos;
        if let Some(slot) = entry.place.as_slot() {
            self.slab.unlink(self.slots.list_mut(slot), index);
            self.slots.left(slot, deadline);
        } else if entry.place == Place::FRESH {
            self.slab.unlink(&mut self.fresh, index);
        } else if entry.place == Place::DUE {
            self.slab.unlink(&mut self.due, index);
            self.due_len -= 1;
        }
    }

    /// Moves the cursor towards `now` and what is due into the due list (edge 4), until `limit`
    /// entries are there. Stops between slots only, so the order of firing is the same.
    fn collect(&mut self, now: u64, limit: usize) {
        let now_tick = (now >> TICK_BITS).max(self.cursor);
        while self.due_len < limit {
            let Some(slot) = self.slots.first() else {
                self.cursor = now_tick;
                return;
            };
            let start = level::start_of(slot, self.cursor);
            let is_last = start == now_tick && level::is_lowest(slot);
            if start > now_tick || is_last && self.slots.get(slot).earliest > now {
                self.cursor = now_tick;
                return;
            }
            self.cursor = start;
            let list = self.slots.take(slot);
            if level::is_lowest(slot) {
                self.sort_out(list, now);
            } else {
                self.move_down(list);
            }
            if is_last {
                return;
            }
        }
    }

    /// Files every entry of a coarse slot again, now that the cursor stands at its beginning.
    fn move_down(&mut self, list: List) {
        let mut index = list.head;
        while index != NIL {
            let next = self.slab.next(index);
            self.file(index);
            index = next;
        }
    }

    /// Appends the due entries of one tick to the due list, by deadline; files the others again.
    fn sort_out(&mut self, list: List, now: u64) {
        let mut index = list.head;
        while index != NIL {
            let next = self.slab.next(index);
            let deadline = self.slab.entry(index).nanos;
            if deadline <= now {
                self.sorting.push((deadline, index));
            } else {
                self.file(index);
            }
            index = next;
        }
        // Stable: equal deadlines stay in the order of the list.
        self.sorting.sort_by_key(|&(deadline, _)| deadline);
        self.due_len += self.sorting.len();
        for (_, index) in self.sorting.drain(..) {
            self.slab.push_back(&mut self.due, index, Place::DUE);
        }
        self.sorting.shrink_to(slab::KEEP_ENTRIES_MAX);
    }

    /// Replaces a stale earliest deadline of a slot with few entries by the true one.
    fn rescan(&mut self, slot: usize) {
        let mut index = self.slots.get(slot).list.head;
        let mut earliest = u64::MAX;
        for _ in 0..RESCAN_ENTRIES_MAX {
            if index == NIL {
                self.slots.set_earliest(slot, earliest);
                return;
            }
            earliest = earliest.min(self.slab.entry(index).nanos);
            index = self.slab.next(index);
        }
    }
}

impl<T> TimerQueue<T> for Wheel<T> {
    #[inline]
    fn insert(&mut self, deadline: Time, value: T) -> Key {
        let index = self.slab.allocate(deadline.as_nanos(), value);
        self.len += 1;
        self.file(index);
        Key(index)
    }

    #[inline]
    fn insert_after(&mut self, delay_ns: u64, value: T) -> Key {
        let index = self.slab.allocate(delay_ns, value);
        self.len += 1;
        self.slab.push_back(&mut self.fresh, index, Place::FRESH);
        Key(index)
    }

    fn start_fresh(&mut self, now: Time) {
        let list = std::mem::replace(&mut self.fresh, List::EMPTY);
        let mut index = list.head;
        while index != NIL {
            let next = self.slab.next(index);
            let entry = self.slab.entry_mut(index);
            entry.nanos = entry.nanos.saturating_add(now.as_nanos());
            self.file(index);
            index = next;
        }
    }

    #[inline]
    fn has_fresh(&self) -> bool {
        !self.fresh.is_empty()
    }

    fn reset(&mut self, key: Key, deadline: Time) -> bool {
        let entry = self.slab.entry_mut(key.0);
        if entry.place == Place::FIRED {
            return false;
        }
        let before = entry.nanos;
        if let Some(slot) = entry.place.as_slot()
            && deadline.as_nanos() >= before
        {
            // Pushed back: `collect` moves it on when its old slot comes up.
            entry.nanos = deadline.as_nanos();
            self.slots.pushed_back(slot, before);
            return true;
        }
        self.unfile(key.0);
        self.slab.entry_mut(key.0).nanos = deadline.as_nanos();
        self.file(key.0);
        true
    }

    fn restart(&mut self, key: Key, delay_ns: u64) -> bool {
        if self.slab.entry(key.0).place == Place::FIRED {
            return false;
        }
        self.unfile(key.0);
        self.slab.entry_mut(key.0).nanos = delay_ns;
        self.slab.push_back(&mut self.fresh, key.0, Place::FRESH);
        true
    }

    #[inline]
    fn remove(&mut self, key: Key) -> Option<T> {
        self.unfile(key.0);
        let value = self.slab.release(key.0);
        self.len -= usize::from(value.is_some());
        value
    }

    #[inline]
    fn value_mut(&mut self, key: Key) -> Option<&mut T> {
        self.slab.entry_mut(key.0).value.as_mut()
    }

    #[inline]
    fn deadline(&self, key: Key) -> Option<Time> {
        let entry = self.slab.entry(key.0);
        if entry.place == Place::FRESH { None } else { Some(Time::from_nanos(entry.nanos)) }
    }

    fn expire(&mut self, now: Time, limit: usize, mut fire: impl FnMut(T)) -> usize {
        self.collect(now.as_nanos(), limit);
        if limit > 0 && !self.due.is_empty() {
            self.first_fired = self.slab.entry(self.due.head).nanos;
        }
        let mut fired = 0;
        while fired < limit && !self.due.is_empty() {
            let index = self.due.head;
            self.unfile(index);
            let entry = self.slab.entry_mut(index);
            entry.place = Place::FIRED;
            let value = entry.value.take();
            self.len -= 1;
            fired += 1;
            fire(value.expect("an entry has its value until it fires"));
        }
        fired
    }

    fn next_deadline(&mut self) -> Time {
        if !self.due.is_empty() {
            return Time::from_nanos(self.slab.entry(self.due.head).nanos);
        }
        let mut soonest = u64::MAX;
        let mut next = self.slots.first();
        while let Some(slot) = next {
            if self.slots.is_stale(slot) {
                self.rescan(slot);
            }
            let earliest = self.slots.get(slot).earliest;
            soonest = soonest.min(earliest);
            // Later slots hold later deadlines, unless everything in this one was pushed back.
            if earliest <= level::end_of(slot, self.cursor) {
                break;
            }
            next = self.slots.after(slot);
        }
        Time::from_nanos(soonest)
    }

    #[inline]
    fn len(&self) -> usize {
        self.len
    }
}

#[cfg(test)]
mod tests;
