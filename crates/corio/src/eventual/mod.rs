//! A value that somebody will give later: asyncio's `Future`, as two ends.
//!
//! [`Promise`] is the end that gives, [`Eventual`] the one that any number of tasks await, look at,
//! cancel and attach callbacks to, on any thread. Neither belongs to a loop; only a callback does, to
//! the one on which it was added.
//!
//! ```text
//!              set_result ─1─▶ finished, with a result
//!   pending ── set_error ──2─▶ finished, with an error
//!              cancel ─────3─▶ cancelled        (either end; a Promise that is dropped, too)
//! ```
//!
//! Nothing leaves a state once it is not pending. Whoever waits is woken, and callbacks are put into
//! their loops' queues, in the order in which they came.

mod callback;
mod error;
mod shared;

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use corio_task::{Hold, Reason};
use corio_trace::book::Leaf;

pub use callback::CallbackId;
pub use error::{AlreadyDone, EventualError, ResultError};

use shared::{Outcome, Shared, WaiterId};

/// Makes the two ends of a value that is given later.
///
/// ```
/// corio::run(async {
///     let (promise, eventual) = corio::eventual::<u32, String>();
///     corio::spawn(async move { promise.set_result(42) });
///     assert_eq!(eventual.await.unwrap(), 42);
/// });
/// ```
#[track_caller]
#[doc(alias = "create_future")]
pub fn eventual<T, E>() -> (Promise<T, E>, Eventual<T, E>) {
    let promise = Promise::new();
    let eventual = promise.eventual();
    (promise, eventual)
}

/// The end that gives the value. Dropped without having given one, it cancels.
#[must_use = "dropping the promise cancels what waits for it"]
pub struct Promise<T, E> {
    shared: Arc<Shared<T, E>>,
}

impl<T, E> Promise<T, E> {
    /// A promise that nobody waits for yet.
    #[track_caller]
    pub fn new() -> Self {
        Promise { shared: Arc::new(Shared::new(Location::caller())) }
    }

    /// The other end.
    pub fn eventual(&self) -> Eventual<T, E> {
        Eventual::of(self.shared.clone())
    }

    /// Edge 1: gives the value.
    ///
    /// # Errors
    /// The value, if there is an outcome already: it was given, or cancelled, before.
    pub fn set_result(&self, value: T) -> Result<(), AlreadyDone<T>> {
        self.shared.complete(Outcome::Result(value)).map_err(|refused| match refused {
            Outcome::Result(value) => self.already_done(value),
            _ => unreachable!("what is refused comes back"),
        })
    }

    /// Edge 2: gives an error in place of the value.
    ///
    /// # Errors
    /// The error, if there is an outcome already.
    #[doc(alias = "set_exception")]
    pub fn set_error(&self, error: E) -> Result<(), AlreadyDone<E>> {
        self.shared.complete(Outcome::Error(error)).map_err(|refused| match refused {
            Outcome::Error(error) => self.already_done(error),
            _ => unreachable!("what is refused comes back"),
        })
    }

    /// Edge 3: there will be neither. `false`: there is an outcome already.
    #[track_caller]
    pub fn cancel(&self, reason: impl Into<Reason>) -> bool {
        self.shared.complete(Outcome::Cancelled(reason.into())).is_ok()
    }

    /// Whether there is an outcome.
    pub fn is_done(&self) -> bool {
        self.shared.outcome().is_some()
    }

    /// Whether it was cancelled, by either end.
    pub fn is_cancelled(&self) -> bool {
        self.shared.is_cancelled()
    }

    fn already_done<V>(&self, value: V) -> AlreadyDone<V> {
        AlreadyDone { value, was_cancelled: self.is_cancelled() }
    }
}

impl<T, E> Default for Promise<T, E> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T, E> Drop for Promise<T, E> {
    fn drop(&mut self) {
        if !self.is_done() {
            let message =
                format!("the Promise made at {} was dropped with nothing given", self.shared.place);
            self.cancel(message);
        }
    }
}

impl<T: fmt::Debug, E: fmt::Debug> fmt::Debug for Promise<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.show("Promise", f)
    }
}

/// The end that awaits the value. Clones are alike; each gives its awaiter a clone of the outcome. What is not
/// `Clone`, as `io::Error`, goes in an `Arc`, or is looked at where it is: [`Eventual::result`].
///
/// As a task's handle does, and as asyncio's futures do, an awaited one passes requests on: a task, or
/// a timeout, that is cancelled while it awaits it cancels it, for everybody. To stop waiting without
/// that, await what [`Eventual::shielded`] gives.
///
/// # Cancel safety
/// Dropping one that is being awaited loses nothing, and cancels nothing.
#[must_use = "futures do nothing unless awaited"]
pub struct Eventual<T, E> {
    shared: Arc<Shared<T, E>>,
    /// Where this one's waker is, among those that wait.
    waiter: Option<WaiterId>,
    /// The record of its wait, in debug mode.
    leaf: Leaf,
    /// In a mutex only to be `Sync`; it is never locked.
    hold: Mutex<Hold>,
}

impl<T, E> Eventual<T, E> {
    fn of(shared: Arc<Shared<T, E>>) -> Self {
        Eventual { shared, waiter: None, leaf: Leaf::new(), hold: Mutex::new(Hold::new()) }
    }

    /// What the records of those that wait for it name it by.
    pub(crate) fn object(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }

    /// One that has its value from the beginning.
    #[track_caller]
    pub fn ready(value: T) -> Self {
        Self::with_outcome(Outcome::Result(value))
    }

    /// One that has an error from the beginning.
    #[track_caller]
    pub fn failed(error: E) -> Self {
        Self::with_outcome(Outcome::Error(error))
    }

    #[track_caller]
    fn with_outcome(outcome: Outcome<T, E>) -> Self {
        let shared = Shared::new(Location::caller());
        match shared.complete(outcome) {
            Ok(()) => Eventual::of(Arc::new(shared)),
            Err(_) => unreachable!("a new one has no outcome"),
        }
    }

    /// Edge 3: cancels it for everybody. `false`: there is an outcome already.
    #[track_caller]
    pub fn cancel(&self, reason: impl Into<Reason>) -> bool {
        self.shared.complete(Outcome::Cancelled(reason.into())).is_ok()
    }

    /// Whether there is an outcome.
    pub fn is_done(&self) -> bool {
        self.shared.outcome().is_some()
    }

    /// Whether it was cancelled, by either end.
    pub fn is_cancelled(&self) -> bool {
        self.shared.is_cancelled()
    }

    /// The value, without awaiting it.
    ///
    /// ```
    /// let (promise, eventual) = corio::eventual::<u32, String>();
    /// assert!(eventual.result().unwrap_err().is_not_done());
    /// promise.set_result(42).unwrap();
    /// assert_eq!(eventual.result().unwrap(), &42);
    /// ```
    ///
    /// # Errors
    /// There is no outcome yet, or it is an error, or it was cancelled.
    pub fn result(&self) -> Result<&T, ResultError<'_, E>> {
        match self.shared.look() {
            None => Err(ResultError::NotDone),
            Some(Outcome::Result(value)) => Ok(value),
            Some(Outcome::Error(error)) => Err(ResultError::Error(error)),
            Some(Outcome::Cancelled(reason)) => Err(ResultError::Cancelled(reason)),
        }
    }

    /// The error that was given; `None` if a value was.
    ///
    /// # Errors
    /// There is no outcome yet, or it was cancelled.
    #[doc(alias = "exception")]
    pub fn error(&self) -> Result<Option<&E>, ResultError<'_, E>> {
        match self.result() {
            Ok(_) => Ok(None),
            Err(ResultError::Error(error)) => Ok(Some(error)),
            Err(other) => Err(other),
        }
    }

    /// Why it was cancelled; `None` if it was not.
    pub fn reason(&self) -> Option<&Reason> {
        match self.shared.outcome() {
            Some(Outcome::Cancelled(reason)) => Some(reason),
            _ => None,
        }
    }

    /// Calls `callback` when there is an outcome, or, if there is one, soon: as an entry of the queue
    /// of this thread's loop, in the next turn, never from in here. Callbacks, and tasks that wait, come
    /// in the order in which they began to.
    ///
    /// If its loop has ended by then, the callback is dropped.
    ///
    /// # Panics
    /// Outside a runtime.
    #[track_caller]
    pub fn add_done_callback(
        &self,
        callback: impl FnOnce(Eventual<T, E>) + Send + 'static,
    ) -> CallbackId
    where
        T: Send + Sync + 'static,
        E: Send + Sync + 'static,
    {
        let place = Location::caller();
        let label = (std::any::type_name_of_val(&callback), place);
        let waker = callback::waker(place, &self.shared, callback);
        CallbackId(self.shared.wait(None, waker, Some(label)))
    }

    /// Takes a callback back. `false`: it has been called, is in its loop's queue already, or was taken
    /// back before.
    pub fn remove_done_callback(&self, id: CallbackId) -> bool {
        let removed = id.0.and_then(|id| self.shared.forget(id));
        removed.is_some()
    }

    /// Waits without passing requests on: who is cancelled meanwhile stops waiting, and that is all.
    pub fn shielded(&self) -> Shielded<T, E> {
        Shielded(self.clone())
    }

    /// Where it was made.
    pub fn location(&self) -> &'static Location<'static> {
        self.shared.place
    }
}

impl<T: Clone, E: Clone> Future for Eventual<T, E> {
    type Output = Result<T, EventualError<E>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let hold = this.hold.get_mut().unwrap_or_else(PoisonError::into_inner);
        let (shared, waiter, leaf) = (&this.shared, &mut this.waiter, &mut this.leaf);
        let done = |context: &mut Context<'_>| shared.poll_done(waiter, leaf, context);
        if hold.poll(context, done).is_pending() {
            for request in hold.new_requests() {
                // Whoever else waits is woken; this one sees it below.
                drop(shared.complete(Outcome::Cancelled(request.reason().clone())));
            }
            if shared.outcome().is_none() || (shared.is_cancelled() && hold.unwind()) {
                return Poll::Pending;
            }
        } else if shared.is_cancelled() && hold.unwind() {
            return Poll::Pending;
        }
        hold.release();
        Poll::Ready(shared.cloned())
    }
}

/// What [`Eventual::shielded`] gives: waits, and passes nothing on.
#[must_use = "futures do nothing unless awaited"]
pub struct Shielded<T, E>(Eventual<T, E>);

impl<T: Clone, E: Clone> Future for Shielded<T, E> {
    type Output = Result<T, EventualError<E>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Eventual { shared, waiter, leaf, .. } = &mut self.0;
        shared.poll_done(waiter, leaf, context).map(|()| shared.cloned())
    }
}

impl<T: fmt::Debug, E: fmt::Debug> fmt::Debug for Shielded<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shielded").field(&self.0).finish()
    }
}

impl<T, E> Unpin for Eventual<T, E> {}

impl<T: Clone, E: Clone> IntoFuture for &Eventual<T, E> {
    type Output = Result<T, EventualError<E>>;
    type IntoFuture = Eventual<T, E>;

    fn into_future(self) -> Eventual<T, E> {
        self.clone()
    }
}

impl<T, E> Clone for Eventual<T, E> {
    fn clone(&self) -> Self {
        Eventual::of(self.shared.clone())
    }
}

impl<T, E> Drop for Eventual<T, E> {
    fn drop(&mut self) {
        if let Some(waiter) = self.waiter {
            drop(self.shared.forget(waiter));
        }
    }
}

impl<T, E> PartialEq for Eventual<T, E> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T, E> Eq for Eventual<T, E> {}

impl<T: fmt::Debug, E: fmt::Debug> fmt::Debug for Eventual<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.show("Eventual", f)
    }
}
