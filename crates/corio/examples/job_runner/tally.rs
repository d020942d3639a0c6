//! How the jobs have ended; written by their supervisors, printed at the end.
//!
//! Everything runs on one loop, so cells do: no atomics, no locks.

use std::cell::Cell;
use std::fmt;

/// All counts since the start. A job that is in none of them was stopped.
#[derive(Debug)]
pub struct Tally {
    jobs: usize,
    succeeded: Cell<usize>,
    gave_up: Cell<usize>,
    restarts: Cell<usize>,
}

impl Tally {
    /// Nothing has happened to so many jobs.
    pub fn new(jobs: usize) -> Tally {
        let none = || Cell::new(0);
        Tally { jobs, succeeded: none(), gave_up: none(), restarts: none() }
    }

    /// Counts a job whose run was a success.
    pub fn add_success(&self) {
        self.succeeded.set(self.succeeded.get() + 1);
    }

    /// Counts a job that has failed too often.
    pub fn add_gave_up(&self) {
        self.gave_up.set(self.gave_up.get() + 1);
    }

    /// Counts a run after one that failed.
    pub fn add_restart(&self) {
        self.restarts.set(self.restarts.get() + 1);
    }

    /// How many jobs have failed too often.
    pub fn gave_up(&self) -> usize {
        self.gave_up.get()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (succeeded, gave_up) = (self.succeeded.get(), self.gave_up.get());
        let stopped = self.jobs - succeeded - gave_up;
        write!(
            f,
            "{} jobs: {succeeded} succeeded, {gave_up} were given up, {stopped} were stopped; {} restarts",
            self.jobs,
            self.restarts.get(),
        )
    }
}
