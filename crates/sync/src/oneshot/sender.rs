//! The sending end.

use std::fmt;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_trace::WaitKind;
use corio_trace::book::PlacedLeaf;

use super::shared::{End, Shared};

/// Sends one value. Dropped, it tells the receiver that nothing will come.
pub struct Sender<T> {
    shared: Shared<T>,
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&self.shared).finish()
    }
}

impl<T> Drop for Sender<T> {
    #[inline]
    fn drop(&mut self) {
        self.shared.abandon();
    }
}

impl<T> Sender<T> {
    #[inline]
    pub(super) fn new(shared: Shared<T>) -> Self {
        Sender { shared }
    }

    /// Sends `value`; never waits.
    ///
    /// # Errors
    /// The value, if the receiver is gone or has closed the channel.
    #[inline]
    pub fn send(self, value: T) -> Result<(), T> {
        ManuallyDrop::new(self).shared.send(value)
    }

    /// Whether the receiver is gone or has closed the channel.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.seen().is_closed()
    }

    /// Waits until the receiver is gone or has closed the channel: then there is no use in an answer.
    ///
    /// # Cancel safety
    /// It only looks.
    #[track_caller]
    pub fn closed(&mut self) -> Closing<'_, T> {
        Closing { leaf: PlacedLeaf::new(Location::caller()), sender: self }
    }

    /// [`Sender::closed`] for those who poll by hand; the waker of the last call is woken.
    pub fn poll_closed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match self.shared.register(End::Sender, self.shared.seen(), context.waker()) {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
    }
}

/// Waits until nobody wants the value; made by [`Sender::closed`].
#[must_use = "nothing is waited for unless the future is polled"]
pub struct Closing<'a, T> {
    sender: &'a mut Sender<T>,
    leaf: PlacedLeaf,
}

impl<T> fmt::Debug for Closing<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing").field("sender", &self.sender).finish_non_exhaustive()
    }
}

impl<T> Future for Closing<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let poll = self.sender.poll_closed(context);
        match poll {
            Poll::Pending => {
                self.leaf.wait(WaitKind::Channel, self.sender.shared.address(), None);
            }
            Poll::Ready(()) => self.leaf.clear(),
        }
        poll
    }
}
