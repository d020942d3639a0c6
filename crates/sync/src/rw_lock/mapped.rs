//! The guards of a part of what a lock guards.
#![expect(unsafe_code, reason = "a guard stands for access to the part")]

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use corio_trace::book::HeldKey;

use crate::permits::Permits;

use super::{READER, WRITER};

/// Reads a part of the data of an [`RwLock`](super::RwLock) until it is dropped; made by
/// [`RwLockReadGuard::map`](super::RwLockReadGuard::map).
#[must_use = "the lock is released as soon as its guard is dropped"]
pub struct RwLockMappedReadGuard<'a, T: ?Sized> {
    /// # Invariant
    /// This guard has a reader's permit, and gives it back.
    permits: &'a Permits,
    /// # Invariant
    /// Inside the data that `permits` guards.
    part: *const T,
    key: HeldKey,
    _shared: PhantomData<&'a T>,
}

// SAFETY: it stands for `&T`, and the permit may return from any thread.
unsafe impl<T: ?Sized + Sync> Send for RwLockMappedReadGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for RwLockMappedReadGuard<'_, T> {}

impl<'a, T: ?Sized> RwLockMappedReadGuard<'a, T> {
    /// Takes the permit over, with the note of it.
    ///
    /// # Safety
    /// The caller has a reader's permit of `permits`, and does not give it back; `part` is inside
    /// what they guard.
    pub(super) unsafe fn new(permits: &'a Permits, part: *const T, key: HeldKey) -> Self {
        RwLockMappedReadGuard { permits, part, key, _shared: PhantomData }
    }
}

impl<T: ?Sized> Drop for RwLockMappedReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.permits.give(READER, self.key);
    }
}

impl<T: ?Sized> Deref for RwLockMappedReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard has a permit, so nobody writes, and the guard is borrowed.
        unsafe { &*self.part }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockMappedReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockMappedReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Writes a part of the data of an [`RwLock`](super::RwLock) until it is dropped; made by
/// [`RwLockWriteGuard::map`](super::RwLockWriteGuard::map).
#[must_use = "the lock is released as soon as its guard is dropped"]
pub struct RwLockMappedWriteGuard<'a, T: ?Sized> {
    /// # Invariant
    /// This guard has all permits, and gives them back.
    permits: &'a Permits,
    /// # Invariant
    /// Inside the data that `permits` guards.
    part: *mut T,
    _exclusive: PhantomData<&'a mut T>,
}

// SAFETY: it stands for `&mut T`, and the permits may return from any thread.
unsafe impl<T: ?Sized + Send> Send for RwLockMappedWriteGuard<'_, T> {}
// SAFETY: `&RwLockMappedWriteGuard` gives `&T` and nothing else.
unsafe impl<T: ?Sized + Sync> Sync for RwLockMappedWriteGuard<'_, T> {}

impl<'a, T: ?Sized> RwLockMappedWriteGuard<'a, T> {
    /// Takes the permits over.
    ///
    /// # Safety
    /// The caller has all permits of `permits`, and does not give them back; `part` is inside what
    /// they guard.
    pub(super) unsafe fn new(permits: &'a Permits, part: *mut T) -> Self {
        RwLockMappedWriteGuard { permits, part, _exclusive: PhantomData }
    }
}

impl<T: ?Sized> Drop for RwLockMappedWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.permits.give(WRITER, HeldKey::NONE);
    }
}

impl<T: ?Sized> Deref for RwLockMappedWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard has all permits, and the guard is borrowed.
        unsafe { &*self.part }
    }
}

impl<T: ?Sized> DerefMut for RwLockMappedWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard has all permits, and the guard is borrowed for itself alone.
        unsafe { &mut *self.part }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockMappedWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockMappedWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
