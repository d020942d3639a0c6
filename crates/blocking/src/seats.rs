//! What each thread of a pool is at: who is stuck, and whether a thread more is of use.
//!
//! A pool cannot know whether a job computes or waits. So it goes by what it sees: a job that has run
//! for [`STUCK_AFTER`] counts as waiting, and the thread as made up for. As many other threads as `brisk`
//! says may be at work at a time, or twice as many as wait, if those are more: where jobs are seen to wait,
//! the next ones likely do. Short jobs are thus run by few threads, which do not take the cores from each
//! other, and of jobs that wait three times as many have a thread after each span of that length: 4, 12,
//! 36; the 512 that a pool has as a rule within 3 ms.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use corio_base::{Time, WakerCell, clock};
use corio_task::Task;

/// A job that takes longer counts as one that waits: longer than what computes something small, and
/// short enough for 200 jobs that wait to have their threads within 3 ms.
const STUCK_AFTER: Duration = Duration::from_micros(500);

/// Machines of one or two cores have as many threads at work: some jobs wait a little, too short to be
/// seen (a file in the cache's way, a lock).
const BRISK_MIN: usize = 4;

/// One thread's.
#[derive(Debug)]
pub(crate) struct Seat {
    /// When its last job began, in nanoseconds; 0: it has none, and is about to look for one or sleeps.
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

    /// The thread has found nothing to do: it is not at work. Between two jobs that follow each other it is.
    pub(crate) fn rest(&self) {
        // Relaxed: as in `begin`.
        self.begun.store(0, Ordering::Relaxed);
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

    /// How many jobs more may begin now: see the top of this file. One by one, as long as hardly any is
    /// seen to wait: short jobs need no more threads than there are.
    pub(crate) fn room(&self) -> usize {
        let all = lock(&self.all);
        if all.len() < self.brisk {
            return 1;
        }
        let now = clock::os_now();
        let (mut at_work, mut waiting) = (0, 0);
        for begun in all.iter().map(|seat| seat.begun()).filter(|begun| begun.as_nanos() != 0) {
            let gets_on = now.saturating_since(begun) < STUCK_AFTER;
            *(if gets_on { &mut at_work } else { &mut waiting }) += 1;
        }
        let most = self.brisk.max(2 * waiting);
        let room = most.saturating_sub(at_work);
        if waiting < self.brisk { room.min(1) } else { room }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Seats of `count` threads whose jobs have begun `age` ago.
    fn sit(seats: &Seats, count: usize, age: Duration) -> Vec<Arc<Seat>> {
        let begun = clock::os_now().as_nanos() - age.as_nanos() as u64;
        let sit = |_| {
            let seat = seats.add();
            seat.begun.store(begun, Ordering::Relaxed);
            seat
        };
        (0..count).map(sit).collect()
    }

    fn seats() -> Seats {
        Seats { all: Mutex::default(), brisk: BRISK_MIN }
    }

    #[test]
    fn a_thread_that_rests_is_not_at_work() {
        let seats = seats();
        // In the future: whatever holds the test up, they are seen at work.
        let at_work = sit(&seats, BRISK_MIN, Duration::ZERO);
        let later = clock::os_now().saturating_add(Duration::from_secs(600)).as_nanos();
        at_work.iter().for_each(|seat| seat.begun.store(later, Ordering::Relaxed));
        assert_eq!(seats.room(), 0);
        at_work[0].rest();
        assert_eq!(seats.room(), 1);
        at_work.iter().for_each(|seat| seat.rest());
        assert_eq!(seats.room(), 1, "one by one: none is seen to wait");
    }

    #[test]
    fn where_jobs_wait_the_next_ones_come_several_at_a_time() {
        let seats = seats();
        let waiting = sit(&seats, BRISK_MIN - 1, 2 * STUCK_AFTER);
        assert_eq!(seats.room(), 1);
        let _more = sit(&seats, 20, 2 * STUCK_AFTER);
        assert_eq!(seats.room(), 2 * (BRISK_MIN - 1 + 20));
        waiting.iter().for_each(|seat| seats.remove(seat));
        assert_eq!(seats.room(), 40);
    }
}
