//! The regular look at the book: circles, loops that nothing can wake, locks that keep others waiting, tasks
//! that do not end.
//!
//! ```text
//!   Audit::next ── is it time? ──▶ Audit::look ─▶ snapshot ─▶ circle · hang · lock · cancel ─▶ Findings
//!        ▲                                                                                     │
//!        └── a poll has begun since, or something is due ◀── not_before: 1 s, or 110 looks ◀───┘
//! ```
//!
//! Called by `watch` on the watchdog's thread, which writes the lines. Each finding is told once: it has a
//! [`Key`], and is told again only after a look that did not find it.
//!
//! **Cost.** A look reads all records and puts them in order, some 4 µs a task that waits for one thing: 0.4 s
//! for 100 000 tasks. So looks are as far apart as 110 of them take, at least a second: less than one part in a
//! hundred of one core. With 1 000 tasks, or 2 000, there is one a second, with 100 000 one in 44 seconds. With
//! debug mode off there is none. While
//! no loop begins a poll nothing in the book changes but by threads of others, so one look after the last
//! poll is enough, but when a limit runs out for something that stood there at the last look.

mod cancel;

mod circle;

mod findings;

mod hang;

mod lock;

mod words;

use std::time::{Duration, Instant};

use corio_base::clock::Time;
use corio_trace::pulse::{self, Polling};
use corio_trace::{Limit, book};

use findings::{Findings, Key};

pub(crate) use findings::Line;

/// The shortest time between two looks: what they find has lasted for long, or lasts for ever.
const PERIOD: Duration = Duration::from_secs(1);
/// The time between two looks is at least this many times what the last one took.
const PERIOD_LOOKS: u32 = 110;

/// What the watchdog knows of earlier looks.
#[derive(Debug)]
pub(crate) struct Audit {
    /// What was found in the last look.
    known: std::collections::HashSet<Key>,
    /// How many polls had begun when the last look was made.
    polls: u64,
    /// Nothing has happened in the last look, nor since the one before it.
    is_quiet: bool,
    /// The rests of the loops that were found.
    rests: hang::Rests,
    /// When something runs out, as the last look had it.
    due: Time,
    not_before: Time,
}

/// A loop, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoopState {
    pub(crate) home: usize,
    pub(crate) thread: Option<Box<str>>,
    /// How many polls have begun.
    pub(crate) polls: u64,
    pub(crate) polling: Option<Polling>,
    pub(crate) alone_since: Option<Time>,
}

/// All loops, now.
pub(crate) fn loops() -> Vec<LoopState> {
    pulse::with_all(|all| {
        let state = |pulse: &std::sync::Arc<pulse::Pulse>| LoopState {
            home: pulse.home(),
            thread: pulse.thread_name().map(Into::into),
            polls: pulse.number(),
            polling: pulse.polling(),
            alone_since: pulse.alone_since(),
        };
        all.iter().map(state).collect()
    })
}

impl Default for Audit {
    fn default() -> Self {
        Audit {
            known: Default::default(),
            polls: 0,
            is_quiet: false,
            rests: Default::default(),
            due: Time::NEVER,
            not_before: Time::ZERO,
        }
    }
}

impl Audit {
    /// When to look next, if nothing else happens until then; `polls` changes when a poll begins.
    pub(crate) fn next(&self, polls: u64) -> Time {
        let wanted = if self.is_quiet && self.polls == polls { self.due } else { Time::ZERO };
        wanted.max(self.not_before)
    }

    /// Looks at the book and gives what is to be told.
    pub(crate) fn look(&mut self, now: Time, polls: u64) -> Vec<Line> {
        // A look that panics is not made again at once.
        self.not_before = now.saturating_add(PERIOD);
        let begun = Instant::now();
        let before = loops();
        self.rests.look(&before, now);
        let snapshot = book::snapshot();
        let mut findings = Findings::new(now, &self.known);
        let circles = circle::check(&snapshot, &mut findings);
        let after = loops();
        lock::check_held(&snapshot, Limit::LockHeld.get(), &circles, &mut findings);
        lock::check_granted(&snapshot, Limit::Grant.get(), &after, &mut findings);
        cancel::check(&snapshot, &book::asked_to_end(), Limit::Cancel.get(), &mut findings);
        if circles.is_empty() && before == after {
            hang::check(&snapshot, &after, Limit::Hang.get(), &mut self.rests, &mut findings);
        }
        let Findings { found, lines, due, .. } = findings;
        self.known = found;
        // A poll that goes on may leave things otherwise without another one beginning; so may the end of
        // one which the loop has not come to rest after. One look more finds that.
        let is_polling = before.iter().chain(&after).any(|one| one.polling.is_some());
        self.is_quiet = !is_polling && self.polls == polls;
        self.polls = polls;
        self.due = due;
        let pause = PERIOD.max(begun.elapsed().saturating_mul(PERIOD_LOOKS));
        self.not_before = now.saturating_add(pause);
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_made_when_something_happened_or_is_due_and_not_too_often() {
        let mut audit = Audit::default();
        let at = |millis: u64| Time::from_nanos(millis * 1_000_000);
        assert_eq!(audit.next(1), Time::ZERO);
        audit.look(at(3_000), 1);
        assert!(audit.next(1) >= at(4_000), "to see how it has come to rest");
        audit.look(at(5_000), 1);
        audit.due = Time::NEVER;
        assert!(audit.next(1).is_never(), "nothing happened");
        assert!(audit.next(2) >= at(6_000), "not too often");
        audit.due = at(60_000);
        assert_eq!(audit.next(1), at(60_000));
        audit.due = at(5_001);
        assert!(audit.next(1) >= at(6_000));
    }
}
