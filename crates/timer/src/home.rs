//! What the two homes of a sleep have in common: a loop's [`Timers`](crate::Timers), reached by one
//! thread, and the fallback's queue, reached by all under a lock.
//!
//! **The race**: cloning or dropping a waker runs foreign code, which may drop a sleep of the same
//! home. **Why it cannot hurt**: no method here clones, drops or wakes one inside [`Home::with`];
//! wakers go in cloned and come out whole.

use std::rc::Rc;
use std::task::Waker;

use corio_base::Time;

use crate::current;
use crate::fallback::Fallback;
use crate::queue::{Key, TimerQueue};
use crate::timers::{FALLBACK, Timers};
use crate::wheel::Wheel;

/// The queue of every home. A different one is a change of this line.
pub(crate) type Queue = Wheel<Waker>;

/// How an entry stands.
pub(crate) enum Polled {
    /// It has fired and is removed; it had this deadline.
    Fired(Time),
    /// It waits, with the present waker; the deadline is missing while the entry is fresh.
    Waiting(Option<Time>),
}

/// Owner of a queue of wakers.
pub(crate) trait Home {
    /// Runs `work` on the queue, with no other access to it meanwhile.
    fn with<R>(&self, work: impl FnOnce(&mut Queue) -> R) -> R;

    /// Sees whether the entry has fired, and otherwise makes it wake `waker`.
    #[inline]
    fn poll(&self, key: Key, waker: &Waker) -> Polled {
        let seen = self.with(|queue| match queue.value_mut(key) {
            None => Some(fired(queue, key)),
            Some(present) if present.will_wake(waker) => Some(Polled::Waiting(queue.deadline(key))),
            Some(_) => None,
        });
        match seen {
            Some(polled) => polled,
            None => self.replace(key, waker),
        }
    }

    /// [`Home::poll`] for a task that is not the one that polled before.
    #[cold]
    fn replace(&self, key: Key, waker: &Waker) -> Polled {
        let mut waker = waker.clone();
        // The clone may have run anything, a turn included: look again. What is replaced leaves the
        // queue in `waker` and is dropped outside.
        self.with(|queue| match queue.value_mut(key) {
            None => fired(queue, key),
            Some(present) => {
                std::mem::swap(present, &mut waker);
                Polled::Waiting(queue.deadline(key))
            }
        })
    }

    /// Removes the entry; the waker, if it had not fired, is the caller's to drop.
    #[inline]
    fn cancel(&self, key: Key) -> Option<Waker> {
        self.with(|queue| queue.remove(key))
    }
}

/// A home that the calling thread may touch.
pub(crate) enum Reached {
    /// The loop of this thread.
    Loop(Rc<Timers>),
    /// Everybody's.
    Fallback(&'static Fallback),
}

/// The home with this number, if it is this thread's loop or the fallback.
#[inline]
pub(crate) fn reach(home: u64) -> Option<Reached> {
    match current::get() {
        Some(timers) if timers.id() == home => Some(Reached::Loop(timers)),
        _ if home == FALLBACK => Some(Reached::Fallback(Fallback::get())),
        _ => None,
    }
}

impl Reached {
    /// Moves the deadline of an entry; `false`: it has fired already.
    #[inline]
    pub(crate) fn reset(&self, key: Key, deadline: Time) -> bool {
        match self {
            Reached::Loop(timers) => timers.with(|queue| queue.reset(key, deadline)),
            Reached::Fallback(fallback) => fallback.reset(key, deadline),
        }
    }
}

impl Home for Reached {
    #[inline]
    fn with<R>(&self, work: impl FnOnce(&mut Queue) -> R) -> R {
        match self {
            Reached::Loop(timers) => timers.with(work),
            Reached::Fallback(fallback) => fallback.with(work),
        }
    }
}

fn fired(queue: &mut Queue, key: Key) -> Polled {
    let deadline = queue.deadline(key).unwrap_or(Time::ZERO);
    queue.remove(key);
    Polled::Fired(deadline)
}
