//! Which polls are to be reported now, and when to look again. No clock, no threads: `watch` brings both.
//!
//! A poll is reported when it has taken `slow_poll`, then at twice that, four times and so on: a loop that is
//! stuck for a day gives twenty reports.

use std::panic::Location;
use std::time::Duration;

use corio_base::clock::Time;
use corio_trace::pulse::Polling;

/// The shortest limit that polls are held to while they run, and the shortest pause between two looks: a
/// thread that wakes more often than that costs more than it finds. What is faster is seen afterwards.
const SHORTEST: Duration = Duration::from_millis(5);
/// The longest pause between two looks while loops are at work, so that a limit that is lowered holds soon.
const LONGEST: Duration = Duration::from_millis(500);
/// The pause between two looks is this part of the limit: a poll is reported at most a quarter of the limit
/// late.
const LOOKS_PER_LIMIT: u32 = 4;
/// How many reported polls are remembered for each loop. There are several only where a poll polls a task
/// of its own.
const REMEMBERED_PER_LOOP: usize = 8;

/// What was seen before.
#[derive(Debug, Default)]
pub(crate) struct Lookout {
    reported: Vec<Reported>,
}

/// A poll that was reported and may run still.
#[derive(Debug)]
struct Reported {
    key: PollKey,
    count: u32,
    /// How long it takes until it is reported again.
    again: Duration,
}

/// A poll. Its number is no part: a poll within it counts too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PollKey {
    /// Which loop's.
    pub(crate) pulse: usize,
    pub(crate) task: u64,
    /// Where the task was spawned.
    pub(crate) place: Option<&'static Location<'static>>,
    pub(crate) since: Time,
}

impl PollKey {
    pub(crate) fn new(pulse: usize, polling: &Polling) -> PollKey {
        PollKey { pulse, task: polling.task, place: polling.place, since: polling.since }
    }
}

/// A poll to be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) key: PollKey,
    /// The how manieth report about it this is, from 1 on.
    pub(crate) count: u32,
}

/// What a look has shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) due: Vec<Due>,
    /// When the next of the polls that run now will be due; [`Time::NEVER`] if none runs.
    pub(crate) next: Time,
}

/// How long a poll may take before it is reported while it runs.
pub(crate) fn limit(slow_poll: Duration) -> Duration {
    slow_poll.max(SHORTEST)
}

/// The pause between two looks while loops are at work.
pub(crate) fn period(slow_poll: Duration) -> Duration {
    (slow_poll / LOOKS_PER_LIMIT).clamp(SHORTEST, LONGEST)
}

impl Lookout {
    /// Looks at the polls that run at `now`.
    pub(crate) fn look(&mut self, now: Time, slow_poll: Duration, running: &[PollKey]) -> Look {
        // What began after the loop's present poll cannot run any more; what began before may be around it.
        self.reported.retain(|reported| {
            let loops = running.iter().find(|key| key.pulse == reported.key.pulse);
            loops.is_some_and(|present| {
                reported.key == *present || reported.key.since < present.since
            })
        });
        let mut look = Look { due: Vec::new(), next: Time::NEVER };
        for key in running {
            let taken = now.saturating_since(key.since);
            let mut threshold = self.threshold(key, slow_poll);
            if taken >= threshold {
                while taken >= threshold {
                    threshold = threshold.saturating_mul(2);
                }
                look.due.push(Due { key: *key, count: self.note(*key, threshold) });
            }
            look.next = look.next.min(key.since.saturating_add(threshold));
        }
        let remembered_max = REMEMBERED_PER_LOOP * running.len();
        if self.reported.len() > remembered_max {
            self.reported.drain(..self.reported.len() - remembered_max);
        }
        look
    }

    /// How long this poll takes when it is reported next.
    fn threshold(&self, key: &PollKey, slow_poll: Duration) -> Duration {
        let before = self.reported.iter().find(|reported| reported.key == *key);
        before.map_or(limit(slow_poll), |reported| reported.again)
    }

    /// Notes a report and gives its count.
    fn note(&mut self, key: PollKey, again: Duration) -> u32 {
        if let Some(before) = self.reported.iter_mut().find(|reported| reported.key == key) {
            before.count += 1;
            before.again = again;
            return before.count;
        }
        self.reported.push(Reported { key, count: 1, again });
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(100);

    fn at(millis: u64) -> Time {
        Time::from_nanos(1_000_000_000 + millis * 1_000_000)
    }

    fn poll(pulse: usize, task: u64, since: u64) -> PollKey {
        PollKey { pulse, task, place: None, since: at(since) }
    }

    #[track_caller]
    fn check(lookout: &mut Lookout, now: u64, running: &[PollKey], due: &[(u64, u32)], next: Time) {
        let look = lookout.look(at(now), LIMIT, running);
        let found: Vec<_> = look.due.iter().map(|due| (due.key.task, due.count)).collect();
        assert_eq!((found.as_slice(), look.next), (due, next));
    }

    #[test]
    fn a_poll_is_reported_at_the_limit_and_then_at_doubling_times() {
        let mut lookout = Lookout::default();
        let running = [poll(1, 7, 0)];
        check(&mut lookout, 0, &[], &[], Time::NEVER);
        check(&mut lookout, 50, &running, &[], at(100));
        check(&mut lookout, 100, &running, &[(7, 1)], at(200));
        check(&mut lookout, 150, &running, &[], at(200));
        check(&mut lookout, 210, &running, &[(7, 2)], at(400));
        // Looked at late, it is reported once, and the times that went by are not made up for.
        check(&mut lookout, 1700, &running, &[(7, 3)], at(3200));
        // The next poll of the task is another poll.
        check(&mut lookout, 1800, &[poll(1, 7, 1700)], &[(7, 1)], at(1900));
    }

    #[test]
    fn loops_are_looked_at_one_by_one() {
        let mut lookout = Lookout::default();
        let running = [poll(1, 7, 0), poll(2, 8, 50)];
        check(&mut lookout, 120, &running, &[(7, 1)], at(150));
        check(&mut lookout, 160, &running, &[(8, 1)], at(200));
        check(&mut lookout, 170, &running[1..], &[], at(250));
    }

    #[test]
    fn a_poll_around_others_is_not_reported_anew() {
        let mut lookout = Lookout::default();
        check(&mut lookout, 100, &[poll(1, 7, 0)], &[(7, 1)], at(200));
        for inner in 0..50 {
            let since = 101 + inner;
            check(&mut lookout, since, &[poll(1, 8, since)], &[], at(since + 100));
        }
        check(&mut lookout, 160, &[poll(1, 7, 0)], &[], at(200));
    }

    #[test]
    fn pauses_are_a_quarter_of_the_limit_within_bounds() {
        assert_eq!(period(Duration::from_millis(100)), Duration::from_millis(25));
        assert_eq!(period(Duration::ZERO), SHORTEST);
        assert_eq!(period(Duration::MAX), LONGEST);
        assert_eq!(limit(Duration::ZERO), SHORTEST);
    }
}
