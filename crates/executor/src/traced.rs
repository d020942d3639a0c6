//! What the loop tells while the switch of [`corio_trace`] is on.
//!
//! Kept apart, and cold, so that a loop with the switch off pays one relaxed load a poll.

use std::io;
use std::time::Duration;

use corio_base::clock;
use corio_base::{Park, Parked, Wait};
use corio_trace::{Event, emit, report_error};

use crate::core::Core;

/// As [`Park::park`], with events around it.
#[cold]
pub(crate) fn park(core: &Core, park: &mut dyn Park, wait: Wait) -> io::Result<Parked> {
    core.measure_if_debugged();
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
