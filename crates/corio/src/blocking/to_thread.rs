//! A job that is awaited, in a limit, and perhaps not to its end.

use std::sync::Arc;

use corio_blocking::{Pool, abandon_on_cancel};
use corio_executor::JoinError;
use corio_sync::{Borrower, CapacityLimiter};
use corio_task::Context;
use corio_trace::action::Deed;
use corio_trace::deeds;

use super::spawn::Builder;

/// Runs a function on another thread and awaits it, as [`to_thread`](crate::to_thread) does, with a limit
/// on how many do so at a time, and with a word on what a cancellation leaves behind.
///
/// ```
/// use corio::sync::CapacityLimiter;
/// use corio::blocking::ToThread;
/// use std::sync::Arc;
///
/// corio::run(async {
///     let two_at_a_time = Arc::new(CapacityLimiter::new(2));
///     let answer = ToThread::new().limiter(two_at_a_time).run(|| 6 * 7).await;
///     assert_eq!(answer.unwrap(), 42);
/// });
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing begins until `run` is awaited"]
pub struct ToThread {
    job: Builder,
    limiter: Option<Arc<CapacityLimiter>>,
    abandon: bool,
}

impl ToThread {
    /// No limit; a job that runs is awaited to its end.
    #[track_caller]
    pub fn new() -> Self {
        ToThread { job: Builder::new(), limiter: None, abandon: false }
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
        self.job = self.job.on(pool);
        self
    }

    /// Waits for a token of `limiter` first, and keeps it until the job has ended, also when nobody waits
    /// for that any more.
    pub fn limiter(mut self, limiter: Arc<CapacityLimiter>) -> Self {
        self.limiter = Some(limiter);
        self
    }

    /// Whether a cancellation leaves a job that runs behind, instead of waiting for it; see
    /// [`abandon_on_cancel`]. It does not, unless said so.
    pub fn abandon_on_cancel(mut self, abandon: bool) -> Self {
        self.abandon = abandon;
        self
    }

    /// Runs `function` and gives its value.
    ///
    /// # Errors
    /// The job panicked, or it was cancelled.
    ///
    /// # Cancel safety
    /// Cancelled while it waits for a token or for a thread, the function never runs. Dropped, not
    /// cancelled, a job that runs is detached, or asked to end where
    /// [`abandon_on_cancel`](ToThread::abandon_on_cancel) says so.
    #[track_caller]
    pub fn run<F, T>(self, function: F) -> impl Future<Output = Result<T, JoinError>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        RunDeed::doing(async move {
            let token = match self.limiter {
                None => None,
                Some(limiter) => {
                    let token = limiter.acquire_on_behalf_of_owned(Borrower::new()).await;
                    Some(token.expect("a new borrower borrows nothing yet"))
                }
            };
            let handle = self.job.spawn(move || {
                let _token = token;
                function()
            });
            if self.abandon { abandon_on_cancel(handle).await } else { handle.await }
        })
    }
}

deeds! {
    /// What a [`ToThread`] does.
    RunDeed = "ToThread::run";
}

impl Default for ToThread {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}
