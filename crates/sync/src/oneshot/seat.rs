//! A place for a waker that may be read before it is known who owns what is in it.
//!
//! An end of a channel that decides something reads the other end's waker first, and takes it with the
//! same compare-exchange that decides: if that succeeds the word was the same all the time, with its
//! count of registrations, so what was read is the waker and now its own; if it fails, nothing was
//! read but two numbers. So the parts are atomics; a whole waker must not be read on a guess.
#![expect(unsafe_code, reason = "a waker is made from its parts by the one who owns it")]

use std::mem::ManuallyDrop;
use std::ptr;
use std::task::{RawWakerVTable, Waker};

use corio_base::loom::sync::atomic::{AtomicPtr, Ordering};

/// The place. The word beside it says whether a waker is in it, and whose it is.
pub(super) struct Seat {
    data: AtomicPtr<()>,
    table: AtomicPtr<RawWakerVTable>,
}

/// What was read.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    data: *mut (),
    table: *mut RawWakerVTable,
}

impl Seat {
    #[inline]
    pub(super) fn new() -> Self {
        Seat { data: AtomicPtr::new(ptr::null_mut()), table: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Writes the parts of `waker`, which belongs to whoever takes it from here.
    pub(super) fn put(&self, waker: Waker) {
        let waker = ManuallyDrop::new(waker);
        // Relaxed, here and below: the word publishes them, with Release and Acquire.
        self.data.store(waker.data().cast_mut(), Ordering::Relaxed);
        self.table.store(ptr::from_ref(waker.vtable()).cast_mut(), Ordering::Relaxed);
    }

    pub(super) fn parts(&self) -> Parts {
        Parts { data: self.data.load(Ordering::Relaxed), table: self.table.load(Ordering::Relaxed) }
    }
}

impl Parts {
    /// Whether they are those of `waker`; the same as [`Waker::will_wake`].
    pub(super) fn are_of(self, waker: &Waker) -> bool {
        ptr::eq(self.data, waker.data()) && ptr::eq(self.table, waker.vtable())
    }

    /// The waker.
    ///
    /// # Safety
    /// They were put in, and the caller has just become the only owner.
    pub(super) unsafe fn into_waker(self) -> Waker {
        // SAFETY: both come from a waker that was forgotten in `put`; its table is static.
        unsafe { Waker::new(self.data, &*self.table) }
    }
}
