//! Tasks that wait for each other in a circle, so that none of them can ever go on; over permits, unless somebody
//! adds some.
//!
//! **The race.** A look at the book takes a while, and tasks go on meanwhile: what was read of one may be over
//! when the other is read. So a circle counts only if a second look finds the same one, made of
//! the same waits, and none of its tasks was polled from its first reading to its second. At the moment
//! between the two looks all of its waits stood, and nobody was about to end one.

use std::collections::HashSet;
use std::time::Duration;

use corio_base::clock::Time;
use corio_trace::book::graph::{self, Edge};
use corio_trace::book::{self, NodeKind, Snapshot};
use corio_trace::{WaitKind, targets};

use super::findings::{Findings, Key, Line};
use super::words;

/// How long a circle has to stand. What is for ever can wait for it, and one thing ends a circle from outside: a
/// reader stands behind a writer who has not got the lock and gives up, and so with permits. Limits in time are
/// mostly shorter than this or much longer, so that those whose writers give up soon are not told of.
const STANDS: Duration = Duration::from_millis(500);

/// One step of a circle: the task, how often it was polled, what it waits for and since when, and whom.
type Step = (u64, u64, u64, Time, u64);

/// Tells of circles, and gives the tasks that are in one.
pub(super) fn check(snapshot: &Snapshot, findings: &mut Findings<'_>) -> HashSet<u64> {
    let mut circles = circles(snapshot);
    if circles.iter().any(|circle| !findings.is_known(&key(circle))) {
        let again = self::circles(&book::snapshot());
        circles.retain(|circle| again.contains(circle));
    }
    for circle in &circles {
        let since = circle.iter().map(|step| step.3).max().unwrap_or(Time::ZERO);
        findings.add(key(circle), since.saturating_add(STANDS), || tell(snapshot, circle));
    }
    circles.iter().flatten().map(|step| step.0).collect()
}

/// A circle is the same with other waits, too: its tasks have not gone on.
fn key(circle: &[Step]) -> Key {
    Key::Circle(circle.iter().map(|step| step.0).collect())
}

/// The circles, each from its smallest task on.
fn circles(snapshot: &Snapshot) -> Vec<Vec<Step>> {
    let stuck = graph::stuck(snapshot, &snapshot.polled);
    if stuck.is_empty() {
        return Vec::new();
    }
    let edges = graph::edges(snapshot);
    let step = |from: u64, to: u64| {
        let edge = edge(&edges, from, to)?;
        let wait = edge.path.last()?;
        let polls = words::task(snapshot, from)?.polls;
        Some((from, polls, wait.object, wait.since, to))
    };
    let circle = |tasks: &Vec<u64>| {
        let mut steps: Vec<Step> =
            tasks.windows(2).map(|pair| step(pair[0], pair[1])).collect::<Option<_>>()?;
        let first = (0..steps.len()).min_by_key(|&at| steps[at].0)?;
        steps.rotate_left(first);
        Some(steps)
    };
    stuck.iter().filter_map(circle).collect()
}

fn edge<'a, 'b>(edges: &'b [Edge<'a>], from: u64, to: u64) -> Option<&'b Edge<'a>> {
    // They are in the order of their waiters.
    let first = edges.partition_point(|edge| edge.waiter < from);
    edges[first..].iter().take_while(|edge| edge.waiter == from).find(|edge| edge.on == to)
}

fn tell(snapshot: &Snapshot, circle: &[Step]) -> Line {
    let edges = graph::edges(snapshot);
    let now = corio_base::clock::coarse_now();
    let wait = |from: u64, to: u64| {
        let edge = edge(&edges, from, to)?;
        match edge.path.last()?.kind {
            NodeKind::Wait(kind) => Some((edge, kind)),
            NodeKind::Frame(_) => None,
        }
    };
    let kinds = circle.iter().filter_map(|step| Some(wait(step.0, step.4)?.1));
    let hope = match kinds.into_iter().any(|kind| kind == WaitKind::Semaphore) {
        // Permits are no task's: anybody may add some.
        true => "can go on only if somebody adds permits",
        false => "can never go on",
    };
    let head = match circle.len() {
        1 => format!("Deadlock: a task waits for itself and {hope}"),
        count => format!("Deadlock: {count} tasks wait for each other and {hope}"),
    };
    let steps = circle.iter().map(|&(from, _, object, _, to)| {
        let task = words::label_of(snapshot, from);
        let Some((edge, kind)) = wait(from, to) else { return task };
        let wait = words::wait(&edge.path, kind, now);
        format!("{task} waits for {wait}, {}", whose(snapshot, kind, object, to, now))
    });
    Line::error(targets::DEADLOCK, format_args!("{head}{}", words::list(steps)))
}

/// What the other task has to do with the wait.
fn whose(snapshot: &Snapshot, kind: WaitKind, object: u64, on: u64, now: Time) -> String {
    let label = words::label_of(snapshot, on);
    if matches!(kind, WaitKind::Join | WaitKind::Blocking) {
        return format!("which is {label}");
    }
    let is_it = |held: &&book::HeldRecord| held.kind == kind && held.object == object;
    let held = words::task(snapshot, on).and_then(|task| task.holds.iter().find(is_it));
    match (kind, held) {
        (WaitKind::Group, _) => format!("of which one is {label}"),
        (_, Some(held)) => {
            let since = words::span(held.since, now);
            format!("which {label} has held for {since}, since {}", held.place)
        }
        (_, None) => format!("which is up to {label}"),
    }
}
