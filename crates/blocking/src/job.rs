//! A job before it begins, and the future of one that nobody waits for when it is not wanted any more.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task;

use corio_task::{Context, JoinError, JoinHandle, Reason, Spawn};

use crate::current;
use crate::error::TrySpawnError;
use crate::pool::{self, Pool};
use crate::room::Place;

/// What a job is called and how it begins, before there is one.
///
/// ```
/// use corio_blocking::Job;
///
/// let job = Job::new().name("hash").spawn(|| 6 * 7);
/// assert_eq!(job.info().name(), "hash");
/// # corio_base::park::block_on(job).unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "a job begins with `spawn`"]
pub struct Job {
    spawn: Spawn,
}

impl Job {
    /// A job without a name of its own, spawned where this is called.
    #[track_caller]
    pub fn new() -> Self {
        Job { spawn: Spawn::new() }
    }

    /// The name the job goes by in messages and lists; `Task-N` unless given.
    pub fn name(mut self, name: impl Into<Box<str>>) -> Self {
        self.spawn = self.spawn.name(name);
        self
    }

    /// Has the job run in `context` itself, not in a copy of the current one.
    pub fn context(mut self, context: Context) -> Self {
        self.spawn = self.spawn.context(context);
        self
    }

    /// Gives the job the place it was spawned at, where `#[track_caller]` cannot.
    pub fn location(mut self, location: &'static Location<'static>) -> Self {
        self.spawn = self.spawn.location(location);
        self
    }

    /// Has `function` run on a thread of the [current](current::pool) pool.
    ///
    /// Past the [bound](crate::Config::queue_max) of its queue, if it has one, the job ends at once as
    /// cancelled, and the [reason](JoinError::reason) has the numbers.
    pub fn spawn<F, T>(self, function: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_on(&current::pool(), function)
    }

    /// As [`Job::spawn`], in a given pool.
    pub fn spawn_on<F, T>(self, pool: &Pool, function: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        match pool.inner.shared.take_place() {
            Ok(place) => self.begin(pool, place, function),
            Err(full) => self.spawn.job(&pool::refusing(full), function),
        }
    }

    /// As [`Job::spawn`], unless the queue is full.
    ///
    /// # Errors
    /// The function, and how many jobs wait.
    pub fn try_spawn<F, T>(self, function: F) -> Result<JoinHandle<T>, TrySpawnError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.try_spawn_on(&current::pool(), function)
    }

    /// As [`Job::try_spawn`], in a given pool.
    ///
    /// # Errors
    /// The function, and how many jobs wait.
    pub fn try_spawn_on<F, T>(
        self,
        pool: &Pool,
        function: F,
    ) -> Result<JoinHandle<T>, TrySpawnError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        match pool.inner.shared.take_place() {
            Ok(place) => Ok(self.begin(pool, place, function)),
            Err(full) => Err(TrySpawnError { function, full }),
        }
    }

    pub(crate) fn into_spawn(self) -> Spawn {
        self.spawn
    }

    fn begin<F, T>(self, pool: &Pool, place: Option<Place>, function: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        match place {
            None => self.spawn.job(&pool.inner.home, function),
            Some(place) => self.spawn.job(&pool.inner.home, move || {
                drop(place);
                function()
            }),
        }
    }
}

impl Default for Job {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

/// Awaits a job, but not its end when the awaiter is cancelled, or drops this: the job is then asked to
/// end ([`is_cancelled`](crate::is_cancelled)), and left to itself. One that waits for a thread never
/// begins.
///
/// What an abandoned job holds (a lock, a file, a place in a limit) it holds until it ends.
///
/// ```
/// use corio_blocking::{abandon_on_cancel, spawn_blocking};
///
/// # corio_base::park::block_on(async {
/// let answer = abandon_on_cancel(spawn_blocking(|| 6 * 7)).await;
/// assert_eq!(answer.unwrap(), 42);
/// # });
/// ```
#[track_caller]
pub fn abandon_on_cancel<T>(handle: JoinHandle<T>) -> Abandon<T> {
    Abandon { handle: Some(handle), place: Location::caller() }
}

/// See [`abandon_on_cancel`].
#[must_use = "dropping it asks the job to end"]
pub struct Abandon<T> {
    /// `None`: it has given its result.
    handle: Option<JoinHandle<T>>,
    place: &'static Location<'static>,
}

impl<T> Abandon<T> {
    /// The handle by itself: from here on the job is awaited to its end, or detached.
    pub fn into_inner(mut self) -> Option<JoinHandle<T>> {
        self.handle.take()
    }
}

impl<T> Future for Abandon<T> {
    type Output = Result<T, JoinError>;

    /// # Panics
    /// If polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut task::Context<'_>) -> task::Poll<Self::Output> {
        let handle = self.handle.as_mut();
        let handle = handle.expect("an Abandon was polled after it had given its result");
        let result = handle.poll_unheld(context);
        if result.is_ready() {
            self.handle = None;
        }
        result
    }
}

impl<T> Drop for Abandon<T> {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            let reason = Reason::from("the job was abandoned").located(self.place);
            handle.task().cancel(reason);
        }
    }
}

impl<T> fmt::Debug for Abandon<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Abandon").field(&self.handle).finish()
    }
}
