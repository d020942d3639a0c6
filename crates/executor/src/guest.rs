//! A loop as a plain future inside somebody else's executor.

use std::cell::Cell;
use std::fmt;
use std::future::poll_fn;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use corio_base::{Unpark, WakerCell};
use corio_task::JoinHandle;
use corio_trace::metrics::RuntimeMetrics;

use crate::core::Core;
use crate::entered;
use crate::handle::Handle;

/// How many tasks a guest polls before it gives its host a turn: some 10 µs of small tasks. What
/// other threads have delivered counts as well.
const POLLS_PER_VISIT_MAX: usize = 128;

/// A loop that has no thread and no driver of its own: it runs while its host polls
/// [`Guest::run`], and wakes the host when there is something to run.
///
/// Timers and descriptors used inside are driven by whatever is current on the thread, or else by
/// the fallback thread.
///
/// ```
/// use corio_executor::Guest;
///
/// // The host here is a minimal executor; tokio's `LocalSet` or `block_on` does as well.
/// corio_base::park::block_on(async {
///     let guest = Guest::new();
///     let answer = guest.spawn_local(async { 42 });
///     assert_eq!(guest.run(answer).await.unwrap(), 42);
/// });
/// ```
pub struct Guest {
    core: Rc<Core>,
    host: Arc<Host>,
    /// A [`Guest::run`] is under way.
    running: Cell<bool>,
}

/// The host's waker, where any thread finds it.
#[derive(Default)]
struct Host {
    waker: WakerCell,
}

impl Unpark for Host {
    fn unpark(&self) {
        self.waker.wake();
    }
}

impl Guest {
    /// A loop on the calling thread, whose tasks run while [`Guest::run`] is polled there.
    pub fn new() -> Self {
        let host = Arc::new(Host::default());
        let core = Core::new(host.clone());
        entered::put(core.id(), core.clone());
        Guest { core, host, running: Cell::new(false) }
    }

    /// A handle for other threads.
    pub fn handle(&self) -> Handle {
        self.core.handle()
    }

    /// How the loop is doing: see [`Handle::metrics`]. It is at work during a visit of its host, and parked
    /// after one that left nothing to run; the clock is read at both ends of a visit.
    pub fn metrics(&self) -> RuntimeMetrics {
        self.core.metrics()
    }

    /// Begins a task on this loop.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        self.core.spawn_local(future)
    }

    /// Runs this loop until `future` has its output.
    ///
    /// `future` is the host's: it is polled at every visit, with the host's waker, before the loop
    /// takes its turns, and may borrow. The loop's own tasks stay where they are afterwards.
    ///
    /// # Panics
    /// When polled, if the thread runs a corio loop of its own: spawn there instead. If another run of
    /// this guest is under way, begun and neither ended nor dropped: spawn on the guest instead.
    ///
    /// # Cancel safety
    /// Dropped, it leaves the loop's tasks as they are; run again to go on.
    #[track_caller]
    pub fn run<F: Future>(&self, future: F) -> impl Future<Output = F::Output> {
        let place = Location::caller();
        async move {
            let _one = OneRun::begin(&self.running);
            let mut future = pin!(future);
            poll_fn(|context| self.visit(place, future.as_mut(), context)).await
        }
    }

    fn visit<F: Future>(
        &self,
        place: &'static Location<'static>,
        future: Pin<&mut F>,
        context: &mut Context<'_>,
    ) -> Poll<F::Output> {
        let _entered = entered::enter_running(self.core.id(), place);
        // Before the work is looked for: what comes after that finds this waker.
        self.host.waker.register(context.waker());
        self.core.set_outside(false);
        let _at_work = self.core.at_work();
        self.core.wake_up();
        self.core.refresh_watch();
        let polled = future.poll(context);
        if polled.is_pending() {
            // What the host's future took is no task's.
            self.core.refresh_watch();
            let mut left = POLLS_PER_VISIT_MAX;
            while self.core.has_work() && left > 0 {
                let turn = self.core.part_of_turn(self.core.local(), left);
                left = left.saturating_sub(turn.polls as usize + turn.deliveries);
            }
            if self.core.has_work() || !self.core.fall_asleep() {
                context.waker().wake_by_ref();
            }
        }
        self.core.set_outside(true);
        polled
    }
}

/// The one run of a guest. There is one place for a host's waker, and with two runs the other one
/// would never be woken.
struct OneRun<'a>(&'a Cell<bool>);

impl<'a> OneRun<'a> {
    fn begin(running: &'a Cell<bool>) -> Self {
        assert!(
            !running.replace(true),
            "a guest is run by one future at a time, and another run of it is under way: \
             `spawn_local` what is to run beside it",
        );
        OneRun(running)
    }
}

impl Drop for OneRun<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl Default for Guest {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // What the tasks' destructors spawn finds its loop, and ends with it.
        entered::close(self.core.id());
        // Handles and wakers that outlive the loop must not keep the host's task.
        drop(self.host.waker.take());
    }
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guest").field("core", &self.core).finish_non_exhaustive()
    }
}
