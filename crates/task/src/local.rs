//! A cell that one thread at a time may reach, by a proof the caller has.
//!
//! The fields of a bound task that cost no atomics are of this type. Under loom every access is
//! checked against the accesses of other threads, so a model fails where the proof does not hold.
#![expect(unsafe_code, reason = "get and set are reached under their callers' claim")]

use corio_base::loom::cell::UnsafeCell;

/// A plain value that is read and written only where exclusion is proved.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Local<T>(UnsafeCell<T>);

impl<T> Local<T> {
    pub(crate) fn new(value: T) -> Self {
        Local(UnsafeCell::new(value))
    }

    /// The value.
    ///
    /// # Safety
    /// No other thread writes it meanwhile.
    #[inline(always)]
    pub(crate) unsafe fn get(&self) -> T
    where
        T: Copy,
    {
        // SAFETY: the caller vouches that nobody writes.
        self.0.with(|value| unsafe { *value })
    }

    /// Stores `value`.
    ///
    /// # Safety
    /// No other thread reaches it meanwhile, and `T` needs no drop that could call back here.
    #[inline(always)]
    pub(crate) unsafe fn set(&self, value: T)
    where
        T: Copy,
    {
        // SAFETY: the caller vouches for exclusive access.
        self.0.with_mut(|slot| unsafe { *slot = value });
    }

    /// Replaces the value, and hands out the old one so that it is dropped by the caller.
    ///
    /// # Safety
    /// No other thread reaches it meanwhile.
    #[inline(always)]
    pub(crate) unsafe fn replace(&self, value: T) -> T {
        // SAFETY: the caller vouches for exclusive access.
        self.0.with_mut(|slot| unsafe { std::mem::replace(&mut *slot, value) })
    }

    /// Calls `look` with the value.
    ///
    /// # Safety
    /// No other thread writes it meanwhile, and `look` does not come back to this cell.
    #[inline(always)]
    pub(crate) unsafe fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        // SAFETY: the caller vouches that nobody writes.
        self.0.with(|value| look(unsafe { &*value }))
    }
}
