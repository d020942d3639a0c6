//! A loop as other threads have it.

use std::fmt;

use corio_task::{Call, JoinHandle, RemoteHome, Spawn};
use corio_trace::metrics::RuntimeMetrics;

/// Spawns tasks on a loop, from any thread, also after the loop is gone.
#[derive(Clone)]
pub struct Handle {
    home: RemoteHome,
    metrics: RuntimeMetrics,
}

impl Handle {
    pub(crate) fn new(home: RemoteHome, metrics: RuntimeMetrics) -> Self {
        Handle { home, metrics }
    }

    /// Begins a task on the loop. If the loop has ended, so has the task: its handle says cancelled.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_with(Spawn::new(), future)
    }

    /// As [`Handle::spawn`], with a name and a place.
    pub fn spawn_with<F>(&self, spawn: Spawn, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn.remote(&self.home, future)
    }

    /// Puts `function` into the loop's queue. If the loop has ended, the call is cancelled.
    #[track_caller]
    pub fn call<F>(&self, function: F) -> Call
    where
        F: FnOnce() + Send + 'static,
    {
        self.call_with(Spawn::new(), function)
    }

    /// As [`Handle::call`], with a place and a context.
    pub fn call_with<F>(&self, spawn: Spawn, function: F) -> Call
    where
        F: FnOnce() + Send + 'static,
    {
        spawn.remote_call(&self.home, function)
    }

    /// How the loop is doing: a live view, which outlasts the loop. From the first one on, the loop's time at
    /// work is measured: see [`RuntimeMetrics::worker_measured_for`].
    ///
    /// ```
    /// use corio_base::park::ThreadPark;
    /// use corio_executor::Executor;
    ///
    /// let executor = Executor::new(ThreadPark::new());
    /// let metrics = executor.handle().metrics();
    /// let task = executor.spawn_local(async { 42 });
    /// assert_eq!(metrics.num_alive_tasks(), 1);
    /// assert_eq!(executor.block_on(task).unwrap(), 42);
    /// assert_eq!(metrics.num_alive_tasks(), 0);
    /// assert!(metrics.worker_poll_count(0) >= 1);
    /// ```
    pub fn metrics(&self) -> RuntimeMetrics {
        self.metrics.view()
    }

    /// Whether the calling thread is the loop's.
    pub fn is_here(&self) -> bool {
        self.home.is_here()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("is_here", &self.is_here()).finish()
    }
}
