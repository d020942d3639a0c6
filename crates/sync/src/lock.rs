//! A lock with nothing in it, given to those who wait in the order in which they came.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use corio_trace::WaitKind;
use corio_trace::book::HeldKey;
use pin_project_lite::pin_project;

use crate::error::TryLockError;
use crate::permits::{Permits, Take};

/// asyncio's lock: one task at a time, strictly first come, first served.
///
/// A lock that is released while somebody waits goes straight to that task, so nobody can take it in
/// between, and each release under contention costs a switch of tasks. Where order does not matter,
/// the crate's `Mutex`, with the data inside, is faster.
///
/// ```
/// use corio_sync::Lock;
///
/// # corio_base::park::block_on(async {
/// let lock = Lock::new();
/// let guard = lock.lock().await;
/// assert!(lock.locked() && lock.try_lock().is_err());
/// drop(guard);
/// assert!(!lock.locked());
/// # });
/// ```
pub struct Lock {
    /// One permit, never closed.
    permits: Permits,
}

impl fmt::Debug for Lock {
    /// asyncio's content: `Lock [unlocked]`, `Lock [locked, waiters:2]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lock [")?;
        self.permits.fmt_state(f, false)?;
        f.write_str("]")
    }
}

impl Default for Lock {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(not(loom))]
impl Lock {
    /// A lock that nobody holds.
    #[must_use]
    pub const fn new() -> Self {
        Lock { permits: Permits::new(1, WaitKind::Lock) }
    }
}

#[cfg(loom)]
impl Lock {
    /// A lock that nobody holds.
    #[must_use]
    pub fn new() -> Self {
        Lock { permits: Permits::new(1, WaitKind::Lock) }
    }
}

impl Lock {
    /// Whether somebody holds it, or it is on its way to somebody.
    #[must_use]
    pub fn locked(&self) -> bool {
        self.permits.is_exhausted()
    }

    /// Waits for the lock; it is held until the guard is dropped.
    ///
    /// A task that holds it and locks it again waits for ever.
    ///
    /// # Cancel safety
    /// Dropped, it holds nothing; a lock that was on its way goes to the next. It loses its place in
    /// the queue.
    #[track_caller]
    #[doc(alias = "acquire")]
    pub fn lock(&self) -> Locking<'_> {
        self.lock_at(Location::caller())
    }

    pub(crate) fn lock_at(&self, place: &'static Location<'static>) -> Locking<'_> {
        Locking { lock: self, take: Take::new(1, place) }
    }

    /// [`Lock::lock`] with a guard that keeps the lock alive.
    ///
    /// # Cancel safety
    /// As for [`Lock::lock`].
    #[track_caller]
    pub fn lock_owned(self: Arc<Self>) -> impl Future<Output = OwnedLockGuard> + Send + Sync {
        self.lock_owned_at(Location::caller())
    }

    pub(crate) async fn lock_owned_at(
        self: Arc<Self>,
        place: &'static Location<'static>,
    ) -> OwnedLockGuard {
        let taken = self.permits.take(1, place).await;
        debug_assert!(taken, "a lock is never closed");
        self.permits.hold(place, true);
        OwnedLockGuard { lock: self }
    }

    /// Takes the lock if nobody holds it or waits for it.
    ///
    /// # Errors
    /// [`TryLockError`] otherwise.
    #[track_caller]
    pub fn try_lock(&self) -> Result<LockGuard<'_>, TryLockError> {
        self.permits.try_take(1).map_err(|_| TryLockError)?;
        self.permits.hold(Location::caller(), false);
        Ok(LockGuard { lock: self })
    }

    /// [`Lock::try_lock`] with a guard that keeps the lock alive.
    ///
    /// # Errors
    /// [`TryLockError`] if somebody holds it or waits for it.
    #[track_caller]
    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedLockGuard, TryLockError> {
        self.permits.try_take(1).map_err(|_| TryLockError)?;
        self.permits.hold(Location::caller(), true);
        Ok(OwnedLockGuard { lock: self })
    }
}

/// Holds a [`Lock`] until it is dropped.
#[derive(Debug)]
#[must_use = "the lock is released as soon as its guard is dropped"]
pub struct LockGuard<'a> {
    lock: &'a Lock,
}

impl<'a> LockGuard<'a> {
    /// The lock that it holds.
    #[must_use]
    pub fn source(this: &Self) -> &'a Lock {
        this.lock
    }
}

impl Drop for LockGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.lock.permits.give(1, HeldKey::NONE);
    }
}

/// Holds a [`Lock`] in an [`Arc`] until it is dropped.
#[derive(Debug)]
#[must_use = "the lock is released as soon as its guard is dropped"]
pub struct OwnedLockGuard {
    lock: Arc<Lock>,
}

impl OwnedLockGuard {
    /// The lock that it holds.
    #[must_use]
    pub fn source(this: &Self) -> &Arc<Lock> {
        &this.lock
    }
}

impl Drop for OwnedLockGuard {
    #[inline]
    fn drop(&mut self) {
        self.lock.permits.give(1, HeldKey::NONE);
    }
}

pin_project! {
    /// Waits for a lock; made by [`Lock::lock`].
    #[derive(Debug)]
    #[must_use = "nothing is locked unless the future is polled"]
    pub struct Locking<'a> {
        lock: &'a Lock,
        #[pin]
        take: Take<'a>,
    }
}

impl<'a> Future for Locking<'a> {
    type Output = LockGuard<'a>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<LockGuard<'a>> {
        let lock = self.lock;
        let mut take = self.project().take;
        lock.permits.poll_take(take.as_mut(), context).map(|taken| {
            debug_assert!(taken, "a lock is never closed");
            lock.permits.hold_at(&take);
            LockGuard { lock }
        })
    }
}
