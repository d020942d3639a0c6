//! Which key is which descriptor.
//!
//! The system gives back with each event the number it was given at registration. That number names
//! a place in a table and the place's generation, so an event that was on its way while its
//! descriptor was deregistered, and the place given to another, finds nobody.

use corio_base::WakeBatch;
use corio_base::loom::sync::Arc;
use corio_trace::metrics::parts::IoCounts;

use crate::edges::Told;
use crate::reactor::Shared;
use crate::ready::Ready;
use crate::source::Source;
use crate::watch_lists::{List, Listed, Owner, Watch, WatchLists};

/// Bits of a key that name the place: 2^32 places on 64-bit systems, 2^20 where the system takes 32
/// bits only, which leaves 12 bits of generation.
const PLACE_BITS: u32 = if usize::BITS >= 64 { 32 } else { 20 };
/// The last places stay empty: drivers use their keys for descriptors of their own.
const PLACES_MAX: u64 = (1 << PLACE_BITS) - 16;
const GENERATION_MASK: u32 = if usize::BITS >= 64 { u32::MAX } else { (1 << 12) - 1 };

/// What the system gives back with an event. Fits a `usize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(pub(crate) u64);

impl Key {
    fn new(place: u32, generation: u32) -> Self {
        Key(u64::from(place) | u64::from(generation) << PLACE_BITS)
    }

    fn place(self) -> usize {
        (self.0 & ((1 << PLACE_BITS) - 1)) as usize
    }

    fn generation(self) -> u32 {
        (self.0 >> PLACE_BITS) as u32
    }
}

#[derive(Debug)]
struct Entry {
    /// How often the place was emptied.
    generation: u32,
    /// Where in its list the descriptor was listed last.
    listed_at: u32,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Used(Arc<Source>, Watch),
    /// The next free place.
    Free(u32),
}

// Every descriptor has one: the watch costs it nothing, for it lies where a free place has its next one.
#[cfg(all(not(loom), target_pointer_width = "64"))]
const _: () = assert!(size_of::<Entry>() == 24);

/// No free place.
const NONE: u32 = u32::MAX;

const BOTH: Ready = Ready(Ready::READABLE.0 | Ready::WRITABLE.0);

/// Why there is no place for one more descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The reactor has been dropped.
    Closed,
    /// Every place is taken.
    Full,
}

/// All descriptors of one reactor.
#[derive(Debug)]
pub(crate) struct Registry {
    entries: Vec<Entry>,
    free: u32,
    used: usize,
    closed: bool,
    lists: WatchLists,
    /// How many came and went; read from any thread.
    counts: std::sync::Arc<IoCounts>,
}

impl Registry {
    pub(crate) fn new(counts: std::sync::Arc<IoCounts>) -> Self {
        let lists = WatchLists::new();
        Registry { entries: Vec::new(), free: NONE, used: 0, closed: false, lists, counts }
    }

    /// How many descriptors are registered.
    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// Takes in one more descriptor.
    pub(crate) fn insert(
        &mut self,
        ready: Ready,
        shared: &std::sync::Arc<Shared>,
    ) -> Result<Arc<Source>, Refused> {
        if self.closed {
            return Err(Refused::Closed);
        }
        if self.free == NONE {
            if self.entries.len() as u64 >= PLACES_MAX {
                return Err(Refused::Full);
            }
            self.free = self.entries.len() as u32;
            let content = Content::Free(NONE);
            self.entries.push(Entry { generation: 0, listed_at: 0, content });
        }
        let place = self.free;
        let entry = &mut self.entries[place as usize];
        let Content::Free(next) = entry.content else { unreachable!("the free list is broken") };
        self.free = next;
        self.used += 1;
        self.counts.registered.add(1);
        self.counts.here.set(self.used as u64);
        let key = Key::new(place, entry.generation);
        let source = Arc::new(Source::new(key, ready, shared.clone()));
        entry.content = Content::Used(source.clone(), Watch::NONE);
        Ok(source)
    }

    /// Who has `key` now.
    #[cfg(test)]
    pub(crate) fn get(&mut self, key: Key) -> Option<&Arc<Source>> {
        find(&mut self.entries, key).map(|found| found.source)
    }

    /// Takes in that `key` is `ready`, and collects who is to be told: the owner of its list, and the waiters
    /// of `wakes`, unless its list alone is told. `false`: nobody has the key.
    #[inline(always)]
    pub(crate) fn deliver(
        &mut self,
        key: Key,
        ready: Ready,
        wakes: Ready,
        batch: &mut WakeBatch,
    ) -> bool {
        let Some(found) = find(&mut self.entries, key) else { return false };
        if !found.watch.is_quiet() {
            found.source.waitable.deliver(ready, wakes, batch);
        }
        self.lists.tell(*found.watch, found.listed_at, Told::of(ready), batch);
        true
    }

    /// Has the word of `key` told as well from now on, because somebody waits for it with a waker.
    ///
    /// **The race**: edges that went to the list alone, before this, are not in the word. So the waiter is
    /// told that both directions are worth a try, once.
    pub(crate) fn speak_up(&mut self, key: Key, batch: &mut WakeBatch) {
        let Some(found) = find(&mut self.entries, key) else { return };
        if found.watch.is_quiet() {
            *found.watch = found.watch.loud();
            found.source.waitable.deliver(BOTH, BOTH, batch);
        }
    }

    /// Who is told of `key` from now on; what its list had of it is forgotten. Says what it is known to be
    /// ready for; `None`: nobody has the key.
    ///
    /// Nobody who waits for it with a waker: then its list alone is told, and its word gets no edge any
    /// more. So whatever ends that says to the word that both directions are worth a try.
    pub(crate) fn set_watch(
        &mut self,
        key: Key,
        new: Watch,
        batch: &mut WakeBatch,
    ) -> Option<Ready> {
        let found = find(&mut self.entries, key)?;
        let is_heard = new.is_quiet() && !found.source.waitable.forget_waits();
        let new = if is_heard { new.loud() } else { new };
        let before = std::mem::replace(found.watch, new);
        self.lists.strike_out(before, *found.listed_at);
        if before.is_quiet() {
            found.source.waitable.deliver(BOTH, BOTH, batch);
        }
        Some(found.source.waitable.state.load().ready())
    }

    /// A new list; its number.
    pub(crate) fn open_list(&mut self, owner: std::sync::Arc<Owner>) -> u32 {
        self.lists.open(owner)
    }

    /// Takes a list out. It is to be dropped without the registry's lock.
    #[must_use]
    pub(crate) fn close_list(&mut self, list: u32, batch: &mut WakeBatch) -> Option<List> {
        for entry in &mut self.entries {
            if let Content::Used(source, watch) = &mut entry.content
                && watch.is_of(list)
            {
                let before = std::mem::replace(watch, Watch::NONE);
                if before.is_quiet() {
                    source.waitable.deliver(BOTH, BOTH, batch);
                }
            }
        }
        self.lists.close(list)
    }

    /// Gives out what stands in a list.
    pub(crate) fn take_ready(&mut self, list: u32, ready: &mut Listed) {
        self.lists.take(list, ready);
    }

    /// Empties the place of `key`. What it held is to be dropped without the registry's lock.
    #[must_use]
    pub(crate) fn remove(&mut self, key: Key) -> Option<Arc<Source>> {
        find(&mut self.entries, key)?;
        let entry = &mut self.entries[key.place()];
        entry.generation = entry.generation.wrapping_add(1) & GENERATION_MASK;
        let content = std::mem::replace(&mut entry.content, Content::Free(self.free));
        self.free = key.place() as u32;
        self.used -= 1;
        self.counts.deregistered.add(1);
        self.counts.here.set(self.used as u64);
        match content {
            Content::Used(source, _) => Some(source),
            Content::Free(_) => None,
        }
    }

    /// Takes in nobody any more, ends all waits for good, and gives out everybody. The waiters go into
    /// `batch`, and the owners of lists, each of which now has all that it watched.
    ///
    /// One step under the lock: who takes its list sees that the waits have ended.
    #[must_use]
    pub(crate) fn close(&mut self, batch: &mut WakeBatch) -> Vec<Arc<Source>> {
        self.closed = true;
        self.free = NONE;
        self.counts.deregistered.add(self.used as u64);
        self.used = 0;
        self.counts.here.set(0);
        let mut sources = Vec::new();
        for mut entry in std::mem::take(&mut self.entries) {
            let Content::Used(source, watch) = entry.content else { continue };
            source.waitable.shut_down(batch);
            self.lists.tell(watch, &mut entry.listed_at, Told::ENDED, batch);
            sources.push(source);
        }
        sources
    }
}

/// Who has a key, who is told of it, and where.
struct Found<'a> {
    source: &'a Arc<Source>,
    watch: &'a mut Watch,
    listed_at: &'a mut u32,
}

#[inline(always)]
fn find(entries: &mut [Entry], key: Key) -> Option<Found<'_>> {
    match entries.get_mut(key.place()) {
        Some(Entry { generation, listed_at, content: Content::Used(source, watch) })
            if *generation == key.generation() =>
        {
            Some(Found { source, watch, listed_at })
        }
        _ => None,
    }
}

/// What one wait found, on its way into the registry. The selectors put it there event by event.
pub(crate) struct Delivery<'a> {
    pub(crate) registry: &'a mut Registry,
    pub(crate) batch: &'a mut WakeBatch,
    /// Whose waiters are woken besides.
    pub(crate) also: Ready,
    /// How many there were.
    pub(crate) events: usize,
}

impl Delivery<'_> {
    /// `key` is `ready`.
    #[inline(always)]
    pub(crate) fn put(&mut self, key: Key, ready: Ready) {
        let is_there = self.registry.deliver(key, ready, ready | self.also, self.batch);
        self.events += usize::from(is_there);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn insert(registry: &mut Registry, shared: &std::sync::Arc<Shared>) -> Key {
        registry.insert(Ready::EMPTY, shared).expect("there is room").key
    }

    #[test]
    fn a_place_is_used_again_and_its_old_key_finds_nobody() {
        let shared = Shared::for_tests();
        let mut registry = Registry::new(Default::default());
        let old = insert(&mut registry, &shared);
        let other = insert(&mut registry, &shared);
        assert!(registry.remove(old).is_some());
        assert!(registry.remove(old).is_none());
        let new = insert(&mut registry, &shared);
        assert_eq!(old.place(), new.place());
        assert!(registry.get(old).is_none());
        assert!(registry.get(new).is_some() && registry.get(other).is_some());
        assert_eq!(registry.len(), 2);
    }

    #[test]
    fn a_closed_registry_gives_out_all_and_takes_in_none() {
        let shared = Shared::for_tests();
        let mut registry = Registry::new(Default::default());
        let gone = insert(&mut registry, &shared);
        insert(&mut registry, &shared);
        assert!(registry.remove(gone).is_some());
        assert_eq!(registry.close(&mut WakeBatch::new()).len(), 1);
        assert_eq!(registry.insert(Ready::EMPTY, &shared).err(), Some(Refused::Closed));
        assert!(registry.remove(gone).is_none());
    }
}
