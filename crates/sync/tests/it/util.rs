//! Futures polled by hand, with wakers that count.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

/// Counts its wakes.
#[derive(Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A future with a waker of its own.
pub(crate) struct Polled<F> {
    future: Pin<Box<F>>,
    wakes: Arc<Wakes>,
    waker: Waker,
}

impl<F: Future> Polled<F> {
    pub(crate) fn new(future: F) -> Self {
        let wakes = Arc::new(Wakes::default());
        Polled { future: Box::pin(future), waker: Waker::from(wakes.clone()), wakes }
    }

    pub(crate) fn poll(&mut self) -> Poll<F::Output> {
        self.future.as_mut().poll(&mut Context::from_waker(&self.waker))
    }

    pub(crate) fn poll_with(&mut self, waker: &Waker) -> Poll<F::Output> {
        self.future.as_mut().poll(&mut Context::from_waker(waker))
    }

    /// Never drops it, and remembers where it is, so that a leak checker sees that this is meant.
    pub(crate) fn keep(self) {
        static KEPT: Mutex<Vec<usize>> = Mutex::new(Vec::new());
        let future = std::ptr::from_ref(&*self.future).cast::<u8>().addr();
        let wakes = Arc::as_ptr(&self.wakes).addr();
        KEPT.lock().unwrap().extend([future, wakes]);
        std::mem::forget(self);
    }

    /// Polls, and it has to be ready.
    #[track_caller]
    pub(crate) fn ready(&mut self) -> F::Output {
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("still pending"),
        }
    }

    pub(crate) fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }

    /// How many wakers there are beside the one of this value.
    pub(crate) fn wakers_out(&self) -> usize {
        Arc::strong_count(&self.wakes) - 2
    }
}

/// A future that was polled once and waits.
#[track_caller]
pub(crate) fn waiting<F: Future>(future: F) -> Polled<F> {
    let mut polled = Polled::new(future);
    assert!(polled.poll().is_pending(), "did not wait");
    polled
}

/// Never drops `thing`, and keeps it where a leak checker sees that this is meant.
pub(crate) fn keep_for_ever(thing: impl Send + 'static) {
    static KEPT: Mutex<Vec<Box<dyn std::any::Any + Send>>> = Mutex::new(Vec::new());
    KEPT.lock().unwrap().push(Box::new(thing));
}
