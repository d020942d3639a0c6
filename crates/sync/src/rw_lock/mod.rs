//! A lock for many readers or one writer, in the order in which they came.
#![expect(unsafe_code, reason = "the permits make access shared or exclusive")]

mod guard;
mod mapped;
mod owned;

use std::cell::UnsafeCell;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use corio_trace::WaitKind;
use pin_project_lite::pin_project;

use crate::blocking::block_on;
use crate::error::TryLockError;
use crate::permits::{Permits, Take};

pub use guard::{RwLockReadGuard, RwLockWriteGuard};
pub use mapped::{RwLockMappedReadGuard, RwLockMappedWriteGuard};
pub use owned::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard};

/// A reader takes one permit.
const READER: usize = 1;

/// A writer takes all of them, so this is how many can read at once. More than a program can have
/// tasks, and few enough for the permits' word on machines of 32 bits.
const WRITER: usize = (1 << 28) - 1;

/// Data that many tasks can read at once, or one can write.
///
/// First come, first served: a reader that comes after a writer waits behind it, even while others
/// read, so neither side starves. A task that reads and asks to read again can therefore wait for a
/// writer that waits for that task: read once, and pass the guard on.
///
/// A panic while it is locked unlocks it; there is no poisoning.
///
/// ```
/// use corio_sync::RwLock;
///
/// # corio_base::park::block_on(async {
/// let settings = RwLock::new(vec!["a"]);
/// {
///     let (one, other) = (settings.read().await, settings.read().await);
///     assert_eq!(one.len() + other.len(), 2);
/// }
/// let mut writer = settings.write().await;
/// writer.push("b");
/// let reader = writer.downgrade();
/// assert_eq!(reader.len(), 2);
/// # });
/// ```
pub struct RwLock<T: ?Sized> {
    /// Never closed.
    permits: Permits,
    /// # Invariant
    /// Read by who holds a permit, changed by who holds them all.
    value: UnsafeCell<T>,
}

// SAFETY: who shares the lock can take the value out on another thread (`Send`), and several can
// read it at once (`Sync`).
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T> RwLock<T> {
    /// An unlocked lock with `value` inside.
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new(value: T) -> Self {
        let permits = Permits::new(WRITER, WaitKind::Lock);
        RwLock { permits, value: UnsafeCell::new(value) }
    }

    /// An unlocked lock with `value` inside.
    #[cfg(loom)]
    #[must_use]
    pub fn new(value: T) -> Self {
        let permits = Permits::new(WRITER, WaitKind::Lock);
        RwLock { permits, value: UnsafeCell::new(value) }
    }

    /// The value; nobody else can have it locked.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// How many can read at once; one more waits until one of them has done.
    pub const MAX_READERS: usize = WRITER;

    /// Waits until it can be read.
    ///
    /// # Cancel safety
    /// Dropped, it holds nothing, and what was on its way goes to the next. It loses its place in the
    /// queue.
    #[track_caller]
    #[inline]
    pub fn read(&self) -> RwLockReading<'_, T> {
        RwLockReading { lock: self, take: Take::new(READER, Location::caller()) }
    }

    /// Waits until it can be written.
    ///
    /// # Cancel safety
    /// As for [`RwLock::read`]; readers that waited behind it go on if they can.
    #[track_caller]
    #[inline]
    pub fn write(&self) -> RwLockWriting<'_, T> {
        RwLockWriting { lock: self, take: Take::new(WRITER, Location::caller()) }
    }

    /// [`RwLock::read`] with a guard that keeps the lock alive.
    ///
    /// # Cancel safety
    /// As for [`RwLock::read`].
    #[track_caller]
    pub fn read_owned(self: Arc<Self>) -> impl Future<Output = OwnedRwLockReadGuard<T>> {
        let place = Location::caller();
        async move {
            let taken = self.permits.take(READER, place).await;
            debug_assert!(taken, "a lock is never closed");
            let key = self.permits.hold(place, true);
            OwnedRwLockReadGuard::new(self, key)
        }
    }

    /// [`RwLock::write`] with a guard that keeps the lock alive.
    ///
    /// # Cancel safety
    /// As for [`RwLock::write`].
    #[track_caller]
    pub fn write_owned(self: Arc<Self>) -> impl Future<Output = OwnedRwLockWriteGuard<T>> {
        let place = Location::caller();
        async move {
            let taken = self.permits.take(WRITER, place).await;
            debug_assert!(taken, "a lock is never closed");
            self.permits.hold(place, true);
            OwnedRwLockWriteGuard::new(self)
        }
    }

    /// Reads if nobody writes or waits.
    ///
    /// # Errors
    /// [`TryLockError`] otherwise.
    #[track_caller]
    #[inline]
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        self.permits.try_take(READER).map_err(|_| TryLockError)?;
        let key = self.permits.hold(Location::caller(), false);
        Ok(RwLockReadGuard::new(self, key))
    }

    /// Writes if nobody reads, writes or waits.
    ///
    /// # Errors
    /// [`TryLockError`] otherwise.
    #[track_caller]
    #[inline]
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        self.permits.try_take(WRITER).map_err(|_| TryLockError)?;
        self.permits.hold(Location::caller(), false);
        Ok(RwLockWriteGuard::new(self))
    }

    /// [`RwLock::try_read`] with a guard that keeps the lock alive.
    ///
    /// # Errors
    /// As for [`RwLock::try_read`].
    #[track_caller]
    pub fn try_read_owned(self: Arc<Self>) -> Result<OwnedRwLockReadGuard<T>, TryLockError> {
        self.permits.try_take(READER).map_err(|_| TryLockError)?;
        let key = self.permits.hold(Location::caller(), true);
        Ok(OwnedRwLockReadGuard::new(self, key))
    }

    /// [`RwLock::try_write`] with a guard that keeps the lock alive.
    ///
    /// # Errors
    /// As for [`RwLock::try_write`].
    #[track_caller]
    pub fn try_write_owned(self: Arc<Self>) -> Result<OwnedRwLockWriteGuard<T>, TryLockError> {
        self.permits.try_take(WRITER).map_err(|_| TryLockError)?;
        self.permits.hold(Location::caller(), true);
        Ok(OwnedRwLockWriteGuard::new(self))
    }

    /// Reads, and blocks the thread until that is possible. For threads that run no tasks.
    ///
    /// # Panics
    /// Inside a task: it would keep its loop from running whoever is to unlock it. Use
    /// [`RwLock::read`] there.
    #[track_caller]
    pub fn blocking_read(&self) -> RwLockReadGuard<'_, T> {
        self.try_read().unwrap_or_else(|_| block_on(self.read(), "read().await"))
    }

    /// Writes, and blocks the thread until that is possible. For threads that run no tasks.
    ///
    /// # Panics
    /// As for [`RwLock::blocking_read`]; use [`RwLock::write`] in tasks.
    #[track_caller]
    pub fn blocking_write(&self) -> RwLockWriteGuard<'_, T> {
        self.try_write().unwrap_or_else(|_| block_on(self.write(), "write().await"))
    }

    /// The value, without locking: `&mut` says that nobody else has the lock.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        RwLock::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("RwLock");
        match self.try_read() {
            Ok(guard) => out.field("data", &&*guard),
            Err(TryLockError) => out.field("data", &format_args!("<locked>")),
        };
        out.finish_non_exhaustive()
    }
}

pin_project! {
    /// Waits to read; made by [`RwLock::read`].
    #[must_use = "nothing is locked unless the future is polled"]
    pub struct RwLockReading<'a, T: ?Sized> {
        lock: &'a RwLock<T>,
        #[pin]
        take: Take<'a>,
    }
}

impl<T: ?Sized> fmt::Debug for RwLockReading<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RwLockReading").field(&self.take).finish()
    }
}

impl<'a, T: ?Sized> Future for RwLockReading<'a, T> {
    type Output = RwLockReadGuard<'a, T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<RwLockReadGuard<'a, T>> {
        let lock = self.lock;
        let mut take = self.project().take;
        lock.permits.poll_take(take.as_mut(), context).map(|taken| {
            debug_assert!(taken, "a lock is never closed");
            let key = lock.permits.hold_at(&take);
            RwLockReadGuard::new(lock, key)
        })
    }
}

pin_project! {
    /// Waits to write; made by [`RwLock::write`].
    #[must_use = "nothing is locked unless the future is polled"]
    pub struct RwLockWriting<'a, T: ?Sized> {
        lock: &'a RwLock<T>,
        #[pin]
        take: Take<'a>,
    }
}

impl<T: ?Sized> fmt::Debug for RwLockWriting<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RwLockWriting").field(&self.take).finish()
    }
}

impl<'a, T: ?Sized> Future for RwLockWriting<'a, T> {
    type Output = RwLockWriteGuard<'a, T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<RwLockWriteGuard<'a, T>> {
        let lock = self.lock;
        let mut take = self.project().take;
        lock.permits.poll_take(take.as_mut(), context).map(|taken| {
            debug_assert!(taken, "a lock is never closed");
            lock.permits.hold_at(&take);
            RwLockWriteGuard::new(lock)
        })
    }
}
