//! What the models share: wakers that count or unpark, and a thread that waits for a future.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicUsize as StdUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use corio_base::loom::thread;

/// Counts its wakes; how many there are is no part of what a model explores.
#[derive(Default)]
pub(crate) struct Wakes(StdUsize);

impl Wake for Wakes {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub(crate) fn wakes() -> (StdArc<Wakes>, Waker) {
    let wakes = StdArc::new(Wakes::default());
    (wakes.clone(), Waker::from(wakes))
}

impl Wakes {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Unparks a thread of the model.
struct Unparks(thread::Thread);

impl Wake for Unparks {
    fn wake(self: StdArc<Self>) {
        self.0.unpark();
    }
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(StdArc::new(Unparks(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
