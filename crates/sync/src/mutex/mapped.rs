//! The guard of a part of what a mutex guards.
#![expect(unsafe_code, reason = "a guard stands for exclusive access to the part")]

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};

use super::raw::Raw;

/// The way to a part of the data of a [`Mutex`](super::Mutex), which is locked until the guard is
/// dropped; made by [`MutexGuard::map`](super::MutexGuard::map).
#[must_use = "the mutex is unlocked as soon as its guard is dropped"]
pub struct MappedMutexGuard<'a, T: ?Sized> {
    /// # Invariant
    /// Locked, and this guard is the one that unlocks it.
    raw: &'a Raw,
    /// # Invariant
    /// Inside the data that `raw` guards.
    part: *mut T,
    _exclusive: PhantomData<&'a mut T>,
}

// SAFETY: it stands for `&mut T`, and a mutex may be unlocked on any thread.
unsafe impl<T: ?Sized + Send> Send for MappedMutexGuard<'_, T> {}
// SAFETY: `&MappedMutexGuard` gives `&T` and nothing else.
unsafe impl<T: ?Sized + Sync> Sync for MappedMutexGuard<'_, T> {}

impl<'a, T: ?Sized> MappedMutexGuard<'a, T> {
    /// Takes the lock over.
    ///
    /// # Safety
    /// `raw` is locked and nobody else unlocks it; `part` is inside what it guards.
    pub(super) unsafe fn new(raw: &'a Raw, part: *mut T) -> Self {
        MappedMutexGuard { raw, part, _exclusive: PhantomData }
    }

    /// A guard of a part of this part.
    pub fn map<U: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedMutexGuard<'a, U> {
        let part: *mut U = part(&mut *this);
        let raw = mem::ManuallyDrop::new(this).raw;
        // SAFETY: the mutex stays locked for the new guard, and the part is inside the old one.
        unsafe { MappedMutexGuard::new(raw, part) }
    }

    /// A guard of a part of this part, if it is there.
    ///
    /// # Errors
    /// The guard itself, if `part` gives `None`.
    pub fn try_map<U: ?Sized>(
        mut this: Self,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedMutexGuard<'a, U>, Self> {
        let Some(part) = part(&mut *this) else { return Err(this) };
        let part: *mut U = part;
        let raw = mem::ManuallyDrop::new(this).raw;
        // SAFETY: as in `map`.
        Ok(unsafe { MappedMutexGuard::new(raw, part) })
    }
}

impl<T: ?Sized> Drop for MappedMutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.raw.unlock();
    }
}

impl<T: ?Sized> Deref for MappedMutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: locked by this guard, which is borrowed.
        unsafe { &*self.part }
    }
}

impl<T: ?Sized> DerefMut for MappedMutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: locked by this guard, which is borrowed for itself alone.
        unsafe { &mut *self.part }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MappedMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MappedMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
