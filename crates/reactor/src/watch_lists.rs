//! Which watched descriptors are ready: the lists inside a registry, under its lock.
//!
//! ```text
//!            1 tell: the first of the list wakes whose list it is
//!   quiet ────────────────────────────────────────────────────────▶ listed ──┐ 1 tell: stays, once,
//!     ▲                                                               │ ▲    │ with more told of it
//!     ├────────────2 take: the whole list changes hands───────────────┤ └────┘
//!     └────────────3 strike_out: it is watched otherwise, or no more──┘
//! ```
//!
//! A [`Watch`] stands beside the descriptor in the registry: which list, and the number by which the
//! list's owner knows it. The reactor, which has the registry's lock for the whole of what one wait found,
//! adds to the list by a push: no lock, no atomic operation and no waker for each descriptor. A descriptor
//! stands in its list once, so a list is no longer than there are descriptors, however long nobody looks.
//!
//! **Whether it stands there already** nobody writes down, for whoever takes the list would have to wipe it
//! out, descriptor by descriptor. The registry remembers *where* the descriptor was listed last, and looks
//! whether its number is still at that place. The taken list leaves an empty one, in which every place is
//! wrong.
//!
//! **The race**: an edge comes while the list's owner tries the descriptor. It comes to stand in the list
//! that the owner takes next, and wakes the owner if it is the first there; whatever the attempt found.

use std::sync::Arc;
use std::task::{Wake, Waker};

use corio_base::WakeBatch;

use crate::edges::Told;

/// Edges go to the descriptor's word as well.
const LOUD: u32 = 1 << 31;
/// No list.
const NONE: u32 = LOUD - 1;

/// Who is told when a descriptor is ready, and by which number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The list's number, or `NONE`; and `LOUD`.
    list: u32,
    token: u32,
}

impl Watch {
    /// No owner is told.
    pub const NONE: Watch = Watch { list: NONE | LOUD, token: 0 };

    /// The owner of `list` is told `token`, and nobody else.
    pub fn new(list: u32, token: u32) -> Watch {
        Watch { list, token }
    }

    /// The same, and the descriptor's word has each edge as well, for those who wait with a waker.
    #[must_use]
    pub fn loud(self) -> Watch {
        Watch { list: self.list | LOUD, ..self }
    }

    /// Whether edges go to the list alone.
    #[inline]
    pub fn is_quiet(self) -> bool {
        self.list & LOUD == 0
    }

    /// Whether `list` is the one it stands, or will stand, in.
    pub(crate) fn is_of(self, list: u32) -> bool {
        self.list() as u32 == list
    }

    #[inline]
    fn list(self) -> usize {
        (self.list & !LOUD) as usize
    }
}

/// Who is ready, by number, and what there is to know of each.
pub(crate) type Listed = Vec<(u32, Told)>;

/// A list: what is ready of all that one owner watches.
#[derive(Debug)]
pub(crate) struct List {
    owner: Arc<Owner>,
    ready: Listed,
}

impl List {
    #[cold]
    fn wake_owner(&self, batch: &mut WakeBatch) {
        batch.push(Waker::from(self.owner.clone()));
    }
}

/// Whom a list wakes. A waker of our own around the owner's, so that it can be cloned under a lock.
#[derive(Debug)]
pub struct Owner(pub Waker);

impl Wake for Owner {
    fn wake(self: Arc<Self>) {
        self.0.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake_by_ref();
    }
}

/// The lists of one registry.
#[derive(Debug, Default)]
pub struct WatchLists {
    lists: Vec<Option<List>>,
}

impl WatchLists {
    /// None.
    pub const fn new() -> Self {
        WatchLists { lists: Vec::new() }
    }

    /// A new list, of `owner`; its number.
    ///
    /// # Panics
    /// If there are 2^31 - 1 lists, which is more than fit into the memory.
    pub fn open(&mut self, owner: Arc<Owner>) -> u32 {
        let free = self.lists.iter().position(Option::is_none);
        let at = free.unwrap_or_else(|| {
            self.lists.push(None);
            self.lists.len() - 1
        });
        self.lists[at] = Some(List { owner, ready: Vec::new() });
        u32::try_from(at).ok().filter(|&at| at < NONE).expect("fewer lists than bytes")
    }

    /// Takes a list out; it is to be dropped without the registry's lock.
    #[must_use]
    pub(crate) fn close(&mut self, list: u32) -> Option<List> {
        self.lists.get_mut(list as usize)?.take()
    }

    /// Edge 1: a descriptor is ready, which was listed at the place `at` the last time. Its list's owner, if
    /// it is the first there, goes into `batch`.
    #[inline(always)]
    pub fn tell(&mut self, watch: Watch, at: &mut u32, told: Told, batch: &mut WakeBatch) {
        // Not watched: no list has such a number.
        let Some(Some(list)) = self.lists.get_mut(watch.list()) else { return };
        if let Some((token, before)) = list.ready.get_mut(*at as usize)
            && *token == watch.token
        {
            *before |= told;
            return;
        }
        // There are fewer than 2^32 descriptors, so there are such places.
        *at = list.ready.len() as u32;
        if *at == 0 {
            list.wake_owner(batch);
        }
        list.ready.push((watch.token, told));
    }

    /// Edge 3: whoever stands in a list under `watch`, at the place `at`, stands there no more.
    pub fn strike_out(&mut self, watch: Watch, at: u32) {
        let Some(Some(list)) = self.lists.get_mut(watch.list()) else { return };
        if list.ready.get(at as usize).is_some_and(|(token, _)| *token == watch.token) {
            // Who comes after it is found at a wrong place, and may be listed twice: a turn too many.
            list.ready.remove(at as usize);
        }
    }

    /// Edge 2: gives out what stands in a list, after what is in `ready` already.
    pub fn take(&mut self, list: u32, ready: &mut Vec<(u32, Told)>) {
        let Some(Some(list)) = self.lists.get_mut(list as usize) else { return };
        if ready.is_empty() {
            // The memory of the one that was taken before serves the next one.
            std::mem::swap(&mut list.ready, ready);
        } else {
            ready.append(&mut list.ready);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::ready::Ready;

    const READ: Told = Told::of(Ready::READABLE);

    fn owner() -> Arc<Owner> {
        Arc::new(Owner(Waker::noop().clone()))
    }

    fn taken(lists: &mut WatchLists, list: u32) -> Listed {
        let mut ready = Vec::new();
        lists.take(list, &mut ready);
        ready
    }

    #[test]
    fn edge_1_lists_once_and_edge_2_makes_it_listable_again() {
        let mut lists = WatchLists::new();
        let list = lists.open(owner());
        let (watch, mut at) = (Watch::new(list, 7), 0);
        let mut batch = WakeBatch::new();
        lists.tell(watch, &mut at, READ, &mut batch);
        lists.tell(watch, &mut at, Told::of(Ready::WRITABLE), &mut batch);
        assert_eq!(batch.len(), 1);
        assert!(watch.is_of(list) && watch.is_quiet());
        let both = Told::of(Ready::READABLE | Ready::WRITABLE);
        assert_eq!(taken(&mut lists, list), [(7, both)]);
        lists.tell(watch, &mut at, READ, &mut batch);
        assert_eq!((batch.len(), taken(&mut lists, list)), (2, vec![(7, READ)]));
    }

    #[test]
    fn a_place_of_another_is_no_place_of_ones_own() {
        let mut lists = WatchLists::new();
        let list = lists.open(owner());
        let (one, two) = (Watch::new(list, 1), Watch::new(list, 2));
        let (mut at_one, mut at_two) = (0, 0);
        let mut batch = WakeBatch::new();
        for _ in 0..3 {
            lists.tell(two, &mut at_two, READ, &mut batch);
            lists.tell(one, &mut at_one, READ, &mut batch);
            lists.tell(two, &mut at_two, READ, &mut batch);
            assert_eq!(taken(&mut lists, list), [(2, READ), (1, READ)]);
            lists.tell(one.loud(), &mut at_one, READ, &mut batch);
            assert_eq!(taken(&mut lists, list), [(1, READ)]);
        }
    }

    #[test]
    fn what_is_taken_comes_after_what_is_there() {
        let mut lists = WatchLists::new();
        let list = lists.open(owner());
        lists.tell(Watch::new(list, 7), &mut 0, READ, &mut WakeBatch::new());
        let mut ready = vec![(3, READ)];
        lists.take(list, &mut ready);
        assert_eq!(ready, [(3, READ), (7, READ)]);
        assert!(taken(&mut lists, list).is_empty());
    }

    #[test]
    fn edge_3_who_is_watched_otherwise_leaves_the_list_and_only_that_one() {
        let mut lists = WatchLists::new();
        let list = lists.open(owner());
        let (watch, other) = (Watch::new(list, 7), Watch::new(list, 8));
        let (mut at, mut at_other) = (0, 0);
        let mut batch = WakeBatch::new();
        lists.strike_out(watch, at);
        lists.tell(watch, &mut at, READ, &mut batch);
        lists.tell(other, &mut at_other, READ, &mut batch);
        lists.strike_out(watch, at);
        lists.strike_out(watch, at);
        lists.strike_out(Watch::NONE, 0);
        assert_eq!(taken(&mut lists, list), [(8, READ)]);
    }

    #[test]
    fn who_watches_nothing_is_told_nothing_and_numbers_are_used_again() {
        let mut lists = WatchLists::new();
        let mut batch = WakeBatch::new();
        lists.tell(Watch::NONE, &mut 0, READ, &mut batch);
        assert!(batch.is_empty() && !Watch::NONE.is_quiet());
        let (first, second) = (lists.open(owner()), lists.open(owner()));
        assert!(lists.close(first).is_some() && lists.close(first).is_none());
        lists.tell(Watch::new(first, 0), &mut 0, READ, &mut batch);
        assert!(batch.is_empty());
        assert_eq!((lists.open(owner()), second), (first, 1));
    }
}
