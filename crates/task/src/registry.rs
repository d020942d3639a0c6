//! The tasks that one home owns.
//!
//! A bound task stands here from its first moment at its home until the home frees or settles it:
//! *registered* means *counted by the home*. A slot is one word: a task's address, or, marked by
//! its lowest bit, the number of the next free slot.
#![expect(unsafe_code, reason = "a Vec in a cell that only short, closed functions reach")]

use std::cell::UnsafeCell;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use corio_trace::metrics::parts::TaskCounts;

use crate::header::Header;

/// The end of the chain of free slots. A marked slot has one bit less than a word, also where words
/// have 32.
const NONE: u32 = u32::MAX >> 1;

/// A table of tasks with constant-time insert and remove, for one thread.
pub(crate) struct Registry {
    /// # Invariant
    /// No reference into it outlives one of the methods below, and none of them calls out.
    table: UnsafeCell<Table>,
    /// How many came, and how many have ended, for readers on any thread.
    counts: Arc<TaskCounts>,
}

struct Table {
    slots: Vec<*mut Header>,
    first_free: u32,
    len: usize,
}

fn free_mark(next: u32) -> *mut Header {
    ptr::without_provenance_mut((next as usize) << 1 | 1)
}

fn as_task(slot: *mut Header) -> Option<NonNull<Header>> {
    if slot.addr() & 1 == 0 { NonNull::new(slot) } else { None }
}

impl Registry {
    pub(crate) fn new() -> Self {
        let table = Table { slots: Vec::new(), first_free: NONE, len: 0 };
        Registry { table: UnsafeCell::new(table), counts: Arc::default() }
    }

    /// What is counted here.
    pub(crate) fn counts(&self) -> &Arc<TaskCounts> {
        &self.counts
    }

    /// A task has come, which is entered later, or never.
    #[inline(always)]
    pub(crate) fn came(&self) {
        self.counts.spawned.add(1);
    }

    /// A task that came has ended; it may stay registered.
    #[inline(always)]
    pub(crate) fn ended(&self) {
        self.counts.ended.add(1);
    }

    /// Enters `task`, which comes, and says in which slot.
    ///
    /// # Panics
    /// With 2³¹ − 1 tasks alive.
    #[inline]
    pub(crate) fn insert(&self, task: NonNull<Header>) -> u32 {
        self.came();
        self.enter(task)
    }

    /// As [`Registry::insert`], of a task that [came](Registry::came) before.
    ///
    /// # Panics
    /// As [`Registry::insert`].
    #[inline]
    pub(crate) fn enter(&self, task: NonNull<Header>) -> u32 {
        // SAFETY: the field's invariant.
        let table = unsafe { &mut *self.table.get() };
        table.len += 1;
        let slot = table.first_free;
        if slot != NONE {
            let place = &mut table.slots[slot as usize];
            table.first_free = (place.addr() >> 1) as u32;
            *place = task.as_ptr();
            return slot;
        }
        table.push(task)
    }

    /// Removes the task in `slot`.
    #[inline]
    pub(crate) fn remove(&self, slot: u32) {
        // SAFETY: the field's invariant.
        let table = unsafe { &mut *self.table.get() };
        let place = &mut table.slots[slot as usize];
        debug_assert!(as_task(*place).is_some(), "a slot is freed once");
        *place = free_mark(table.first_free);
        table.first_free = slot;
        table.len -= 1;
        if table.len == 0 {
            table.shrink();
        }
    }

    /// The first task at or after `slot`, and its slot. Tasks may come and go between two calls.
    pub(crate) fn next_from(&self, slot: u32) -> Option<(u32, NonNull<Header>)> {
        // SAFETY: the field's invariant.
        let table = unsafe { &*self.table.get() };
        let rest = table.slots.get(slot as usize..)?;
        rest.iter().enumerate().find_map(|(i, &s)| Some((slot + i as u32, as_task(s)?)))
    }

    /// How many tasks are registered.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: the field's invariant.
        unsafe { (*self.table.get()).len }
    }
}

impl Table {
    #[cold]
    fn push(&mut self, task: NonNull<Header>) -> u32 {
        let slot = u32::try_from(self.slots.len()).ok().filter(|&slot| slot < NONE);
        let slot = slot.expect("fewer than 2^31 - 1 tasks alive in one loop: bound their number");
        self.slots.push(task.as_ptr());
        slot
    }

    /// An empty table forgets its free chain, and its memory if it is much.
    fn shrink(&mut self) {
        /// 64 KiB of slots: what a loop may keep for nothing.
        const KEPT_SLOTS: usize = 8192;
        if self.slots.len() > KEPT_SLOTS {
            self.slots.clear();
            self.slots.shrink_to(KEPT_SLOTS);
            self.first_free = NONE;
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn slots_are_recycled_and_walked_in_order() {
        let registry = Registry::new();
        let task = |n: usize| NonNull::new(ptr::without_provenance_mut(n * 8)).unwrap();
        let slots: Vec<u32> = (1..=4).map(|n| registry.insert(task(n))).collect();
        assert_eq!(slots, [0, 1, 2, 3]);
        registry.remove(1);
        registry.remove(2);
        assert_eq!(registry.next_from(1), Some((3, task(4))));
        assert_eq!(registry.insert(task(5)), 2, "the slot freed last is used first");
        assert_eq!(registry.insert(task(6)), 1);
        assert_eq!(registry.insert(task(7)), 4);
        assert_eq!(registry.len(), 5);
        assert_eq!(registry.next_from(5), None);
    }

    #[test]
    fn an_empty_table_gives_its_memory_back() {
        let registry = Registry::new();
        let task = NonNull::new(ptr::without_provenance_mut(8)).unwrap();
        for _ in 0..100_000 {
            registry.insert(task);
        }
        for slot in 0..100_000 {
            registry.remove(slot);
        }
        // SAFETY: no method is under way.
        assert!(unsafe { &*registry.table.get() }.slots.capacity() <= 8192);
        assert_eq!(registry.insert(task), 0);
    }
}
