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
//! **Time** at work is measured from the first [`RuntimeMetrics::view`] on, which is what those who make loops give
//! out, or from when debug mode is on: until then nobody can ask for it.
//!
//! **Cost.** With the counters on, which they always are: one instruction a turn, some twenty a look or park. The
//! clock is read for the loop's own ends only, until there is a view: then also around waits without any timer.

mod list;
pub mod parts;
mod show;
mod tasks;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::thread::ThreadId;
use std::time::Duration;

use corio_base::busy::BusyTime;
use corio_base::clock::{self, Time};

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
    /// When the loop was closed, if it is.
    closed: OnceLock<Time>,
    counts: LoopCounts,
    busy: Arc<BusyTime>,
    /// The polls before time was measured.
    polls_before: OnceLock<u64>,
    tasks: Arc<TaskCounts>,
    queue: Arc<dyn Queue>,
    timers: OnceLock<TimerMetrics>,
    io: OnceLock<IoMetrics>,
    threads: OnceLock<Arc<dyn Threads>>,
}

/// For those who make loops.
impl RuntimeMetrics {
    /// Enters the loop `number`, which the calling thread runs, among those that [`all`] lists. Nobody looks at
    /// it so far: see [`RuntimeMetrics::view`].
    pub fn register(number: usize, tasks: Arc<TaskCounts>, queue: Arc<dyn Queue>) -> Self {
        let thread = std::thread::current();
        let metrics = RuntimeMetrics(Arc::new(Inner {
            number,
            os_thread: OsThread::current(),
            thread: thread.id(),
            thread_name: thread.name().map(Into::into),
            closed: OnceLock::new(),
            counts: LoopCounts::default(),
            busy: Arc::new(BusyTime::new()),
            polls_before: OnceLock::new(),
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
        if self.0.closed.set(clock::os_now()).is_ok() {
            list::leave(self);
        }
    }

    /// A view for somebody who looks at the loop: from the first one on, its time at work is measured.
    pub fn view(&self) -> RuntimeMetrics {
        self.measure();
        self.clone()
    }

    /// Measures the loop's time at work from now on, unless that is so already. From any thread.
    pub fn measure(&self) {
        if !self.0.busy.is_measured() {
            // The first number stays. It is there before the time is, and no protocol hangs on it.
            self.0.polls_before.get_or_init(|| self.0.counts.polls.get());
            self.0.busy.measure();
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
        self.0.closed.get().is_some()
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
///
/// Measured from when somebody first took a view of this loop (by `metrics()` of its runtime or handle, or by
/// [`all`]), or from when debug mode was on, and never stopped again. What is under way in that moment counts
/// from then on. A loop at which nobody looks reads no clock for it: take the view where the program begins,
/// and keep it or not.
impl RuntimeMetrics {
    /// For how long the loop's time at work has been measured: what to divide
    /// [`Self::worker_total_busy_duration`] by for the share of the time that the loop was at work. It ends
    /// when the loop is closed. Reads the clock.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_measured_for(&self, worker: usize) -> Duration {
        self.check(worker);
        let until = self.0.closed.get().copied().unwrap_or_else(clock::os_now);
        self.0.busy.measured_since().map_or(Duration::ZERO, |since| until.saturating_since(since))
    }

    /// How long the loop was at work, up to its last look or park: the time from a wake to the next wait, of
    /// its tasks and its own; since it is [measured](Self::worker_measured_for). Real time, also under a virtual
    /// clock.
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
    /// what grows while a poll blocks. Where that was before the loop was
    /// [measured](Self::worker_measured_for), since then. `None` while it is parked, and while nobody runs it.
    /// Reads the clock.
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

    /// [`Self::worker_total_busy_duration`] divided by the polls in that time: those of
    /// [`Self::worker_poll_count`] since it is [measured](Self::worker_measured_for). Zero before the first one.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_mean_poll_time(&self, worker: usize) -> Duration {
        let before = self.0.polls_before.get().copied().unwrap_or(0);
        let polls = self.worker_poll_count(worker).saturating_sub(before);
        parts::mean(self.worker_total_busy_duration(worker), polls)
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
