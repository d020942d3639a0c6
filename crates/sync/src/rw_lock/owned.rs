//! The guards of a lock in an `Arc`.
#![expect(unsafe_code, reason = "a guard stands for access to the value")]

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::ptr;
use std::sync::Arc;

use corio_trace::book::HeldKey;

use super::{READER, RwLock, WRITER};

/// Reads the data of an [`RwLock`] that it keeps alive, until it is dropped.
#[must_use = "the lock is released as soon as its guard is dropped"]
pub struct OwnedRwLockReadGuard<T: ?Sized> {
    /// # Invariant
    /// This guard has a reader's permit of it, and gives it back.
    lock: Arc<RwLock<T>>,
    key: HeldKey,
}

impl<T: ?Sized> OwnedRwLockReadGuard<T> {
    /// With the reader's permit that the caller has taken, and the note of it.
    pub(super) fn new(lock: Arc<RwLock<T>>, key: HeldKey) -> Self {
        OwnedRwLockReadGuard { lock, key }
    }
}

impl<T: ?Sized> Drop for OwnedRwLockReadGuard<T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.permits.give(READER, self.key);
    }
}

impl<T: ?Sized> Deref for OwnedRwLockReadGuard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard has a permit, so nobody writes, and the guard is borrowed.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedRwLockReadGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for OwnedRwLockReadGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Writes the data of an [`RwLock`] that it keeps alive, until it is dropped.
#[must_use = "the lock is released as soon as its guard is dropped"]
pub struct OwnedRwLockWriteGuard<T: ?Sized> {
    /// # Invariant
    /// This guard has all permits of it, and gives them back.
    lock: Arc<RwLock<T>>,
}

impl<T: ?Sized> OwnedRwLockWriteGuard<T> {
    /// With the permits that the caller has taken.
    pub(super) fn new(lock: Arc<RwLock<T>>) -> Self {
        OwnedRwLockWriteGuard { lock }
    }

    /// Goes on as a reader; no other writer comes in between.
    #[track_caller]
    pub fn downgrade(self) -> OwnedRwLockReadGuard<T> {
        // Not dropped, so that no writer comes in between.
        let this = ManuallyDrop::new(self);
        // SAFETY: `this` is neither used nor dropped afterwards.
        let lock = unsafe { ptr::read(&this.lock) };
        lock.permits.give(WRITER - READER, HeldKey::NONE);
        let key = lock.permits.hold(Location::caller(), true);
        OwnedRwLockReadGuard::new(lock, key)
    }
}

impl<T: ?Sized> Drop for OwnedRwLockWriteGuard<T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.permits.give(WRITER, HeldKey::NONE);
    }
}

impl<T: ?Sized> Deref for OwnedRwLockWriteGuard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard has all permits, and the guard is borrowed.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for OwnedRwLockWriteGuard<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard has all permits, and the guard is borrowed for itself alone.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedRwLockWriteGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for OwnedRwLockWriteGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
