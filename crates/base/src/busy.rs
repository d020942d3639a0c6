//! How long a loop was at work: from a wake, or its last look at the world, to the next rest or look.
//!
//! ```text
//!            1 begin               2 look: it was away for so long, and goes on
//!   resting ─────────▶ busy ◀────────┐
//!      ▲                │ └──────────┘
//!      └────────────────┘ 3 rest: it was away for so long
//! ```
//!
//! **Measured from [`BusyTime::measure`] on**, which whoever wants to know calls: a reading of the clock costs
//! as much as three polls, and a loop without timers has no other use for it. Until then each edge is a load
//! and a store, and nothing is added up. What is under way in that moment counts from that moment on.
//!
//! Whoever waits for a loop tells it of the edges: a [`Park`](crate::Park) that reads the clock anyway, or
//! else the executor. One thread writes, any thread reads. Times are the OS clock's ([`clock::os_now`]), also
//! where the loop goes by a virtual one: how long a processor was kept is real.

use std::sync::OnceLock;
use std::time::Duration;

use crate::clock::{self, Time};
use crate::counts::{Count, Durations};

/// [`BusyTime::since`]: the loop rests.
const RESTING: u64 = 0;
/// [`BusyTime::since`]: the loop is at work, and when it began nobody wanted to know.
const UNTIMED: u64 = 1;
/// [`BusyTime::since`]: the least that is a reading of the clock.
const READING_MIN: u64 = 2;

/// The times of one loop. On a cache line pair of its own: other threads write next to nothing of it.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct BusyTime {
    /// When the loop began what it does now, in nanoseconds; `RESTING`, or `UNTIMED`.
    since: Count,
    /// When somebody first wanted to know. Any thread writes it, once.
    measured_since: OnceLock<Time>,
    away: Durations,
}

impl BusyTime {
    /// A loop that has not begun, and that nobody measures.
    pub const fn new() -> Self {
        BusyTime { since: Count::new(), measured_since: OnceLock::new(), away: Durations::new() }
    }

    /// Measures from now on, unless that was asked for before. From any thread.
    ///
    /// **The race**: the loop passes an edge meanwhile, and does not see it. Then the loop takes what it begins
    /// for `UNTIMED`, and the next edge counts it from here on; what it ends is lost, and lay before this but
    /// for the time that a store takes to be seen.
    pub fn measure(&self) {
        self.measured_since.get_or_init(clock::os_now);
    }

    /// Whether somebody wants to know.
    #[inline]
    pub fn is_measured(&self) -> bool {
        self.measured_since.get().is_some()
    }

    /// Since when it is measured; `None` if it is not.
    pub fn measured_since(&self) -> Option<Time> {
        self.measured_since.get().copied()
    }

    /// Edge 1: a rest has ended, or a run begins. For the loop's thread, as the next two; `now`, which reads
    /// the clock, is called only if it is measured.
    #[inline]
    pub fn begin(&self, now: impl FnOnce() -> Time) {
        self.since.set(if self.is_measured() { self.begun(now) } else { UNTIMED });
    }

    /// Edge 2: the loop looks at the rest of the world, and goes on at once. One that rested begins.
    #[inline]
    pub fn look(&self, now: impl FnOnce() -> Time) {
        self.since.set(if self.is_measured() { self.ended(now) } else { UNTIMED });
    }

    /// Edge 3: the loop is about to rest, or its run has ended.
    #[inline]
    pub fn rest(&self, now: impl FnOnce() -> Time) {
        if self.is_measured() {
            self.ended(now);
        }
        self.since.set(RESTING);
    }

    /// Something begins. Apart, as the next one: a reading of the clock is too long for where this is called.
    #[cold]
    #[inline(never)]
    fn begun(&self, now: impl FnOnce() -> Time) -> u64 {
        reading(now())
    }

    /// What was under way has ended, if there was something.
    #[cold]
    #[inline(never)]
    fn ended(&self, now: impl FnOnce() -> Time) -> u64 {
        let now = reading(now());
        if let Some(since) = self.counts_since() {
            self.away.record(now.saturating_sub(since.as_nanos()));
        }
        now
    }

    /// Since when that counts which the loop does now; `None` while it rests, or is not measured.
    fn counts_since(&self) -> Option<Time> {
        match self.since.get() {
            RESTING => None,
            UNTIMED => self.measured_since(),
            since => Some(Time::from_nanos(since)),
        }
    }

    /// Whether the loop is at work.
    #[inline]
    pub fn is_busy(&self) -> bool {
        self.since.get() != RESTING
    }

    /// For how long the loop has been at work since its last rest or look, or since it is measured, if that
    /// began later; `None` while it rests. Reads the clock. Zero for a loop that is not measured.
    pub fn busy_for(&self) -> Option<Duration> {
        let since = self.counts_since();
        let how_long = since.map(|since| clock::os_now().saturating_since(since));
        how_long.or(self.is_busy().then_some(Duration::ZERO))
    }

    /// The times between two looks.
    pub fn away(&self) -> &Durations {
        &self.away
    }
}

/// A moment as a number, told from the other things that stand in its place.
#[inline]
fn reading(at: Time) -> u64 {
    at.as_nanos().max(READING_MIN)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Says at the clock's place what time it is.
    fn at(nanos: u64) -> impl FnOnce() -> Time {
        move || Time::from_nanos(nanos)
    }

    fn unread() -> Time {
        panic!("nobody wants to know, and the clock was read")
    }

    /// Measured since the moment 0, as far as edges are concerned.
    fn measured() -> BusyTime {
        let busy = BusyTime::new();
        busy.measured_since.set(Time::ZERO).unwrap();
        busy
    }

    #[test]
    fn only_what_lies_between_begin_and_rest_counts() {
        let busy = measured();
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
        let busy = measured();
        busy.look(at(7));
        busy.rest(at(9));
        assert_eq!(busy.away().total(), Duration::from_nanos(2));
    }

    #[test]
    fn a_clock_that_went_back_counts_as_none() {
        let busy = measured();
        busy.begin(at(7));
        busy.rest(at(3));
        assert_eq!((busy.away().total(), busy.away().stats().count()), (Duration::ZERO, 1));
    }

    #[test]
    fn unless_somebody_wants_to_know_no_clock_is_read() {
        let busy = BusyTime::new();
        assert!(!busy.is_busy());
        busy.begin(unread); // 1
        busy.look(unread); // 2
        assert!(busy.is_busy() && !busy.is_measured());
        assert_eq!((busy.busy_for(), busy.measured_since()), (Some(Duration::ZERO), None));
        busy.rest(unread); // 3
        assert!(!busy.is_busy());
        assert_eq!((busy.busy_for(), busy.away().stats().count()), (None, 0));
    }

    #[test]
    fn what_was_under_way_counts_from_when_somebody_wanted_to_know() {
        for look in [false, true] {
            let busy = BusyTime::new();
            busy.begin(unread);
            busy.measure();
            let since = busy.measured_since().unwrap();
            busy.measure();
            assert_eq!(busy.measured_since(), Some(since), "the first one stays");
            let ends = at(since.as_nanos() + 1_000);
            if look {
                busy.look(ends)
            } else {
                busy.rest(ends)
            }
            let stats = busy.away().stats();
            assert_eq!((stats.count(), stats.total()), (1, Duration::from_nanos(1_000)));
            assert_eq!(busy.is_busy(), look);
        }
    }

    #[test]
    fn a_rest_that_was_under_way_does_not_count() {
        let busy = BusyTime::new();
        busy.begin(unread);
        busy.rest(unread);
        busy.measure();
        let since = busy.measured_since().unwrap().as_nanos();
        assert_eq!(busy.busy_for(), None);
        busy.begin(at(since + 50));
        busy.rest(at(since + 60));
        assert_eq!(busy.away().total(), Duration::from_nanos(10));
    }
}
