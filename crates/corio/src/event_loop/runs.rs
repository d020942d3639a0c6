//! Running, stopping and closing a loop by hand.

use std::fmt;
use std::panic::{Location, resume_unwind};
use std::rc::Rc;

use corio_base::ambient;
use corio_base::clock::ClockGuard;
use corio_executor::{JoinError, running_since};

use crate::runtime::Inner;

use super::EventLoop;

/// Why a loop did not run, or not to the end.
#[derive(Debug)]
pub enum RunError {
    /// It is closed, or its runtime has ended.
    Closed,
    /// A loop runs on this thread already, this one or another, since this place: await instead.
    AlreadyRunning(&'static Location<'static>),
    /// It was stopped before the future had its output. The future was dropped; what it awaited was not.
    Stopped,
    /// The future was cancelled.
    Cancelled(JoinError),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Closed => f.write_str("the event loop is closed: make a new runtime"),
            RunError::AlreadyRunning(since) => write!(
                f,
                "a loop runs on this thread since {since}: await the future instead, or run it on a \
                 thread of its own",
            ),
            RunError::Stopped => {
                f.write_str("the event loop was stopped before the future completed")
            }
            RunError::Cancelled(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RunError::Cancelled(error) => Some(error),
            _ => None,
        }
    }
}

/// A loop that runs is not closed: [`EventLoop::stop`] it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseError {
    since: &'static Location<'static>,
}

impl fmt::Display for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.since;
        write!(
            f,
            "the event loop runs since {since} and is not closed: stop it, and close it after"
        )
    }
}

impl std::error::Error for CloseError {}

impl EventLoop {
    /// Whether the loop runs, on this thread, around the caller.
    pub fn is_running(&self) -> bool {
        running_since().is_some() && ambient::active() == Some(self.data.core.id())
    }

    /// Whether the loop is closed, or its runtime has ended.
    pub fn is_closed(&self) -> bool {
        self.data.core.is_closed()
    }

    /// Has the loop stop when this turn is over; what is ready by now is run. If it does not run, its
    /// next run lasts one turn.
    ///
    /// # Panics
    /// In a run that is there for one future only ([`crate::run`], [`Runtime::block_on`], a
    /// [`Runner`]'s): that one is over when the future is.
    ///
    /// [`Runtime::block_on`]: crate::Runtime::block_on
    /// [`Runner`]: crate::Runner
    pub fn stop(&self) {
        if self.is_running()
            && !self.data.by_hand.get()
            && let Some(since) = running_since()
        {
            panic!(
                "EventLoop::stop was called in a run that ends with its future, since {since}: return \
                 from that future, or cancel its task; or run the loop with `run_forever` or \
                 `run_until_complete`",
            );
        }
        self.data.stop();
    }

    /// Runs the loop until it is stopped.
    ///
    /// # Errors
    /// It is closed, or a loop runs on this thread already.
    #[track_caller]
    pub fn run_forever(&self) -> Result<(), RunError> {
        let run = self.begin_run()?;
        run.inner.executor.run_while(&mut || run.goes_on());
        Ok(())
    }

    /// Runs the loop until `future` has its output, and one turn more, in which what its last step has made
    /// ready is run. The future may borrow and need not be `Send`. Tasks that are left stay for the next
    /// run.
    ///
    /// ```
    /// let runtime = corio::Builder::new().build()?;
    /// assert_eq!(runtime.event_loop().run_until_complete(async { 6 * 7 })?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// It is closed, or a loop runs on this thread already; it was [stopped](EventLoop::stop) first, or
    /// the future's task cancelled.
    ///
    /// # Panics
    /// With the future's panic.
    #[track_caller]
    pub fn run_until_complete<F: Future>(&self, future: F) -> Result<F::Output, RunError> {
        let run = self.begin_run()?;
        let result = run.inner.executor.run_until_complete(future, &mut || run.goes_on());
        drop(run);
        match result {
            None => Err(RunError::Stopped),
            Some(Ok(output)) => Ok(output),
            Some(Err(error)) => match error.try_into_panic() {
                Ok(payload) => resume_unwind(payload),
                Err(error) => Err(RunError::Cancelled(error)),
            },
        }
    }

    /// Ends every task where it waits, without asking it, and refuses everything from now on. A second
    /// time, it does nothing. [`Runner`](crate::Runner) asks the tasks first.
    ///
    /// # Errors
    /// The loop runs.
    pub fn close(&self) -> Result<(), CloseError> {
        if self.is_running()
            && let Some(since) = running_since()
        {
            return Err(CloseError { since });
        }
        if let Some(inner) = self.inner() {
            let _clock = inner.clock();
            inner.close();
        }
        self.data.clear();
        Ok(())
    }

    fn inner(&self) -> Option<Rc<Inner>> {
        self.data.runtime.borrow().upgrade()
    }

    fn begin_run(&self) -> Result<Run<'_>, RunError> {
        if let Some(since) = running_since() {
            return Err(RunError::AlreadyRunning(since));
        }
        match self.inner() {
            Some(inner) if !self.is_closed() => {
                self.data.by_hand.set(true);
                Ok(Run { event_loop: self, _clock: inner.clock(), inner })
            }
            _ => Err(RunError::Closed),
        }
    }
}

/// A run of the loop, which takes back what asked it to stop. It keeps the loop until it is over, also
/// if the runtime is dropped by one of its tasks.
struct Run<'a> {
    event_loop: &'a EventLoop,
    /// The readings of the thread are the runtime's, as in every run of it.
    _clock: Option<ClockGuard>,
    inner: Rc<Inner>,
}

impl Run<'_> {
    fn goes_on(&self) -> bool {
        !self.event_loop.data.stopping.get()
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.event_loop.data.stopping.set(false);
        self.event_loop.data.by_hand.set(false);
    }
}
