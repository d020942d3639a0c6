//! The receiving end of a many-to-many channel.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_base::loom::sync::Arc;
use futures_core::Stream;
use pin_project_lite::pin_project;

use super::core::List;
use super::ends;
use super::error::{RecvError, TryRecvError};
use super::ration::Ration;
use super::wait::{Closing, Receiving};
use crate::blocking::block_on;

/// What an end shows of its channel.
pub(crate) fn describe<T>(name: &str, list: &List<T>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_struct(name)
        .field("len", &ends::len(list))
        .field("capacity", &list.rules().bound())
        .field("closed", &ends::is_closed(list))
        .finish_non_exhaustive()
}

/// Receives from a many-to-many channel; clones share the messages.
pub struct Receiver<T> {
    list: Arc<List<T>>,
    ration: Ration,
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe("Receiver", &self.list, f)
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.list.rules().add_receiver();
        Self::new(self.list.clone())
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        ends::drop_receiver(&self.list);
    }
}

impl<T> Receiver<T> {
    pub(super) fn new(list: Arc<List<T>>) -> Self {
        Receiver { list, ration: Ration::default() }
    }

    /// Takes the next message; waits for one.
    ///
    /// # Errors
    /// [`RecvError`] once the channel is empty and nobody sends any more.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it has taken nothing, and whoever waits behind it is told.
    #[track_caller]
    #[inline]
    pub fn recv(&self) -> Receiving<'_, T> {
        Receiving::new(&self.list, &self.ration, Location::caller())
    }

    /// Takes the next message if it is there.
    ///
    /// # Errors
    /// [`TryRecvError`], which says whether waiting would help.
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        ends::try_recv(&self.list)
    }

    /// [`Receiver::recv`] for a thread outside of any loop: blocks it.
    ///
    /// # Errors
    /// As for [`Receiver::recv`].
    ///
    /// # Panics
    /// In a task of a loop, which must not be blocked.
    #[track_caller]
    pub fn blocking_recv(&self) -> Result<T, RecvError> {
        block_on(self.recv(), "recv")
    }

    /// The messages as a stream, until nobody sends any more.
    ///
    /// # Cancel safety
    /// Dropped, it has taken no message but those it gave.
    #[track_caller]
    pub fn messages(&self) -> Messages<'_, T> {
        Messages { receiving: self.recv() }
    }

    /// Closes the channel for all: what is in it can still be received.
    pub fn close(&self) {
        ends::close(&self.list);
    }

    /// Waits until the channel is closed; there may still be messages in it.
    ///
    /// # Cancel safety
    /// It only looks.
    #[track_caller]
    pub fn closed(&self) -> Closing<'_, T> {
        Closing::new(&self.list, Location::caller())
    }

    /// Whether the channel is closed; there may still be messages in it.
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

    /// Whether both receive from the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.list, &other.list)
    }

    /// A handle that can become a receiver again, and does not keep the channel open.
    #[must_use]
    pub fn downgrade(&self) -> WeakReceiver<T> {
        WeakReceiver { list: self.list.clone() }
    }
}

/// A receiver that does not keep the channel open.
pub struct WeakReceiver<T> {
    list: Arc<List<T>>,
}

impl<T> WeakReceiver<T> {
    /// A receiver, unless the last one is gone.
    #[must_use]
    pub fn upgrade(&self) -> Option<Receiver<T>> {
        ends::upgrade_receiver(&self.list).then(|| Receiver::new(self.list.clone()))
    }
}

impl<T> Clone for WeakReceiver<T> {
    fn clone(&self) -> Self {
        WeakReceiver { list: self.list.clone() }
    }
}

impl<T> fmt::Debug for WeakReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe("WeakReceiver", &self.list, f)
    }
}

pin_project! {
    /// The messages of a channel as a stream; made by [`Receiver::messages`].
    #[derive(Debug)]
    #[must_use = "a stream does nothing unless polled"]
    pub struct Messages<'a, T> {
        #[pin]
        receiving: Receiving<'a, T>,
    }
}

impl<T> Stream for Messages<'_, T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        // A `Receiving` that was ready starts anew.
        self.project().receiving.poll(context).map(Result::ok)
    }
}
