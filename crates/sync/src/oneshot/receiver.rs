//! The receiving end, which is a future itself.
#![expect(unsafe_code, reason = "the value is taken once, after it was seen to be there")]

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::error::{RecvError, TryRecvError};
use super::shared::{End, Seen, Shared};
use crate::blocking::block_on;

/// Receives one value: await it.
///
/// # Cancel safety
/// `&mut receiver` can be awaited in a `select!`: a value that was sent stays until it is taken.
#[must_use = "nothing is received unless the receiver is awaited"]
pub struct Receiver<T> {
    /// `None` after the value was taken.
    shared: Option<Shared<T>>,
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&self.shared).finish()
    }
}

impl<T> Drop for Receiver<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(shared) = self.shared {
            shared.retire();
        }
    }
}

impl<T> Receiver<T> {
    #[inline]
    pub(super) fn new(shared: Shared<T>) -> Self {
        Receiver { shared: Some(shared) }
    }

    /// Takes the value if it is there.
    ///
    /// # Errors
    /// [`TryRecvError`], which says whether waiting would help.
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let Some(shared) = &self.shared else { return Err(TryRecvError::Closed) };
        let seen = shared.seen();
        if !seen.is_decided() {
            return Err(TryRecvError::Empty);
        }
        if !seen.is_sent() {
            return Err(TryRecvError::Closed);
        }
        let shared = *shared;
        if seen.is_recorded() {
            shared.unrecord();
        }
        self.shared = None;
        // SAFETY: sent, without a record, and never again: the channel is no longer here.
        Ok(unsafe { shared.take() })
    }

    /// Closes the channel: a value that was not sent yet goes back to its sender, one that was can
    /// still be received.
    pub fn close(&mut self) {
        if let Some(shared) = &self.shared {
            shared.close();
        }
    }

    /// Blocks this thread until the value is there; for threads outside of any loop.
    ///
    /// # Errors
    /// [`RecvError`] if nothing was sent.
    ///
    /// # Panics
    /// In a task of a loop, which must not be blocked.
    #[track_caller]
    pub fn blocking_recv(self) -> Result<T, RecvError> {
        block_on(self, "receiver.await")
    }

    /// Whether nothing is there to be received now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shared.as_ref().is_none_or(|shared| !shared.seen().is_sent())
    }

    /// Whether the value was received already.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.shared.is_none()
    }

    /// Nothing could be taken at once when `seen` stood in the word. `None`: it can be now.
    #[inline(never)]
    fn poll_wait(shared: Shared<T>, seen: Seen, waker: &Waker) -> Option<Poll<RecvError>> {
        if corio_trace::enabled() {
            return Self::poll_recorded(shared, seen, waker);
        }
        if shared.register(End::Receiver, seen, waker) {
            return Some(Poll::Pending);
        }
        Self::poll_decided(shared)
    }

    /// The same with a record of the wait. All of it here, so that those without save no registers for it.
    #[cold]
    #[inline(never)]
    fn poll_recorded(shared: Shared<T>, seen: Seen, waker: &Waker) -> Option<Poll<RecvError>> {
        // Before the sender can find the waker, so that it finds the record, too.
        let seen = if seen.is_decided() { seen } else { shared.record() };
        if shared.register(End::Receiver, seen, waker) {
            return Some(Poll::Pending);
        }
        Self::poll_decided(shared)
    }

    /// There is nothing to wait for.
    #[cold]
    #[inline(never)]
    fn poll_decided(shared: Shared<T>) -> Option<Poll<RecvError>> {
        let seen = shared.seen();
        if seen.is_recorded() {
            shared.unrecord();
        }
        if seen.is_sent() { None } else { Some(Poll::Ready(RecvError)) }
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    /// # Panics
    /// If it is polled after it was ready with a value.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let Some(shared) = self.shared else { received_already() };
            let seen = shared.seen();
            if seen.is_sent_unrecorded() {
                self.shared = None;
                // SAFETY: sent, without a record, and never again: the channel is no longer here.
                return Poll::Ready(Ok(unsafe { shared.take() }));
            }
            if let Some(poll) = Self::poll_wait(shared, seen, context.waker()) {
                return poll.map(Err);
            }
        }
    }
}

#[cold]
fn received_already() -> ! {
    panic!("the value was received already; a receiver is awaited once")
}
