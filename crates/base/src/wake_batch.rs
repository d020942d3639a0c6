//! Wakers collected under a lock, woken outside it.
//!
//! A waker runs foreign code: called under a lock of ours it could deadlock, called in the midst of
//! a list walk it could change the list. So mechanisms collect what is to be woken and wake when
//! their hands are empty. Dropping a batch wakes what is still in it, so neither an early `?` nor a
//! panic in one waker loses the others; where several panic, the first one is told.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Wakers to be woken later, in order. Keeps its memory from one use to the next.
#[derive(Debug, Default)]
pub struct WakeBatch {
    wakers: Vec<Waker>,
}

impl WakeBatch {
    /// An empty batch; it allocates with its first waker.
    pub const fn new() -> Self {
        WakeBatch { wakers: Vec::new() }
    }

    /// Adds `waker`. Never runs it.
    #[inline]
    pub fn push(&mut self, waker: Waker) {
        self.wakers.push(waker);
    }

    /// Makes room for `count` more at once.
    #[inline]
    pub fn reserve(&mut self, count: usize) {
        self.wakers.reserve(count);
    }

    /// How many are waiting to be woken.
    #[inline]
    pub fn len(&self) -> usize {
        self.wakers.len()
    }

    /// Whether none is.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.wakers.is_empty()
    }

    /// Wakes them all, in the order they came, and says how many. Call it with no lock held.
    ///
    /// # Panics
    /// If a waker panics; the rest is woken first.
    pub fn wake_all(&mut self) -> usize {
        let count = self.wakers.len();
        let mut rest = Rest(self.wakers.drain(..));
        for waker in rest.0.by_ref() {
            waker.wake();
        }
        count
    }
}

/// What is left of a batch being woken; wakes on when one of them unwinds.
struct Rest<'a>(std::vec::Drain<'a, Waker>);

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        for waker in self.0.by_ref() {
            // A second panic in an unwinding thread would end the process; the hook has told of it.
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
    }
}

impl Drop for WakeBatch {
    #[inline]
    fn drop(&mut self) {
        if !self.wakers.is_empty() {
            wake_rest(&mut self.wakers);
        }
    }
}

/// Apart, so that dropping an empty batch costs a comparison and no call.
#[inline(never)]
fn wake_rest(wakers: &mut Vec<Waker>) {
    drop(Rest(wakers.drain(..)));
}
