//! The bounded channel and its sender.

use std::fmt;
use std::future::Future;
use std::panic::Location;

use corio_base::loom::sync::Arc;

use super::Receiver;
use crate::blocking::block_on;
use crate::channel::{
    self, Closing, Core, List, Permit, Ration, Reserving, SendError, Sending, TrySendError,
};

/// A channel that holds up to `capacity` messages; senders wait for places.
///
/// # Panics
/// If `capacity` is 0 or more than [`CAPACITY_MAX`](channel::CAPACITY_MAX).
#[track_caller]
#[must_use]
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let list = Arc::new(Core::new(Some(capacity)));
    (Sender::new(list.clone()), Receiver::new(list))
}

/// Sends to a bounded channel; clones send to the same one.
pub struct Sender<T> {
    list: Arc<List<T>>,
    ration: Ration,
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        channel::describe("Sender", &self.list, f)
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
        channel::drop_sender(&self.list);
    }
}

impl<T> Sender<T> {
    fn new(list: Arc<List<T>>) -> Self {
        Sender { list, ration: Ration::default() }
    }

    /// Sends `value`; waits for a place.
    ///
    /// # Errors
    /// [`SendError`] with the value, if the receiver is gone or has closed the channel.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it has sent nothing, and the value is dropped; a place that was
    /// promised to it goes to the next. To keep the value, [`Sender::reserve`] the place first.
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
        channel::try_send(&self.list, value)
    }

    /// Waits for a place and keeps it: sending to it neither waits nor fails.
    ///
    /// ```
    /// # corio_base::park::block_on(async {
    /// let (sender, mut receiver) = corio_sync::mpsc::channel(1);
    /// let permit = sender.reserve().await?;
    /// assert!(sender.try_send(1).is_err());
    /// permit.send(2);
    /// assert_eq!(receiver.recv().await, Some(2));
    /// # Ok::<(), corio_sync::mpsc::SendError<()>>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`SendError`] if the receiver is gone or has closed the channel.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it holds nothing; a place that was promised to it goes to the
    /// next.
    #[track_caller]
    pub fn reserve(&self) -> Reserving<'_, T> {
        Reserving::new(&self.list, &self.ration, Location::caller())
    }

    /// Keeps a place if there is one.
    ///
    /// # Errors
    /// [`TrySendError`], which says whether waiting would help.
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        Permit::try_new(&self.list)
    }

    /// [`Sender::reserve`] with a permit that keeps its sender.
    ///
    /// # Errors
    /// As for [`Sender::reserve`]; the sender is gone with it.
    ///
    /// # Cancel safety
    /// As for [`Sender::reserve`].
    #[track_caller]
    pub fn reserve_owned(self) -> impl Future<Output = Result<OwnedPermit<T>, SendError<()>>> {
        let place = Location::caller();
        async move {
            let reserving: Reserving<'_, T> = Reserving::new(&self.list, &self.ration, place);
            reserving.await?.keep();
            Ok(OwnedPermit { sender: Some(self) })
        }
    }

    /// [`Sender::try_reserve`] with a permit that keeps its sender.
    ///
    /// # Errors
    /// [`TrySendError`] with the sender.
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T>, TrySendError<Self>> {
        match self.try_reserve().map(Permit::keep) {
            Ok(()) => Ok(OwnedPermit { sender: Some(self) }),
            Err(TrySendError::Full(())) => Err(TrySendError::Full(self)),
            Err(TrySendError::Closed(())) => Err(TrySendError::Closed(self)),
        }
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

    /// How many messages could be sent now without waiting. It may be old when it is read.
    #[must_use]
    pub fn capacity(&self) -> usize {
        channel::places(&self.list)
    }

    /// How many messages the channel can hold.
    #[must_use]
    pub fn max_capacity(&self) -> usize {
        self.list.rules().bound().unwrap_or(usize::MAX)
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
        channel::upgrade_sender(&self.list).then(|| Sender::new(self.list.clone()))
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        WeakSender { list: self.list.clone() }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        channel::describe("WeakSender", &self.list, f)
    }
}

/// A promised place and the sender it was promised to. Dropped, it gives the place back.
#[must_use = "the place goes back when the permit is dropped"]
pub struct OwnedPermit<T> {
    sender: Option<Sender<T>>,
}

impl<T> OwnedPermit<T> {
    fn split(mut self) -> Sender<T> {
        self.sender.take().expect("a permit has its sender until it is used")
    }

    /// Sends `value` to the place, and gives the sender back.
    pub fn send(self, value: T) -> Sender<T> {
        let sender = self.split();
        Permit::kept(&sender.list).send(value);
        sender
    }

    /// Gives the place back, and the sender.
    pub fn release(self) -> Sender<T> {
        let sender = self.split();
        drop(Permit::kept(&sender.list));
        sender
    }
}

impl<T> Drop for OwnedPermit<T> {
    fn drop(&mut self) {
        if let Some(sender) = &self.sender {
            drop(Permit::kept(&sender.list));
        }
    }
}

impl<T> fmt::Debug for OwnedPermit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit").finish_non_exhaustive()
    }
}
