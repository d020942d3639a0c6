//! How the watchdog sleeps: a while, while loops are at work; until one begins a poll, while none does.
//!
//! With every loop parked, or debug mode off (then loops publish nothing), the thread is never woken: it
//! waits for the next poll that is published, and only if a poll is stuck also for the moment at which
//! that is to be reported again. Why no poll is missed is told in [`corio_trace::watcher`]; the barrier
//! that it asks for is here.

use std::thread;
use std::time::Duration;

use corio_trace::watcher;

/// The longest sleep where the system has no barrier of all threads: a poll that begins at the wrong moment is
/// then seen this much late.
const WITHOUT_BARRIER: Duration = Duration::from_secs(1);

/// Sleeps until a loop begins a poll, at most `at_most` long. `polls_now` counts the polls that have begun;
/// what differs from `polls_seen` has been begun since the caller looked.
pub(crate) fn until_poll(at_most: Option<Duration>, polls_seen: u64, polls_now: impl Fn() -> u64) {
    watcher::await_poll();
    let at_most = match barrier() {
        true => at_most,
        false => Some(at_most.map_or(WITHOUT_BARRIER, |most| most.min(WITHOUT_BARRIER))),
    };
    if polls_now() == polls_seen {
        match at_most {
            Some(at_most) => thread::park_timeout(at_most),
            None => thread::park(),
        }
    }
    watcher::await_no_poll();
}

/// Makes every thread of the process pass a full memory barrier; `false` if the system cannot.
#[cfg(target_os = "linux")]
fn barrier() -> bool {
    crate::sys::barrier()
}

/// Elsewhere there is none.
#[cfg(not(target_os = "linux"))]
fn barrier() -> bool {
    false
}
