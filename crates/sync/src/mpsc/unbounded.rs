//! The unbounded channel and its sender.

use std::fmt;
use std::panic::Location;

use corio_base::loom::sync::Arc;

use super::UnboundedReceiver;
use crate::channel::{self, Closing, Core, List, SendError};

/// A channel that holds as many messages as memory allows; nobody waits to send.
///
/// ```
/// # corio_base::park::block_on(async {
/// let (sender, mut receiver) = corio_sync::mpsc::unbounded_channel();
/// for number in 0..100 {
///     sender.send(number).unwrap();
/// }
/// assert_eq!((receiver.len(), receiver.recv().await), (100, Some(0)));
/// # });
/// ```
#[must_use]
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let list = Arc::new(Core::new(None));
    (UnboundedSender { list: list.clone() }, UnboundedReceiver::new(list))
}

/// Sends to an unbounded channel; clones send to the same one.
pub struct UnboundedSender<T> {
    list: Arc<List<T>>,
}

impl<T> fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        channel::describe("UnboundedSender", &self.list, f)
    }
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> Self {
        self.list.rules().add_sender();
        UnboundedSender { list: self.list.clone() }
    }
}

impl<T> Drop for UnboundedSender<T> {
    fn drop(&mut self) {
        channel::drop_sender(&self.list);
    }
}

impl<T> UnboundedSender<T> {
    /// Sends `value`; never waits.
    ///
    /// # Errors
    /// [`SendError`] with the value, if the receiver is gone or has closed the channel.
    #[inline]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        channel::try_send(&self.list, value).map_err(|refused| SendError(refused.into_inner()))
    }

    /// Waits until the receiver is gone or has closed the channel.
    ///
    /// # Cancel safety
    /// It only looks.
    #[track_caller]
    pub fn closed(&self) -> Closing<'_, T> {
        Closing::new(&self.list, Location::caller())
    }

    /// Whether the receiver is gone or has closed the channel.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        channel::is_closed(&self.list)
    }

    /// How many messages are in the channel.
    #[must_use]
    pub fn len(&self) -> usize {
        channel::len(&self.list)
    }

    /// Whether no message is in the channel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether both send to the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.list, &other.list)
    }

    /// A handle that can become a sender again, and does not keep the channel open.
    #[must_use]
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender { list: self.list.clone() }
    }
}

/// An unbounded sender that does not keep the channel open.
pub struct WeakUnboundedSender<T> {
    list: Arc<List<T>>,
}

impl<T> WeakUnboundedSender<T> {
    /// A sender, unless the last one is gone.
    #[must_use]
    pub fn upgrade(&self) -> Option<UnboundedSender<T>> {
        channel::upgrade_sender(&self.list).then(|| UnboundedSender { list: self.list.clone() })
    }
}

impl<T> Clone for WeakUnboundedSender<T> {
    fn clone(&self) -> Self {
        WeakUnboundedSender { list: self.list.clone() }
    }
}

impl<T> fmt::Debug for WeakUnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        channel::describe("WeakUnboundedSender", &self.list, f)
    }
}
