//! The thread that watches the loops: looks, asks for stacks, writes warnings, sleeps.
//!
//! ```text
//!   Sample::take ─▶ Lookout::look ─▶ for each poll that is due: Stacks::take ─▶ Report::text ─▶ the log
//!        ▲                                                                                       │
//!        └──── a poll begins, or the next one is due ◀── until_poll, or a pause ◀────────────────┘
//! ```
//!
//! One a process, named `corio-watchdog`; it is never joined and ends with the process. It holds no lock while
//! it makes out a stack or logs, and the lock on the list of loops only while it reads the list or sends
//! a signal. A logger that blocks or panics harms nobody but this thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use corio_base::clock::{self, Time};
use corio_trace::pulse::{self, Pulse};
use corio_trace::{TaskLabel, book, recent, report_error, report_warning, slow_poll};

use crate::audit::Audit;
use crate::config::Config;
use crate::frame::{NoStack, Stack};
use crate::lookout::{self, Due, Lookout, PollKey};
use crate::report::Report;
use crate::sleep;
use crate::stack::Stacks;

/// Everything the thread has.
struct Watch {
    lookout: Lookout,
    stacks: Stacks,
    sample: Sample,
    audit: Audit,
}

/// What all loops do at one moment.
#[derive(Default)]
struct Sample {
    running: Vec<(Arc<Pulse>, PollKey)>,
    keys: Vec<PollKey>,
    /// Changes when a poll begins.
    polls: u64,
}

impl Sample {
    fn take(&mut self) {
        self.running.clear();
        self.keys.clear();
        pulse::with_all(|all| {
            self.polls = count(all);
            for pulse in all {
                if let Some(key) = running(pulse) {
                    self.running.push((Arc::clone(pulse), key));
                    self.keys.push(key);
                }
            }
        });
    }
}

/// The poll under way on this loop.
fn running(pulse: &Arc<Pulse>) -> Option<PollKey> {
    let polling = pulse.polling()?;
    let key = PollKey::new(Arc::as_ptr(pulse) as usize, &polling);
    // A poll that ends while it is read may show no time; whatever is due is read again before it counts.
    (key.since > Time::ZERO).then_some(key)
}

/// A number that changes when a poll begins, or a loop comes or goes.
fn count(all: &[Arc<Pulse>]) -> u64 {
    all.iter().fold(0, |sum, pulse| {
        // An odd factor for each loop: that one begins what another takes away is not to add up.
        let factor = Arc::as_ptr(pulse) as u64 | 1;
        pulse.number().wrapping_add(1).wrapping_mul(factor).wrapping_add(sum)
    })
}

/// Runs the thread's life.
pub(crate) fn run(config: &Config) -> ! {
    let mut watch = Watch {
        lookout: Lookout::default(),
        stacks: Stacks::new(config),
        sample: Sample::default(),
        audit: Audit::default(),
    };
    loop {
        watch.turn();
    }
}

impl Watch {
    /// Looks once, reports what is due, and sleeps until there may be more.
    fn turn(&mut self) {
        let polls_before = self.sample.polls;
        self.sample.take();
        let slow_poll = slow_poll();
        // With debug mode off nobody is told, so nothing is asked; a poll that goes on is then as good as none.
        let keys = if corio_trace::enabled() { self.sample.keys.as_slice() } else { &[] };
        let look = self.lookout.look(clock::coarse_now(), slow_poll, keys);
        if !look.due.is_empty() {
            for due in look.due {
                self.report(due);
            }
            // That took its time: look again first.
            return;
        }
        let next = look.next.min(self.audit());
        let now = clock::coarse_now();
        let left = (!next.is_never()).then(|| next.saturating_since(now).max(TICK));
        if self.sample.polls == polls_before {
            sleep::until_poll(left, polls_before, || pulse::with_all(count));
        } else {
            let period = lookout::period(slow_poll);
            thread::sleep(left.map_or(period, |left| left.min(period)));
        }
    }

    /// Looks at the book if it is time to, and says when it will be.
    fn audit(&mut self) -> Time {
        if !corio_trace::enabled() {
            return Time::NEVER;
        }
        let polls = self.sample.polls;
        let now = clock::coarse_now();
        if now >= self.audit.next(polls) {
            let audit = &mut self.audit;
            // Unwind safe: a look that failed is made again, and begins anew.
            let lines = catch_unwind(AssertUnwindSafe(|| audit.look(now, polls)));
            for line in lines.unwrap_or_default() {
                let report = if line.is_error { report_error } else { report_warning };
                report(line.target, format_args!("{}", line.text));
            }
        }
        self.audit.next(polls)
    }

    /// Tells of a poll that takes long, unless it ends now.
    fn report(&mut self, due: Due) {
        let of_loop = |(_, key): &&(Arc<Pulse>, PollKey)| *key == due.key;
        let Some((pulse, _)) = self.sample.running.iter().find(of_loop) else { return };
        let still_runs = || running(pulse) == Some(due.key);
        let stacks = &mut self.stacks;
        // Unwind safe: what panics in there is foreign debug information being read; what it leaves behind
        // is looked at again from the beginning.
        let taken = catch_unwind(AssertUnwindSafe(|| take(stacks, pulse, due.key)));
        let (at, what, stack) = taken.unwrap_or_else(|payload| {
            corio_base::quiet::drop_quietly(payload);
            let failed = NoStack::Because("making it out failed".to_owned());
            (clock::coarse_now(), label(&due.key), Err(failed))
        });
        if matches!(stack, Err(NoStack::Over)) {
            return;
        }
        let taken = at.saturating_since(due.key.since);
        let still_runs = still_runs();
        let text = Report { what, taken, count: due.count, still_runs, stack }.text();
        let PollKey { task, place, since, .. } = due.key;
        let task = Some(task).filter(|&task| task != pulse::CALL);
        let frames = text.lines().skip(1).map(|line| line.trim().to_owned());
        recent::has_taken(task, place, since, taken, still_runs, frames);
        report_warning(corio_trace::slow::TARGET_SLOW, format_args!("{text}"));
    }
}

/// What the poll is of, as it is called in messages.
fn label(key: &PollKey) -> String {
    match (key.task, key.place) {
        (pulse::CALL, Some(place)) => format!("<Handle created at {place}>"),
        (pulse::CALL, None) => "<Handle>".to_owned(),
        (id, location) => book::task_label(id)
            .unwrap_or_else(|| TaskLabel { id, name: None, location }.to_string()),
    }
}

/// The stack of the loop's thread in this poll, the moment it was taken at, and what the poll is of.
fn take(
    stacks: &mut Stacks,
    pulse: &Arc<Pulse>,
    key: PollKey,
) -> (Time, String, Result<Stack, NoStack>) {
    let is_running = || running(pulse) == Some(key);
    let copied = stacks.copy(pulse, is_running);
    let at = clock::coarse_now();
    // Without a copy there is still something to tell, if the poll was not a misreading.
    if copied.is_err() && !is_running() {
        return (at, String::new(), Err(NoStack::Over));
    }
    // Before it is made out, which takes its time: a task that ends meanwhile takes its name along.
    let what = label(&key);
    (at, what, copied.map(|copy| stacks.make_out(&copy)))
}

/// What the coarse clock may be late by: a sleep that is shorter would find nothing changed.
const TICK: std::time::Duration = std::time::Duration::from_millis(4);
