//! The sending end.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_base::loom::sync::Arc;
use pin_project_lite::pin_project;

use super::error::SendError;
use super::receiver::Receiver;
use super::shared::{ENDS, LANES, Message, RECEIVERS, Shared, Told, Word};
use crate::wait_list::{Decision, Wait};

/// Sends to all receivers; clones send to the same channel.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("len", &self.len())
            .field("receivers", &self.receiver_count())
            .finish_non_exhaustive()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.lock().data().senders += 1;
        Sender { shared: self.shared.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut section = self.shared.lock();
        section.data().senders -= 1;
        if section.data().senders == 0 {
            section.grant_all(RECEIVERS, |told| *told = Told::Closed);
        }
    }
}

impl<T> Sender<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        Sender { shared }
    }

    /// Sends `value` to all receivers, and says how many they are. Never waits.
    ///
    /// # Errors
    /// [`SendError`] with the value, if there is no receiver; one may come later.
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        let message = Message::new(value);
        let mut section = self.shared.lock();
        let receivers = section.data().receivers;
        if receivers == 0 {
            drop(section);
            return message.into_value().map_or(Ok(0), |value| Err(SendError(value)));
        }
        let pushed_out = section.data().push(&message);
        section.grant_all(RECEIVERS, |told| *told = Told::Message(message.clone()));
        drop(section);
        drop(pushed_out);
        Ok(receivers)
    }

    /// A receiver of what is sent from now on.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        let mut section = self.shared.lock();
        let data = section.data();
        data.receivers += 1;
        let next = data.next();
        drop(section);
        Receiver::new(self.shared.clone(), next)
    }

    /// How many receivers there are.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.shared.lock().data().receivers
    }

    /// How many values not all receivers have seen.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.lock().data().len()
    }

    /// Whether all receivers have seen all values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no receiver now.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// Waits until there is no receiver.
    ///
    /// # Cancel safety
    /// It only looks.
    #[track_caller]
    pub fn closed(&self) -> Closing<'_, T> {
        Closing { wait: Wait::new(&self.shared, Location::caller()) }
    }

    /// Whether both send to the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

pin_project! {
    /// Waits until there is no receiver; made by [`Sender::closed`].
    #[must_use = "nothing is waited for unless the future is polled"]
    pub struct Closing<'a, T> {
        #[pin]
        wait: Wait<'a, Word<T>, LANES>,
    }
}

impl<T> fmt::Debug for Closing<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing").field("wait", &self.wait).finish_non_exhaustive()
    }
}

impl<T> Future for Closing<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let wait = self.project().wait;
        wait.poll(context, |section| match section.data().receivers {
            0 => Decision::Done(Told::Closed),
            _ => Decision::Wait { lane: ENDS, slot: Told::Waiting },
        })
        .map(drop)
    }
}
