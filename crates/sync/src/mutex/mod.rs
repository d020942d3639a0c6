//! A mutex with its data inside, quick where a queue in strict order is not needed.
#![expect(unsafe_code, reason = "the mutex makes access exclusive")]

mod guard;
mod mapped;
mod owned;
mod raw;
mod word;

use std::cell::UnsafeCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::blocking::block_on;
use crate::error::TryLockError;
use raw::Raw;

pub use guard::MutexGuard;
pub use mapped::MappedMutexGuard;
pub use owned::OwnedMutexGuard;

/// Data that one task at a time can reach.
///
/// Who finds the mutex unlocked takes it, also past those who wait: a task that locks again and again
/// need not switch to another each time. Nobody waits for ever: after eight wakes in vain the one that
/// has waited longest is handed the mutex, and nobody takes it in between. For strict order there is
/// [`Lock`](crate::Lock).
///
/// A panic while it is locked unlocks it, and whoever comes next finds the data as the panic left
/// it: there is no poisoning. Data that must not be seen half changed is best changed without
/// `await` and with nothing that panics in between.
///
/// Where no `await` happens while the data is locked, [`std::sync::Mutex`] does as well.
///
/// ```
/// use corio_sync::Mutex;
///
/// # corio_base::park::block_on(async {
/// let total = Mutex::new(1);
/// {
///     let mut guard = total.lock().await;
///     *guard += 1;
/// }
/// assert_eq!(total.into_inner(), 2);
/// # });
/// ```
pub struct Mutex<T: ?Sized> {
    raw: Raw,
    /// # Invariant
    /// Reached by who holds `raw`, or has the mutex for itself.
    value: UnsafeCell<T>,
}

// SAFETY: who shares the mutex can take the value out or change it on another thread, one at a time.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    /// An unlocked mutex with `value` inside.
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new(value: T) -> Self {
        Mutex { raw: Raw::new(), value: UnsafeCell::new(value) }
    }

    /// An unlocked mutex with `value` inside.
    #[cfg(loom)]
    #[must_use]
    pub fn new(value: T) -> Self {
        Mutex { raw: Raw::new(), value: UnsafeCell::new(value) }
    }

    /// The value; nobody else can have it locked.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Whether somebody holds it, or it is kept for one that waits. It may be old when it is read.
    #[must_use]
    pub fn locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// Waits for the mutex; it is locked until the guard is dropped.
    ///
    /// A task that holds it and locks it again waits for ever.
    ///
    /// # Cancel safety
    /// Dropped, it holds nothing, and a wake that it had got goes to the next. It loses its place in
    /// the queue.
    #[track_caller]
    #[inline]
    pub fn lock(&self) -> MutexLocking<'_, T> {
        self.lock_at(Location::caller())
    }

    #[inline]
    pub(crate) fn lock_at(&self, place: &'static Location<'static>) -> MutexLocking<'_, T> {
        MutexLocking { mutex: self, locking: raw::Locking::new(place) }
    }

    /// [`Mutex::lock`] with a guard that keeps the mutex alive.
    ///
    /// # Cancel safety
    /// As for [`Mutex::lock`].
    #[track_caller]
    pub fn lock_owned(self: Arc<Self>) -> impl Future<Output = OwnedMutexGuard<T>> {
        self.lock_owned_at(Location::caller())
    }

    pub(crate) async fn lock_owned_at(
        self: Arc<Self>,
        place: &'static Location<'static>,
    ) -> OwnedMutexGuard<T> {
        {
            let mut locking = pin!(raw::Locking::new(place));
            poll_fn(|context| self.raw.poll_lock(locking.as_mut(), context)).await;
        }
        self.raw.hold(place, true);
        OwnedMutexGuard::new(self)
    }

    /// Locks it if nobody holds it.
    ///
    /// # Errors
    /// [`TryLockError`] otherwise, also while it is kept for one that has waited too long.
    #[track_caller]
    #[inline]
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        if !self.raw.try_lock() {
            return Err(TryLockError);
        }
        self.raw.hold(Location::caller(), false);
        Ok(MutexGuard::new(self))
    }

    /// [`Mutex::try_lock`] with a guard that keeps the mutex alive.
    ///
    /// # Errors
    /// As for [`Mutex::try_lock`].
    #[track_caller]
    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedMutexGuard<T>, TryLockError> {
        if !self.raw.try_lock() {
            return Err(TryLockError);
        }
        self.raw.hold(Location::caller(), true);
        Ok(OwnedMutexGuard::new(self))
    }

    /// Locks it, and blocks the thread until that is done. For threads that run no tasks.
    ///
    /// # Panics
    /// Inside a task: it would keep its loop from running whoever is to unlock it. Use
    /// [`Mutex::lock`] there.
    #[track_caller]
    pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
        if let Ok(guard) = self.try_lock() {
            return guard;
        }
        block_on(self.lock(), "lock().await")
    }

    /// [`Mutex::blocking_lock`] with a guard that keeps the mutex alive.
    ///
    /// # Panics
    /// As for [`Mutex::blocking_lock`].
    #[track_caller]
    pub fn blocking_lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        self.blocking_lock().keep_locked();
        OwnedMutexGuard::new(self)
    }

    /// The value, without locking: `&mut` says that nobody else has the mutex.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Mutex::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Mutex");
        match self.try_lock() {
            Ok(guard) => out.field("data", &&*guard),
            Err(TryLockError) => out.field("data", &format_args!("<locked>")),
        };
        out.field("waiters", &self.raw.waiters()).finish()
    }
}

pin_project! {
    /// Waits for a mutex; made by [`Mutex::lock`].
    #[must_use = "nothing is locked unless the future is polled"]
    pub struct MutexLocking<'a, T: ?Sized> {
        mutex: &'a Mutex<T>,
        #[pin]
        locking: raw::Locking<'a>,
    }
}

impl<T: ?Sized> fmt::Debug for MutexLocking<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MutexLocking").field(&self.locking).finish()
    }
}

impl<'a, T: ?Sized> Future for MutexLocking<'a, T> {
    type Output = MutexGuard<'a, T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<MutexGuard<'a, T>> {
        let mutex = self.mutex;
        let mut locking = self.project().locking;
        match mutex.raw.poll_lock(locking.as_mut(), context) {
            Poll::Ready(()) => {
                mutex.raw.hold_at(&locking);
                Poll::Ready(MutexGuard::new(mutex))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}
