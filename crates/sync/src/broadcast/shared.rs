//! The values of a broadcast channel, and who has still to see them. All of it under the list's lock.
//!
//! ```text
//!   base ─▶ [ value 4 | seen by all | value 6 ] ◀─ next        receiver: position 4, 5, 6 or 7
//! ```
//!
//! A value is shared by reference count: it is cloned for a receiver, and dropped, outside the lock.

use std::collections::VecDeque;
use std::sync::Arc;

use corio_base::loom::sync::atomic::{AtomicUsize, Ordering};
use corio_trace::WaitKind;

use super::error::TryRecvError;
use crate::wait_list::{Rules, WaitList};

/// Receivers that wait for a value.
pub(super) const RECEIVERS: usize = 0;
/// Senders that wait for the last receiver to go.
pub(super) const ENDS: usize = 1;
pub(super) const LANES: usize = 2;

pub(super) type Shared<T> = WaitList<Word<T>, LANES>;
pub(super) type Section<'a, T> = crate::wait_list::Section<'a, Word<T>, LANES>;

/// A value that was sent.
pub(super) struct Message<T> {
    /// How many receivers have still to see it.
    left: AtomicUsize,
    value: T,
}

impl<T> Message<T> {
    pub(super) fn new(value: T) -> Arc<Self> {
        Arc::new(Message { left: AtomicUsize::new(0), value })
    }

    /// The value of a message that nobody else has.
    pub(super) fn into_value(self: Arc<Self>) -> Option<T> {
        Arc::into_inner(self).map(|message| message.value)
    }

    /// One receiver has it; says whether it was the last one.
    fn seen(&self) -> bool {
        // AcqRel: what the others did with the value comes before it is dropped.
        self.left.fetch_sub(1, Ordering::AcqRel) == 1
    }
}

/// What a waiter is told.
pub(super) enum Told<T> {
    /// Nothing yet.
    Waiting,
    /// The value it waited for, which is the one at its position.
    Message(Arc<Message<T>>),
    /// The other ends are gone.
    Closed,
}

/// A broadcast channel has no word of its own: every way takes the lock.
pub(super) struct Word<T>(std::marker::PhantomData<fn(T)>);

/// What the lock guards.
pub(super) struct Data<T> {
    capacity: usize,
    /// `None`: seen by all.
    values: VecDeque<Option<Arc<Message<T>>>>,
    /// The position of the first one.
    base: u64,
    pub(super) senders: usize,
    pub(super) receivers: usize,
}

pub(super) fn new<T>(capacity: usize) -> Shared<T> {
    let data = Data { capacity, values: VecDeque::new(), base: 0, senders: 1, receivers: 1 };
    WaitList::new(Word(std::marker::PhantomData), data)
}

impl<T> Data<T> {
    /// The position of the next value to be sent.
    pub(super) fn next(&self) -> u64 {
        self.base + self.values.len() as u64
    }

    /// How many values are held that not all have seen.
    pub(super) fn len(&self) -> usize {
        self.values.iter().flatten().count()
    }

    /// How many values are there for a receiver at `position`.
    pub(super) fn len_from(&self, position: u64) -> usize {
        (self.next() - position.max(self.base)) as usize
    }

    /// Adds a value; what it pushed out is to be dropped after the lock.
    #[must_use]
    pub(super) fn push(&mut self, message: &Arc<Message<T>>) -> Option<Arc<Message<T>>> {
        // Relaxed: receivers find it through the lock.
        message.left.store(self.receivers, Ordering::Relaxed);
        self.values.push_back(Some(message.clone()));
        if self.values.len() <= self.capacity {
            return None;
        }
        self.base += 1;
        self.values.pop_front().flatten()
    }

    /// The value for a receiver at `position`, which goes on.
    pub(super) fn take(&self, position: &mut u64) -> Result<Arc<Message<T>>, TryRecvError> {
        if *position < self.base {
            let lost = self.base - *position;
            *position = self.base;
            return Err(TryRecvError::Lagged(lost));
        }
        match self.values.get((*position - self.base) as usize) {
            Some(message) => {
                *position += 1;
                Ok(message.clone().expect("a value stays until every receiver has seen it"))
            }
            None if self.senders == 0 => Err(TryRecvError::Closed),
            None => Err(TryRecvError::Empty),
        }
    }

    /// All have seen the value at `position`: it is to be dropped after the lock.
    fn forget(&mut self, position: u64) -> Option<Arc<Message<T>>> {
        let at = position.checked_sub(self.base)?;
        self.values.get_mut(at as usize)?.take()
    }

    /// A receiver at `position` goes: what only it had still to see is to be dropped after the lock.
    #[must_use]
    pub(super) fn remove_receiver(&mut self, position: u64) -> Vec<Arc<Message<T>>> {
        self.receivers -= 1;
        let from = position.saturating_sub(self.base) as usize;
        let mut dropped = Vec::new();
        for slot in self.values.iter_mut().skip(from) {
            if slot.as_ref().is_some_and(|message| message.seen()) {
                dropped.extend(slot.take());
            }
        }
        dropped
    }
}

/// What a receiver makes of the message at `position`: the value itself for the last one, a clone for
/// the others. No lock is held.
pub(super) fn value_of<T: Clone>(shared: &Shared<T>, position: u64, message: Arc<Message<T>>) -> T {
    if !message.seen() {
        return message.value.clone();
    }
    let kept = shared.lock().data().forget(position);
    drop(kept);
    Arc::try_unwrap(message).map_or_else(|shared| shared.value.clone(), |message| message.value)
}

impl<T> Rules<LANES> for Word<T> {
    type Data = Data<T>;
    type Slot = Told<T>;

    fn kind(&self) -> WaitKind {
        WaitKind::Channel
    }

    // A receiver that gives up has not moved on: the value is still there for its next call.
    fn left(_: &mut Section<'_, T>, _: &mut Told<T>) {}
    fn pass_on(_: &Shared<T>, _: Told<T>) {}
}
