//! The receiving end.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use corio_base::loom::sync::Arc;
use corio_base::loom::sync::atomic::Ordering;
use pin_project_lite::pin_project;

use super::error::RecvError;
use super::shared::{ENDS, LANES, Ref, Shared, Words, wait_for_news};
use crate::wait_list::Wait;

/// Sees the value, and that it changed; clones have seen what this one has.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// The number of the last change it has seen.
    seen: u64,
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.shared.version();
        f.debug_struct("Receiver")
            .field("version", &version.number())
            .field("seen", &self.seen)
            .field("closed", &version.is_closed())
            .finish_non_exhaustive()
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        // Relaxed: the one that is cloned holds the count up.
        self.shared.words().receivers.fetch_add(1, Ordering::Relaxed);
        Receiver { shared: self.shared.clone(), seen: self.seen }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        // AcqRel: pairs with the Acquire of one who waits for the end.
        if self.shared.words().receivers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.list.lock().grant_all(ENDS, |()| {});
        }
    }
}

impl<T> Receiver<T> {
    pub(super) fn new(shared: Arc<Shared<T>>, seen: u64) -> Self {
        Receiver { shared, seen }
    }

    /// The value. It stays news if it was.
    #[must_use]
    pub fn borrow(&self) -> Ref<'_, T> {
        let (guard, version) = self.shared.read();
        Ref { guard, has_changed: version.number() != self.seen }
    }

    /// The value, which is no news from now on.
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let (guard, version) = self.shared.read();
        let has_changed = version.number() != self.seen;
        self.seen = version.number();
        Ref { guard, has_changed }
    }

    /// Whether the value is news.
    ///
    /// # Errors
    /// [`RecvError`] if all senders are gone.
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        let version = self.shared.version();
        if version.is_closed() { Err(RecvError) } else { Ok(version.number() != self.seen) }
    }

    /// Makes the value news.
    pub fn mark_changed(&mut self) {
        self.seen = self.shared.version().number().wrapping_sub(1);
    }

    /// Makes the value no news.
    pub fn mark_unchanged(&mut self) {
        self.seen = self.shared.version().number();
    }

    /// Waits until the value is news, and makes it none.
    ///
    /// # Errors
    /// [`RecvError`] if all senders are gone and the value is no news.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it has changed nothing: the value is news to the next call.
    #[track_caller]
    pub fn changed(&mut self) -> Changed<'_, T> {
        Changed {
            shared: &self.shared,
            seen: &mut self.seen,
            place: Location::caller(),
            wait: None,
        }
    }

    /// Waits until the value is as `wanted` says, beginning with the present one.
    ///
    /// `wanted` runs under the value's lock: it must not use this channel.
    ///
    /// # Errors
    /// [`RecvError`] if all senders are gone before it is.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the values that were looked at are no news.
    #[track_caller]
    pub fn wait_for(
        &mut self,
        wanted: impl FnMut(&T) -> bool,
    ) -> impl Future<Output = Result<Ref<'_, T>, RecvError>> {
        self.wait_for_at(wanted, Location::caller())
    }

    async fn wait_for_at(
        &mut self,
        mut wanted: impl FnMut(&T) -> bool,
        place: &'static Location<'static>,
    ) -> Result<Ref<'_, T>, RecvError> {
        let (shared, seen) = (&*self.shared, &mut self.seen);
        loop {
            {
                let (guard, version) = shared.read();
                let has_changed = version.number() != *seen;
                *seen = version.number();
                if wanted(&guard) {
                    return Ok(Ref { guard, has_changed });
                }
            }
            Changed { shared, seen: &mut *seen, place, wait: None }.await?;
        }
    }

    /// Whether both see the same value.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

pin_project! {
    /// Waits until the value is news; made by [`Receiver::changed`].
    #[must_use = "nothing is waited for unless the future is polled"]
    pub struct Changed<'a, T> {
        shared: &'a Shared<T>,
        seen: &'a mut u64,
        place: &'static Location<'static>,
        #[pin]
        wait: Option<Wait<'a, Words, LANES>>,
    }
}

impl<T> fmt::Debug for Changed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changed").field("wait", &self.wait).finish_non_exhaustive()
    }
}

impl<T> Future for Changed<'_, T> {
    type Output = Result<(), RecvError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let shared = *this.shared;
        loop {
            let version = shared.version();
            if version.number() != **this.seen {
                **this.seen = version.number();
                return Poll::Ready(Ok(()));
            }
            if version.is_closed() {
                return Poll::Ready(Err(RecvError));
            }
            if this.wait.is_none() {
                this.wait.set(Some(Wait::new(&shared.list, this.place)));
            }
            let wait = this.wait.as_mut().as_pin_mut().expect("made above");
            let seen = **this.seen;
            ready!(wait.poll(context, |section| wait_for_news(section, seen)));
        }
    }
}
