//! [`Made`]: whether `connection_made` has been called, and who waits for that.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::panic::Location;
use std::task::{Poll, Waker};

use super::callbacks::wake_told;

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

    /// `place` is where the connection was made.
    pub(super) fn set(&self, place: &'static Location<'static>) {
        self.is_made.set(true);
        if let Some(waiter) = self.waiter.take() {
            wake_told(waiter, place);
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
