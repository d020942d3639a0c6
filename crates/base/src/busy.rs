//! How long a loop was at work: from a wake, or its last look at the world, to the next rest or look.
//!
//! ```text
//!            1 begin               2 look: it was away for so long, and goes on
//!   resting ─────────▶ busy ◀────────┐
//!      ▲                │ └──────────┘
//!      └────────────────┘ 3 rest: it was away for so long
//! ```
//!
//! Whoever reads the clock around the waits of a loop tells it what the clock said: a [`Park`](crate::Park)
//! that reads it anyway, or else the executor. One thread writes, any thread reads. Times are the OS clock's
//! ([`clock::os_now`]), also where the loop goes by a virtual one: how long a processor was kept is real.

use std::time::Duration;

use crate::clock::{self, Time};
use crate::counts::{Count, Durations};

/// The times of one loop. On a cache line pair of its own: other threads write next to nothing of it.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct BusyTime {
    /// When the loop began what it does now, in nanoseconds; 0 while it rests.
    since: Count,
    away: Durations,
}

impl BusyTime {
    /// A loop that has not begun.
    pub const fn new() -> Self {
        BusyTime { since: Count::new(), away: Durations::new() }
    }

    /// Edge 1: a rest has ended, or a run begins. For the loop's thread, as the next two.
    #[inline]
    pub fn begin(&self, now: Time) {
        self.since.set(now.as_nanos());
    }

    /// Edge 2: the loop looks at the rest of the world, and goes on at once. One that rested begins.
    #[inline]
    pub fn look(&self, now: Time) {
        self.rest(now);
        self.begin(now);
    }

    /// Edge 3: the loop is about to rest, or its run has ended.
    #[inline]
    pub fn rest(&self, now: Time) {
        let since = self.since.get();
        if since != 0 {
            self.away.record(now.as_nanos().saturating_sub(since));
            self.since.set(0);
        }
    }

    /// Whether the loop is at work.
    #[inline]
    pub fn is_busy(&self) -> bool {
        self.since.get() != 0
    }

    /// For how long the loop has been at work since its last rest or look; `None` while it rests. Reads the
    /// clock.
    pub fn busy_for(&self) -> Option<Duration> {
        let since = self.since.get();
        (since != 0).then(|| clock::os_now().saturating_since(Time::from_nanos(since)))
    }

    /// The times between two looks.
    pub fn away(&self) -> &Durations {
        &self.away
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_between_begin_and_rest_counts() {
        let busy = BusyTime::new();
        let at = Time::from_nanos;
        busy.rest(at(5));
        assert_eq!((busy.away().stats().count(), busy.busy_for()), (0, None));
        busy.begin(at(10)); // 1
        assert!(busy.is_busy() && busy.busy_for().is_some());
        busy.look(at(14)); // 2
        busy.rest(at(20)); // 3
        busy.rest(at(90));
        assert_eq!(busy.busy_for(), None);
        let stats = busy.away().stats();
        assert_eq!(stats.count(), 2);
        assert_eq!((stats.total().as_nanos(), stats.max().as_nanos()), (10, 6));
    }

    #[test]
    fn a_look_of_a_loop_that_rested_begins() {
        let busy = BusyTime::new();
        busy.look(Time::from_nanos(7));
        busy.rest(Time::from_nanos(9));
        assert_eq!(busy.away().total(), Duration::from_nanos(2));
    }

    #[test]
    fn a_clock_that_went_back_counts_as_none() {
        let busy = BusyTime::new();
        busy.begin(Time::from_nanos(7));
        busy.rest(Time::from_nanos(3));
        assert_eq!((busy.away().total(), busy.away().stats().count()), (Duration::ZERO, 1));
    }
}
