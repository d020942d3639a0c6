//! The end of a pool, and what is in its way.
//!
//! ```text
//!   close ──▶ later jobs are refused ──▶ those that wait end as cancelled ──▶ those that run are asked
//!                                                                                     │
//!   shutdown: close, then waits ──▶ the threads have left, or the limit is over: the list of those left
//! ```

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use corio_task::{Reason, Task};

use crate::current;
use crate::pool::Shared;

/// What jobs are told.
const REASON: &str = "the blocking pool is closed";

/// A job that runs, and for how long it has: most interesting where it should have ended.
#[derive(Clone, Debug)]
pub struct StuckJob {
    job: Task,
    age: Duration,
}

impl StuckJob {
    /// The job itself.
    pub fn task(&self) -> &Task {
        &self.job
    }

    /// The name it was given, or `Task-` and its number.
    pub fn name(&self) -> String {
        self.job.name()
    }

    /// Where it was spawned.
    pub fn location(&self) -> &'static Location<'static> {
        self.job.location()
    }

    /// How long it has been running.
    pub fn age(&self) -> Duration {
        self.age
    }
}

impl fmt::Display for StuckJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} spawned at {}, for {:.1?}", self.name(), self.location(), self.age)
    }
}

/// The jobs that run, the oldest first.
pub(crate) fn running(shared: &Shared) -> Vec<StuckJob> {
    let seen = shared.seats.running();
    seen.into_iter().map(|seen| StuckJob { job: seen.job, age: seen.age }).collect()
}

/// Takes no job more, and ends what has not begun.
///
/// A job that a thread has taken from the queue just before, and not begun yet, is not found here: it
/// then comes to its seat after the look at that seat, under the same lock, so its thread sees that the
/// pool is closed, and asks it.
pub(crate) fn close(shared: &Shared) {
    shared.handoff.close();
    shared.handoff.drain().for_each(|task| shared.refuse(task, &REASON));
    for running in shared.seats.running() {
        ask(&running.job);
    }
    // Without threads there is nobody else to tell of it.
    shared.tell_if_left();
}

/// Asks a job of a closed pool to end.
pub(crate) fn ask(job: &Task) {
    job.cancel(Reason::from(REASON));
}

/// Closes, and waits.
pub(crate) fn shutdown(shared: &Shared, limit: Duration) -> Vec<StuckJob> {
    close(shared);
    let own = current::is_thread_of(shared);
    if shared.handoff.wait_until_left(usize::from(own), limit) {
        return Vec::new();
    }
    let mut stuck = running(shared);
    if let Some(here) = current::job() {
        stuck.retain(|stuck| stuck.job != here);
    }
    stuck
}
