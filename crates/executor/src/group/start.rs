//! A child that says when it is ready, and somebody who waits for that.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use corio_base::WakerCell;
use corio_task::{JoinHandle, Task};

use super::handle::TaskGroup;

impl<E> TaskGroup<E> {
    /// Starts a child and waits until it says that it is ready: a server that listens, a connection
    /// that is open. It runs on in the group.
    ///
    /// ```
    /// use corio_executor::{TaskGroup, yield_now};
    /// # use corio_executor::Executor;
    /// # let executor = Executor::new(corio_base::park::ThreadPark::new());
    /// # executor.block_on(async {
    /// TaskGroup::scope(|group| async move {
    ///     let port = group
    ///         .start(|ready| async move {
    ///             yield_now().await; // binds
    ///             ready.set(8080);
    ///             yield_now().await; // serves
    ///         })
    ///         .await
    ///         .unwrap();
    ///     assert_eq!(port, 8080);
    /// })
    /// .await
    /// .unwrap();
    /// # });
    /// ```
    ///
    /// # Errors
    /// [`NotStarted`], if the child ends without having said so. An error of its own goes to the group.
    ///
    /// # Panics
    /// As [`TaskGroup::spawn`].
    ///
    /// # Cancel safety
    /// Dropping it before the child is ready cancels the child.
    #[track_caller]
    pub fn start<V, B, F>(&self, body: B) -> Start<V, F::Output>
    where
        B: FnOnce(Started<V>) -> F,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
        V: Send + 'static,
        E: Send + 'static,
    {
        let (started, slot) = Started::new();
        let child = self.spawn(body(started));
        Start { slot, child: Some(child) }
    }

    /// As [`TaskGroup::start`], for a child that may fail.
    ///
    /// # Errors
    /// [`NotStarted`], if the child ends without having said so. Its own error goes to the group.
    ///
    /// # Panics
    /// As [`TaskGroup::spawn`].
    ///
    /// # Cancel safety
    /// Dropping it before the child is ready cancels the child.
    #[track_caller]
    pub fn try_start<V, B, F, T>(&self, body: B) -> Start<V, Option<T>>
    where
        B: FnOnce(Started<V>) -> F,
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        V: Send + 'static,
        E: Send + 'static,
    {
        let (started, slot) = Started::new();
        let child = self.try_spawn(body(started));
        Start { slot, child: Some(child) }
    }
}

/// Where a child puts what it is ready with.
struct Slot<V> {
    state: Mutex<State<V>>,
    waiter: WakerCell,
}

enum State<V> {
    Waiting,
    Ready(V),
    /// Taken, or never to come.
    Empty,
}

impl<V> Slot<V> {
    fn put(&self, state: State<V>) {
        let before = {
            let mut slot = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *slot, state)
        };
        self.waiter.wake();
        drop(before);
    }
}

/// By which a child says that it is ready. Dropped without, it says that it never will be.
pub struct Started<V>(Option<Arc<Slot<V>>>);

impl<V> Started<V> {
    fn new() -> (Self, Arc<Slot<V>>) {
        let slot = Arc::new(Slot { state: Mutex::new(State::Waiting), waiter: WakerCell::new() });
        (Started(Some(Arc::clone(&slot))), slot)
    }

    /// The child is ready: its starter goes on, with `value`.
    pub fn set(mut self, value: V) {
        if let Some(slot) = self.0.take() {
            slot.put(State::Ready(value));
        }
    }
}

impl<V> Drop for Started<V> {
    fn drop(&mut self) {
        if let Some(slot) = self.0.take() {
            slot.put(State::Empty);
        }
    }
}

impl<V> fmt::Debug for Started<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started").finish_non_exhaustive()
    }
}

/// The future of [`TaskGroup::start`]: the value that the child is ready with.
#[must_use = "the child has begun; await this to learn when it is ready: dropped, it cancels it"]
pub struct Start<V, T> {
    slot: Arc<Slot<V>>,
    /// Until it is ready.
    child: Option<JoinHandle<T>>,
}

impl<V, T> Future for Start<V, T> {
    type Output = Result<V, NotStarted>;

    /// # Panics
    /// If polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let state = {
            // Before the look: a child that is ready later finds the waker.
            self.slot.waiter.register(context.waker());
            let mut slot = self.slot.state.lock().unwrap_or_else(PoisonError::into_inner);
            if matches!(*slot, State::Waiting) {
                return Poll::Pending;
            }
            std::mem::replace(&mut *slot, State::Empty)
        };
        let Some(child) = self.child.take() else {
            panic!("the start of a child was polled after it had given its result");
        };
        Poll::Ready(match state {
            State::Ready(value) => Ok(value),
            State::Waiting | State::Empty => Err(NotStarted { task: child.task() }),
        })
    }
}

impl<V, T> Drop for Start<V, T> {
    fn drop(&mut self) {
        if let Some(child) = &self.child {
            child.task().cancel("nobody waits for its start any more");
        }
    }
}

impl<V, T> fmt::Debug for Start<V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start").field("child", &self.child).finish()
    }
}

/// A child ended, or gave its [`Started`] up, without having said that it is ready.
#[derive(Clone, Debug)]
pub struct NotStarted {
    task: Task,
}

impl NotStarted {
    /// The child.
    pub fn task(&self) -> &Task {
        &self.task
    }
}

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.task.info().name();
        write!(f, "{name} did not say that it is ready: it ended, or dropped its `Started`")
    }
}

impl Error for NotStarted {}
