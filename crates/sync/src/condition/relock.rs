//! What a condition needs of a guard: to give the lock back, and to take it again.

use std::future::Future;
use std::panic::Location;
use std::ptr;
use std::sync::Arc;

use crate::lock::{Lock, LockGuard, OwnedLockGuard};
use crate::mutex::{Mutex, MutexGuard, OwnedMutexGuard};

/// A guard with which one can wait on a [`Condition`](super::Condition): those of
/// [`Mutex`] and [`Lock`], borrowed or owned. Nobody else implements it.
pub trait ConditionGuard: sealed::Relock {}

impl<G: sealed::Relock> ConditionGuard for G {}

pub(super) mod sealed {
    use super::{Future, Location};

    /// How a guard is given up and got back.
    #[diagnostic::on_unimplemented(
        message = "a condition waits with the guard of corio's `Lock` or `Mutex`, and this is `{Self}`",
        label = "no such guard",
        note = "lock first, and get the guard back: `let guard = condition.wait(lock.lock().await).await`"
    )]
    pub trait Relock: Sized {
        /// What it takes to lock again.
        type Lock;

        /// The lock's address; the same for all guards of one lock.
        fn lock_place(&self) -> usize;

        /// Gives the lock back.
        fn unlock(self) -> Self::Lock;

        /// Locks again.
        fn lock_again(
            lock: Self::Lock,
            place: &'static Location<'static>,
        ) -> impl Future<Output = Self>;
    }
}

impl<'a> sealed::Relock for LockGuard<'a> {
    type Lock = &'a Lock;

    fn lock_place(&self) -> usize {
        ptr::from_ref(LockGuard::source(self)).addr()
    }

    fn unlock(self) -> &'a Lock {
        LockGuard::source(&self)
    }

    fn lock_again(lock: &'a Lock, place: &'static Location<'static>) -> impl Future<Output = Self> {
        lock.lock_at(place)
    }
}

impl sealed::Relock for OwnedLockGuard {
    type Lock = Arc<Lock>;

    fn lock_place(&self) -> usize {
        Arc::as_ptr(OwnedLockGuard::source(self)).addr()
    }

    fn unlock(self) -> Arc<Lock> {
        Arc::clone(OwnedLockGuard::source(&self))
    }

    fn lock_again(
        lock: Arc<Lock>,
        place: &'static Location<'static>,
    ) -> impl Future<Output = Self> {
        lock.lock_owned_at(place)
    }
}

impl<'a, T: ?Sized> sealed::Relock for MutexGuard<'a, T> {
    type Lock = &'a Mutex<T>;

    fn lock_place(&self) -> usize {
        ptr::from_ref(MutexGuard::source(self)).addr()
    }

    fn unlock(self) -> &'a Mutex<T> {
        MutexGuard::source(&self)
    }

    fn lock_again(
        lock: &'a Mutex<T>,
        place: &'static Location<'static>,
    ) -> impl Future<Output = Self> {
        lock.lock_at(place)
    }
}

impl<T: ?Sized> sealed::Relock for OwnedMutexGuard<T> {
    type Lock = Arc<Mutex<T>>;

    fn lock_place(&self) -> usize {
        Arc::as_ptr(OwnedMutexGuard::source(self)).addr()
    }

    fn unlock(self) -> Arc<Mutex<T>> {
        Arc::clone(OwnedMutexGuard::source(&self))
    }

    fn lock_again(
        lock: Arc<Mutex<T>>,
        place: &'static Location<'static>,
    ) -> impl Future<Output = Self> {
        lock.lock_owned_at(place)
    }
}
