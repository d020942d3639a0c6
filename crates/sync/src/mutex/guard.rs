//! The guard of a borrowed mutex.
#![expect(unsafe_code, reason = "a guard stands for exclusive access to the value")]

use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};

use super::{MappedMutexGuard, Mutex};

/// The way to the data of a [`Mutex`], which is locked until the guard is dropped.
///
/// ```
/// use corio_sync::{Mutex, MutexGuard};
///
/// let pair = Mutex::new((1, "one"));
/// let mut name = MutexGuard::map(pair.try_lock().unwrap(), |pair| &mut pair.1);
/// *name = "two";
/// drop(name);
/// assert_eq!(pair.into_inner().1, "two");
/// ```
#[must_use = "the mutex is unlocked as soon as its guard is dropped"]
pub struct MutexGuard<'a, T: ?Sized> {
    /// # Invariant
    /// Locked, and this guard is the one that unlocks it.
    mutex: &'a Mutex<T>,
}

// SAFETY: `&MutexGuard` gives `&T` and `&Mutex<T>`; the second may be shared for `T: Send` alone.
unsafe impl<T: ?Sized + Send + Sync> Sync for MutexGuard<'_, T> {}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// Of a mutex that the caller has just locked.
    #[inline]
    pub(super) fn new(mutex: &'a Mutex<T>) -> Self {
        MutexGuard { mutex }
    }

    /// The mutex that it locks.
    #[must_use]
    pub fn source(this: &Self) -> &'a Mutex<T> {
        this.mutex
    }

    /// Lets go of the guard and leaves the mutex locked, for another guard to take over.
    pub(crate) fn keep_locked(self) -> &'a Mutex<T> {
        mem::ManuallyDrop::new(self).mutex
    }

    /// A guard of a part of the data.
    pub fn map<U: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedMutexGuard<'a, U> {
        let part: *mut U = part(&mut *this);
        let mutex = this.keep_locked();
        // SAFETY: the mutex stays locked for the new guard, and the part is inside it.
        unsafe { MappedMutexGuard::new(&mutex.raw, part) }
    }

    /// A guard of a part of the data, if that part is there.
    ///
    /// # Errors
    /// The guard itself, if `part` gives `None`.
    pub fn try_map<U: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedMutexGuard<'a, U>, Self> {
        let Some(part) = part(&mut *this) else { return Err(this) };
        let part: *mut U = part;
        let mutex = this.keep_locked();
        // SAFETY: as in `map`.
        Ok(unsafe { MappedMutexGuard::new(&mutex.raw, part) })
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.raw.unlock();
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: locked by this guard, which is borrowed.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: locked by this guard, which is borrowed for itself alone.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
