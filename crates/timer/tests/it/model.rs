//! A queue of deadlines that is obviously right and not fast: a sorted map.

use std::collections::BTreeMap;

use corio_base::Time;
use corio_timer::{Key, TimerQueue};

/// What is known of an entry.
enum Entry<T> {
    Fresh { delay_ns: u64, turn: u64, value: T },
    Waiting { deadline: Time, order: u64, value: T },
    Fired { deadline: Time },
}

/// Entries by key, and those that wait by deadline and order of insertion.
pub(crate) struct Sorted<T> {
    entries: BTreeMap<u32, Entry<T>>,
    waiting: BTreeMap<(Time, u64), u32>,
    next: u32,
    order: u64,
}

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Sorted { entries: BTreeMap::new(), waiting: BTreeMap::new(), next: 0, order: 0 }
    }
}

impl<T> Sorted<T> {
    fn order(&mut self) -> u64 {
        self.order += 1;
        self.order
    }

    fn add(&mut self, entry: Entry<T>) -> Key {
        let key = self.next;
        self.next += 1;
        self.entries.insert(key, entry);
        Key::new(key)
    }

    fn wait(&mut self, key: u32, deadline: Time, value: T) {
        let order = self.order();
        self.waiting.insert((deadline, order), key);
        self.entries.insert(key, Entry::Waiting { deadline, order, value });
    }

    /// Takes the value out of an entry that has not fired.
    fn take(&mut self, key: Key) -> Option<T> {
        match self.entries.remove(&key.index()) {
            Some(Entry::Fresh { value, .. }) => Some(value),
            Some(Entry::Waiting { deadline, order, value }) => {
                self.waiting.remove(&(deadline, order));
                Some(value)
            }
            Some(fired @ Entry::Fired { .. }) => {
                self.entries.insert(key.index(), fired);
                None
            }
            None => panic!("{key:?} is used up"),
        }
    }
}

impl<T> TimerQueue<T> for Sorted<T> {
    fn insert(&mut self, deadline: Time, value: T) -> Key {
        let key = self.next;
        self.next += 1;
        self.wait(key, deadline, value);
        Key::new(key)
    }

    fn insert_after(&mut self, delay_ns: u64, value: T) -> Key {
        let turn = self.order();
        self.add(Entry::Fresh { delay_ns, turn, value })
    }

    fn start_fresh(&mut self, now: Time) {
        let mut fresh: Vec<(u64, u32)> = Vec::new();
        for (&key, entry) in &self.entries {
            if let Entry::Fresh { turn, .. } = entry {
                fresh.push((*turn, key));
            }
        }
        fresh.sort_unstable();
        for (_, key) in fresh {
            if let Some(Entry::Fresh { delay_ns, value, .. }) = self.entries.remove(&key) {
                let deadline = Time::from_nanos(now.as_nanos().saturating_add(delay_ns));
                self.wait(key, deadline, value);
            }
        }
    }

    fn has_fresh(&self) -> bool {
        self.entries.values().any(|entry| matches!(entry, Entry::Fresh { .. }))
    }

    fn reset(&mut self, key: Key, deadline: Time) -> bool {
        match self.take(key) {
            Some(value) => {
                self.wait(key.index(), deadline, value);
                true
            }
            None => false,
        }
    }

    fn restart(&mut self, key: Key, delay_ns: u64) -> bool {
        match self.take(key) {
            Some(value) => {
                let turn = self.order();
                self.entries.insert(key.index(), Entry::Fresh { delay_ns, turn, value });
                true
            }
            None => false,
        }
    }

    fn remove(&mut self, key: Key) -> Option<T> {
        let value = self.take(key);
        self.entries.remove(&key.index());
        value
    }

    fn value_mut(&mut self, key: Key) -> Option<&mut T> {
        match self.entries.get_mut(&key.index()) {
            Some(Entry::Fresh { value, .. } | Entry::Waiting { value, .. }) => Some(value),
            _ => None,
        }
    }

    fn deadline(&self, key: Key) -> Option<Time> {
        match self.entries[&key.index()] {
            Entry::Fresh { .. } => None,
            Entry::Waiting { deadline, .. } | Entry::Fired { deadline } => Some(deadline),
        }
    }

    fn expire(&mut self, now: Time, limit: usize, mut fire: impl FnMut(T)) -> usize {
        let mut fired = 0;
        while fired < limit
            && let Some((&(deadline, _), &key)) = self.waiting.first_key_value()
            && deadline <= now
            && !deadline.is_never()
        {
            self.waiting.pop_first();
            let entry = self.entries.insert(key, Entry::Fired { deadline });
            if let Some(Entry::Waiting { value, .. }) = entry {
                fire(value);
                fired += 1;
            }
        }
        fired
    }

    fn next_deadline(&mut self) -> Time {
        self.waiting.first_key_value().map_or(Time::NEVER, |(&(deadline, _), _)| deadline)
    }

    fn len(&self) -> usize {
        self.entries.values().filter(|entry| !matches!(entry, Entry::Fired { .. })).count()
    }
}
