//! The futures of [`Io`](crate::Io).
//!
//! Each is one waiter of its descriptor, with a number of its own, so any number of them wait side
//! by side. Dropped, it takes its waker back.

use std::fmt;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_trace::book::PlacedLeaf;

use crate::io::After;
use crate::ready::{Direction, Ready};
use crate::registration::Registration;
use crate::waiter::Waiter;
use crate::waiter_id::WaiterId;

/// Waits until a descriptor is ready; made by [`Io::readable`](crate::Io::readable)
/// and [`Io::writable`](crate::Io::writable).
///
/// # Cancel safety
/// Dropped, it is forgotten and nothing is lost.
#[must_use = "futures do nothing unless polled"]
pub struct ReadyFuture<'a> {
    registration: &'a Registration,
    id: WaiterId,
    leaf: PlacedLeaf,
}

impl<'a> ReadyFuture<'a> {
    #[track_caller]
    pub(crate) fn new(registration: &'a Registration, direction: Direction) -> Self {
        let leaf = PlacedLeaf::new(Location::caller());
        ReadyFuture { registration, id: WaiterId::new(direction), leaf }
    }
}

impl Future for ReadyFuture<'_> {
    type Output = io::Result<Ready>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        let this = &mut *self;
        this.registration.poll_ready_in_budget(&mut this.id, context, &this.leaf)
    }
}

impl Drop for ReadyFuture<'_> {
    fn drop(&mut self) {
        self.registration.forget(self.id);
    }
}

impl fmt::Debug for ReadyFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadyFuture")
            .field("direction", &self.id.direction())
            .finish_non_exhaustive()
    }
}

/// Waits until an operation does not block; made by [`Io::with`](crate::Io::with) and its
/// like.
///
/// # Cancel safety
/// The operation's own: it is never suspended between an operation that did something and its
/// result.
#[must_use = "futures do nothing unless polled"]
pub struct With<'a, T, F> {
    waiter: Waiter<'a, T>,
    op: F,
}

impl<'a, T, F> With<'a, T, F> {
    #[inline]
    pub(crate) fn new(waiter: Waiter<'a, T>, op: F) -> Self {
        With { waiter, op }
    }
}

/// The operation is only called, never pinned.
impl<T, F> Unpin for With<'_, T, F> {}

impl<T, R, F> Future for With<'_, T, F>
where
    F: FnMut(&T) -> io::Result<(R, After)>,
{
    type Output = io::Result<R>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<R>> {
        let this = &mut *self;
        this.waiter.poll_with(context, &mut this.op)
    }
}

impl<T, F> fmt::Debug for With<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("With").field("direction", &self.waiter.direction()).finish_non_exhaustive()
    }
}
