//! A value that is made once, by an async initialiser, and then read without waiting.
#![expect(unsafe_code, reason = "one writes the value, and all read it once it is there")]

mod error;
mod word;

use std::cell::UnsafeCell;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::panic::Location;

use word::{Outcome, State, Turn};

pub use error::SetError;

/// A cell that is empty until its value is set, once.
///
/// Of several that come with an initialiser, one runs and the others wait. If it fails, panics or is
/// cancelled, the next one runs its own.
///
/// An initialiser that asks the same cell waits for itself, for ever.
///
/// ```
/// use corio_sync::OnceCell;
///
/// static CONFIG: OnceCell<String> = OnceCell::new();
///
/// # corio_base::park::block_on(async {
/// assert_eq!(CONFIG.get(), None);
/// let config = CONFIG.get_or_init(|| async { "loaded".to_string() }).await;
/// assert_eq!(config, "loaded");
/// assert_eq!(CONFIG.get().map(String::as_str), Some("loaded"));
/// # });
/// ```
pub struct OnceCell<T> {
    state: State,
    /// # Invariant
    /// Written by who has the turn alone; once `state` is set it is `Some` and only read.
    value: UnsafeCell<Option<T>>,
}

// SAFETY: who shares the cell can put in a value that is dropped on another thread (`Send`), and
// several can read it at once (`Sync`).
unsafe impl<T: Send + Sync> Sync for OnceCell<T> {}

impl<T> OnceCell<T> {
    /// An empty cell.
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new() -> Self {
        OnceCell { state: State::new(false), value: UnsafeCell::new(None) }
    }

    /// An empty cell.
    #[cfg(loom)]
    #[must_use]
    pub fn new() -> Self {
        OnceCell { state: State::new(false), value: UnsafeCell::new(None) }
    }

    /// Whether the value is there.
    #[inline]
    #[must_use]
    pub fn initialized(&self) -> bool {
        self.state.is_set()
    }

    /// The value, if it is there.
    #[inline]
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        if !self.state.is_set() {
            return None;
        }
        // SAFETY: set, so nobody writes it while the cell is shared.
        unsafe { &*self.value.get() }.as_ref()
    }

    /// The value, if it is there; `&mut` says that nobody else has the cell.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut().as_mut()
    }

    /// The value after `state` has said that it is there.
    fn present(&self) -> &T {
        self.get().expect("the value was set")
    }

    /// Sets the value.
    ///
    /// # Errors
    /// [`SetError`] with `value`, if there is one already or an initialiser is at work.
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        match self.state.try_begin() {
            Ok(turn) => {
                self.fill(turn, value);
                Ok(())
            }
            Err(Outcome::Set) => Err(SetError::AlreadyInitializedError(value)),
            Err(_) => Err(SetError::InitializingError(value)),
        }
    }

    /// The value, made by `make` if it is not there.
    ///
    /// # Cancel safety
    /// Dropped, it leaves the cell as it was; the next that waits runs its own initialiser.
    #[track_caller]
    pub fn get_or_init<F, Fut>(&self, make: F) -> impl Future<Output = &T>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        let place = Location::caller();
        async move {
            if let Some(value) = self.get() {
                return value;
            }
            let make = || async { Ok::<T, Infallible>(make().await) };
            let Ok(value) = self.init(make, place).await;
            value
        }
    }

    /// The value, made by `make` if it is not there and nothing goes wrong.
    ///
    /// # Errors
    /// What `make` gives; the cell is empty then, and the next that waits runs its own initialiser.
    ///
    /// # Cancel safety
    /// As for [`OnceCell::get_or_init`].
    #[track_caller]
    pub fn get_or_try_init<E, F, Fut>(&self, make: F) -> impl Future<Output = Result<&T, E>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let place = Location::caller();
        async move {
            if let Some(value) = self.get() {
                return Ok(value);
            }
            self.init(make, place).await
        }
    }

    async fn init<E, F, Fut>(&self, make: F, place: &'static Location<'static>) -> Result<&T, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        if let Some(turn) = self.state.begin(place).await {
            // Dropped in here, by `?`, a panic or a cancel, the turn goes to the next.
            let value = make().await?;
            self.fill(turn, value);
        }
        Ok(self.present())
    }

    /// Waits until the value is there, whoever sets it.
    ///
    /// # Cancel safety
    /// Dropped, it changes nothing.
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = &T> {
        let place = Location::caller();
        async move {
            self.state.wait(place).await;
            self.present()
        }
    }

    fn fill(&self, turn: Turn<'_>, value: T) {
        // SAFETY: the turn says that nobody else writes, and as it is not set nobody reads. What is
        // overwritten is `None`.
        unsafe { *self.value.get() = Some(value) };
        turn.finish();
    }

    /// Takes the value out and leaves the cell empty; `&mut` says that nobody else has it.
    pub fn take(&mut self) -> Option<T> {
        self.state.reset();
        self.value.get_mut().take()
    }

    /// The value, if it is there.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> Self {
        OnceCell { state: State::new(true), value: UnsafeCell::new(Some(value)) }
    }
}

impl<T: Clone> Clone for OnceCell<T> {
    fn clone(&self) -> Self {
        self.get().cloned().map_or_else(Self::new, Self::from)
    }
}

impl<T: PartialEq> PartialEq for OnceCell<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceCell<T> {}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnceCell").field(&self.get()).finish()
    }
}
