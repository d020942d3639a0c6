//! A semaphore: a number of permits, handed out in the order in which they were asked for.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use corio_trace::WaitKind;
use corio_trace::book::HeldKey;
use pin_project_lite::pin_project;

use crate::error::{AcquireError, TryAcquireError};
use crate::permits::{PERMITS_MAX, Permits, Refused, Take};
use crate::semaphore_permit::{OwnedSemaphorePermit, SemaphorePermit};

/// Permits that tasks take, one or several at a time, and that return when they are dropped.
///
/// First come, first served: who asks for many is not passed by those who ask for few, and
/// [`Semaphore::try_acquire`] does not pass those who wait.
///
/// ```
/// use corio_sync::Semaphore;
///
/// # corio_base::park::block_on(async {
/// let at_once = Semaphore::new(2);
/// let one = at_once.acquire().await?;
/// assert_eq!(at_once.available_permits(), 1);
/// drop(one);
/// assert_eq!(at_once.available_permits(), 2);
/// # Ok::<(), corio_sync::AcquireError>(())
/// # }).unwrap();
/// ```
pub struct Semaphore {
    permits: Permits,
}

impl fmt::Debug for Semaphore {
    /// asyncio's content: `Semaphore [unlocked, value:2]`, `Semaphore [locked, waiters:1]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Semaphore [")?;
        self.permits.fmt_state(f, true)?;
        f.write_str("]")
    }
}

#[cfg(not(loom))]
impl Semaphore {
    /// With `permits` permits; 0 is allowed, [`Semaphore::add_permits`] can add some.
    ///
    /// # Panics
    /// If `permits` is more than [`Semaphore::MAX_PERMITS`].
    #[must_use]
    pub const fn new(permits: usize) -> Self {
        assert!(permits <= PERMITS_MAX, "more permits than `Semaphore::MAX_PERMITS`; use fewer");
        Semaphore { permits: Permits::new(permits, WaitKind::Semaphore) }
    }
}

#[cfg(loom)]
impl Semaphore {
    /// With `permits` permits.
    #[must_use]
    pub fn new(permits: usize) -> Self {
        Semaphore { permits: Permits::new(permits, WaitKind::Semaphore) }
    }
}

impl Semaphore {
    /// The greatest number of permits; three bits of the word are flags, one is headroom.
    pub const MAX_PERMITS: usize = PERMITS_MAX;

    /// How many permits nobody has. It may be old when it is read.
    #[must_use]
    pub fn available_permits(&self) -> usize {
        self.permits.available()
    }

    /// Whether [`Semaphore::acquire`] would wait now, or fail.
    #[must_use]
    pub fn locked(&self) -> bool {
        self.permits.is_exhausted()
    }

    /// Whether [`Semaphore::close`] was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.permits.is_closed()
    }

    /// Takes one permit; waits until there is one.
    ///
    /// # Errors
    /// [`AcquireError`] if the semaphore is closed, before or meanwhile.
    ///
    /// # Cancel safety
    /// Dropped, it has taken nothing; a permit that was on its way goes to the next. It loses its
    /// place in the queue.
    #[track_caller]
    pub fn acquire(&self) -> Acquire<'_> {
        self.acquire_many(1)
    }

    /// Takes `permits` permits at once; waits until there are so many.
    ///
    /// # Errors
    /// As for [`Semaphore::acquire`].
    ///
    /// # Panics
    /// If `permits` is more than [`Semaphore::MAX_PERMITS`].
    ///
    /// # Cancel safety
    /// As for [`Semaphore::acquire`].
    #[track_caller]
    pub fn acquire_many(&self, permits: usize) -> Acquire<'_> {
        check(permits);
        Acquire { semaphore: self, take: Take::new(permits, Location::caller()) }
    }

    /// [`Semaphore::acquire`] with a permit that keeps the semaphore alive.
    ///
    /// # Errors
    /// As for [`Semaphore::acquire`].
    ///
    /// # Cancel safety
    /// As for [`Semaphore::acquire`].
    #[track_caller]
    pub fn acquire_owned(
        self: Arc<Self>,
    ) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send + Sync {
        self.acquire_many_owned(1)
    }

    /// [`Semaphore::acquire_many`] with a permit that keeps the semaphore alive.
    ///
    /// # Errors
    /// As for [`Semaphore::acquire`].
    ///
    /// # Panics
    /// As for [`Semaphore::acquire_many`].
    ///
    /// # Cancel safety
    /// As for [`Semaphore::acquire`].
    #[track_caller]
    pub fn acquire_many_owned(
        self: Arc<Self>,
        permits: usize,
    ) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send + Sync {
        check(permits);
        let place = Location::caller();
        async move {
            match self.permits.take(permits, place).await {
                true => Ok(OwnedSemaphorePermit::new(self, permits, place)),
                false => Err(AcquireError),
            }
        }
    }

    /// Takes one permit if there is one for somebody who does not wait.
    ///
    /// # Errors
    /// [`TryAcquireError`], which says whether waiting would help.
    #[track_caller]
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes `permits` permits if they are there for somebody who does not wait.
    ///
    /// # Errors
    /// As for [`Semaphore::try_acquire`].
    ///
    /// # Panics
    /// As for [`Semaphore::acquire_many`].
    #[track_caller]
    pub fn try_acquire_many(&self, permits: usize) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_take(permits)?;
        let key = match permits {
            0 => HeldKey::NONE,
            _ => self.permits.hold(Location::caller(), false),
        };
        Ok(SemaphorePermit::new(self, permits, key))
    }

    /// [`Semaphore::try_acquire`] with a permit that keeps the semaphore alive.
    ///
    /// # Errors
    /// As for [`Semaphore::try_acquire`].
    #[track_caller]
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// [`Semaphore::try_acquire_many`] with a permit that keeps the semaphore alive.
    ///
    /// # Errors
    /// As for [`Semaphore::try_acquire`].
    ///
    /// # Panics
    /// As for [`Semaphore::acquire_many`].
    #[track_caller]
    pub fn try_acquire_many_owned(
        self: Arc<Self>,
        permits: usize,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_take(permits)?;
        Ok(OwnedSemaphorePermit::new(self, permits, Location::caller()))
    }

    #[inline]
    fn try_take(&self, permits: usize) -> Result<(), TryAcquireError> {
        check(permits);
        self.permits.try_take(permits).map_err(|refused| match refused {
            Refused::Closed => TryAcquireError::Closed,
            Refused::TooFew => TryAcquireError::NoPermits,
        })
    }

    /// Adds permits, for those who wait first.
    ///
    /// # Panics
    /// If there would be more than [`Semaphore::MAX_PERMITS`].
    pub fn add_permits(&self, permits: usize) {
        if let Err(available) = self.permits.add_within(permits, PERMITS_MAX) {
            panic!(
                "{permits} permits beside the {available} that are free would be more than \
                 `Semaphore::MAX_PERMITS` ({PERMITS_MAX}); add fewer"
            );
        }
    }

    /// Takes away for good up to `permits` of the permits that nobody has, and says how many.
    pub fn forget_permits(&self, permits: usize) -> usize {
        self.permits.forget(permits)
    }

    /// Refuses everybody who waits and whoever comes. Permits that are out stay good.
    pub fn close(&self) {
        self.permits.close();
    }

    #[inline]
    pub(crate) fn permits(&self) -> &Permits {
        &self.permits
    }
}

/// A request that can never be met is a mistake to tell of, not something to wait for.
#[inline]
#[track_caller]
fn check(permits: usize) {
    assert!(
        permits <= PERMITS_MAX,
        "{permits} permits are more than `Semaphore::MAX_PERMITS` ({PERMITS_MAX}); ask for fewer"
    );
}

pin_project! {
    /// Waits for permits; made by [`Semaphore::acquire`] and [`Semaphore::acquire_many`].
    #[derive(Debug)]
    #[must_use = "nothing is acquired unless the future is polled"]
    pub struct Acquire<'a> {
        semaphore: &'a Semaphore,
        #[pin]
        take: Take<'a>,
    }
}

impl<'a> Future for Acquire<'a> {
    type Output = Result<SemaphorePermit<'a>, AcquireError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let (semaphore, permits) = (self.semaphore, self.take.permits());
        let mut take = self.project().take;
        match semaphore.permits.poll_take(take.as_mut(), context) {
            Poll::Ready(true) => {
                let key = semaphore.permits.hold_at(&take);
                Poll::Ready(Ok(SemaphorePermit::new(semaphore, permits, key)))
            }
            Poll::Ready(false) => Poll::Ready(Err(AcquireError)),
            Poll::Pending => Poll::Pending,
        }
    }
}
