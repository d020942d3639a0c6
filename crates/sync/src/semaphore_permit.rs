//! Permits of a semaphore, which return when they are dropped.

use std::mem;
use std::sync::Arc;

use crate::semaphore::Semaphore;

/// One or several permits of a borrowed [`Semaphore`].
#[derive(Debug)]
#[must_use = "permits return as soon as they are dropped"]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
    permits: usize,
}

impl<'a> SemaphorePermit<'a> {
    #[inline]
    pub(crate) fn new(semaphore: &'a Semaphore, permits: usize) -> Self {
        SemaphorePermit { semaphore, permits }
    }

    /// The semaphore it is of.
    #[must_use]
    pub fn semaphore(&self) -> &'a Semaphore {
        self.semaphore
    }

    /// How many permits it stands for.
    #[must_use]
    pub fn num_permits(&self) -> usize {
        self.permits
    }

    /// Lets go of it without giving anything back.
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Takes the permits of `other` over.
    ///
    /// # Panics
    /// If `other` is of another semaphore.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        check_same(self.semaphore, other.semaphore);
        self.permits += mem::take(&mut other.permits);
    }

    /// Splits `permits` off; `None` if it has fewer.
    pub fn split(&mut self, permits: usize) -> Option<Self> {
        self.permits = self.permits.checked_sub(permits)?;
        Some(SemaphorePermit { semaphore: self.semaphore, permits })
    }
}

impl Drop for SemaphorePermit<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.permits > 0 {
            self.semaphore.give(self.permits);
        }
    }
}

/// One or several permits of a [`Semaphore`] in an [`Arc`], for tasks that outlive a borrow.
#[derive(Debug)]
#[must_use = "permits return as soon as they are dropped"]
pub struct OwnedSemaphorePermit {
    semaphore: Arc<Semaphore>,
    permits: usize,
}

impl OwnedSemaphorePermit {
    #[inline]
    pub(crate) fn new(semaphore: Arc<Semaphore>, permits: usize) -> Self {
        OwnedSemaphorePermit { semaphore, permits }
    }

    /// The semaphore it is of.
    #[must_use]
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }

    /// How many permits it stands for.
    #[must_use]
    pub fn num_permits(&self) -> usize {
        self.permits
    }

    /// Lets go of it without giving anything back.
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Takes the permits of `other` over.
    ///
    /// # Panics
    /// If `other` is of another semaphore.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        check_same(&self.semaphore, &other.semaphore);
        self.permits += mem::take(&mut other.permits);
    }

    /// Splits `permits` off; `None` if it has fewer.
    pub fn split(&mut self, permits: usize) -> Option<Self> {
        self.permits = self.permits.checked_sub(permits)?;
        Some(OwnedSemaphorePermit { semaphore: Arc::clone(&self.semaphore), permits })
    }
}

impl Drop for OwnedSemaphorePermit {
    #[inline]
    fn drop(&mut self) {
        if self.permits > 0 {
            self.semaphore.give(self.permits);
        }
    }
}

#[track_caller]
fn check_same(one: &Semaphore, other: &Semaphore) {
    assert!(
        std::ptr::eq(one, other),
        "permits of two different semaphores were to be merged; merge those of one"
    );
}
