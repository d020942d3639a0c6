//! The receiving end, which is a future itself.
#![expect(unsafe_code, reason = "the value is taken once, after it was seen to be there")]

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_trace::{Wait, WaitKind};

use super::error::{RecvError, TryRecvError};
use super::shared::{End, Shared};
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
        self.shared = None;
        // SAFETY: sent, and never again: the channel is no longer here.
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

    /// Nothing was there at once. `None`: there is something now.
    #[inline(never)]
    fn poll_wait(&self, context: &Context<'_>) -> Option<Poll<RecvError>> {
        let Some(shared) = &self.shared else {
            panic!("the value was received already; a receiver is awaited once")
        };
        if shared.register(End::Receiver, context.waker()) {
            if corio_trace::enabled() {
                self.record();
            }
            return Some(Poll::Pending);
        }
        if shared.seen().is_sent() { None } else { Some(Poll::Ready(RecvError)) }
    }

    #[cold]
    fn record(&self) {
        let Some(shared) = &self.shared else { return };
        corio_trace::record(&Wait {
            kind: WaitKind::Channel,
            object: shared.address(),
            owner: None,
            place: shared.place(),
        });
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    /// # Panics
    /// If it is polled after it was ready with a value.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            if let Ok(value) = self.try_recv() {
                return Poll::Ready(Ok(value));
            }
            if let Some(poll) = self.poll_wait(context) {
                return poll.map(Err);
            }
        }
    }
}
