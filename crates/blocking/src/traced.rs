//! What a pool tells while the switch of [`corio_trace`] is on: the lives of its jobs.
//!
//! Kept apart, and cold, so that a pool with the switch off pays one relaxed load a job.

use corio_base::clock;
use corio_task::{FreeRunnable, Ran};
use corio_trace::{Event, Outcome, emit};

/// A job comes into the queue.
#[cold]
pub(crate) fn spawned(job: &FreeRunnable) {
    let info = job.info();
    emit(&Event::TaskSpawned {
        id: info.id(),
        name: info.given_name().as_deref(),
        location: info.location(),
        parent: info.parent(),
    });
}

/// As [`FreeRunnable::run`], with events around it. However long it takes, it is not slow: it blocks no
/// loop.
#[cold]
pub(crate) fn run(job: FreeRunnable) {
    let id = job.info().id();
    emit(&Event::PollStarted { id });
    let begun = clock::now();
    let ran = job.run();
    emit(&Event::PollEnded { id, took: clock::now().saturating_since(begun) });
    let outcome = match ran {
        // Ended before its turn: told of by nobody, as a task that is dropped in the queue.
        Ran::Pending | Ran::Stale | Ran::Called => return,
        Ran::Returned => Outcome::Returned,
        Ran::Panicked => Outcome::Panicked,
        Ran::Cancelled => Outcome::Cancelled,
    };
    emit(&Event::TaskEnded { id, outcome });
}
