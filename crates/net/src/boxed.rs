//! A future on the heap that is `Sync`, too: what a future with a name keeps when another one, without a
//! name, does its work. Connecting to names does.

use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

/// A future on the heap.
///
/// The lock is never taken: whoever polls has it alone already. It only makes what is `Send` `Sync`.
pub(crate) struct Boxed<T>(Mutex<Pin<Box<dyn Future<Output = T> + Send>>>);

impl<T> Boxed<T> {
    pub(crate) fn new(future: impl Future<Output = T> + Send + 'static) -> Boxed<T> {
        Boxed(Mutex::new(Box::pin(future)))
    }
}

impl<T> Future for Boxed<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(context)
    }
}

impl<T> fmt::Debug for Boxed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Boxed").finish_non_exhaustive()
    }
}
