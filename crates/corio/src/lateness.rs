//! Tells, in debug mode, what makes a loop late without any single poll being slow: many short polls in a row, and
//! a system that ends the loop's wait late.
//!
//! ```text
//!   back ──▶ polls and callbacks ──▶ looks: took that long?  ──▶ the OS: ended on time? ──▶ back ──▶ …
//! ```
//!
//! The driver calls it around each of its looks at the rest of the world. Off, that is a relaxed load a look;
//! on, a few more.

use std::time::Duration;

use corio_base::Time;
use corio_base::busy::BusyTime;
use corio_base::clock;
use corio_trace::pulse::{self, Polled};
use corio_trace::slow;

/// A wait that ends less late is not told of: on a machine that does other things, too, a tenth of a second is
/// nothing, and there is nothing in the program to mend. asyncio's limit.
const LATE_MIN: Duration = Duration::from_secs(1);

/// What the loop had done when it looked last; nothing while the switch is off.
#[derive(Debug)]
pub(crate) struct Lateness(Option<Done>);

#[derive(Clone, Copy, Debug)]
struct Done {
    polled: Polled,
    /// How long those polls took that were reported, in nanoseconds.
    told: u64,
}

impl Done {
    fn by_now() -> Done {
        Done { polled: pulse::polled_here(), told: slow::told_nanos_here() }
    }
}

impl Lateness {
    /// Of a loop that has not polled anything.
    pub(crate) fn new() -> Lateness {
        let mut lateness = Lateness(None);
        lateness.back();
        lateness
    }

    /// The loop looks at the rest of the world: it may have been long. `busy`: for how long it has been at work.
    #[inline]
    pub(crate) fn looks(&mut self, busy: &BusyTime) {
        if self.0.is_some() {
            judge_turns(self.0.take(), busy);
        }
    }

    /// The look is over.
    #[inline]
    pub(crate) fn back(&mut self) {
        if corio_trace::enabled() {
            self.0 = Some(Done::by_now());
        }
    }
}

/// What counts are the polls of the thread, among them those of its other loops that ran since this one looked. What
/// was this one's lies within the time that it was at work.
#[cold]
fn judge_turns(before: Option<Done>, busy: &BusyTime) {
    let Some(before) = before else { return };
    let now = Done::by_now();
    let polls = now.polled.polls.wrapping_sub(before.polled.polls);
    let took = now.polled.nanos.wrapping_sub(before.polled.nanos);
    // What was told of by itself is not told of again. A loop that went has taken its share away.
    let told = now.told.wrapping_sub(before.told);
    let took = Duration::from_nanos(took.saturating_sub(told));
    let is_whole = now.polled.nanos >= before.polled.nanos;
    let is_long = |took: Duration| took > Duration::ZERO && took >= slow::slow_poll();
    if is_whole && polls > 1 && is_long(took) {
        let took = took.min(busy.busy_for().unwrap_or_default());
        if is_long(took) {
            slow::report_slow_turn(polls, took);
        }
    }
}

/// A wait of the loop, from `begun` until `deadline` at the latest, has ended just now.
#[inline]
pub(crate) fn has_waited(begun: Time, deadline: Time, events: usize) {
    if corio_trace::enabled() {
        judge_wait(begun, deadline, events);
    }
}

#[cold]
fn judge_wait(begun: Time, deadline: Time, events: usize) {
    let now = clock::now();
    // One that was over before it began is the turns' doing.
    let deadline = deadline.max(begun);
    let late = now.saturating_since(deadline);
    if late >= slow::slow_poll().max(LATE_MIN) {
        slow::report_late_wait(
            deadline.saturating_since(begun),
            now.saturating_since(begun),
            events,
        );
    }
}
