//! [`Made`]: whether `connection_made` has been called, and who waits for that.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// Of one connection, on its loop's thread.
pub(super) struct Made {
    is_made: Cell<bool>,
    waiter: RefCell<Option<Waker>>,
}

impl Made {
    pub(super) fn new() -> Self {
        Made { is_made: Cell::new(false), waiter: RefCell::default() }
    }

    #[inline]
    pub(super) fn is_made(&self) -> bool {
        self.is_made.get()
    }

    pub(super) fn set(&self) {
        self.is_made.set(true);
        let waiter = self.waiter.take();
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    /// For the one who made the connection.
    pub(super) async fn wait(&self) {
        poll_fn(|context| {
            if self.is_made() {
                return Poll::Ready(());
            }
            let before = self.waiter.replace(Some(context.waker().clone()));
            drop(before);
            Poll::Pending
        })
        .await;
    }
}
