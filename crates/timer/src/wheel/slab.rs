//! The memory of the wheel: entries in one growing block, and lists threaded through them.
//!
//! Links are numbers, not pointers, so there is nothing to pin and nothing unsafe; an entry is in
//! one list at most, and leaves it in constant time. Freed entries are used again, last one first,
//! because that one is still in the cache. The slab knows neither time nor slots.

/// No entry: the end of a list.
pub(super) const NIL: u32 = u32::MAX;

/// An emptied block of more entries than this is given back to the allocator; a smaller one (at
/// most 40 KiB with wakers for values) is kept for the next use.
pub(super) const KEEP_ENTRIES_MAX: usize = 1024;

/// Where an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u16);

impl Place {
    /// Freed, in the free list.
    pub(super) const VACANT: Place = Place(u16::MAX);
    /// Fired: its value is gone, its owner has not removed it yet.
    pub(super) const FIRED: Place = Place(u16::MAX - 1);
    /// It never fires, so it is in no list.
    pub(super) const ASIDE: Place = Place(u16::MAX - 2);
    /// In the list of what waits for its start.
    pub(super) const FRESH: Place = Place(u16::MAX - 3);
    /// In the list of what is due and has not been fired yet.
    pub(super) const DUE: Place = Place(u16::MAX - 4);

    /// In the list of slot number `slot`, counted over all levels.
    pub(super) fn slot(slot: usize) -> Place {
        debug_assert!(slot < super::level::SLOTS_ALL);
        Place(slot as u16)
    }

    /// The slot, if it is in one.
    pub(super) fn as_slot(self) -> Option<usize> {
        let slot = usize::from(self.0);
        if slot < super::level::SLOTS_ALL { Some(slot) } else { None }
    }
}

/// One entry: 24 bytes and its value.
#[derive(Debug)]
pub(super) struct Entry<T> {
    /// Nanoseconds: the deadline or, while fresh, the delay.
    pub(super) nanos: u64,
    prev: u32,
    next: u32,
    pub(super) place: Place,
    /// None once fired or freed.
    pub(super) value: Option<T>,
}

/// A list through the entries of one slab.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    pub(super) head: u32,
    tail: u32,
}

impl List {
    pub(super) const EMPTY: List = List { head: NIL, tail: NIL };

    pub(super) fn is_empty(self) -> bool {
        self.head == NIL
    }
}

#[derive(Debug)]
pub(super) struct Slab<T> {
    entries: Vec<Entry<T>>,
    /// The first freed entry; the others follow through `next`.
    free: u32,
    live: usize,
}

impl<T> Slab<T> {
    pub(super) const fn new() -> Self {
        Slab { entries: Vec::new(), free: NIL, live: 0 }
    }

    /// An entry with this value, in no list and with no place yet.
    #[inline]
    pub(super) fn allocate(&mut self, nanos: u64, value: T) -> u32 {
        self.live += 1;
        let entry = Entry { nanos, prev: NIL, next: NIL, place: Place::ASIDE, value: Some(value) };
        if self.free != NIL {
            let index = self.free;
            let slot = &mut self.entries[index as usize];
            self.free = slot.next;
            *slot = entry;
            return index;
        }
        let index = self.entries.len();
        assert!(
            index < NIL as usize,
            "a queue holds at most {NIL} timers: split the work over loops"
        );
        self.entries.push(entry);
        index as u32
    }

    /// Frees an entry that is in no list, and gives its value back.
    #[inline]
    pub(super) fn release(&mut self, index: u32) -> Option<T> {
        let entry = &mut self.entries[index as usize];
        debug_assert!(entry.place != Place::VACANT, "a key is used up by removing its entry");
        let value = entry.value.take();
        entry.place = Place::VACANT;
        entry.next = self.free;
        self.free = index;
        self.live -= 1;
        if self.live == 0 && self.entries.capacity() > KEEP_ENTRIES_MAX {
            *self = Slab::new();
        }
        value
    }

    #[inline]
    pub(super) fn entry(&self, index: u32) -> &Entry<T> {
        &self.entries[index as usize]
    }

    #[inline]
    pub(super) fn entry_mut(&mut self, index: u32) -> &mut Entry<T> {
        &mut self.entries[index as usize]
    }

    /// The entry after `index` in its list.
    #[inline]
    pub(super) fn next(&self, index: u32) -> u32 {
        self.entries[index as usize].next
    }

    /// Appends an entry that is in no list.
    #[inline]
    pub(super) fn push_back(&mut self, list: &mut List, index: u32, place: Place) {
        let entry = &mut self.entries[index as usize];
        entry.place = place;
        entry.prev = list.tail;
        entry.next = NIL;
        match list.tail {
            NIL => list.head = index,
            tail => self.entries[tail as usize].next = index,
        }
        list.tail = index;
    }

    /// Takes an entry out of the list it is in.
    #[inline]
    pub(super) fn unlink(&mut self, list: &mut List, index: u32) {
        let Entry { prev, next, .. } = self.entries[index as usize];
        match prev {
            NIL => list.head = next,
            prev => self.entries[prev as usize].next = next,
        }
        match next {
            NIL => list.tail = prev,
            next => self.entries[next as usize].prev = prev,
        }
    }

    /// Every entry that has a value.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.entries
            .iter()
            .zip(0u32..)
            .filter_map(|(entry, index)| entry.value.as_ref().map(|value| (index, value)))
    }

    /// The values of all entries that have one.
    pub(super) fn into_values(self) -> impl Iterator<Item = T> {
        self.entries.into_iter().filter_map(|entry| entry.value)
    }

    /// How many entries the block has room for.
    pub(super) fn capacity(&self) -> usize {
        self.entries.capacity()
    }
}

const _: () = assert!(size_of::<Entry<u64>>() <= 24 + size_of::<Option<u64>>());
