//! The guards of a borrowed lock.
#![expect(unsafe_code, reason = "a guard stands for access to the value")]

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use corio_trace::book::HeldKey;

use super::{READER, RwLock, RwLockMappedReadGuard, RwLockMappedWriteGuard, WRITER};

/// Reads the data of an [`RwLock`] until it is dropped.
#[must_use = "the lock is released as soon as its guard is dropped"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    /// # Invariant
    /// This guard has a reader's permit of it, and gives it back.
    lock: &'a RwLock<T>,
    key: HeldKey,
}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    /// With the reader's permit that the caller has taken, and the note of it.
    #[inline]
    pub(super) fn new(lock: &'a RwLock<T>, key: HeldKey) -> Self {
        RwLockReadGuard { lock, key }
    }

    /// Lets go of the guard and leaves the lock locked, for another guard to take over.
    pub(super) fn keep_locked(self) -> (&'a RwLock<T>, HeldKey) {
        let this = ManuallyDrop::new(self);
        (this.lock, this.key)
    }

    /// A guard of a part of the data.
    pub fn map<U: ?Sized>(this: Self, part: impl FnOnce(&T) -> &U) -> RwLockMappedReadGuard<'a, U> {
        let part: *const U = part(&*this);
        let (lock, key) = this.keep_locked();
        // SAFETY: the permit goes over to the new guard, and the part is inside the data.
        unsafe { RwLockMappedReadGuard::new(&lock.permits, part, key) }
    }

    /// A guard of a part of the data, if that part is there.
    ///
    /// # Errors
    /// The guard itself, if `part` gives `None`.
    pub fn try_map<U: ?Sized>(
        this: Self,
        part: impl FnOnce(&T) -> Option<&U>,
    ) -> Result<RwLockMappedReadGuard<'a, U>, Self> {
        let Some(part) = part(&*this) else { return Err(this) };
        let part: *const U = part;
        let (lock, key) = this.keep_locked();
        // SAFETY: as in `map`.
        Ok(unsafe { RwLockMappedReadGuard::new(&lock.permits, part, key) })
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.permits.give(READER, self.key);
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard has a permit, so nobody writes, and the guard is borrowed.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Writes the data of an [`RwLock`] until it is dropped.
#[must_use = "the lock is released as soon as its guard is dropped"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    /// # Invariant
    /// This guard has all permits of it, and gives them back.
    lock: &'a RwLock<T>,
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// With the permits that the caller has taken.
    #[inline]
    pub(super) fn new(lock: &'a RwLock<T>) -> Self {
        RwLockWriteGuard { lock }
    }

    /// Lets go of the guard and leaves the lock locked, for another guard to take over.
    pub(super) fn keep_locked(self) -> &'a RwLock<T> {
        ManuallyDrop::new(self).lock
    }

    /// Goes on as a reader; no other writer comes in between. Readers at the front of the queue come
    /// in.
    #[track_caller]
    pub fn downgrade(self) -> RwLockReadGuard<'a, T> {
        let lock = self.keep_locked();
        lock.permits.give(WRITER - READER, HeldKey::NONE);
        let key = lock.permits.hold(Location::caller(), false);
        RwLockReadGuard::new(lock, key)
    }

    /// A guard of a part of the data.
    pub fn map<U: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> RwLockMappedWriteGuard<'a, U> {
        let part: *mut U = part(&mut *this);
        let lock = this.keep_locked();
        // SAFETY: the permits go over to the new guard, and the part is inside the data.
        unsafe { RwLockMappedWriteGuard::new(&lock.permits, part) }
    }

    /// A guard of a part of the data, if that part is there.
    ///
    /// # Errors
    /// The guard itself, if `part` gives `None`.
    pub fn try_map<U: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<RwLockMappedWriteGuard<'a, U>, Self> {
        let Some(part) = part(&mut *this) else { return Err(this) };
        let part: *mut U = part;
        let lock = this.keep_locked();
        // SAFETY: as in `map`.
        Ok(unsafe { RwLockMappedWriteGuard::new(&lock.permits, part) })
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.permits.give(WRITER, HeldKey::NONE);
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard has all permits, and the guard is borrowed.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard has all permits, and the guard is borrowed for itself alone.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
