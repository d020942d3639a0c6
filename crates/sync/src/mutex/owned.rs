//! The guard of a mutex in an `Arc`.
#![expect(unsafe_code, reason = "a guard stands for exclusive access to the value")]

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::Mutex;

/// The way to the data of a [`Mutex`] that it keeps alive, and locked until it is dropped.
#[must_use = "the mutex is unlocked as soon as its guard is dropped"]
pub struct OwnedMutexGuard<T: ?Sized> {
    /// # Invariant
    /// Locked, and this guard is the one that unlocks it.
    mutex: Arc<Mutex<T>>,
}

// SAFETY: `&OwnedMutexGuard` gives `&T` and `&Arc<Mutex<T>>`; the second may be shared for
// `T: Send` alone.
unsafe impl<T: ?Sized + Send + Sync> Sync for OwnedMutexGuard<T> {}

impl<T: ?Sized> OwnedMutexGuard<T> {
    /// Of a mutex that the caller has just locked.
    pub(super) fn new(mutex: Arc<Mutex<T>>) -> Self {
        OwnedMutexGuard { mutex }
    }

    /// The mutex that it locks.
    #[must_use]
    pub fn source(this: &Self) -> &Arc<Mutex<T>> {
        &this.mutex
    }
}

impl<T: ?Sized> Drop for OwnedMutexGuard<T> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.raw.unlock();
    }
}

impl<T: ?Sized> Deref for OwnedMutexGuard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: locked by this guard, which is borrowed.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: ?Sized> DerefMut for OwnedMutexGuard<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: locked by this guard, which is borrowed for itself alone.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedMutexGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for OwnedMutexGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
