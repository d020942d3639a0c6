//! The sending end.

use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_base::loom::sync::Arc;
use corio_base::loom::sync::atomic::Ordering;
use pin_project_lite::pin_project;

use super::error::SendError;
use super::receiver::Receiver;
use super::shared::{ENDS, LANES, Ref, Shared, Words};
use crate::wait_list::{Decision, Wait};

/// Changes the value; clones change the same one.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("version", &self.shared.version().number())
            .field("receivers", &self.receiver_count())
            .finish_non_exhaustive()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        // Relaxed: the one that is cloned holds the count up.
        self.shared.words().senders.fetch_add(1, Ordering::Relaxed);
        Sender { shared: self.shared.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        // AcqRel: what each sender did comes before the last one's close.
        if self.shared.words().senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.close();
        }
    }
}

impl<T> Sender<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        Sender { shared }
    }

    /// Replaces the value, and drops the old one.
    ///
    /// # Errors
    /// [`SendError`] with `value`, if there is no receiver.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.is_closed() {
            return Err(SendError(value));
        }
        drop(self.send_replace(value));
        Ok(())
    }

    /// Replaces the value, whether or not there is a receiver, and returns the old one.
    pub fn send_replace(&self, value: T) -> T {
        let mut guard = self.shared.write();
        let old = mem::replace(&mut *guard, value);
        self.shared.change(guard);
        old
    }

    /// Changes the value in place, whether or not there is a receiver.
    ///
    /// `modify` runs under the value's lock: it must not use this channel. If it panics nobody is
    /// told, and the value is as it left it.
    pub fn send_modify(&self, modify: impl FnOnce(&mut T)) {
        self.send_if_modified(|value| {
            modify(value);
            true
        });
    }

    /// Changes the value in place and tells the receivers if `modify` says that it did; says so too.
    /// As for [`Sender::send_modify`].
    pub fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) -> bool {
        let mut guard = self.shared.write();
        let modified = modify(&mut guard);
        if modified {
            self.shared.change(guard);
        }
        modified
    }

    /// The value.
    #[must_use]
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref { guard: self.shared.read().0, has_changed: false }
    }

    /// Another receiver, to which the present value is no news.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        let shared = self.shared.clone();
        // AcqRel: pairs with that of the last receiver that went.
        shared.words().receivers.fetch_add(1, Ordering::AcqRel);
        let seen = shared.version().number();
        Receiver::new(shared, seen)
    }

    /// How many receivers there are.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        // Relaxed: it may be old when it is read.
        self.shared.words().receivers.load(Ordering::Relaxed)
    }

    /// How many senders there are.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        // Relaxed: as above.
        self.shared.words().senders.load(Ordering::Relaxed)
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
    pub fn closed(&self) -> Closing<'_> {
        Closing { wait: Wait::new(&self.shared.list, Location::caller()) }
    }

    /// Whether both change the same value.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

pin_project! {
    /// Waits until there is no receiver; made by [`Sender::closed`].
    #[derive(Debug)]
    #[must_use = "nothing is waited for unless the future is polled"]
    pub struct Closing<'a> {
        #[pin]
        wait: Wait<'a, Words, LANES>,
    }
}

impl Future for Closing<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let wait = self.project().wait;
        // Acquire: pairs with the count of the last receiver, which takes the lock after it.
        wait.poll(context, |section| match section.rules().receivers.load(Ordering::Acquire) {
            0 => Decision::Done(()),
            _ => Decision::Wait { lane: ENDS, slot: () },
        })
    }
}
