//! A semaphore that notices when it is released more often than it was acquired.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_trace::book::HeldKey;
use pin_project_lite::pin_project;

use crate::error::{AcquireError, OverReleased, TryAcquireError};
use crate::semaphore::{Acquire, Semaphore};

/// A [`Semaphore`] that never has more permits than it began with.
///
/// ```
/// use corio_sync::BoundedSemaphore;
///
/// # corio_base::park::block_on(async {
/// let slots = BoundedSemaphore::new(1);
/// slots.acquire().await?.forget(); // to be released by hand
/// assert_eq!(slots.release(), Ok(()));
/// assert_eq!(slots.release().unwrap_err().bound, 1);
/// # Ok::<(), corio_sync::AcquireError>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct BoundedSemaphore {
    semaphore: Semaphore,
    bound: usize,
}

impl BoundedSemaphore {
    /// With `bound` permits.
    ///
    /// # Panics
    /// If `bound` is more than [`Semaphore::MAX_PERMITS`].
    #[must_use]
    pub fn new(bound: usize) -> Self {
        BoundedSemaphore { semaphore: Semaphore::new(bound), bound }
    }

    /// How many permits it may have.
    #[must_use]
    pub fn bound(&self) -> usize {
        self.bound
    }

    /// How many permits nobody has. It may be old when it is read.
    #[must_use]
    pub fn available_permits(&self) -> usize {
        self.semaphore.available_permits()
    }

    /// Whether [`BoundedSemaphore::acquire`] would wait now, or fail.
    #[must_use]
    pub fn locked(&self) -> bool {
        self.semaphore.locked()
    }

    /// Takes one permit; waits until there is one.
    ///
    /// # Errors
    /// [`AcquireError`] if the semaphore is closed, before or meanwhile.
    ///
    /// # Cancel safety
    /// As for [`Semaphore::acquire`].
    #[track_caller]
    pub fn acquire(&self) -> BoundedAcquire<'_> {
        BoundedAcquire { bounded: self, acquire: self.semaphore.acquire() }
    }

    /// Takes one permit if there is one for somebody who does not wait.
    ///
    /// # Errors
    /// [`TryAcquireError`], which says whether waiting would help.
    #[track_caller]
    pub fn try_acquire(&self) -> Result<BoundedPermit<'_>, TryAcquireError> {
        let key = self.semaphore.try_acquire()?.keep();
        Ok(BoundedPermit { bounded: self, key })
    }

    /// Gives one permit back that was [forgotten](BoundedPermit::forget).
    ///
    /// # Errors
    /// [`OverReleased`] if all permits are there already; nothing has changed then.
    pub fn release(&self) -> Result<(), OverReleased> {
        // The permit was forgotten, and with it whose it was.
        self.give(HeldKey::NONE)
    }

    fn give(&self, key: HeldKey) -> Result<(), OverReleased> {
        let permits = self.semaphore.permits();
        permits.let_go(key);
        permits
            .add_within(1, self.bound)
            .map_err(|available| OverReleased { bound: self.bound, available })
    }

    /// Refuses everybody who waits and whoever comes. Permits that are out stay good.
    pub fn close(&self) {
        self.semaphore.close();
    }

    /// Whether [`BoundedSemaphore::close`] was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.semaphore.is_closed()
    }
}

/// One permit of a [`BoundedSemaphore`]; returns when it is dropped.
///
/// If somebody else released too often meanwhile, there is no place left for it, and its return
/// changes nothing: the semaphore stays within its bound.
#[derive(Debug)]
#[must_use = "a permit returns as soon as it is dropped"]
pub struct BoundedPermit<'a> {
    bounded: &'a BoundedSemaphore,
    key: HeldKey,
}

impl BoundedPermit<'_> {
    /// Lets go of it without giving it back; [`BoundedSemaphore::release`] does that later.
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for BoundedPermit<'_> {
    fn drop(&mut self) {
        // Refused only after somebody has released too often; see the type.
        let _ = self.bounded.give(self.key);
    }
}

pin_project! {
    /// Waits for a permit; made by [`BoundedSemaphore::acquire`].
    #[derive(Debug)]
    #[must_use = "nothing is acquired unless the future is polled"]
    pub struct BoundedAcquire<'a> {
        bounded: &'a BoundedSemaphore,
        #[pin]
        acquire: Acquire<'a>,
    }
}

impl<'a> Future for BoundedAcquire<'a> {
    type Output = Result<BoundedPermit<'a>, AcquireError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.acquire.poll(context).map_ok(|permit| {
            let key = permit.keep();
            BoundedPermit { bounded: this.bounded, key }
        })
    }
}
