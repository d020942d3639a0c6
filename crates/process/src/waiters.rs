//! Who waits for one child: wakers, each under a number.
//!
//! Kept in `exit`'s state, under its lock, so nothing here wakes or drops a waker: what is taken out is
//! handed to the caller.

use std::task::Waker;

use corio_base::WakeBatch;

/// The wakers of those who wait.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    last: u64,
    all: Vec<(u64, Waker)>,
}

impl Waiters {
    /// Enters `waker`, under the number that `id` has or is given; gives back the one that stood there.
    #[must_use = "it is dropped when the lock is given back"]
    pub(crate) fn enter(&mut self, id: &mut Option<u64>, waker: Waker) -> Option<Waker> {
        if let Some(id) = *id
            && let Some((_, place)) = self.all.iter_mut().find(|(other, _)| *other == id)
        {
            return Some(std::mem::replace(place, waker));
        }
        self.last += 1;
        self.all.push((self.last, waker));
        *id = Some(self.last);
        None
    }

    /// Takes out the waker of one who waits no more.
    #[must_use = "it is dropped when the lock is given back"]
    pub(crate) fn remove(&mut self, id: u64) -> Option<Waker> {
        let place = self.all.iter().position(|(other, _)| *other == id)?;
        Some(self.all.swap_remove(place).1)
    }

    /// Moves all of them to `batch`, in the order in which they came.
    pub(crate) fn take_all(&mut self, batch: &mut WakeBatch) {
        self.all.sort_unstable_by_key(|(id, _)| *id);
        self.all.drain(..).for_each(|(_, waker)| batch.push(waker));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiter_keeps_its_number_and_leaves_with_it() {
        let mut waiters = Waiters::default();
        let (mut first, mut second) = (None, None);
        assert!(waiters.enter(&mut first, Waker::noop().clone()).is_none());
        assert!(waiters.enter(&mut second, Waker::noop().clone()).is_none());
        assert!(waiters.enter(&mut first, Waker::noop().clone()).is_some());
        assert_eq!((first, second), (Some(1), Some(2)));
        assert!(waiters.remove(1).is_some() && waiters.remove(1).is_none());
        let mut batch = WakeBatch::new();
        waiters.take_all(&mut batch);
        assert_eq!(batch.wake_all(), 1);
        assert!(waiters.remove(2).is_none());
    }
}
