//! The data: keys, values and when they expire. No sockets, no clock; the caller says what time it
//! is.
//!
//! A key past its deadline does not exist any more: every access drops it first ([`Store::get`] and
//! the others), so nobody sees it late, and a task calls [`Store::sweep`] for keys that nobody asks
//! for. Deadlines are also kept in order, so both know without searching whether anything is due.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Instant;

/// What stands under a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Value {
    /// Bytes; also the number that `INCR` counts.
    Bytes(Vec<u8>),
    /// A list, never empty.
    List(VecDeque<Box<[u8]>>),
}

/// A deadline's place in the order: the number tells apart what is due at the same moment.
type Due = (Instant, u64);

#[derive(Debug)]
struct Entry {
    value: Value,
    due: Option<Due>,
}

/// All keys of the server.
#[derive(Debug, Default)]
pub struct Store {
    // The standard hasher is keyed at random: clients choose the keys, and must not choose where
    // they collide.
    entries: HashMap<Box<[u8]>, Entry>,
    /// Exactly the entries that have a deadline, the next one first.
    deadlines: BTreeMap<Due, Box<[u8]>>,
    last_number: u64,
}

impl Store {
    /// A store without keys.
    pub fn new() -> Store {
        Store::default()
    }

    /// The value under `key`.
    pub fn get(&mut self, key: &[u8], now: Instant) -> Option<&Value> {
        self.drop_if_due(key, now);
        self.entries.get(key).map(|entry| &entry.value)
    }

    /// The value under `key`, to be changed in place; its deadline stays.
    pub fn get_mut(&mut self, key: &[u8], now: Instant) -> Option<&mut Value> {
        self.drop_if_due(key, now);
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    /// Puts `bytes` under `key` in place of whatever was there, its deadline included.
    pub fn set(&mut self, key: &[u8], bytes: &[u8], deadline: Option<Instant>) {
        match self.entries.get_mut(key) {
            Some(entry) => {
                if let Some(due) = entry.due.take() {
                    self.deadlines.remove(&due);
                }
                match &mut entry.value {
                    Value::Bytes(present) => {
                        // In its old place, unless that is far too large for it.
                        present.clear();
                        present.shrink_to(4 * bytes.len());
                        present.extend_from_slice(bytes);
                    }
                    list => *list = Value::Bytes(bytes.to_vec()),
                }
            }
            None => self.insert(key, Value::Bytes(bytes.to_vec())),
        }
        if let Some(deadline) = deadline {
            self.set_deadline(key, deadline);
        }
    }

    /// Puts `value` under `key`, where nothing is.
    pub fn insert(&mut self, key: &[u8], value: Value) {
        let present = self.entries.insert(key.into(), Entry { value, due: None });
        assert!(present.is_none(), "there was a value under this key");
    }

    /// Takes `key` and its value away; says whether it was there.
    pub fn remove(&mut self, key: &[u8], now: Instant) -> bool {
        self.drop_if_due(key, now);
        self.forget(key)
    }

    /// Lets `key` expire at `deadline`, at once if that has passed; says whether it is there.
    pub fn expire(&mut self, key: &[u8], deadline: Instant, now: Instant) -> bool {
        self.drop_if_due(key, now);
        if deadline <= now { self.forget(key) } else { self.set_deadline(key, deadline) }
    }

    /// When `key` expires: `None` if there is no such key, `Some(None)` if it stays.
    pub fn deadline(&mut self, key: &[u8], now: Instant) -> Option<Option<Instant>> {
        self.drop_if_due(key, now);
        self.entries.get(key).map(|entry| entry.due.map(|(deadline, _)| deadline))
    }

    /// Drops up to `max` keys that have expired; says whether there may be more.
    pub fn sweep(&mut self, now: Instant, max: usize) -> bool {
        for _ in 0..max {
            match self.deadlines.first_entry() {
                Some(first) if first.key().0 <= now => {
                    let key = first.remove();
                    self.entries.remove(&key);
                }
                _ => return false,
            }
        }
        true
    }

    /// How many keys there are, those included that have expired since the last sweep.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    fn drop_if_due(&mut self, key: &[u8], now: Instant) {
        // Nearly always nothing at all is due, and the key need not be looked up for it.
        let anything = self.deadlines.first_key_value().is_some_and(|(due, _)| due.0 <= now);
        if anything
            && let Some(Entry { due: Some((deadline, _)), .. }) = self.entries.get(key)
            && *deadline <= now
        {
            self.forget(key);
        }
    }

    fn forget(&mut self, key: &[u8]) -> bool {
        let Some(entry) = self.entries.remove(key) else { return false };
        if let Some(due) = entry.due {
            self.deadlines.remove(&due);
        }
        true
    }

    fn set_deadline(&mut self, key: &[u8], deadline: Instant) -> bool {
        let Some(entry) = self.entries.get_mut(key) else { return false };
        self.last_number += 1;
        let due = (deadline, self.last_number);
        if let Some(before) = entry.due.replace(due) {
            self.deadlines.remove(&before);
        }
        self.deadlines.insert(due, key.into());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn bytes(text: &str) -> Value {
        Value::Bytes(text.into())
    }

    #[test]
    fn a_key_is_gone_at_its_deadline_without_a_sweep() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let mut store = Store::new();
        store.set(b"a", b"1", Some(later));
        store.set(b"b", b"2", None);
        assert_eq!(store.get(b"a", now), Some(&bytes("1")));
        assert_eq!(store.deadline(b"a", now), Some(Some(later)));
        assert_eq!(store.get(b"a", later), None);
        assert_eq!(store.get(b"b", later), Some(&bytes("2")));
        assert_eq!(store.deadline(b"b", later), Some(None));
        assert_eq!(store.deadline(b"a", later), None);
        assert_eq!((store.len(), store.deadlines.len()), (1, 0));
    }

    #[test]
    fn setting_again_forgets_the_deadline() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let mut store = Store::new();
        store.set(b"a", b"1", Some(later));
        store.set(b"a", b"2", None);
        assert_eq!(store.get(b"a", later), Some(&bytes("2")));
        assert!(store.deadlines.is_empty());
        assert!(store.expire(b"a", later, now));
        assert!(store.expire(b"a", later + Duration::from_secs(1), now));
        assert_eq!(store.deadlines.len(), 1);
        assert!(store.expire(b"a", now, now));
        assert_eq!((store.len(), store.deadlines.len()), (0, 0));
        assert!(!store.expire(b"a", later, now));
    }

    #[test]
    fn a_sweep_takes_what_is_due_and_not_more_than_it_may() {
        let now = Instant::now();
        let mut store = Store::new();
        for second in 0..10u8 {
            let deadline = now + Duration::from_secs(second.into());
            store.set(&[second], b"", Some(deadline));
        }
        assert!(store.sweep(now + Duration::from_secs(4), 3));
        assert_eq!(store.len(), 7);
        assert!(!store.sweep(now + Duration::from_secs(4), 3));
        assert_eq!((store.len(), store.deadlines.len()), (5, 5));
    }
}
