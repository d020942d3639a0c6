//! Children of one type, whose values come in the order in which they end.
//!
//! A group keeps nothing of children that have ended, so that one that lives for ever does not grow.
//! Here somebody asks for the values, and takes them.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use corio_base::WakerCell;
use corio_task::JoinHandle;

use super::handle::TaskGroup;

/// Children of a group that return a `T`, whose values [`Results::next`] gives as they come.
///
/// ```
/// use corio_executor::{TaskGroup, yield_now};
/// # use corio_executor::Executor;
/// # let executor = Executor::new(corio_base::park::ThreadPark::new());
/// # executor.block_on(async {
/// let order = TaskGroup::scope(|group| async move {
///     let mut results = group.results();
///     for turns in [2, 0, 1] {
///         results.spawn(async move {
///             for _ in 0..turns {
///                 yield_now().await;
///             }
///             turns
///         });
///     }
///     let mut order = Vec::new();
///     while let Some(turns) = results.next().await {
///         order.push(turns);
///     }
///     order
/// })
/// .await
/// .unwrap();
/// assert_eq!(order, [0, 1, 2]);
/// # });
/// ```
pub struct Results<T, E> {
    group: TaskGroup<E>,
    queue: Arc<Queue<T>>,
}

struct Queue<T> {
    state: Mutex<State<T>>,
    waiter: WakerCell,
}

struct State<T> {
    ready: VecDeque<T>,
    /// Children that have not ended.
    alive: usize,
}

impl<T> Queue<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A child's part in the queue; dropped, the child has ended.
struct Ticket<T>(Arc<Queue<T>>);

impl<T> Ticket<T> {
    fn put(&self, value: T) {
        self.0.lock().ready.push_back(value);
    }
}

impl<T> Drop for Ticket<T> {
    fn drop(&mut self) {
        self.0.lock().alive -= 1;
        self.0.waiter.wake();
    }
}

impl<T, E> Results<T, E> {
    pub(super) fn new(group: TaskGroup<E>) -> Self {
        let state = State { ready: VecDeque::new(), alive: 0 };
        let queue = Queue { state: Mutex::new(state), waiter: WakerCell::new() };
        Results { group, queue: Arc::new(queue) }
    }

    fn ticket(&self) -> Ticket<T> {
        self.queue.lock().alive += 1;
        Ticket(Arc::clone(&self.queue))
    }

    /// Starts a child whose value is given here.
    ///
    /// # Panics
    /// As [`TaskGroup::spawn`].
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<()>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let ticket = self.ticket();
        self.group.spawn(async move { ticket.put(future.await) })
    }

    /// Starts a child whose value is given here, and whose error is the group's.
    ///
    /// # Panics
    /// As [`TaskGroup::spawn`].
    #[track_caller]
    pub fn try_spawn<F>(&self, future: F) -> JoinHandle<Option<()>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let ticket = self.ticket();
        self.group.try_spawn(async move {
            ticket.put(future.await?);
            Ok(())
        })
    }

    /// The next value, in the order in which the children end; `None`, if there is none left and no child
    /// that could give one. A child that is cancelled, or fails, gives none.
    ///
    /// # Cancel safety
    /// Dropping it loses no value.
    pub async fn next(&mut self) -> Option<T> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// As [`Results::next`], for futures made by hand.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
        // Before the look: a child that ends later finds the waker.
        self.queue.waiter.register(context.waker());
        let mut state = self.queue.lock();
        match state.ready.pop_front() {
            Some(value) => Poll::Ready(Some(value)),
            None if state.alive == 0 => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    /// How many values are there to be taken.
    pub fn len(&self) -> usize {
        self.queue.lock().ready.len()
    }

    /// Whether no value is there to be taken at the moment.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T, E> fmt::Debug for Results<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Results").field("group", &self.group).field("ready", &self.len()).finish()
    }
}
