//! A runtime: one loop with its timers and its reactor, on the thread that built it.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

use corio_base::ambient::{self, ActiveGuard};
use corio_base::clock::ClockGuard;
use corio_blocking::Pool;
use corio_executor::{AtWork, Executor, JoinError, JoinHandle, RuntimeMetrics};

use crate::ambient::Ambient;
use crate::driver::Driver;
use crate::end;
use crate::event_loop::EventLoop;
use crate::event_loop::data::LoopData;
use crate::handle::Handle;

/// How long tasks may clean up at the end of a run, unless [`Builder::shutdown_grace`] says otherwise:
/// what service managers give before they kill is 10 s (docker) or more, and some of that is to be left.
///
/// [`Builder::shutdown_grace`]: crate::Builder::shutdown_grace
pub(crate) const GRACE: Duration = Duration::from_secs(8);

/// A runtime, on the thread that built it. It runs while [`Runtime::block_on`] does.
///
/// Dropping it ends every task where it waits, without asking it: futures are dropped on this thread,
/// handles say cancelled, and the log says which they were: `Task was destroyed but it is pending!`. It may
/// be dropped anywhere on its thread, also inside its own or another
/// runtime's tasks, and neither blocks nor waits there. [`Runtime::shutdown_timeout`] asks the tasks
/// first, as the end of [`crate::run`] does. Jobs that run on other threads ([`crate::spawn_blocking`])
/// are asked to end, and left to themselves.
///
/// It is neither `Send` nor `Sync`: its tasks need not be either. Other threads have a [`Handle`].
pub struct Runtime {
    inner: Rc<Inner>,
    data: Rc<LoopData>,
    handle: Handle,
    grace: Duration,
}

/// What a run by hand keeps while it lasts, also if the runtime is dropped meanwhile.
pub(crate) struct Inner {
    pub(crate) executor: Executor<Driver>,
    ambient: Ambient,
    pub(crate) pool: Pool,
    /// Where it was made.
    place: &'static Location<'static>,
    /// Nothing is said of tasks that are left.
    is_excused: Cell<bool>,
}

impl Inner {
    /// Puts the runtime's clock over the thread's readings.
    pub(crate) fn clock(&self) -> Option<ClockGuard> {
        self.ambient.clock()
    }

    /// Counts the time from here on as the loop's time at work.
    pub(crate) fn at_work(&self) -> AtWork<'_> {
        self.executor.core().at_work()
    }

    /// Somebody has asked the tasks to end, and told of those that are left, or wants them to go.
    pub(crate) fn excuse(&self) {
        self.is_excused.set(true);
    }

    /// Ends every task where it waits, and says so.
    pub(crate) fn close(&self) {
        if !self.is_excused.replace(true) {
            end::report_destroyed(&self.executor.core().all_tasks(), self.place);
        }
        self.executor.close();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The destructors of tasks may use timers and sockets as they could before.
        let _clock = self.clock();
        self.close();
        // Then: a job that waits for the loop is told by now.
        self.pool.close();
    }
}

impl Runtime {
    pub(crate) fn new(
        executor: Executor<Driver>,
        ambient: Ambient,
        handle: Handle,
        grace: Duration,
        place: &'static Location<'static>,
    ) -> Self {
        let data = LoopData::enter(executor.core(), handle.clone());
        let pool = handle.blocking_pool().clone();
        let inner = Rc::new(Inner { executor, ambient, pool, place, is_excused: Cell::new(false) });
        data.set_runtime(&inner);
        Runtime { inner, data, handle, grace }
    }

    #[inline]
    fn executor(&self) -> &Executor<Driver> {
        &self.inner.executor
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// Whether descriptors are watched by this runtime's own loop.
    pub(crate) fn has_reactor(&self) -> bool {
        self.inner.ambient.has_reactor()
    }

    pub(crate) fn grace(&self) -> Duration {
        self.grace
    }

    /// Runs the loop until `future` has its output. The future may borrow, and need not be `Send`.
    /// Tasks that are left stay, and go on in the next `block_on`.
    ///
    /// ```
    /// let runtime = corio::Builder::new().build()?;
    /// let name = String::from("borrowed");
    /// assert_eq!(runtime.block_on(async { name.len() }), 8);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    /// With the future's panic. If called inside a loop that runs on this thread: the message names
    /// both places and what to do instead. If the future's task is aborted from within. If the loop was
    /// [closed](EventLoop::close).
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.must_be_open();
        let _clock = self.inner.clock();
        self.executor().block_on(future)
    }

    /// As [`Runtime::block_on`], with a panic or an abort of the future as an error.
    ///
    /// # Errors
    /// Why there is no output.
    ///
    /// # Panics
    /// If called inside a loop that runs on this thread; if the loop was [closed](EventLoop::close).
    #[track_caller]
    pub fn try_block_on<F: Future>(&self, future: F) -> Result<F::Output, JoinError> {
        self.must_be_open();
        let _clock = self.inner.clock();
        self.executor().try_block_on(future)
    }

    #[track_caller]
    #[inline]
    fn must_be_open(&self) {
        if self.executor().core().is_closed() {
            refuse_to_run();
        }
    }

    /// Begins a task; it runs while [`Runtime::block_on`] does. It may be `!Send`.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        self.executor().spawn_local(future)
    }

    /// The loop as asyncio's programs know it: callbacks, timers, running and stopping by hand.
    pub fn event_loop(&self) -> EventLoop {
        EventLoop::of(self.data.clone())
    }

    /// Cancels every task, awaits their cleanup, and the jobs on other threads, for `grace` at most,
    /// drops what still runs then and reports it, and ends the runtime.
    ///
    /// # Panics
    /// Inside a loop that runs on this thread, where waiting would stop that loop: use
    /// [`Runtime::shutdown_background`] there. The runtime is ended without waiting.
    #[track_caller]
    pub fn shutdown_timeout(self, grace: Duration) {
        let place = Location::caller();
        if let Some(outer) = corio_executor::running_since() {
            panic!(
                "Runtime::shutdown_timeout at {place} would wait inside the loop that runs on this \
                 thread since {outer}, and stop it: use `shutdown_background` there",
            );
        }
        end::cancel_all(&self.inner, &self.event_loop(), grace);
    }

    /// Ends the runtime without waiting for anything: tasks are dropped where they wait. The same as
    /// dropping it, with a name for those who mean it: nothing is said of the tasks.
    pub fn shutdown_background(self) {
        self.inner.excuse();
        drop(self);
    }

    /// How the runtime is doing: see [`Handle::metrics`].
    pub fn metrics(&self) -> RuntimeMetrics {
        self.handle.metrics()
    }

    /// The handle for other threads.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Makes this runtime the current one of this thread, without running it: `spawn`, `sleep` and
    /// sockets made while the guard lives are this runtime's.
    pub fn enter(&self) -> RuntimeGuard {
        let active = ambient::activate(self.executor().core().id());
        RuntimeGuard { _clock: self.inner.clock(), _active: active }
    }
}

#[cold]
#[track_caller]
fn refuse_to_run() -> ! {
    panic!(
        "the event loop of this runtime is closed, and runs nothing any more: make a new runtime"
    )
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // One that is run by hand at the moment, further up the stack, goes when that run is over.
        self.data.stop();
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("executor", self.executor()).finish_non_exhaustive()
    }
}

/// While it lives, its runtime is the thread's current one. Guards end in reverse order.
#[derive(Debug)]
#[must_use = "the runtime stops being current when the guard is dropped"]
pub struct RuntimeGuard {
    _clock: Option<ClockGuard>,
    _active: ActiveGuard,
}
