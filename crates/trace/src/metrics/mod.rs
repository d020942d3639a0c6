//! How a loop is doing, as numbers: a stable view for any thread, at any time, for next to nothing.
//!
//! Each part of a runtime counts in a block of its own ([`parts`]), which one thread writes by plain
//! stores; a [`RuntimeMetrics`] has a share in these blocks and reads them. So it needs nothing of the loop:
//! it tells the truth of a loop that is stuck in a poll, and the last of one that is gone. It lives here, below
//! everything that counts, so that a tool lists the loops of a process ([`all`]) without knowing what runs them.
//!
//! **When numbers change.** Tasks that come and go are counted as they do. Turns, polls and the depth of the
//! loop's queue are written down whenever the loop looks at the rest of the world or parks: after 128 polls or
//! one turn, whichever is more. Numbers read one after the other are of different moments.
//!
//! **Cost.** With the counters on, which they always are: one instruction a turn, some twenty a look or park, and
//! the clock is read where the loop does so anyway, and around waits without any timer.

mod list;
pub mod parts;
mod show;
mod tasks;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::ThreadId;
use std::time::Duration;

use corio_base::busy::BusyTime;

pub use corio_base::counts::{BUCKETS, DurationStats};
pub use list::all;
pub use parts::{IoMetrics, TimerMetrics};

use crate::pulse::OsThread;
use parts::{LoopCounts, Queue, TaskCounts, Threads};

/// How a runtime is doing: a live view, for any thread. Clones are of the same runtime.
///
/// Each method reads one number, or a few, as they are when it is called; nothing has to be turned on. Names
/// are tokio's where tokio has one; those that ask for a worker take its number, less than
/// [`num_workers`](Self::num_workers).
///
/// ```
/// # use std::sync::Arc;
/// # use corio_trace::metrics::{RuntimeMetrics, parts};
/// # struct Empty;
/// # impl parts::Queue for Empty {
/// #     fn depth(&self) -> usize { 0 }
/// # }
/// # let of_a_loop = RuntimeMetrics::register(7, Arc::default(), Arc::new(Empty));
/// let metrics: RuntimeMetrics = of_a_loop; // a loop's handle gives it
/// assert_eq!(metrics.num_alive_tasks(), 0);
/// assert_eq!(metrics.worker_poll_count(0), 0);
/// println!("{metrics}"); // all of them
/// # metrics.close();
/// ```
#[derive(Clone)]
pub struct RuntimeMetrics(Arc<Inner>);

struct Inner {
    number: usize,
    os_thread: OsThread,
    thread: ThreadId,
    thread_name: Option<Box<str>>,
    closed: AtomicBool,
    counts: LoopCounts,
    busy: Arc<BusyTime>,
    tasks: Arc<TaskCounts>,
    queue: Arc<dyn Queue>,
    timers: OnceLock<TimerMetrics>,
    io: OnceLock<IoMetrics>,
    threads: OnceLock<Arc<dyn Threads>>,
}

/// For those who make loops.
impl RuntimeMetrics {
    /// Enters the loop `number`, which the calling thread runs, among those that [`all`] lists.
    pub fn register(number: usize, tasks: Arc<TaskCounts>, queue: Arc<dyn Queue>) -> Self {
        let thread = std::thread::current();
        let metrics = RuntimeMetrics(Arc::new(Inner {
            number,
            os_thread: OsThread::current(),
            thread: thread.id(),
            thread_name: thread.name().map(Into::into),
            closed: AtomicBool::new(false),
            counts: LoopCounts::default(),
            busy: Arc::new(BusyTime::new()),
            tasks,
            queue,
            timers: OnceLock::new(),
            io: OnceLock::new(),
            threads: OnceLock::new(),
        }));
        list::enter(metrics.clone());
        metrics
    }

    /// The loop is closed: it is listed no longer. What was counted stays to be read.
    pub fn close(&self) {
        // Relaxed: nobody finds anything else by it.
        if !self.0.closed.swap(true, Ordering::Relaxed) {
            list::leave(self);
        }
    }

    /// The loop has these timers. The first ones stay.
    pub fn set_timers(&self, timers: TimerMetrics) {
        let _ = self.0.timers.set(timers);
    }

    /// The loop waits on this reactor. The first one stays.
    pub fn set_io(&self, io: IoMetrics) {
        let _ = self.0.io.set(io);
    }

    /// The loop's blocking code runs on these threads. The first ones stay.
    pub fn set_threads(&self, threads: Arc<dyn Threads>) {
        let _ = self.0.threads.set(threads);
    }

    /// Where the loop counts; for its thread.
    #[inline]
    pub fn counts(&self) -> &LoopCounts {
        &self.0.counts
    }

    /// Where the loop notes when it is at work; for its thread.
    #[inline]
    pub fn busy(&self) -> &Arc<BusyTime> {
        &self.0.busy
    }
}

/// Which loop it is.
impl RuntimeMetrics {
    /// The loop's number, by which [`crate::pulse`] and [`crate::book`] know it as well; no other loop of the
    /// process has it.
    pub fn number(&self) -> usize {
        self.0.number
    }

    /// The thread that made the loop and runs it, as the OS knows it.
    pub fn os_thread(&self) -> OsThread {
        self.0.os_thread
    }

    /// What that thread was called when it made the loop.
    pub fn thread_name(&self) -> Option<&str> {
        self.0.thread_name.as_deref()
    }

    /// Whether the loop is closed: its numbers are the last ones.
    pub fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Relaxed)
    }

    /// Whether both are of the same loop.
    pub fn is_same(&self, other: &RuntimeMetrics) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// How many threads run tasks: one.
    pub fn num_workers(&self) -> usize {
        1
    }

    /// The thread of a worker.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_thread_id(&self, worker: usize) -> Option<ThreadId> {
        self.check(worker);
        Some(self.0.thread)
    }

    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    fn check(&self, worker: usize) {
        assert!(
            worker < self.num_workers(),
            "worker {worker} was asked about, and the runtime has {}, counted from 0",
            self.num_workers(),
        );
    }
}

/// Time: how long the loop was at work, and how late it was.
impl RuntimeMetrics {
    /// How long the loop was at work, up to its last look or park: the time from a wake to the next wait, of
    /// its tasks and its own. Real time, also under a virtual clock.
    ///
    /// Zero for a future that `block_on` finds ready at its first poll, and for that first poll.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_total_busy_duration(&self, worker: usize) -> Duration {
        self.check(worker);
        self.0.busy.away().total()
    }

    /// For how long the loop has been at work since it last looked at its timers and descriptors, or woke:
    /// what grows while a poll blocks. `None` while it is parked, and while nobody runs it. Reads the clock.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_busy_for(&self, worker: usize) -> Option<Duration> {
        self.check(worker);
        self.0.busy.busy_for()
    }

    /// How long the loop was away each time: from one look at its timers and descriptors, or from a wake, to
    /// the next look or park. So late an event was seen at worst. The longest one is its longest turn, and
    /// what short ones came before it (128 polls at most).
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_away(&self, worker: usize) -> DurationStats {
        self.check(worker);
        self.0.busy.away().stats()
    }

    /// [`Self::worker_total_busy_duration`] divided by [`Self::worker_poll_count`]; zero before the first
    /// poll.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_mean_poll_time(&self, worker: usize) -> Duration {
        parts::mean(self.worker_total_busy_duration(worker), self.worker_poll_count(worker))
    }

    /// Timers that had not fired when the loop looked last.
    pub fn timers_waiting(&self) -> usize {
        self.0.timers.get().map_or(0, TimerMetrics::waiting)
    }

    /// Timers that fired.
    pub fn timers_fired_count(&self) -> u64 {
        self.0.timers.get().map_or(0, TimerMetrics::fired_count)
    }

    /// How late timers fired, by the loop's clock: see [`TimerMetrics::lateness`]. Under a virtual clock that
    /// jumps from deadline to deadline they are not late at all.
    pub fn timer_lateness(&self) -> DurationStats {
        self.0.timers.get().map_or(DurationStats::NONE, TimerMetrics::lateness)
    }
}

/// Descriptors, and threads for code that blocks.
impl RuntimeMetrics {
    /// Descriptors that were ever registered with the loop's reactor; 0 where it has none of its own.
    pub fn io_driver_fd_registered_count(&self) -> u64 {
        self.0.io.get().map_or(0, IoMetrics::fd_registered_count)
    }

    /// Descriptors that were taken out of the loop's reactor again.
    pub fn io_driver_fd_deregistered_count(&self) -> u64 {
        self.0.io.get().map_or(0, IoMetrics::fd_deregistered_count)
    }

    /// How often the OS told the loop's reactor that a descriptor is ready.
    pub fn io_driver_ready_count(&self) -> u64 {
        self.0.io.get().map_or(0, IoMetrics::ready_count)
    }

    /// Threads for code that blocks, those without a job too; 0 for a loop without a pool.
    pub fn num_blocking_threads(&self) -> usize {
        self.0.threads.get().map_or(0, |pool| pool.threads())
    }

    /// Threads for code that blocks that sleep, for want of a job.
    pub fn num_idle_blocking_threads(&self) -> usize {
        self.0.threads.get().map_or(0, |pool| pool.idle())
    }

    /// Jobs that wait for a thread for code that blocks.
    pub fn blocking_queue_depth(&self) -> usize {
        self.0.threads.get().map_or(0, |pool| pool.waiting())
    }
}

impl fmt::Debug for RuntimeMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(f)
    }
}
