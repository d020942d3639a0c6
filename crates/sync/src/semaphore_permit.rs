//! Permits of a semaphore, which return when they are dropped.

use std::mem;
use std::panic::Location;
use std::sync::Arc;

use corio_trace::WaitKind;
use corio_trace::book::{Held, HeldKey};

use crate::semaphore::Semaphore;

/// One or several permits of a borrowed [`Semaphore`].
#[derive(Debug)]
#[must_use = "permits return as soon as they are dropped"]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
    permits: usize,
    /// The note of it. It may be dropped in another task than the one that took it.
    key: HeldKey,
}

impl<'a> SemaphorePermit<'a> {
    #[inline]
    pub(crate) fn new(semaphore: &'a Semaphore, permits: usize, key: HeldKey) -> Self {
        SemaphorePermit { semaphore, permits, key }
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
        if mem::take(&mut self.permits) > 0 {
            self.semaphore.permits().let_go(self.key);
        }
    }

    /// Lets go of it, for another permit to take over, with the note of who has it.
    pub(crate) fn keep(self) -> HeldKey {
        let key = self.key;
        mem::forget(self);
        key
    }

    /// Takes the permits of `other` over.
    ///
    /// # Panics
    /// If `other` is of another semaphore.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        check_same(self.semaphore, other.semaphore);
        match (self.permits, other.permits) {
            (_, 0) => {}
            (0, _) => self.key = other.key,
            _ => self.semaphore.permits().let_go(other.key),
        }
        self.permits += mem::take(&mut other.permits);
    }

    /// Splits `permits` off; `None` if it has fewer.
    #[track_caller]
    pub fn split(&mut self, permits: usize) -> Option<Self> {
        self.permits = self.permits.checked_sub(permits)?;
        // A note for each part that gives something back.
        let key = match (self.permits, permits) {
            (_, 0) => HeldKey::NONE,
            (0, _) => self.key,
            _ => self.semaphore.permits().hold(Location::caller(), false),
        };
        Some(SemaphorePermit { semaphore: self.semaphore, permits, key })
    }
}

impl Drop for SemaphorePermit<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.permits > 0 {
            self.semaphore.permits().give(self.permits, self.key);
        }
    }
}

/// One or several permits of a [`Semaphore`] in an [`Arc`], for tasks that outlive a borrow.
#[derive(Debug)]
#[must_use = "permits return as soon as they are dropped"]
pub struct OwnedSemaphorePermit {
    semaphore: Arc<Semaphore>,
    permits: usize,
    /// A note of its own: it is often given to another task, and dropped there.
    held: Held,
}

impl OwnedSemaphorePermit {
    #[inline]
    pub(crate) fn new(
        semaphore: Arc<Semaphore>,
        permits: usize,
        place: &'static Location<'static>,
    ) -> Self {
        let held = note(&semaphore, permits, place);
        OwnedSemaphorePermit { semaphore, permits, held }
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
        if self.permits == 0 {
            self.held = mem::take(&mut other.held);
        }
        self.permits += mem::take(&mut other.permits);
    }

    /// Splits `permits` off; `None` if it has fewer.
    #[track_caller]
    pub fn split(&mut self, permits: usize) -> Option<Self> {
        self.permits = self.permits.checked_sub(permits)?;
        if self.permits == 0 {
            self.held = Held::new();
        }
        Some(OwnedSemaphorePermit::new(Arc::clone(&self.semaphore), permits, Location::caller()))
    }
}

impl Drop for OwnedSemaphorePermit {
    #[inline]
    fn drop(&mut self) {
        if self.permits > 0 {
            self.semaphore.permits().give_unnoted(self.permits);
        }
    }
}

/// Notes in debug mode who has the permits, if they are any.
#[inline]
fn note(semaphore: &Semaphore, permits: usize, place: &'static Location<'static>) -> Held {
    match permits {
        0 => Held::new(),
        _ => Held::take_movable(WaitKind::Semaphore, semaphore.permits().object(), place),
    }
}

#[track_caller]
fn check_same(one: &Semaphore, other: &Semaphore) {
    assert!(
        std::ptr::eq(one, other),
        "permits of two different semaphores were to be merged; merge those of one"
    );
}
