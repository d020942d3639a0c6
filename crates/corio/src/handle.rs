//! A runtime as other threads have it.

use std::cell::RefCell;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use corio_base::ambient::{self, ActiveGuard, LoopId};
use corio_blocking::Pool;
use corio_executor::{Call, JoinHandle, RuntimeMetrics, Spawn};
use corio_reactor::ReactorHandle;

use crate::blocking::origin;
use crate::event_loop::ThreadsafeFuture;

std::thread_local! {
    static ENTERED: RefCell<Option<Handle>> = const { RefCell::new(None) };
}

/// Spawns tasks on a runtime from any thread, also after the runtime is gone (they then end at
/// once, as cancelled).
#[derive(Clone)]
pub struct Handle {
    parts: Arc<Parts>,
}

struct Parts {
    executor: corio_executor::Handle,
    reactor: Option<ReactorHandle>,
    pool: Pool,
}

impl Handle {
    pub(crate) fn new(
        executor: corio_executor::Handle,
        reactor: Option<ReactorHandle>,
        pool: Pool,
    ) -> Self {
        Handle { parts: Arc::new(Parts { executor, reactor, pool }) }
    }

    /// The handle of the runtime this thread runs, or has [entered](Handle::enter), or whose job it runs
    /// ([`crate::spawn_blocking`]).
    ///
    /// # Panics
    /// Outside a runtime; [`Handle::try_current`] does not.
    #[track_caller]
    pub fn current() -> Handle {
        match Handle::try_current() {
            Some(handle) => handle,
            None => no_runtime("Handle::current", Location::caller()),
        }
    }

    /// The handle of the runtime this thread runs, or has [entered](Handle::enter), or whose job it
    /// runs; `None` outside a runtime.
    pub fn try_current() -> Option<Handle> {
        match crate::event_loop::data::active() {
            Some(data) => Some(data.handle()),
            None => ENTERED.with(|slot| slot.borrow().clone()).or_else(origin::current),
        }
    }

    /// The pool of the runtime's threads for code that blocks.
    pub fn blocking_pool(&self) -> &Pool {
        &self.parts.pool
    }

    /// How the runtime is doing, as numbers: tasks, queues, turns, time at work, timers, descriptors, threads.
    /// A live view for any thread, which outlasts the runtime. From the first one on, the loop's time at work is
    /// measured: see [`RuntimeMetrics::worker_measured_for`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// corio::run(async {
    ///     let metrics = corio::Handle::current().metrics();
    ///     let task = corio::spawn(corio::sleep(Duration::from_millis(1)));
    ///     task.await.unwrap();
    ///     assert_eq!(metrics.num_alive_tasks(), 1); // this one
    ///     assert_eq!(metrics.timers_fired_count(), 1);
    ///     println!("{metrics}"); // all of them
    /// });
    /// ```
    pub fn metrics(&self) -> RuntimeMetrics {
        self.parts.executor.metrics()
    }

    /// Begins a task on the runtime's loop.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.parts.executor.spawn(future)
    }

    /// As [`Handle::spawn`], with a name and a place.
    pub fn spawn_with<F>(&self, spawn: Spawn, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.parts.executor.spawn_with(spawn, future)
    }

    /// Puts `run` into the loop's queue.
    pub(crate) fn call(
        &self,
        place: impl Into<Spawn>,
        run: impl FnOnce() + Send + 'static,
    ) -> Call {
        self.parts.executor.call_with(place.into(), run)
    }

    /// Whether this is the loop's thread.
    pub(crate) fn is_here(&self) -> bool {
        self.parts.executor.is_here()
    }

    /// Puts `callback` at the end of the loop's queue, from any thread. Its panic goes to the loop's
    /// [exception handler](crate::EventLoop::set_exception_handler).
    ///
    /// ```
    /// let background = corio::Builder::new().start()?;
    /// let (send, receive) = std::sync::mpsc::channel();
    /// background.handle().call_soon_threadsafe(move || send.send(42).unwrap()).unwrap();
    /// assert_eq!(receive.recv(), Ok(42));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The loop is closed. One that closes while the call is under way cancels it.
    #[track_caller]
    pub fn call_soon_threadsafe(
        &self,
        callback: impl FnOnce() + Send + 'static,
    ) -> Result<Call, LoopClosed> {
        let call = self.call(Location::caller(), callback);
        if call.is_cancelled() { Err(LoopClosed(())) } else { Ok(call) }
    }

    /// Has the loop run `future`, for a thread that waits for the result by blocking. The loop's [task
    /// factory](crate::EventLoop::set_task_factory) has its say.
    #[track_caller]
    pub fn run_coroutine_threadsafe<F>(&self, future: F) -> ThreadsafeFuture<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        ThreadsafeFuture::begin(self.clone(), Location::caller(), future)
    }

    /// Blocks this thread, which must not be a loop's, until `future` has its output. The future runs
    /// here; what it spawns runs on the runtime, and its sockets are the runtime's.
    ///
    /// # Panics
    /// If called inside a loop that runs on this thread.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        if let Some(outer) = corio_executor::running_since() {
            panic!(
                "Handle::block_on at {} is called inside the loop that runs on this thread since \
                 {outer}: it would wait for a loop that it keeps from running. Await the future \
                 instead, or block on a thread of its own",
                Location::caller(),
            );
        }
        let _entered = self.enter();
        corio_base::park::block_on(future)
    }

    /// Makes this the handle that [`Handle::current`] and [`crate::spawn`] find on this thread, until
    /// the guard is dropped, also inside a task of another runtime. Sockets made meanwhile are this
    /// runtime's; sleeps are driven by the fallback thread.
    #[doc(alias = "set_event_loop")]
    pub fn enter(&self) -> HandleGuard {
        // No loop of this thread has this number, so none is found: neither its tasks nor its timers
        // nor its reactor, but only what follows.
        let active = ambient::activate(LoopId::new());
        HandleGuard {
            before: ENTERED.with(|slot| slot.borrow_mut().replace(self.clone())),
            _reactor: self.parts.reactor.clone().map(corio_reactor::current::install),
            _pool: corio_blocking::current::install(self.parts.pool.clone()),
            _active: active,
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("executor", &self.parts.executor).finish_non_exhaustive()
    }
}

/// While it lives, its handle is the thread's current one. Guards end in reverse order.
#[derive(Debug)]
#[must_use = "the handle stops being current when the guard is dropped"]
pub struct HandleGuard {
    before: Option<Handle>,
    // Dropped in this order: what was entered for the number, then the number.
    _reactor: Option<corio_reactor::current::InstallGuard>,
    _pool: corio_blocking::current::InstallGuard,
    _active: ActiveGuard,
}

impl Drop for HandleGuard {
    fn drop(&mut self) {
        let before = self.before.take();
        let now = ENTERED.with(|slot| std::mem::replace(&mut *slot.borrow_mut(), before));
        drop(now);
    }
}

/// The loop has ended: nothing is run there any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopClosed(());

impl fmt::Display for LoopClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the event loop is closed: its runtime has ended, or `EventLoop::close` was called",
        )
    }
}

impl std::error::Error for LoopClosed {}

/// What those say who need a runtime and find none.
#[cold]
#[track_caller]
pub(crate) fn no_runtime(who: &str, place: &Location<'_>) -> ! {
    panic!(
        "{who} at {place} needs a runtime, and none runs on this thread: call it inside `corio::run` or \
         `#[corio::main]`, or enter one (`Handle::enter`); `Handle::try_current` asks without a panic",
    )
}
