//! Jobs on the runtime's own threads.

use corio_blocking::{Job, Pool, TrySpawnError};
use corio_executor::JoinHandle;
use corio_task::Context;

use super::origin::with_origin;

/// Runs `function`, which may block, on a thread of the runtime's pool; outside a runtime, of one that
/// the process shares.
///
/// ```
/// corio::run(async {
///     let job = corio::spawn_blocking(|| (1..=20u64).product::<u64>());
///     assert_eq!(job.await.unwrap(), 2_432_902_008_176_640_000);
/// });
/// ```
///
/// The job is a task: it has a name, a place, a copy of the context variables, and its panic is the
/// handle's error. To the function itself no task is current, and it may block as it likes;
/// [`from_thread`](crate::from_thread) leads back to the loop.
///
/// # Cancel safety
/// A job that waits for a thread when it is cancelled never begins. One that runs cannot be made to
/// end: it sees [`is_cancelled`](super::is_cancelled), and who awaits its handle waits for it, as for any
/// task. [`abandon_on_cancel`](super::abandon_on_cancel) does not wait. Dropping the handle detaches the
/// job, which runs on.
#[track_caller]
pub fn spawn_blocking<F, T>(function: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Job::new().spawn(with_origin(function))
}

/// [`spawn_blocking`], by the name that asyncio has for it.
///
/// asyncio's runs when it is awaited; this one is under way as soon as it is called, so that several may
/// be, and the handle that it gives is awaited:
///
/// ```
/// corio::run(async {
///     assert_eq!(corio::to_thread(|| 6 * 7).await.unwrap(), 42);
/// });
/// ```
///
/// A timeout around it waits for a function that runs, and then gives its value, for a thread cannot be
/// ended; asyncio's leaves it behind. That is [`ToThread::abandon_on_cancel`](super::ToThread).
///
/// # Cancel safety
/// As [`spawn_blocking`].
#[track_caller]
pub fn to_thread<F, T>(function: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Job::new().spawn(with_origin(function))
}

/// [`spawn_blocking`] with a name, a context, or a pool of one's own.
///
/// ```
/// corio::run(async {
///     let job = corio::blocking::Builder::new().name("hash").spawn(|| 6 * 7);
///     assert_eq!(job.info().name(), "hash");
///     assert_eq!(job.await.unwrap(), 42);
/// });
/// ```
#[derive(Clone, Debug)]
#[must_use = "a job begins with `spawn`"]
pub struct Builder {
    job: Job,
    pool: Option<Pool>,
}

impl Builder {
    /// A job without a name of its own, in the current pool, spawned where this is called.
    #[track_caller]
    pub fn new() -> Self {
        Builder { job: Job::new(), pool: None }
    }

    /// The name the job goes by in messages and lists; `Task-N` unless given.
    pub fn name(mut self, name: impl Into<Box<str>>) -> Self {
        self.job = self.job.name(name);
        self
    }

    /// Has the job run in `context` itself, not in a copy of the current one.
    pub fn context(mut self, context: Context) -> Self {
        self.job = self.job.context(context);
        self
    }

    /// Has the job run in `pool`.
    pub fn on(mut self, pool: &Pool) -> Self {
        self.pool = Some(pool.clone());
        self
    }

    /// As [`spawn_blocking`]. Past the [bound](super::Config::queue_max) of the queue, if it has one, the
    /// job ends at once as cancelled, and the reason has the numbers.
    pub fn spawn<F, T>(self, function: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.job.spawn_on(
            &self.pool.unwrap_or_else(corio_blocking::current::pool),
            with_origin(function),
        )
    }

    /// As [`Builder::spawn`], unless the queue is full. [`Pool::ready`] waits for room.
    ///
    /// # Errors
    /// How many jobs wait.
    pub fn try_spawn<F, T>(self, function: F) -> Result<JoinHandle<T>, super::QueueFull>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let pool = self.pool.unwrap_or_else(corio_blocking::current::pool);
        let spawned = self.job.try_spawn_on(&pool, with_origin(function));
        spawned.map_err(|error: TrySpawnError<_>| error.full())
    }
}

impl Default for Builder {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}
