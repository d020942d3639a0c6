//! Who waits at one end of a pipe: any number of futures, and the poll forms as one.
//!
//! All are woken when something changes, in the order in which they came: a future that is dropped
//! after it was woken has then taken nobody's turn. Never wakes or drops a waker itself; the caller does,
//! when it has left the lock.

use std::task::Waker;

use corio_base::WakeBatch;

/// What a waiter is known by; 0 is nobody's.
pub(super) type Id = u64;

/// The waiter that all poll forms share.
pub(super) const POLL_FORMS: Id = u64::MAX;

/// The waiters at one end.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    last: Id,
    waiting: Vec<(Id, Waker)>,
}

impl Waiters {
    /// Has `id` woken through `waker`; gives it an id if it has none. Returns a waker to drop.
    #[must_use = "to be dropped when the lock has been left"]
    pub(super) fn wait(&mut self, id: &mut Id, waker: &Waker) -> Option<Waker> {
        if *id == 0 {
            self.last += 1;
            *id = self.last;
        }
        match self.waiting.iter_mut().find(|(other, _)| other == id) {
            Some((_, present)) if present.will_wake(waker) => None,
            Some((_, present)) => Some(std::mem::replace(present, waker.clone())),
            None => {
                self.waiting.push((*id, waker.clone()));
                None
            }
        }
    }

    /// Forgets `id`. Returns its waker, to be dropped.
    #[must_use = "to be dropped when the lock has been left"]
    pub(super) fn leave(&mut self, id: Id) -> Option<Waker> {
        let place = self.waiting.iter().position(|(other, _)| *other == id)?;
        Some(self.waiting.remove(place).1)
    }

    /// Moves all of them into `batch`.
    pub(super) fn take_all(&mut self, batch: &mut WakeBatch) {
        for (_, waker) in self.waiting.drain(..) {
            batch.push(waker);
        }
    }
}
