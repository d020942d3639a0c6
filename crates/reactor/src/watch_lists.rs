//! Which watched descriptors are ready: the lists inside a registry, under its lock.
//!
//! ```text
//!            1 tell: the first of the list wakes whose list it is
//!   quiet ────────────────────────────────────────────────────────▶ listed ──┐ 1 tell: stays, once
//!     ▲                                                               │ ▲    │
//!     └────────────2 unlist, by Registry::take_ready──────────────────┘ └────┘
//! ```
//!
//! A [`Watch`] stands beside the descriptor in the registry: which list, and the number by which the
//! list's owner knows it. The reactor, which has the registry's lock for the whole of what one wait found,
//! adds to the list by a push: no lock, no atomic operation and no waker for each descriptor. A descriptor
//! stands in its list once, so a list is no longer than there are descriptors, however long nobody looks.
//!
//! **The race**: an edge comes while the list's owner tries the descriptor. The owner takes the list, which
//! unlists the descriptor, *before* it looks at the word; the reactor sets the word *before* it lists. So
//! an edge whose descriptor is listed already is one that the owner has yet to look at; after the taking it
//! is listed anew.

use std::sync::Arc;
use std::task::{Wake, Waker};

use corio_base::WakeBatch;

use crate::registry::Key;

/// The descriptor stands in its list.
const LISTED: u32 = 1 << 31;
/// No list.
const NONE: u32 = LISTED - 1;

/// Who is told when a descriptor is ready, and by which number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The list's number, or `NONE`; and `LISTED`.
    list: u32,
    token: u32,
}

impl Watch {
    /// Nobody is told.
    pub const NONE: Watch = Watch { list: NONE, token: 0 };

    /// The owner of `list` is told `token`.
    pub fn new(list: u32, token: u32) -> Watch {
        Watch { list, token }
    }

    /// Whether `list` is the one it stands, or will stand, in.
    pub(crate) fn is_of(self, list: u32) -> bool {
        self.list & !LISTED == list
    }

    /// Edge 2.
    #[inline]
    pub fn unlist(&mut self) {
        self.list &= !LISTED;
    }
}

/// A list: what is ready of all that one owner watches.
#[derive(Debug)]
pub(crate) struct List {
    owner: Arc<Owner>,
    ready: Vec<(Key, u32)>,
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

    /// Edge 1: the descriptor `key` is ready. Its list's owner, if it is the first there, goes into
    /// `batch`.
    #[inline]
    pub fn tell(&mut self, watch: &mut Watch, key: Key, batch: &mut WakeBatch) {
        // Listed already, or not watched: no list has such a number.
        let Some(Some(list)) = self.lists.get_mut(watch.list as usize) else { return };
        watch.list |= LISTED;
        if list.ready.is_empty() {
            batch.push(Waker::from(list.owner.clone()));
        }
        list.ready.push((key, watch.token));
    }

    /// What stands in a list, which is to be emptied, each with edge 2.
    #[inline]
    pub fn ready(&mut self, list: u32) -> Option<&mut Vec<(Key, u32)>> {
        Some(&mut self.lists.get_mut(list as usize)?.as_mut()?.ready)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn edge_1_lists_once_and_edge_2_makes_it_listable_again() {
        let mut lists = WatchLists::new();
        let list = lists.open(Arc::new(Owner(Waker::noop().clone())));
        let mut watch = Watch::new(list, 7);
        let mut batch = WakeBatch::new();
        lists.tell(&mut watch, Key(0), &mut batch);
        lists.tell(&mut watch, Key(0), &mut batch);
        assert_eq!((batch.len(), lists.ready(list).unwrap().len()), (1, 1));
        assert!(watch.is_of(list));
        lists.ready(list).unwrap().clear();
        watch.unlist();
        lists.tell(&mut watch, Key(0), &mut batch);
        assert_eq!((batch.len(), lists.ready(list).unwrap().len()), (2, 1));
    }

    #[test]
    fn who_watches_nothing_is_told_nothing_and_numbers_are_used_again() {
        let mut lists = WatchLists::new();
        let mut batch = WakeBatch::new();
        lists.tell(&mut { Watch::NONE }, Key(0), &mut batch);
        assert!(batch.is_empty());
        let owner = || Arc::new(Owner(Waker::noop().clone()));
        let (first, second) = (lists.open(owner()), lists.open(owner()));
        assert!(lists.close(first).is_some() && lists.close(first).is_none());
        lists.tell(&mut Watch::new(first, 0), Key(0), &mut batch);
        assert!(batch.is_empty());
        assert_eq!((lists.open(owner()), second), (first, 1));
    }
}
