//! What the loop tells while the switch of [`corio_trace`] is on.
//!
//! Kept apart, and cold, so that a loop with the switch off pays one relaxed load a poll.

use std::io;
use std::time::Duration;

use corio_base::clock;
use corio_base::{Park, Parked, Wait};
use corio_task::{Ran, Runnable, TaskInfo, TaskState};
use corio_trace::{
    Event, Outcome, emit, report_error, report_slow_poll, slow_poll, take_last_wait,
};

/// As [`Runnable::run`], with events around it, a note of what the task waits for then, and a warning
/// if it took long.
#[cold]
pub(crate) fn run(task: Runnable) {
    let about = task.task();
    let id = about.id();
    emit(&Event::PollStarted { id });
    // What was polled outside of any task left it, or a task whose own leaf tells nothing.
    let _ = take_last_wait();
    let begun = clock::now();
    let ran = task.run();
    let took = clock::now().saturating_since(begun);
    if ran == Ran::Pending {
        about.info().set_wait(take_last_wait());
    }
    emit(&Event::PollEnded { id, took });
    if took >= slow_poll() {
        report_slow_poll(id, about.info().given_name().as_deref(), about.info().location(), took);
    }
    let outcome = match ran {
        Ran::Pending | Ran::Stale | Ran::Called => return,
        Ran::Returned => Outcome::Returned,
        Ran::Panicked => Outcome::Panicked,
        Ran::Cancelled => Outcome::Cancelled,
    };
    emit(&Event::TaskEnded { id, outcome });
}

/// A task was spawned on its own loop's thread.
#[cold]
pub(crate) fn spawned(task: TaskInfo<'_>) {
    emit(&Event::TaskSpawned {
        id: task.id(),
        name: task.given_name().as_deref(),
        location: task.location(),
        parent: task.parent(),
    });
}

/// A task was spawned with its first poll; that one is over, and so may be the task.
#[cold]
pub(crate) fn spawned_eagerly(task: TaskInfo<'_>) {
    spawned(task);
    // Also taken where there is none, so that it does not stand for the spawner's.
    task.set_wait(take_last_wait());
    let outcome = match task.state() {
        TaskState::Finished => Outcome::Returned,
        TaskState::Panicked => Outcome::Panicked,
        TaskState::Cancelled => Outcome::Cancelled,
        _ => return,
    };
    emit(&Event::TaskEnded { id: task.id(), outcome });
}

/// As [`Park::park`], with events around it.
#[cold]
pub(crate) fn park(park: &mut dyn Park, wait: Wait) -> io::Result<Parked> {
    emit(&Event::LoopParked { wait });
    let begun = clock::now();
    let parked = park.park(wait);
    let took = clock::now().saturating_since(begun);
    let events = parked.as_ref().map_or(0, |parked| parked.events);
    emit(&Event::LoopUnparked { took, events });
    parked
}

/// How long a loop pauses after a wait that failed: an error that lasts must not take a whole core,
/// and one that passes costs a millisecond.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(1);

/// Waiting failed. The loop goes on: it looks again after a pause and the next turn.
#[cold]
pub(crate) fn park_failed(error: &io::Error) {
    report_error("corio::loop", format_args!("waiting for events failed: {error}"));
    std::thread::sleep(PAUSE_AFTER_FAILURE);
}
