//! What each thread of a pool is at: who is stuck, and whether a thread more is of use.
//!
//! A pool cannot know whether a job computes or waits. So it goes by what it sees: a job that has run
//! for [`STUCK_AFTER`] counts as waiting, and the thread as made up for; as many other threads as
//! `brisk` says may be at work at a time. Short jobs are thus run by few threads, which do not take
//! the cores from each other, and a thousand jobs that wait get a thread each, `brisk` of them in each
//! span of that length.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use corio_base::{Time, WakerCell, clock};
use corio_task::Task;

/// A job that takes longer counts as one that waits: longer than what computes something small, and
/// short enough for 100 jobs that wait to have their threads within 13 ms on a machine of four cores.
const STUCK_AFTER: Duration = Duration::from_micros(500);

/// Machines of one or two cores have as many threads at work: some jobs wait a little, too short to be
/// seen (a file in the cache's way, a lock).
const BRISK_MIN: usize = 4;

/// One thread's.
#[derive(Debug)]
pub(crate) struct Seat {
    /// When its last job began, in nanoseconds; 0: it had none.
    begun: AtomicU64,
    /// The job it runs.
    job: Mutex<Option<Task>>,
    /// Whom to wake when that is asked to end: see [`crate::current::poll_cancelled`].
    asked: WakerCell,
    /// There is somebody.
    listens: AtomicBool,
}

impl Seat {
    /// The thread begins to run `job`.
    pub(crate) fn begin(&self, job: Task) {
        // Relaxed: a moment to compare with others, it guards nothing.
        self.begun.store(clock::os_now().as_nanos(), Ordering::Relaxed);
        *lock(&self.job) = Some(job);
    }

    /// The job has ended. Its last reference may go here, outside the lock.
    pub(crate) fn end(&self) {
        let job = lock(&self.job).take();
        drop(job);
        // Relaxed: set on this thread.
        if self.listens.load(Ordering::Relaxed) {
            self.listens.store(false, Ordering::Relaxed);
            drop(self.asked.take());
        }
    }

    /// On its thread: has `waker` woken when the job is asked to end. Look whether it was after this.
    pub(crate) fn listen(&self, waker: &Waker) {
        self.asked.register(waker);
        self.listens.store(true, Ordering::Relaxed);
    }

    pub(crate) fn job(&self) -> Option<Task> {
        lock(&self.job).clone()
    }

    fn begun(&self) -> Time {
        // Relaxed: as in `begin`.
        Time::from_nanos(self.begun.load(Ordering::Relaxed))
    }
}

/// A job that runs, as it was seen.
pub(crate) struct Seen {
    pub(crate) job: Task,
    pub(crate) age: Duration,
}

/// Those of all threads.
#[derive(Debug)]
pub(crate) struct Seats {
    all: Mutex<Vec<Arc<Seat>>>,
    /// How many threads shall get on at a time.
    brisk: usize,
}

impl Seats {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Seats { all: Mutex::default(), brisk: cores.max(BRISK_MIN) }
    }

    /// A thread comes.
    pub(crate) fn add(&self) -> Arc<Seat> {
        let seat = Arc::new(Seat {
            begun: AtomicU64::new(0),
            job: Mutex::default(),
            asked: WakerCell::new(),
            listens: AtomicBool::new(false),
        });
        lock(&self.all).push(seat.clone());
        seat
    }

    /// A thread goes.
    pub(crate) fn remove(&self, seat: &Arc<Seat>) {
        lock(&self.all).retain(|other| !Arc::ptr_eq(other, seat));
    }

    /// Whether a job more may begin now: fewer than `brisk` threads get on.
    pub(crate) fn has_room(&self) -> bool {
        let all = lock(&self.all);
        if all.len() <= self.brisk {
            return true;
        }
        let now = clock::os_now();
        let gets_on = |seat: &&Arc<Seat>| now.saturating_since(seat.begun()) < STUCK_AFTER;
        all.iter().filter(gets_on).count() < self.brisk
    }

    /// A job that runs was asked to end: wakes who listens for it. The seat has the job from before
    /// it began, so who listens and looks after that, or is found here, misses nothing.
    pub(crate) fn asked(&self, job: &Task) {
        let seats = lock(&self.all).clone();
        if let Some(seat) = seats.iter().find(|seat| seat.job().as_ref() == Some(job)) {
            seat.asked.wake();
        }
    }

    /// The jobs that run, the oldest first.
    pub(crate) fn running(&self) -> Vec<Seen> {
        let seats = lock(&self.all).clone();
        let now = clock::os_now();
        let mut running: Vec<Seen> = seats
            .iter()
            .filter_map(|seat| {
                let job = seat.job()?;
                Some(Seen { job, age: now.saturating_since(seat.begun()) })
            })
            .collect();
        running.sort_by_key(|seen| std::cmp::Reverse(seen.age));
        running
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
