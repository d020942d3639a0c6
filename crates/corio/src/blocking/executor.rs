//! Jobs on somebody else's threads.

use corio_blocking::{Job, Pool, foreign};
use corio_executor::JoinHandle;

use super::origin::with_origin;

/// What a [`JobExecutor`] is given to run: once, on any thread.
pub type BoxedJob = Box<dyn FnOnce() + Send>;

/// A pool that takes a boxed job: rayon's, one of the program's own, a queue to another machine.
///
/// An implementation MUST either call the job, once, on a thread that may block, or drop it: the handle
/// then says cancelled. It MUST NOT call it before it returns where that thread runs a loop.
///
/// Every `Fn(BoxedJob)` is one, so `&|job| rayon::spawn(job)` will do.
pub trait JobExecutor {
    /// Sees to it that `job` is called.
    fn execute(&self, job: BoxedJob);
}

impl<F: Fn(BoxedJob) + ?Sized> JobExecutor for F {
    fn execute(&self, job: BoxedJob) {
        self(job);
    }
}

/// A job more: it is a task of its own in that pool, and its panic is nobody's to see.
impl JobExecutor for Pool {
    fn execute(&self, job: BoxedJob) {
        drop(self.spawn(job));
    }
}

/// Runs `function` in `executor`, and gives the handle of that: asyncio's `loop.run_in_executor`.
///
/// With rayon, whose threads are as many as there are cores, so that long computations share these and
/// do not take them from each other:
///
/// ```
/// corio::run(async {
///     let rayon = |job| rayon::spawn(job);
///     let sum = corio::run_in_executor(&rayon, || {
///         use rayon::prelude::*;
///         (1..=1000u64).into_par_iter().sum::<u64>()
///     });
///     assert_eq!(sum.await.unwrap(), 500_500);
/// });
/// ```
///
/// Another *process* is worth its price, some milliseconds to start it and the copying of what goes there
/// and back, where code may crash, leak, or must be killed when it hangs: a thread can be neither ended nor
/// shielded from. The example `in_another_process` shows one.
///
/// The job is a task, as [`spawn_blocking`](crate::spawn_blocking)'s: with a name, context variables, a
/// panic that is the handle's error, and [`is_cancelled`](super::is_cancelled).
///
/// # Cancel safety
/// As [`spawn_blocking`](crate::spawn_blocking): cancelled before the executor has begun with it, the
/// function never runs.
#[track_caller]
pub fn run_in_executor<E, F, T>(executor: &E, function: F) -> JoinHandle<T>
where
    E: JobExecutor + ?Sized,
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (handle, job) = foreign::begin(Job::new(), with_origin(function));
    executor.execute(Box::new(move || job.run()));
    handle
}
