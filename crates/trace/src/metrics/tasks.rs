//! The part of the metrics that is about tasks: how many, how often they ran, and where they wait for it.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::RuntimeMetrics;
use crate::pulse::{self, LENGTHS, Pulse};

/// Tasks: how many there are and were.
impl RuntimeMetrics {
    /// Tasks that have not ended. What `block_on` waits for is one of them.
    pub fn num_alive_tasks(&self) -> usize {
        usize::try_from(self.0.tasks.alive()).unwrap_or(usize::MAX)
    }

    /// Tasks that ever came to the loop; what `block_on` waited for is one each time. One spawned from another
    /// thread comes when the loop opens its mail.
    pub fn spawned_tasks_count(&self) -> u64 {
        self.0.tasks.spawned.get()
    }
}

/// Queues, and how tasks got there.
impl RuntimeMetrics {
    /// What other threads have sent and the loop has not opened yet: wakes, spawns, calls and the like.
    pub fn global_queue_depth(&self) -> usize {
        self.0.queue.depth()
    }

    /// Tasks and calls that were ready to run when the loop last looked.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_local_queue_depth(&self, worker: usize) -> usize {
        self.check(worker);
        usize::try_from(self.0.counts.ready.get()).unwrap_or(usize::MAX)
    }

    /// How often the loop's own thread made something ready to run: spawned or woke a task, or left a call.
    /// A wake of what is ready already does not count.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_local_schedule_count(&self, worker: usize) -> u64 {
        self.check(worker);
        let counts = &self.0.counts;
        // Whatever became ready has run since, or is ready still.
        let all = counts.polls.get() + counts.ready.get();
        all.saturating_sub(counts.scheduled_by_deliveries.get())
    }

    /// How many deliveries from other threads the loop has opened: wakes, spawns, calls and the like.
    pub fn remote_schedule_count(&self) -> u64 {
        self.0.counts.deliveries.get()
    }

    /// How many parks a delivery from another thread has ended: others found the loop awake.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_remote_unpark_count(&self, worker: usize) -> u64 {
        self.check(worker);
        self.0.counts.remote_unparks.get()
    }
}

/// Turns and parks.
impl RuntimeMetrics {
    /// How many turns the loop has taken: in each, all that is ready at its beginning is run once.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_turn_count(&self, worker: usize) -> u64 {
        self.check(worker);
        self.0.counts.turns.get()
    }

    /// How many polls there were in these turns, of tasks and of calls.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_poll_count(&self, worker: usize) -> u64 {
        self.check(worker);
        self.0.counts.polls.get()
    }

    /// How often the loop had nothing to run, and parked.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_park_count(&self, worker: usize) -> u64 {
        self.worker_park_unpark_count(worker).div_ceil(2)
    }

    /// How often the loop parked, and how often it stopped: odd while it is parked.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_park_unpark_count(&self, worker: usize) -> u64 {
        self.check(worker);
        self.0.counts.parks_and_unparks.get()
    }

    /// Whether the loop is parked at this moment.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_is_parked(&self, worker: usize) -> bool {
        self.worker_park_unpark_count(worker) % 2 == 1
    }

    /// How often the loop parked without having run anything since the park before.
    ///
    /// # Panics
    /// If there is no such worker.
    #[track_caller]
    pub fn worker_noop_count(&self, worker: usize) -> u64 {
        self.check(worker);
        self.0.counts.noops.get()
    }
}

/// Polls one by one. They are measured in debug mode only: two readings of a clock a poll are more than many
/// a poll takes.
impl RuntimeMetrics {
    /// Whether polls are measured one by one: whether debug mode is on.
    pub fn poll_time_histogram_enabled(&self) -> bool {
        crate::enabled()
    }

    /// How many lengths of polls are told apart.
    pub fn poll_time_histogram_num_buckets(&self) -> usize {
        LENGTHS
    }

    /// Which lengths a bucket has: from a power of two of nanoseconds to the next; the last one has all that
    /// are longer as well.
    ///
    /// # Panics
    /// If there is no such bucket.
    #[track_caller]
    pub fn poll_time_histogram_bucket_range(&self, bucket: usize) -> Range<Duration> {
        check_bucket(bucket);
        let start = if bucket == 0 { 0 } else { 1 << (bucket - 1) };
        let end = if bucket == LENGTHS - 1 { u64::MAX } else { 1 << bucket };
        Duration::from_nanos(start)..Duration::from_nanos(end)
    }

    /// How many measured polls fell into a bucket; 0 without debug mode, and of a loop that is closed. Takes
    /// a lock for a moment.
    ///
    /// # Panics
    /// If there is no such worker or bucket.
    #[track_caller]
    pub fn poll_time_histogram_bucket_count(&self, worker: usize, bucket: usize) -> u64 {
        self.check(worker);
        check_bucket(bucket);
        self.pulse().map_or(0, |pulse| pulse.lengths()[bucket])
    }

    /// What the loop polls at the moment, if debug mode is on.
    fn pulse(&self) -> Option<Arc<Pulse>> {
        let number = self.number();
        pulse::with_all(|all| all.iter().find(|pulse| pulse.home() == number).cloned())
    }
}

#[track_caller]
fn check_bucket(bucket: usize) {
    assert!(
        bucket < LENGTHS,
        "bucket {bucket} was asked about, and there are {LENGTHS}, counted from 0"
    );
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::metrics::parts::Queue;

    struct Empty;

    impl Queue for Empty {
        fn depth(&self) -> usize {
            0
        }
    }

    #[test]
    fn a_length_is_counted_in_the_bucket_that_has_it() {
        const HOME: usize = 831;
        let metrics = RuntimeMetrics::register(HOME, Arc::default(), Arc::new(Empty));
        let pulse = Pulse::register(HOME);
        let counts = || -> Vec<u64> {
            (0..LENGTHS).map(|at| metrics.poll_time_histogram_bucket_count(0, at)).collect()
        };
        let mut expected = vec![0; LENGTHS];
        let mut from = Duration::ZERO;
        for bucket in 0..LENGTHS {
            let range = metrics.poll_time_histogram_bucket_range(bucket);
            assert_eq!(range.start, from, "bucket {bucket} begins where the one before ends");
            assert!(bucket == 0 || from.as_nanos() == 1 << (bucket - 1), "{from:?}");
            from = range.end;
            // The shortest that it has, and the longest.
            for length in [range.start, range.end - Duration::from_nanos(1)] {
                pulse.measured(length.as_nanos() as u64);
                expected[bucket] += 1;
                assert_eq!(counts(), expected, "bucket {bucket}: {length:?} of {range:?}");
            }
        }
        pulse.measured(u64::MAX);
        expected[LENGTHS - 1] += 1;
        assert_eq!(counts(), expected);
        drop(pulse);
        assert!(counts().iter().all(|count| *count == 0), "the loop is closed");
        metrics.close();
    }
}
