//! The geometry of the wheel: which slot a deadline belongs to, and which slot comes next.
//!
//! Time is cut into ticks of 2^[`TICK_BITS`] ns. A tick's number, written in digits of
//! [`SLOT_BITS`] bits, has [`LEVELS`] digits; an entry lies at the level of the highest digit in
//! which its tick differs from the cursor's, in the slot which that digit names. So all of a level
//! lies before all of the next one, within a level time runs with the slots, and no slot wraps
//! around: the next slot is two `trailing_zeros` away. Knows no entries, only heads of lists.

use super::slab::List;

/// Bits of a deadline below one tick: ticks of 1.024 µs. Within a tick, entries are looked at one
/// by one and sorted, at most once per turn of a loop; a turn takes some tenths of a microsecond
/// at least, so a tick is looked at a few times, however many entries are in it. Larger ticks would
/// be walked at every turn they last; smaller ones would add a level.
pub(super) const TICK_BITS: u32 = 10;
/// Bits of a digit: 64 slots, so that one word says which of them are occupied.
const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
/// Digits of a tick's number: together with the tick they make exactly 64 bits, so there is no
/// deadline beyond the last level.
const LEVELS: usize = 9;
/// Slots of all levels.
pub(super) const SLOTS_ALL: usize = LEVELS * SLOTS;

const _: () = assert!(TICK_BITS + SLOT_BITS * LEVELS as u32 == u64::BITS);

/// The slot for `tick`, seen from `cursor`, which is not after it.
#[inline]
pub(super) fn slot_of(tick: u64, cursor: u64) -> usize {
    debug_assert!(tick >= cursor);
    // With the lowest digit's bits set, "no difference" and "differs in the lowest digit" are alike.
    let differs = (tick ^ cursor) | (SLOTS as u64 - 1);
    let level = (u64::BITS - 1 - differs.leading_zeros()) / SLOT_BITS;
    let digit = (tick >> (level * SLOT_BITS)) as usize % SLOTS;
    level as usize * SLOTS + digit
}

/// Whether the slot is of the lowest level, one tick wide.
#[inline]
pub(super) fn is_lowest(slot: usize) -> bool {
    slot < SLOTS
}

/// The first tick of `slot`, seen from `cursor`.
#[inline]
pub(super) fn start_of(slot: usize, cursor: u64) -> u64 {
    let shift = (slot / SLOTS) as u32 * SLOT_BITS;
    let digit = (slot % SLOTS) as u64;
    (cursor >> shift & !(SLOTS as u64 - 1) | digit) << shift
}

/// The last nanosecond of `slot`, seen from `cursor`.
#[inline]
pub(super) fn end_of(slot: usize, cursor: u64) -> u64 {
    let shift = (slot / SLOTS) as u32 * SLOT_BITS + TICK_BITS;
    (start_of(slot, cursor) << TICK_BITS) | ((1 << shift) - 1)
}

/// One slot: a list of entries and the earliest deadline among them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) list: List,
    /// Not later than any deadline in the list; equal to the earliest unless marked stale.
    pub(super) earliest: u64,
}

/// All slots of all levels, and which of them are occupied.
#[derive(Debug)]
pub(super) struct Slots {
    /// Empty until the first entry is filed: a loop without timers pays nothing.
    slots: Vec<Slot>,
    /// Bit n: level n has an occupied slot.
    levels: u32,
    /// By level, bit n: slot n has entries.
    occupied: [u64; LEVELS],
    /// By level, bit n: the entry with the earliest deadline has left slot n, or was pushed back.
    stale: [u64; LEVELS],
}

impl Slots {
    pub(super) const fn new() -> Self {
        Slots { slots: Vec::new(), levels: 0, occupied: [0; LEVELS], stale: [0; LEVELS] }
    }

    /// The list to which an entry with this deadline is about to be appended.
    #[inline]
    pub(super) fn enter(&mut self, slot: usize, deadline: u64) -> &mut List {
        if self.slots.is_empty() {
            self.slots = vec![Slot { list: List::EMPTY, earliest: 0 }; SLOTS_ALL];
        }
        let (level, bit) = (slot / SLOTS, 1 << (slot % SLOTS));
        let here = &mut self.slots[slot];
        if self.occupied[level] & bit == 0 {
            self.occupied[level] |= bit;
            self.stale[level] &= !bit;
            self.levels |= 1 << level;
            here.earliest = deadline;
        } else {
            here.earliest = here.earliest.min(deadline);
        }
        &mut here.list
    }

    /// The list of a slot that has entries.
    #[inline]
    pub(super) fn list_mut(&mut self, slot: usize) -> &mut List {
        &mut self.slots[slot].list
    }

    /// To be called when an entry with this deadline has left the slot's list.
    #[inline]
    pub(super) fn left(&mut self, slot: usize, deadline: u64) {
        if self.slots[slot].list.is_empty() {
            self.vacate(slot);
        } else {
            self.pushed_back(slot, deadline);
        }
    }

    /// To be called when the entry that had this deadline got a later one and stays where it is.
    #[inline]
    pub(super) fn pushed_back(&mut self, slot: usize, deadline: u64) {
        if self.slots[slot].earliest == deadline {
            self.stale[slot / SLOTS] |= 1 << (slot % SLOTS);
        }
    }

    /// Takes the whole list of a slot.
    pub(super) fn take(&mut self, slot: usize) -> List {
        self.vacate(slot);
        std::mem::replace(&mut self.slots[slot].list, List::EMPTY)
    }

    fn vacate(&mut self, slot: usize) {
        let level = slot / SLOTS;
        self.occupied[level] &= !(1 << (slot % SLOTS));
        if self.occupied[level] == 0 {
            self.levels &= !(1 << level);
        }
    }

    /// The occupied slot that comes first in time.
    #[inline]
    pub(super) fn first(&self) -> Option<usize> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros() as usize;
        Some(level * SLOTS + self.occupied[level].trailing_zeros() as usize)
    }

    /// The occupied slot that comes next in time after `slot`.
    pub(super) fn after(&self, slot: usize) -> Option<usize> {
        let level = slot / SLOTS;
        // Two shifts: the mask for slot 63 is empty.
        let rest = self.occupied[level] & (u64::MAX << (slot % SLOTS) << 1);
        if rest != 0 {
            return Some(level * SLOTS + rest.trailing_zeros() as usize);
        }
        let levels = self.levels & (u32::MAX << level << 1);
        if levels == 0 {
            return None;
        }
        let level = levels.trailing_zeros() as usize;
        Some(level * SLOTS + self.occupied[level].trailing_zeros() as usize)
    }

    #[inline]
    pub(super) fn get(&self, slot: usize) -> &Slot {
        &self.slots[slot]
    }

    /// Whether the slot's `earliest` may be earlier than its entries are.
    #[inline]
    pub(super) fn is_stale(&self, slot: usize) -> bool {
        self.stale[slot / SLOTS] & (1 << (slot % SLOTS)) != 0
    }

    /// Sets the slot's `earliest`, found by looking at every entry.
    pub(super) fn set_earliest(&mut self, slot: usize, earliest: u64) {
        self.slots[slot].earliest = earliest;
        self.stale[slot / SLOTS] &= !(1 << (slot % SLOTS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (tick, cursor, level, digit, why)
    const PLACES: &[(u64, u64, usize, usize, &str)] = &[
        (0, 0, 0, 0, "the cursor's own tick is in the lowest level"),
        (63, 0, 0, 63, "the last tick of the cursor's block"),
        (64, 0, 1, 1, "the first tick of the next block"),
        (64, 63, 1, 1, "one tick away, but the second digit differs"),
        (65, 64, 0, 1, "after the cursor has entered the block"),
        (4095, 0, 1, 63, "the last block of level 1"),
        (4096, 0, 2, 1, "the first of level 2"),
        (u64::MAX >> 10, 0, 8, 63, "the last tick there is"),
        (u64::MAX >> 10, (u64::MAX >> 10) - 1, 0, 63, "and its neighbour"),
    ];

    #[test]
    fn places() {
        for &(tick, cursor, level, digit, why) in PLACES {
            let slot = slot_of(tick, cursor);
            assert_eq!((slot / SLOTS, slot % SLOTS), (level, digit), "{why}");
            let start = start_of(slot, cursor);
            assert!(start <= tick, "{why}: starts at {start}");
            assert!(end_of(slot, cursor) >> TICK_BITS >= tick, "{why}: ends too early");
        }
    }

    #[test]
    fn slots_follow_each_other_in_time() {
        let mut slots = Slots::new();
        for slot in [3, 63, 64, 127, 130, 575] {
            let list = slots.enter(slot, 0);
            list.head = 0;
        }
        let mut order = Vec::new();
        let mut next = slots.first();
        while let Some(slot) = next {
            order.push(slot);
            next = slots.after(slot);
        }
        assert_eq!(order, [3, 63, 64, 127, 130, 575]);
        slots.take(3);
        slots.take(63);
        assert_eq!(slots.first(), Some(64), "an emptied level is passed over");
    }
}
