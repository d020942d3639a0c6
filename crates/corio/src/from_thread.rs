//! Back to the loop, from a function on another thread.
//!
//! A job that was spawned by [`spawn_blocking`](crate::spawn_blocking), [`to_thread`](crate::to_thread) or
//! [`run_in_executor`](crate::run_in_executor) has something run on the loop it comes from, and waits for
//! it by blocking:
//!
//! ```
//! use std::time::Duration;
//!
//! corio::run(async {
//!     let job = corio::spawn_blocking(|| {
//!         corio::from_thread::run(async {
//!             corio::sleep(Duration::from_millis(1)).await;
//!             "slept on the loop"
//!         })
//!     });
//!     assert_eq!(job.await.unwrap().unwrap(), "slept on the loop");
//! });
//! ```
//!
//! ```text
//!   the job's thread                        the loop's thread
//!
//!   run ───────────── a call ─────────────▶ a task is made
//!    │ blocks                                 │
//!    │ ◀──────────────────────────────────── its end
//!    │ the job is asked to end ─────────────▶ the task is asked to end
//! ```
//!
//! A thread that belongs to no job has [`crate::Handle::run_coroutine_threadsafe`].

use std::fmt;
use std::future::poll_fn;
use std::panic::Location;
use std::pin::Pin;
use std::task::Poll;

use corio_base::park::block_on;
use corio_executor::JoinError;
use corio_task::Reason;

use crate::blocking::origin;
use crate::event_loop::{ThreadsafeError, ThreadsafeFuture};

pub use corio_blocking::check_cancelled;

/// Why there is no value from the loop.
#[derive(Debug)]
#[non_exhaustive]
pub enum FromThreadError {
    /// No job of a loop runs on this thread.
    NoJob,
    /// The job runs on the loop's own thread, which would wait for itself.
    OnLoopThread,
    /// The loop is closed.
    LoopClosed,
    /// The task was cancelled, or it panicked.
    Join(JoinError),
    /// It was cancelled before it was made: the job was asked to end.
    Cancelled(Reason),
    /// No task was made, because the loop's task factory panicked, with these words.
    NotMade(String),
}

impl FromThreadError {
    /// Whether what was to run was cancelled: by the job's own cancellation, or at the end of the run.
    pub fn is_cancelled(&self) -> bool {
        match self {
            FromThreadError::Join(error) => error.is_cancelled(),
            FromThreadError::Cancelled(_) => true,
            _ => false,
        }
    }
}

impl fmt::Display for FromThreadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FromThreadError::NoJob => f.write_str(
                "from_thread is for functions that `spawn_blocking`, `to_thread` or `run_in_executor` run, \
                 inside a runtime; on other threads use `Handle::run_coroutine_threadsafe`, in tasks \
                 just await",
            ),
            FromThreadError::OnLoopThread => f.write_str(
                "the job runs on the loop's own thread, which would wait for itself: its executor must \
                 use other threads",
            ),
            FromThreadError::LoopClosed => f.write_str("the event loop is closed"),
            FromThreadError::Join(error) => error.fmt(f),
            FromThreadError::Cancelled(reason) => write!(f, "cancelled before it began: {reason}"),
            FromThreadError::NotMade(words) => {
                write!(f, "no task was made: the loop's task factory panicked with {words:?}")
            }
        }
    }
}

impl std::error::Error for FromThreadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            FromThreadError::Join(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ThreadsafeError> for FromThreadError {
    fn from(error: ThreadsafeError) -> Self {
        match error {
            ThreadsafeError::OnLoopThread => FromThreadError::OnLoopThread,
            ThreadsafeError::Join(error) => FromThreadError::Join(error),
            ThreadsafeError::Cancelled(reason) => FromThreadError::Cancelled(reason),
            ThreadsafeError::NotMade(words) => FromThreadError::NotMade(words),
            // Nothing here has a time limit, and the result is taken once.
            ThreadsafeError::LoopClosed
            | ThreadsafeError::Timeout { .. }
            | ThreadsafeError::Taken => FromThreadError::LoopClosed,
        }
    }
}

/// Has the loop that the job comes from run `future`, as a task of its own, and blocks this thread until
/// it has ended.
///
/// If the job is asked to end meanwhile, the task is, and its cleanup is waited for.
///
/// # Errors
/// There is no job or no loop; the task panicked, or was cancelled.
#[track_caller]
pub fn run<F>(future: F) -> Result<F::Output, FromThreadError>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let place = Location::caller();
    let origin = if corio_executor::running_since().is_some() { None } else { origin::current() };
    let Some(home) = origin else { return Err(FromThreadError::NoJob) };
    if home.is_here() {
        return Err(FromThreadError::OnLoopThread);
    }
    // While the job waits for the loop, the loop need not wait for the job: given back with the future,
    // at the loop, before the job goes on.
    let idle = corio_blocking::current::idle();
    let mut task = ThreadsafeFuture::begin(home, place, async move {
        let _idle = idle;
        future.await
    });
    let mut asked = false;
    let result = block_on(poll_fn(|context| {
        if let Poll::Ready(result) = Pin::new(&mut task).poll(context) {
            return Poll::Ready(result);
        }
        if !asked && corio_blocking::poll_cancelled(context).is_ready() {
            asked = true;
            let reason = Reason::from("the job that waits for it was asked to end");
            task.cancel(reason.located(place));
            // Cancelled before it was made, it wakes nobody.
            return Pin::new(&mut task).poll(context);
        }
        Poll::Pending
    }));
    result.map_err(FromThreadError::from)
}

/// Has the loop that the job comes from call `function`, and blocks this thread until it has: for what is
/// not to be touched from other threads, and takes no time.
///
/// ```
/// corio::run(async {
///     let here = std::thread::current().id();
///     let job = corio::spawn_blocking(|| corio::from_thread::run_sync(|| std::thread::current().id()));
///     assert_eq!(job.await.unwrap().unwrap(), here);
/// });
/// ```
///
/// # Errors
/// There is no job or no loop; the function panicked, or was not called since the job was asked to end.
#[track_caller]
pub fn run_sync<F, T>(function: F) -> Result<T, FromThreadError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    run(async move { function() })
}
