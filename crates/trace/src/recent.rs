//! The slow polls of the last while, for whoever looks at a program from outside: what the log was told, as
//! values.
//!
//! ```text
//!   watchdog:  has_taken: a poll lasts, and here is its stack ──┐
//!   loop:      took: a poll is over, and it was long ───────────┴─▶ the last KEPT_MAX ◀─ slow_polls: a reader
//! ```
//!
//! Written on the cold paths that write to the log ([`slow`](crate::slow) and the watchdog), so a program
//! without slow polls pays nothing. Everything here is text and numbers of ours: nothing of the user's is
//! dropped under the lock.

use std::collections::VecDeque;
use std::panic::Location;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use corio_base::clock::{self, Time};

/// How many are kept: more than fit on a screen, and with stacks some hundred KiB at most.
pub const KEPT_MAX: usize = 64;
/// Lines kept of a stack: what the watchdog prints has fewer.
const STACK_LINES_MAX: usize = 128;

static KEPT: Mutex<Kept> = Mutex::new(Kept { polls: VecDeque::new(), numbers: 0 });

struct Kept {
    /// The oldest first.
    polls: VecDeque<SlowPoll>,
    /// Given so far.
    numbers: u64,
}

/// A poll that took longer than [`slow_poll`](crate::slow_poll), or a function that the loop called and
/// that did.
#[derive(Clone, Debug, PartialEq)]
pub struct SlowPoll {
    /// Which of the process it is, from 1 on.
    pub number: u64,
    /// The task; `None` for a function that the loop called.
    pub task: Option<u64>,
    /// The name the task was given.
    pub name: Option<String>,
    /// Where it was spawned, or the call was made.
    pub place: Option<&'static Location<'static>>,
    /// How long it took; while it lasts, how long it had taken when that was last seen.
    pub took: Duration,
    /// When it began, on the coarse clock.
    pub since: Time,
    /// Whether it has not ended, as far as is known.
    pub lasts: bool,
    /// Where it was while it lasted, a frame a line, the innermost first; empty if nobody looked.
    pub stack: Vec<String>,
}

impl SlowPoll {
    /// Whether `other` tells of this same poll: of the same task, begun at the same time as far as the coarse
    /// clock can tell, and not one after the other.
    fn is(&self, other: &SlowPoll) -> bool {
        /// Its steps, twice: one for each of the two readings.
        const APART_MAX: Duration = Duration::from_millis(20);
        let apart = Duration::from_nanos(self.since.as_nanos().abs_diff(other.since.as_nanos()));
        self.task == other.task
            && self.place == other.place
            && apart <= APART_MAX
            && apart < self.took.min(other.took)
    }

    /// What the two know of it. Either may come first: the watchdog takes its time for the stack.
    fn and(self, new: SlowPoll) -> SlowPoll {
        SlowPoll {
            took: self.took.max(new.took),
            lasts: self.lasts && new.lasts,
            name: new.name.or(self.name),
            stack: if new.stack.is_empty() { self.stack } else { new.stack },
            ..self
        }
    }
}

/// When a poll began that is over now and took so long.
fn begun(took: Duration) -> Time {
    let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
    Time::from_nanos(clock::coarse_now().as_nanos().saturating_sub(took))
}

fn kept() -> MutexGuard<'static, Kept> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The slow polls of the last while, first the one of which something was heard last: that it is over, or where it
/// was.
pub fn slow_polls() -> Vec<SlowPoll> {
    kept().polls.iter().rev().cloned().collect()
}

/// A poll that began at `since`, on the coarse clock, has taken so long, and lasts or has just ended; `stack`
/// is where it was, a frame a line.
pub fn has_taken(
    task: Option<u64>,
    place: Option<&'static Location<'static>>,
    since: Time,
    took: Duration,
    lasts: bool,
    stack: impl Iterator<Item = String>,
) {
    let stack = stack.take(STACK_LINES_MAX).collect();
    keep(SlowPoll { number: 0, task, name: None, place, took, since, lasts, stack });
}

/// A poll is over, and was slow.
pub(crate) fn took(
    task: Option<u64>,
    name: Option<&str>,
    place: &'static Location<'static>,
    took: Duration,
) {
    keep(SlowPoll {
        number: 0,
        task,
        name: name.map(str::to_owned),
        place: Some(place),
        took,
        since: begun(took),
        lasts: false,
        stack: Vec::new(),
    });
}

/// Adds a slow poll, or what there is to add to one.
fn keep(new: SlowPoll) {
    let mut kept = kept();
    let Kept { polls, numbers } = &mut *kept;
    let known = polls.iter().rposition(|poll| poll.is(&new)).and_then(|at| polls.remove(at));
    if polls.len() == KEPT_MAX {
        polls.pop_front();
    }
    polls.push_back(match known {
        Some(known) => known.and(new),
        None => {
            *numbers += 1;
            SlowPoll { number: *numbers, ..new }
        }
    });
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn of(task: u64) -> Vec<SlowPoll> {
        slow_polls().into_iter().filter(|poll| poll.task == Some(task)).collect()
    }

    #[test]
    fn a_poll_that_was_seen_while_it_lasted_is_one_poll() {
        let place = Location::caller();
        let stack = || ["std::thread::sleep".to_owned()].into_iter();
        let ms = Duration::from_millis;
        has_taken(Some(71), Some(place), begun(ms(100)), ms(100), true, stack());
        assert!(of(71)[0].lasts);
        took(Some(71), Some("one"), place, ms(101));
        // The watchdog is late with a second look.
        has_taken(Some(71), Some(place), begun(ms(101)), ms(100), true, stack());
        let [poll] = &of(71)[..] else { panic!("one poll: {:?}", of(71)) };
        assert_eq!((poll.lasts, poll.stack.len(), poll.name.as_deref()), (false, 1, Some("one")));
        // The next poll of the same task is another one.
        took(Some(71), None, place, ms(500));
        let polls = of(71);
        assert_eq!(polls.len(), 2);
        assert_eq!(polls[0].took, ms(500), "the newest first");
    }

    #[test]
    fn no_more_are_kept_than_so_many() {
        let place = Location::caller();
        for ms in 0..2 * KEPT_MAX as u64 {
            took(Some(72), None, place, Duration::from_millis(ms));
        }
        assert!(slow_polls().len() <= KEPT_MAX);
        assert_eq!(of(72)[0].took, Duration::from_millis(2 * KEPT_MAX as u64 - 1));
    }
}
