//! The sending end of a many-to-many channel.

use std::fmt;
use std::panic::Location;

use corio_base::loom::sync::Arc;

use super::core::List;
use super::error::{SendError, TrySendError};
use super::ration::Ration;
use super::wait::{Closing, Sending};
use super::{ends, receiver::describe};
use crate::blocking::block_on;

/// Sends to a many-to-many channel; clones send to the same one.
pub struct Sender<T> {
    list: Arc<List<T>>,
    ration: Ration,
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe("Sender", &self.list, f)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.list.rules().add_sender();
        Self::new(self.list.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        ends::drop_sender(&self.list);
    }
}

impl<T> Sender<T> {
    pub(super) fn new(list: Arc<List<T>>) -> Self {
        Sender { list, ration: Ration::default() }
    }

    /// Sends `value`; waits for a place if the channel is bounded and full.
    ///
    /// # Errors
    /// [`SendError`] with the value, if the channel is closed.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it has sent nothing, and the value is dropped; a place that was
    /// promised to it goes to the next.
    #[track_caller]
    #[inline]
    pub fn send(&self, value: T) -> Sending<'_, T> {
        Sending::new(&self.list, &self.ration, value, Location::caller())
    }

    /// Sends `value` if there is a place.
    ///
    /// # Errors
    /// [`TrySendError`] with the value, which says whether waiting would help.
    #[inline]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        ends::try_send(&self.list, value)
    }

    /// [`Sender::send`] for a thread outside of any loop: blocks it.
    ///
    /// # Errors
    /// As for [`Sender::send`].
    ///
    /// # Panics
    /// In a task of a loop, which must not be blocked.
    #[track_caller]
    pub fn blocking_send(&self, value: T) -> Result<(), SendError<T>> {
        block_on(self.send(value), "send")
    }

    /// Closes the channel for all: what is in it can still be received.
    pub fn close(&self) {
        ends::close(&self.list);
    }

    /// Waits until the channel is closed.
    ///
    /// # Cancel safety
    /// It only looks.
    #[track_caller]
    pub fn closed(&self) -> Closing<'_, T> {
        Closing::new(&self.list, Location::caller())
    }

    /// Whether the channel is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        ends::is_closed(&self.list)
    }

    /// How many messages are in the channel.
    #[must_use]
    pub fn len(&self) -> usize {
        ends::len(&self.list)
    }

    /// Whether no message is in the channel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages the channel can hold; `None` is without bound.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        self.list.rules().bound()
    }

    /// Whether both send to the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.list, &other.list)
    }

    /// A handle that can become a sender again, and does not keep the channel open.
    #[must_use]
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender { list: self.list.clone() }
    }
}

/// A sender that does not keep the channel open.
pub struct WeakSender<T> {
    list: Arc<List<T>>,
}

impl<T> WeakSender<T> {
    /// A sender, unless the last one is gone.
    #[must_use]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        ends::upgrade_sender(&self.list).then(|| Sender::new(self.list.clone()))
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        WeakSender { list: self.list.clone() }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe("WeakSender", &self.list, f)
    }
}
