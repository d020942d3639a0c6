//! Ticks at a steady period.
//!
//! One [`Sleep`] that is reset after each tick, and a rule for what happens when ticks were missed.
//! Ticks are counted from deadline to deadline, so lateness does not add up. It never spawns anything:
//! who does not ask for ticks gets none.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use corio_base::budget::Budget;
use corio_base::{Time, clock};
use corio_trace::book::PlacedLeaf;
use corio_trace::{Wait, WaitKind};
use futures_core::Stream;

use crate::sleep::Sleep;

/// Ticks at `now`, `now + period`, `now + 2 * period` and so on.
///
/// ```
/// use std::time::Duration;
///
/// corio_base::park::block_on(async {
///     let mut interval = corio_timer::interval(Duration::from_millis(1));
///     let first = interval.tick().await; // at once
///     let second = interval.tick().await;
///     assert_eq!(second - first, Duration::from_millis(1));
/// });
/// ```
///
/// # Panics
/// If `period` is zero.
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    start(clock::now(), period)
}

/// Ticks at `start`, `start + period`, `start + 2 * period` and so on.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// corio_base::park::block_on(async {
///     let start = Instant::now() + Duration::from_millis(1);
///     let mut interval = corio_timer::interval_at(start, Duration::from_secs(1));
///     assert_eq!(interval.tick().await, start);
/// });
/// ```
///
/// # Panics
/// If `period` is zero.
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    self::start(Time::from_instant(start), period)
}

#[track_caller]
fn start(next: Time, period: Duration) -> Interval {
    assert!(
        !period.is_zero(),
        "an interval's period is 0 ns, so all its ticks would be due at once: \
         give it a nanosecond at least, or call yield_now in a loop"
    );
    Interval {
        sleep: Sleep::at(next),
        next,
        period,
        missed: MissedTickBehavior::Burst,
        budget: Budget::new(),
    }
}

/// A tick that comes later than this is missed, and the [`MissedTickBehavior`] applies; one that is
/// less late is only late. A busy machine is late by a few milliseconds without meaning anything by
/// it. Where the period is shorter, being a whole period late is what counts.
const MISSED_AFTER_MAX: Duration = Duration::from_millis(5);

/// What an [`Interval`] does about ticks that nobody asked for in time.
///
/// ```text
///   period 50 ms; the task is busy from 60 to 170
///   due      0     50     100    150    200    250
///   Burst    0     50     170    170    200    250     all ticks, as fast as they are asked for
///   Delay    0     50     170        220        270    a whole period after the late one
///   Skip     0     50     170           200    250     as planned, without those that were missed
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MissedTickBehavior {
    /// Makes up for missed ticks at once, so that their number stays right.
    #[default]
    Burst,
    /// Counts from the late tick, so that ticks are never closer than a period.
    Delay,
    /// Leaves missed ticks out, so that ticks stay at multiples of the period.
    Skip,
}

impl MissedTickBehavior {
    /// The tick after the one that was due at `due` and came at `now`.
    fn after(self, due: Time, now: Time, period: Duration) -> Time {
        let late = now.saturating_since(due);
        if late <= MISSED_AFTER_MAX.min(period) {
            return due.saturating_add(period);
        }
        match self {
            MissedTickBehavior::Burst => due.saturating_add(period),
            MissedTickBehavior::Delay => now.saturating_add(period),
            MissedTickBehavior::Skip => {
                let into = late.as_nanos() % period.as_nanos();
                // Less than the lateness, which 64 bits count.
                let into = Duration::from_nanos(into as u64);
                now.saturating_add(period - into)
            }
        }
    }
}

/// The ticks of [`interval`] and [`interval_at`]; also an endless [`Stream`] of them.
#[derive(Debug)]
pub struct Interval {
    /// Ends at `next`.
    sleep: Sleep,
    next: Time,
    period: Duration,
    missed: MissedTickBehavior,
    /// Missed ticks come without waiting: so many of them in one poll at most.
    budget: Budget,
}

impl Interval {
    /// Waits for the next tick and says when it was due.
    ///
    /// # Cancel safety
    /// Nothing is lost: the tick goes to whoever asks next.
    #[track_caller]
    pub fn tick(&mut self) -> Tick<'_> {
        Tick { leaf: PlacedLeaf::new(Location::caller()), interval: self }
    }

    /// [`Interval::tick`] as a poll function; wakes the task that polled last.
    #[track_caller]
    pub fn poll_tick(&mut self, context: &mut Context<'_>) -> Poll<Instant> {
        let poll = self.poll_due(context);
        if poll.is_pending() && corio_trace::enabled() {
            let (kind, place) = (WaitKind::Sleep, Location::caller());
            corio_trace::record(&Wait { kind, object: 0, owner: None, place });
        }
        poll
    }

    fn poll_due(&mut self, context: &mut Context<'_>) -> Poll<Instant> {
        ready!(self.budget.poll_available(context));
        // A tick that is due already comes at once; a sleep would let others run first.
        if self.sleep.is_started() || self.next > clock::now() {
            ready!(Pin::new(&mut self.sleep).poll(context));
        }
        self.budget.spend();
        let due = self.next;
        self.reset_to(self.missed.after(due, clock::now(), self.period));
        // A deadline that has come is an instant.
        Poll::Ready(due.to_instant().unwrap_or_else(clock::now_instant))
    }

    /// The time between ticks.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// What happens to missed ticks.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Says what happens to missed ticks; [`MissedTickBehavior::Burst`] unless said.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }

    /// The next tick comes one period from now.
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// The next tick comes at once.
    pub fn reset_immediately(&mut self) {
        self.reset_to(clock::now());
    }

    /// The next tick comes `delay` from now.
    pub fn reset_after(&mut self, delay: Duration) {
        self.reset_to(clock::now().saturating_add(delay));
    }

    /// The next tick comes at `deadline`.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.reset_to(Time::from_instant(deadline));
    }

    fn reset_to(&mut self, next: Time) {
        self.next = next;
        self.sleep.reset_to(next);
    }
}

/// Waits for a tick; made by [`Interval::tick`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Tick<'a> {
    interval: &'a mut Interval,
    leaf: PlacedLeaf,
}

impl Future for Tick<'_> {
    type Output = Instant;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Instant> {
        let poll = self.interval.poll_due(context);
        match poll {
            Poll::Pending => self.leaf.wait(WaitKind::Sleep, 0, None),
            Poll::Ready(_) => self.leaf.clear(),
        }
        poll
    }
}

impl Stream for Interval {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.poll_tick(context).map(Some)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_tick() {
        use MissedTickBehavior::{Burst, Delay, Skip};
        // Milliseconds: (behavior, due, came at, next, why), period 50.
        let table = [
            (Burst, 100, 100, 150, "in time"),
            (Delay, 100, 105, 150, "5 ms are noise, not a missed tick"),
            (Skip, 100, 105, 150, "5 ms are noise, not a missed tick"),
            (Burst, 100, 170, 150, "the next one is due already"),
            (Delay, 100, 170, 220, "a period after the late one"),
            (Skip, 100, 170, 200, "the next multiple"),
            (Skip, 100, 200, 250, "on a multiple itself: that one is missed"),
        ];
        let ms = |ms| Time::ZERO.saturating_add(Duration::from_millis(ms));
        for (behavior, due, now, next, why) in table {
            let got = behavior.after(ms(due), ms(now), Duration::from_millis(50));
            assert_eq!(got, ms(next), "{behavior:?} {due} {now}: {why}");
        }
        let soon = Skip.after(ms(1), ms(5), Duration::from_micros(1_500));
        assert_eq!(soon, Time::from_nanos(5_500_000), "a short period is missed by a whole one");
    }
}
