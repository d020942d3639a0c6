//! A rendezvous between two tasks that belongs to no runtime.
//!
//! The ping-pong and the cross-thread rows wait on it, so that each runtime is charged for its own
//! wakes and not for its own channel. A signal and a wait that had to sleep cost seven atomic
//! read-modify-writes together; they are in everybody's figure, the raw limit's included.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures::task::AtomicWaker;

/// One signal, one waiter.
#[derive(Debug, Default)]
pub(crate) struct Rendezvous {
    signalled: AtomicBool,
    waker: AtomicWaker,
}

impl Rendezvous {
    /// Lets the waiter through, once.
    pub(crate) fn signal(&self) {
        // Release: pairs with the Acquire in `poll_wait`.
        self.signalled.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Waits for one signal.
    pub(crate) async fn wait(&self) {
        poll_fn(|cx| self.poll_wait(cx)).await;
    }

    fn poll_wait(&self, cx: &mut Context<'_>) -> Poll<()> {
        // Acquire: pairs with the Release in `signal`.
        if self.signalled.swap(false, Ordering::Acquire) {
            return Poll::Ready(());
        }
        self.waker.register(cx.waker());
        // Again: a signal between the swap above and `register` found no waker to wake.
        if self.signalled.swap(false, Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }
}
