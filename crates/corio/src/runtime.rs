//! A runtime: one loop with its timers and its reactor, on the thread that built it.

use std::fmt;

use corio_base::ambient::{self, ActiveGuard};
use corio_base::clock::ClockGuard;
use corio_executor::{Executor, JoinError, JoinHandle};
use corio_reactor::ReactorHandle;

use crate::ambient::Ambient;
use crate::driver::Driver;
use crate::handle::Handle;

/// A runtime, on the thread that built it. It runs while [`Runtime::block_on`] does.
///
/// Dropping it ends every task where it waits: futures are dropped on this thread, handles say
/// cancelled. It may be dropped anywhere on its thread, also inside another runtime's tasks.
///
/// It is neither `Send` nor `Sync`: its tasks need not be either. Other threads have a [`Handle`].
pub struct Runtime {
    executor: Option<Executor<Driver>>,
    ambient: Ambient,
    handle: Handle,
}

impl Runtime {
    pub(crate) fn new(
        executor: Executor<Driver>,
        ambient: Ambient,
        reactor: Option<ReactorHandle>,
    ) -> Self {
        let handle = Handle::new(executor.handle(), reactor);
        Runtime { executor: Some(executor), ambient, handle }
    }

    fn executor(&self) -> &Executor<Driver> {
        match &self.executor {
            Some(executor) => executor,
            None => unreachable!("the executor is there until the runtime is dropped"),
        }
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
    /// both places and what to do instead. If the future's task is aborted from within.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _clock = self.ambient.clock();
        self.executor().block_on(future)
    }

    /// As [`Runtime::block_on`], with a panic or an abort of the future as an error.
    ///
    /// # Errors
    /// Why there is no output.
    ///
    /// # Panics
    /// If called inside a loop that runs on this thread.
    #[track_caller]
    pub fn try_block_on<F: Future>(&self, future: F) -> Result<F::Output, JoinError> {
        let _clock = self.ambient.clock();
        self.executor().try_block_on(future)
    }

    /// Begins a task; it runs while [`Runtime::block_on`] does. It may be `!Send`.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        self.executor().spawn_local(future)
    }

    /// The handle for other threads.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Makes this runtime the current one of this thread, without running it: `spawn`, `sleep` and
    /// sockets made while the guard lives are this runtime's.
    pub fn enter(&self) -> RuntimeGuard {
        let active = ambient::activate(self.executor().core().id());
        RuntimeGuard { _clock: self.ambient.clock(), _active: active }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // The destructors of tasks may use timers and sockets as they could before.
        let _clock = self.ambient.clock();
        drop(self.executor.take());
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("executor", &self.executor).finish_non_exhaustive()
    }
}

/// While it lives, its runtime is the thread's current one. Guards end in reverse order.
#[derive(Debug)]
#[must_use = "the runtime stops being current when the guard is dropped"]
pub struct RuntimeGuard {
    _clock: Option<ClockGuard>,
    _active: ActiveGuard,
}
