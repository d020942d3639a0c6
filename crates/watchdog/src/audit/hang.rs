//! Loops that nothing in sight can wake: every loop of the process rests without a deadline and without a
//! descriptor, and every task waits for what only another task could do.
//!
//! Told of all loops at once, for a task on one loop may be what ends a wait on another. What cannot be known
//! is taken for alive: a task without a wait on record, a job on another thread, a signal, a child process.
//! One thing is left that nobody can see: a thread of the program's own that has the other
//! end of a channel. So this is a warning, and says so.
//!
//! **A rest that ends shows that there is such a thread**, and that rests of this length are the program's way: a
//! loop that is fed from outside waits for the next piece of work. So the next one is told of only when it is
//! [`LONGER`] times as long as any that ended.

use std::time::Duration;

use corio_base::clock::Time;
use corio_trace::book::{FrameKind, NodeKind, Snapshot, TaskRecord};
use corio_trace::{WaitKind, targets};

use super::LoopState;
use super::findings::{Findings, Key, Line};
use super::words;

/// A grant that is this much younger than the rest was made by another thread, and its wake is on the way: the
/// loop will go on. What is older has woken its task before. Two ticks of the coarse clock.
const GRANT_SLACK: Duration = Duration::from_millis(8);

/// How many times as long as those that ended a rest is before it is told of: the longer a program is used to wait,
/// the rarer it is told so, and a handful of times in all.
const LONGER: u32 = 10;

/// What looks have seen of rests that nothing in sight could end.
#[derive(Debug, Default)]
pub(super) struct Rests {
    /// The one that is under way: since when, and how many polls of each loop had begun by then.
    present: Option<(Time, Vec<u64>)>,
    /// How long the longest one was of which the end was seen; longer by up to the time between two looks.
    longest: Duration,
}

impl Rests {
    /// A look begins: a rest is over if a poll has begun since.
    pub(super) fn look(&mut self, loops: &[LoopState], now: Time) {
        if let Some((since, polls)) = &self.present
            && *polls != begun(loops)
        {
            self.longest = self.longest.max(now.saturating_since(*since));
            self.present = None;
        }
    }

    fn found(&mut self, loops: &[LoopState], since: Time) {
        self.present = Some((since, begun(loops)));
    }

    /// How long one has to be to be told of, where `limit` is set.
    fn limit(&self, limit: Duration) -> Duration {
        limit.max(self.longest.saturating_mul(LONGER))
    }
}

/// How many polls each loop has begun.
fn begun(loops: &[LoopState]) -> Vec<u64> {
    loops.iter().map(|one| one.polls).collect()
}

/// Tells of a process that hangs. `loops`: as they were before and after the snapshot.
pub(super) fn check(
    snapshot: &Snapshot,
    loops: &[LoopState],
    limit: Duration,
    rests: &mut Rests,
    findings: &mut Findings<'_>,
) {
    let Some(since) = all_alone_since(loops) else { return };
    let has_gaps = snapshot.lost > 0 || !snapshot.polled.is_empty();
    let may_be_woken = |task| may_be_woken(task, since);
    if has_gaps || snapshot.tasks.is_empty() || snapshot.tasks.iter().any(may_be_woken) {
        return;
    }
    let key = Key::Hang(snapshot.tasks.iter().map(|task| (task.id, task.polls)).collect());
    let now = findings.now;
    rests.found(loops, since);
    let due = since.saturating_add(rests.limit(limit));
    findings.add(key, due, || tell(snapshot, loops, since, now));
}

/// Since when all loops rest, and nothing but another thread can wake them.
fn all_alone_since(loops: &[LoopState]) -> Option<Time> {
    let mut since = None;
    for one in loops {
        if one.polling.is_some() {
            return None;
        }
        since = since.max(Some(one.alone_since?));
    }
    since
}

/// Whether anything but a task may end one of the task's waits. What was granted before the loops came to
/// rest, at `rest`, has woken its task then, which did not take it.
fn may_be_woken(task: &TaskRecord, rest: Time) -> bool {
    let (mut waits, mut may) = (0, task.late);
    words::each_wait(task, |path, kind| {
        waits += 1;
        let is_limited = path.iter().any(|node| node.kind == NodeKind::Frame(FrameKind::Timeout));
        let granted = path.last().and_then(|node| node.granted);
        let is_granted = granted.is_some_and(|at| at > rest.saturating_add(GRANT_SLACK));
        may |= is_limited || is_granted || !is_up_to_tasks(kind);
        !may
    });
    may || waits == 0
}

/// Whether it takes a task, or a thread of the program's own, to end such a wait.
fn is_up_to_tasks(kind: WaitKind) -> bool {
    matches!(
        kind,
        WaitKind::Join
            | WaitKind::Group
            | WaitKind::Lock
            | WaitKind::Semaphore
            | WaitKind::Event
            | WaitKind::Condition
            | WaitKind::Barrier
            | WaitKind::Queue
            | WaitKind::Channel
    )
}

fn tell(snapshot: &Snapshot, loops: &[LoopState], since: Time, now: Time) -> Line {
    let threads: Vec<String> = loops
        .iter()
        .map(|one| one.thread.as_deref().map_or("unnamed".to_owned(), |name| format!("'{name}'")))
        .collect();
    let what = match loops.len() {
        1 => format!("the loop of thread {}", threads[0]),
        _ => format!("the loops of threads {}", threads.join(", ")),
    };
    let tasks = snapshot
        .tasks
        .iter()
        .map(|task| format!("{} waits for {}", words::label(task), words::waits(task, now)));
    let (span, tasks) = (words::span(since, now), words::list(tasks));
    Line::warning(
        targets::HANG,
        format_args!(
            "Nothing that corio knows of will ever wake {what}, at rest for {span}: every task waits for \
             another one{tasks}\n\
             A thread of the program's own may still do so; then a longer hang limit keeps this quiet"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_rest_may_be_ten_times_as_long_as_the_longest_that_ended() {
        const LIMIT: Duration = Duration::from_secs(10);
        let at = |seconds: u64| Time::from_nanos(seconds * 1_000_000_000);
        let mut rests = Rests::default();
        // (polls of the loop, looked at, what rests since then, limit in seconds)
        for (polls, now, since, expected) in [
            (1, 4, Some(0), 10),
            (1, 5, Some(0), 10),
            (2, 6, Some(6), 60),  // the first has ended
            (2, 7, None, 60),     // cannot be said
            (3, 8, Some(8), 60),  // a shorter one
            (3, 90, Some(8), 60), // told of, and yet
            (4, 91, None, 830),   // it ends
        ] {
            let state =
                LoopState { home: 1, thread: None, polls, polling: None, alone_since: None };
            rests.look(std::slice::from_ref(&state), at(now));
            if let Some(since) = since {
                rests.found(&[state], at(since));
            }
            assert_eq!(rests.limit(LIMIT).as_secs(), expected, "at {now}");
        }
    }
}
