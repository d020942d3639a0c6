//! The group as its body and its children have it.

use std::convert::Infallible;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use corio_task::{JoinHandle, Reason, Spawn};

use super::child::{Child, Place};
use super::error::GroupError;
use super::results::Results;
use super::run::ScopeRun;
use super::shared::Shared;
use super::sort::{Fallible, Plain, Sort};
use crate::entered::{spawn_current, with_current};

/// Children that a piece of code starts, and does not leave before they have ended.
///
/// ```
/// use corio_executor::TaskGroup;
/// # use corio_executor::Executor;
/// # let executor = Executor::new(corio_base::park::ThreadPark::new());
/// # executor.block_on(async {
/// let sum = TaskGroup::scope(|group| async move {
///     let left = group.spawn(async { 1 });
///     let right = group.spawn(async { 2 });
///     left.await.unwrap() + right.await.unwrap()
/// })
/// .await
/// .unwrap();
/// assert_eq!(sum, 3);
/// # });
/// ```
///
/// The scope is over when the body has returned and every child has ended; children may start others
/// until then. The first that fails, by an error given to [`TaskGroup::try_spawn`] or by a panic, has
/// its siblings and the body cancelled; their cleanup is awaited, and all errors come back together.
/// A child that is cancelled by itself harms nobody.
///
/// A request to whoever awaits the scope goes to body and children at the same time, and unwinding
/// waits for all of them. If errors meet it they are returned, and the request asks again at the next
/// wait after the scope. When that request has cut the body, or comes after the body's end, no child
/// begins any more; a body that suppresses it goes on with an open group.
///
/// The handle may be cloned, sent to other threads, and kept: it then refuses children, which end as
/// cancelled without having begun.
pub struct TaskGroup<E = Infallible> {
    shared: Arc<Shared<E>>,
}

impl TaskGroup<Infallible> {
    /// Runs `body` with a group whose children cannot fail but by panic.
    ///
    /// # Errors
    /// The panics of children, together; or, with [`GroupError::is_cancelled`], nothing at all:
    /// [`TaskGroup::cancel`] has cut the body.
    ///
    /// # Panics
    /// With the body's panic, when all children have ended.
    ///
    /// # Cancel safety
    /// Dropping it before its end cancels the children, and nobody waits for them; that is reported to
    /// the log target `corio::group`.
    #[track_caller]
    pub fn scope<B, F>(body: B) -> ScopeRun<F, Infallible, Plain>
    where
        B: FnOnce(TaskGroup<Infallible>) -> F,
        F: Future,
    {
        TaskGroup::begin(body)
    }
}

impl<E> TaskGroup<E> {
    /// Runs `body` with a group whose children may fail with an `E`, as the body may, too.
    ///
    /// ```
    /// use corio_executor::TaskGroup;
    /// # use corio_executor::Executor;
    /// # let executor = Executor::new(corio_base::park::ThreadPark::new());
    /// # executor.block_on(async {
    /// let error = TaskGroup::try_scope(|group| async move {
    ///     group.spawn(std::future::pending::<()>()); // cancelled when its sibling fails
    ///     group.try_spawn(async { "12x".parse::<i32>() });
    ///     Ok(())
    /// })
    /// .await
    /// .unwrap_err();
    /// assert_eq!(error.len(), 1);
    /// # });
    /// ```
    ///
    /// # Errors
    /// The errors and panics of children and the body's error, together; or, with
    /// [`GroupError::is_cancelled`], nothing at all: [`TaskGroup::cancel`] has cut the body.
    ///
    /// # Panics
    /// With the body's panic, when all children have ended.
    ///
    /// # Cancel safety
    /// As [`TaskGroup::scope`].
    #[track_caller]
    pub fn try_scope<B, F, T>(body: B) -> ScopeRun<F, E, Fallible>
    where
        B: FnOnce(TaskGroup<E>) -> F,
        F: Future<Output = Result<T, E>>,
    {
        TaskGroup::begin(body)
    }

    #[track_caller]
    fn begin<B, F, S>(body: B) -> ScopeRun<F, E, S>
    where
        B: FnOnce(TaskGroup<E>) -> F,
        F: Future,
        S: Sort<F::Output, E>,
    {
        let shared = Arc::new(Shared::new(with_current(|core| core.handle())));
        let body = body(TaskGroup { shared: Arc::clone(&shared) });
        ScopeRun::new(body, shared, Location::caller())
    }

    /// Starts a child. In a group that is closing or has ended it ends as cancelled, without having
    /// begun.
    ///
    /// Dropping the handle changes nothing: the group waits for the child.
    ///
    /// # Panics
    /// If the scope was made outside any loop of corio's, and this thread runs none either.
    #[track_caller]
    #[doc(alias("create_task", "start_soon"))]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
        E: Send + 'static,
    {
        self.spawn_with(Spawn::new(), future)
    }

    /// As [`TaskGroup::spawn`], with a name.
    ///
    /// # Panics
    /// If the scope was made outside any loop of corio's, and this thread runs none either.
    pub fn spawn_with<F>(&self, spawn: Spawn, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
        E: Send + 'static,
    {
        self.begin_child::<_, Plain>(spawn, future)
    }

    /// Starts a child that may fail: its error is the group's, and the handle then has `None`.
    ///
    /// # Panics
    /// If the scope was made outside any loop of corio's, and this thread runs none either.
    #[track_caller]
    #[doc(alias = "create_task")]
    pub fn try_spawn<F, T>(&self, future: F) -> JoinHandle<Option<T>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        self.try_spawn_with(Spawn::new(), future)
    }

    /// As [`TaskGroup::try_spawn`], with a name.
    ///
    /// # Panics
    /// If the scope was made outside any loop of corio's, and this thread runs none either.
    pub fn try_spawn_with<F, T>(&self, spawn: Spawn, future: F) -> JoinHandle<Option<T>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        self.begin_child::<_, Fallible>(spawn, future)
    }

    /// As [`TaskGroup::spawn`], for futures that are not `Send`: they stay on the loop that runs on this
    /// thread.
    ///
    /// # Panics
    /// On a thread that runs no loop.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        E: 'static,
    {
        self.begin_local::<_, Plain>(Spawn::new(), future)
    }

    /// As [`TaskGroup::spawn_local`], with a name, a context, an eager start.
    ///
    /// # Panics
    /// On a thread that runs no loop.
    pub fn spawn_local_with<F>(&self, spawn: Spawn, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        E: 'static,
    {
        self.begin_local::<_, Plain>(spawn, future)
    }

    /// As [`TaskGroup::try_spawn`], for futures that are not `Send`.
    ///
    /// # Panics
    /// On a thread that runs no loop.
    #[track_caller]
    pub fn try_spawn_local<F, T>(&self, future: F) -> JoinHandle<Option<T>>
    where
        F: Future<Output = Result<T, E>> + 'static,
        T: 'static,
        E: 'static,
    {
        self.begin_local::<_, Fallible>(Spawn::new(), future)
    }

    /// As [`TaskGroup::try_spawn_local`], with a name, a context, an eager start.
    ///
    /// # Panics
    /// On a thread that runs no loop.
    pub fn try_spawn_local_with<F, T>(&self, spawn: Spawn, future: F) -> JoinHandle<Option<T>>
    where
        F: Future<Output = Result<T, E>> + 'static,
        T: 'static,
        E: 'static,
    {
        self.begin_local::<_, Fallible>(spawn, future)
    }

    fn begin_child<F, S>(&self, spawn: Spawn, future: F) -> JoinHandle<S::Value>
    where
        F: Future + Send + 'static,
        E: Send + 'static,
        S: Sort<F::Output, E> + 'static,
        S::Value: Send + 'static,
    {
        let home = self.shared.home.as_ref();
        self.begin_by(future, |child: Child<F, E, S>| match home {
            Some(home) if !home.is_here() => home.spawn_with(spawn, child),
            // A scope that was made before its loop ran has its children where it is awaited.
            home => spawn_current(spawn, child, |spawn, child| match home {
                Some(home) => home.spawn_with(spawn, child),
                None => no_loop(),
            }),
        })
    }

    fn begin_local<F, S>(&self, spawn: Spawn, future: F) -> JoinHandle<S::Value>
    where
        F: Future + 'static,
        E: 'static,
        S: Sort<F::Output, E> + 'static,
    {
        self.begin_by(future, |child: Child<F, E, S>| spawn_current(spawn, child, |_, _| no_loop()))
    }

    #[inline]
    fn begin_by<F, S, T>(
        &self,
        future: F,
        begin: impl FnOnce(Child<F, E, S>) -> JoinHandle<T>,
    ) -> JoinHandle<T> {
        let Some(slot) = self.shared.reserve() else {
            let handle = begin(Child::new(future, None));
            handle.task().cancel(self.shared.refusal());
            return handle;
        };
        let place = Place { group: Arc::clone(&self.shared), slot };
        let handle = begin(Child::new(future, Some(place)));
        self.shared.fill(slot, &handle.task());
        handle
    }

    /// Leaves early: cancels the children and the body, and takes no more in. No error by itself: a body
    /// that has returned, or suppresses this and returns, has its value returned.
    #[track_caller]
    pub fn cancel(&self) {
        let reason = Reason::from("its task group was cancelled").located(Location::caller());
        self.shared.close(|| reason);
    }

    /// Children of one type, whose values are given in the order in which they end.
    pub fn results<T>(&self) -> Results<T, E> {
        Results::new(self.clone())
    }

    /// How many children have not ended.
    pub fn len(&self) -> usize {
        self.shared.alive()
    }

    /// Whether all children have ended.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it takes children in: nothing has failed, and it was neither cancelled nor left.
    pub fn is_open(&self) -> bool {
        self.shared.is_open()
    }
}

#[cold]
fn no_loop() -> ! {
    panic!(
        "a task group starts its children on the loop it was made on, or else on the one that this \
         thread runs, and there is neither: await the scope inside `corio::run`, or in a task of a \
         runtime"
    )
}

impl<E> Clone for TaskGroup<E> {
    fn clone(&self) -> Self {
        TaskGroup { shared: Arc::clone(&self.shared) }
    }
}

impl<E> fmt::Debug for TaskGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup")
            .field("alive", &self.len())
            .field("open", &self.is_open())
            .finish_non_exhaustive()
    }
}

impl<T, E> GroupResult<T, E> for Result<T, GroupError<E>> {
    fn or_cancelled(self) -> Result<Option<T>, GroupError<E>> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_cancelled() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What a scope that may be left early gives.
pub trait GroupResult<T, E> {
    /// `None`, where [`TaskGroup::cancel`] has cut the body.
    ///
    /// # Errors
    /// What went wrong, as before.
    fn or_cancelled(self) -> Result<Option<T>, GroupError<E>>;
}
