//! The contract of a queue of deadlines: what [`Timers`](crate::Timers) needs of the wheel.
//!
//! It exists so that the wheel can be swapped (tests hold it against a sorted map, through the same
//! methods) and so that its promises stand in one place. A queue knows no clock: whoever calls it
//! says what time it is.

use corio_base::Time;

/// One entry of a queue. It belongs to whoever inserted the entry and is used up by
/// [`TimerQueue::remove`]; nothing checks that a used-up key is not used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub(crate) u32);

impl Key {
    /// The key of entry number `index`: for implementations of [`TimerQueue`].
    pub const fn new(index: u32) -> Key {
        Key(index)
    }

    /// The number of the entry.
    pub const fn index(self) -> u32 {
        self.0
    }
}

/// Values that wait for their deadlines.
///
/// An entry is *fresh* (its delay is known, its start is not), *waiting* (it has a deadline) or
/// *fired* (its value is gone). It keeps its key through all three, until it is removed.
///
/// An implementation MUST
/// - fire no value before its deadline, and none at [`Time::NEVER`];
/// - fire in the order of the deadlines, equal ones in the order in which they were given (one that
///   was pushed back may come later among its equals; one that comes when others are due already
///   fires after them);
/// - name no moment in [`TimerQueue::next_deadline`] that is later than the earliest deadline.
pub trait TimerQueue<T>: Default {
    /// Adds `value`, to fire at `deadline`, which may have passed.
    fn insert(&mut self, deadline: Time, value: T) -> Key;

    /// Adds `value` as a fresh entry: it fires `delay_ns` after the next
    /// [`TimerQueue::start_fresh`].
    fn insert_after(&mut self, delay_ns: u64, value: T) -> Key;

    /// Gives every fresh entry its deadline, `now` and its delay.
    fn start_fresh(&mut self, now: Time);

    /// Whether there are fresh entries.
    fn has_fresh(&self) -> bool;

    /// Moves the deadline of an entry; `false`: it has fired already, and nothing changed.
    fn reset(&mut self, key: Key, deadline: Time) -> bool;

    /// Makes an entry fresh again, with this delay; `false`: it has fired already.
    fn restart(&mut self, key: Key, delay_ns: u64) -> bool;

    /// Takes an entry out, in whatever state; gives its value back if it has not fired.
    fn remove(&mut self, key: Key) -> Option<T>;

    /// The value of an entry; `None`: it has fired.
    fn value_mut(&mut self, key: Key) -> Option<&mut T>;

    /// The deadline of an entry, also of one that has fired; `None`: it is fresh.
    fn deadline(&self, key: Key) -> Option<Time>;

    /// Hands at most `limit` values that are due at `now` to `fire`, and says how many. What it
    /// leaves for the limit's sake is due at once: `next_deadline` says so.
    fn expire(&mut self, now: Time, limit: usize, fire: impl FnMut(T)) -> usize;

    /// When something may be due, fresh entries left aside: never later than the earliest deadline,
    /// and not before it unless entries were cancelled. [`Time::NEVER`]: nothing waits.
    fn next_deadline(&mut self) -> Time;

    /// How many entries have not fired.
    fn len(&self) -> usize;

    /// Whether every entry has fired or is gone.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
