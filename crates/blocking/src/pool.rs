//! A pool: threads, their queue, and how jobs get there.
//!
//! ```text
//!   Pool ──▶ Inner ──▶ Shared ◀── Router ◀── the home of the jobs
//!             └──────▶ RemoteHome ──────────────▲
//! ```
//!
//! Threads and jobs have the shared part; who has a [`Pool`] keeps it open. With the last one it is
//! closed, without waiting: jobs that run are asked to end, those that wait end as cancelled.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use corio_base::WakerCell;
use corio_task::{
    CallPanic, FreeRunnable, Home, JoinHandle, Mail, Reason, RemoteHome, Runnable, Schedule, Task,
};
use corio_trace::metrics::parts;

use crate::config::Config;
use crate::error::QueueFull;
use crate::handoff::{Handoff, Next, Role};
use crate::job::Job;
use crate::room::{Ready, Room};
use crate::seats::Seats;
use crate::shutdown::{self, StuckJob};
use crate::traced;
use crate::worker;

/// The log's target of what a pool has to say.
pub(crate) const TARGET: &str = "corio::blocking";

/// Threads for jobs that block. Clones are the same pool; with the last one it is closed.
///
/// ```
/// use corio_blocking::Pool;
/// use std::time::Duration;
///
/// let pool = Pool::new();
/// let mut job = pool.spawn(|| 6 * 7);
/// # while !job.is_finished() { std::thread::yield_now() }
/// assert_eq!(job.try_take().unwrap().unwrap(), 42);
/// assert!(pool.shutdown(Duration::from_secs(8)).is_empty(), "nothing is stuck");
/// ```
#[derive(Clone)]
pub struct Pool {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) home: RemoteHome,
    pub(crate) shared: Arc<Shared>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        shutdown::close(&self.shared);
    }
}

/// What threads and jobs have of a pool.
pub(crate) struct Shared {
    pub(crate) handoff: Handoff<FreeRunnable>,
    pub(crate) config: Config,
    pub(crate) seats: Seats,
    pub(crate) room: Option<Arc<Room>>,
    /// Jobs that wait or run. Those that were revoked count until their entry's turn.
    in_flight: AtomicUsize,
    /// How many threads were ever started: they are named by it.
    pub(crate) started: AtomicUsize,
    /// Who waits for the threads to leave.
    pub(crate) left: WakerCell,
    /// Its owners, for what is spawned on its threads.
    pub(crate) owner: OnceLock<Weak<Inner>>,
}

impl Pool {
    /// A pool as [`Config::new`] says.
    pub fn new() -> Self {
        Config::new().build()
    }

    pub(crate) fn with(config: Config) -> Self {
        let shared = Arc::new(Shared {
            handoff: Handoff::new(config.threads_max, config.keep_alive),
            seats: Seats::new(),
            room: config.queue_max.map(Room::new),
            in_flight: AtomicUsize::new(0),
            started: AtomicUsize::new(0),
            left: WakerCell::new(),
            owner: OnceLock::new(),
            config,
        });
        // Free tasks need no thread of their home's: it ends here, and they keep what is left of it.
        let home = Home::new(Box::new(Router(shared.clone()))).remote();
        let inner = Arc::new(Inner { home, shared });
        let _ = inner.shared.owner.set(Arc::downgrade(&inner));
        Pool { inner }
    }

    /// Has `function` run on one of the threads; see [`crate::spawn_blocking`].
    #[track_caller]
    pub fn spawn<F, T>(&self, function: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Job::new().spawn_on(self, function)
    }

    /// Waits until the queue has room for a job, if it has a bound: see
    /// [`Job::try_spawn_on`](crate::Job::try_spawn_on).
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    #[track_caller]
    pub fn ready(&self) -> Ready {
        Ready::new(self.inner.shared.room.clone())
    }

    /// Whether a job waits or runs, or a thread of a closed pool is still about: work under way that a
    /// loop cannot see.
    pub fn is_busy(&self) -> bool {
        let shared = &self.inner.shared;
        // Acquire: pairs with the Release in `Shared::done`: what the job did comes before.
        shared.in_flight.load(Ordering::Acquire) != 0
            || (shared.handoff.is_closed() && !self.has_left())
    }

    /// Whether the pool was closed and no thread of it is left.
    pub fn has_left(&self) -> bool {
        self.inner.shared.handoff.has_left()
    }

    /// How many jobs wait, how many threads there are, and how many of them sleep.
    pub fn metrics(&self) -> Metrics {
        let shared = &self.inner.shared;
        let (threads, asleep) = shared.handoff.threads();
        Metrics { waiting: shared.handoff.len(), threads, asleep }
    }

    /// What [`metrics`](Pool::metrics) says, for a [`corio_trace::metrics::RuntimeMetrics`]; it does not keep
    /// the pool open.
    pub fn figures(&self) -> Arc<dyn parts::Threads> {
        self.inner.shared.clone()
    }

    /// The jobs that run, the oldest first.
    pub fn running(&self) -> Vec<StuckJob> {
        shutdown::running(&self.inner.shared)
    }

    /// Takes no job more: later ones, and those that wait, end as cancelled; those that run are asked
    /// to end. Waits for no thread.
    pub fn close(&self) {
        shutdown::close(&self.inner.shared);
    }

    /// [Closes](Pool::close) the pool and waits for its threads to end, for `limit` at most. What still
    /// runs then is listed, and is left to itself: no thread can be made to end.
    ///
    /// Called by a job of the pool, it does not wait for that one.
    pub fn shutdown(&self, limit: Duration) -> Vec<StuckJob> {
        shutdown::shutdown(&self.inner.shared, limit)
    }

    /// [`Pool::shutdown`] without blocking: ready when the pool was closed and its threads have left.
    /// The last one who asks is woken.
    pub fn poll_left(&self, context: &mut Context<'_>) -> Poll<()> {
        let shared = &self.inner.shared;
        shared.left.register(context.waker());
        // After it: a thread that leaves later finds the waker.
        if self.has_left() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Whether both are the same pool.
    pub fn is_same(&self, other: &Pool) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl Default for Pool {
    fn default() -> Self {
        Pool::new()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("config", &self.inner.shared.config)
            .field("metrics", &self.metrics())
            .finish()
    }
}

/// How a [`Pool`] is doing, by [`Pool::metrics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Entries in the queue; also those of jobs that were cancelled there.
    pub waiting: usize,
    /// Threads, those asleep too.
    pub threads: usize,
    /// Threads that sleep.
    pub asleep: usize,
}

impl parts::Threads for Shared {
    fn threads(&self) -> usize {
        self.handoff.threads().0
    }

    fn idle(&self) -> usize {
        self.handoff.threads().1
    }

    fn waiting(&self) -> usize {
        self.handoff.len()
    }
}

impl Shared {
    /// Takes a place in the queue, where it has a bound.
    pub(crate) fn take_place(&self) -> Result<Option<crate::room::Place>, QueueFull> {
        self.room.as_ref().map(Room::take).transpose()
    }

    fn submit(self: &Arc<Self>, task: FreeRunnable) {
        if corio_trace::enabled() {
            traced::spawned(&task);
        }
        self.count();
        match self.handoff.push(task) {
            Ok(next) => self.follow(next),
            Err(task) => self.refuse(task, &"the blocking pool is closed"),
        }
    }

    /// Does what the hand-off asks for.
    #[inline]
    pub(crate) fn follow(self: &Arc<Self>, next: Next) {
        next.roles().for_each(|role| self.start_thread(role));
    }

    #[cold]
    fn start_thread(self: &Arc<Self>, role: Role) {
        let Err(error) = worker::start(self, role) else { return };
        let is_last = self.handoff.not_started(role);
        self.tell_if_left();
        corio_trace::report_error(
            TARGET,
            format_args!(
                "the operating system refuses a thread for the blocking pool ({error}), which has {} \
                 and may have {}: raise the limit (ulimit -u), or lower `threads_max`",
                self.handoff.threads().0,
                self.config.threads_max,
            ),
        );
        if is_last {
            let text = format!("no thread could be started for the blocking pool: {error}");
            self.handoff.drain().for_each(|task| self.refuse(task, &text));
        }
    }

    /// Ends a job that will not run.
    pub(crate) fn refuse(&self, task: FreeRunnable, why: &dyn fmt::Display) {
        refuse(task, why);
        self.done();
    }

    /// A job comes, or goes on.
    #[inline]
    pub(crate) fn count(&self) {
        // Relaxed: counted on the thread that will ask, or before something that orders more than this.
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// A job was run, or refused.
    #[inline]
    pub(crate) fn done(&self) {
        // Release: pairs with the Acquire in `is_busy`.
        self.in_flight.fetch_sub(1, Ordering::Release);
    }

    /// A thread is gone.
    pub(crate) fn leave(&self) {
        self.handoff.leave();
        self.tell_if_left();
    }

    /// Wakes who waits for a closed pool to be left, if it is.
    pub(crate) fn tell_if_left(&self) {
        if self.handoff.has_left() {
            self.left.wake();
        }
    }

    /// A pool's owners, if it has some.
    pub(crate) fn pool(&self) -> Option<Pool> {
        let inner = self.owner.get()?.upgrade()?;
        Some(Pool { inner })
    }
}

/// The home of the jobs: what is submitted goes into the queue.
struct Router(Arc<Shared>);

impl Schedule for Router {
    fn ready(&self, _: Runnable) {
        unreachable!("a pool has free tasks only")
    }

    fn post(&self, mail: Mail) {
        // Nobody sends any to a home without turns.
        drop(mail);
    }

    fn submit(&self, task: FreeRunnable) {
        self.0.submit(task);
    }

    fn has_turns(&self) -> bool {
        false
    }

    fn asked(&self, job: &Task) {
        self.0.seats.asked(job);
    }

    fn call_panicked(&self, panic: CallPanic) {
        corio_trace::report_error(TARGET, format_args!("a callback of a job: {panic}"));
    }
}

/// Ends a job that was never begun, as cancelled. The reason names the place that spawned it.
fn refuse(task: FreeRunnable, why: &dyn fmt::Display) {
    task.task().cancel(Reason::from(why.to_string()).located(task.info().location()));
    task.run();
}

/// The home of a job for which there is no room.
#[cold]
pub(crate) fn refusing(full: QueueFull) -> RemoteHome {
    Home::new(Box::new(Refusing(full))).remote()
}

struct Refusing(QueueFull);

impl Schedule for Refusing {
    fn ready(&self, _: Runnable) {
        unreachable!("only one free task comes here")
    }

    fn post(&self, mail: Mail) {
        drop(mail);
    }

    fn submit(&self, task: FreeRunnable) {
        refuse(task, &self.0);
    }

    fn has_turns(&self) -> bool {
        false
    }
}
