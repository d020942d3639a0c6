//! Which of many have something to say: one waker for each, and a list of those that were woken.
//!
//! So that a wait for many does not look at all of them for each that ends, and knows in which order
//! they ended. Costs an allocation for each member, when it is first waited for.
//!
//! **The race** of a wake with the look: the look registers its waker first and then empties the list;
//! a wake first adds to the list and then wakes. So an arrival is in the list, or wakes.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

use corio_base::WakerCell;

/// The list of those that were woken.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    list: Mutex<Vec<usize>>,
    waiter: WakerCell,
}

/// The waker of one.
struct Arrival {
    index: usize,
    arrivals: Arc<Arrivals>,
}

impl Arrivals {
    pub(crate) fn new() -> Arc<Arrivals> {
        Arc::default()
    }

    /// The waker of member `index`.
    pub(crate) fn waker(self: &Arc<Self>, index: usize) -> Waker {
        Waker::from(Arc::new(Arrival { index, arrivals: Arc::clone(self) }))
    }

    /// Registers who is to be woken by the next arrival; then look.
    pub(crate) fn register(&self, waker: &Waker) {
        self.waiter.register(waker);
    }

    /// Wakes who is registered, without an arrival.
    pub(crate) fn wake(&self) {
        self.waiter.wake();
    }

    /// Moves those that were woken, in order, some perhaps several times, to the end of `to`.
    pub(crate) fn take(&self, to: &mut Vec<usize>) {
        to.append(&mut self.list.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Wake for Arrival {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let arrivals = &self.arrivals;
        arrivals.list.lock().unwrap_or_else(PoisonError::into_inner).push(self.index);
        arrivals.waiter.wake();
    }
}
