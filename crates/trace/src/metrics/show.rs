//! All numbers of a runtime at once, for people.

use std::fmt::{self, Debug};

use super::RuntimeMetrics;

impl RuntimeMetrics {
    /// Calls `each` with the name and the value of every number, in the order of the documentation.
    fn each(&self, each: &mut dyn FnMut(&str, &dyn Debug)) {
        each("num_workers", &self.num_workers());
        each("num_alive_tasks", &self.num_alive_tasks());
        each("spawned_tasks_count", &self.spawned_tasks_count());
        each("global_queue_depth", &self.global_queue_depth());
        each("remote_schedule_count", &self.remote_schedule_count());
        for worker in 0..self.num_workers() {
            self.each_of(worker, each);
        }
        each("timers_waiting", &self.timers_waiting());
        each("timers_fired_count", &self.timers_fired_count());
        each("timer_lateness", &format_args!("{}", self.timer_lateness()));
        each("io_driver_fd_registered_count", &self.io_driver_fd_registered_count());
        each("io_driver_fd_deregistered_count", &self.io_driver_fd_deregistered_count());
        each("io_driver_ready_count", &self.io_driver_ready_count());
        each("num_blocking_threads", &self.num_blocking_threads());
        each("num_idle_blocking_threads", &self.num_idle_blocking_threads());
        each("blocking_queue_depth", &self.blocking_queue_depth());
    }

    fn each_of(&self, worker: usize, each: &mut dyn FnMut(&str, &dyn Debug)) {
        each("worker_turn_count", &self.worker_turn_count(worker));
        each("worker_poll_count", &self.worker_poll_count(worker));
        each("worker_mean_poll_time", &self.worker_mean_poll_time(worker));
        each("worker_local_queue_depth", &self.worker_local_queue_depth(worker));
        each("worker_local_schedule_count", &self.worker_local_schedule_count(worker));
        each("worker_park_count", &self.worker_park_count(worker));
        each("worker_noop_count", &self.worker_noop_count(worker));
        each("worker_remote_unpark_count", &self.worker_remote_unpark_count(worker));
        each("worker_is_parked", &self.worker_is_parked(worker));
        each("worker_measured_for", &self.worker_measured_for(worker));
        each("worker_total_busy_duration", &self.worker_total_busy_duration(worker));
        each("worker_busy_for", &format_args!("{:?}", self.worker_busy_for(worker)));
        each("worker_away", &format_args!("{}", self.worker_away(worker)));
    }

    /// As [`fmt::Debug`] has it.
    pub(super) fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("RuntimeMetrics");
        out.field("number", &self.number()).field("is_closed", &self.is_closed());
        self.each(&mut |name, value| {
            out.field(name, value);
        });
        out.finish()
    }
}

/// A line for each number.
impl fmt::Display for RuntimeMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thread = self.thread_name().unwrap_or("without a name");
        let closed = if self.is_closed() { ", closed" } else { "" };
        write!(f, "loop {} on thread {thread}{closed}", self.number())?;
        let mut told = Ok(());
        self.each(&mut |name, value| {
            if told.is_ok() {
                told = write!(f, "\n  {name:<32} {value:?}");
            }
        });
        told
    }
}
