//! Locks that keep others waiting: held for long, or granted to a future that nobody polls.
//!
//! The second is how a task stops others without holding anything itself: it keeps a future that waits for
//! a lock, awaits something else meanwhile, and the lock's turn comes to that future. It then has the lock
//! and does not know.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use corio_base::clock::Time;
use corio_trace::book::{HeldRecord, Snapshot, TaskRecord};
use corio_trace::{WaitKind, targets};

use super::LoopState;
use super::findings::{Findings, Key, Line};
use super::words;

/// The tasks that wait for an object and were not granted it.
type Waiters<'a> = HashMap<(WaitKind, u64), Vec<&'a TaskRecord>>;

/// By so much at most the moment of a grant may be too early in the book: its low bits say of which wait it is.
const GRANT_STEP_NANOS: u64 = 1 << 20;

fn waiters(snapshot: &Snapshot) -> Waiters<'_> {
    let mut waiters = Waiters::new();
    for task in &snapshot.tasks {
        words::each_wait(task, |path, kind| {
            if let Some(leaf) = path.last().filter(|leaf| leaf.granted.is_none()) {
                waiters.entry((kind, leaf.object)).or_default().push(task);
            }
            true
        });
    }
    waiters
}

/// Tells of locks that are held for longer than `limit` while somebody waits; of permits it does not, which
/// are there to be held. `circles` are tasks of which more has been told already.
pub(super) fn check_held(
    snapshot: &Snapshot,
    limit: Duration,
    circles: &HashSet<u64>,
    findings: &mut Findings<'_>,
) {
    let waiters = waiters(snapshot);
    // Of several that share a lock the one that has it longest.
    let mut oldest: BTreeMap<u64, (Option<&TaskRecord>, &HeldRecord)> = BTreeMap::new();
    let of_tasks = snapshot
        .tasks
        .iter()
        .flat_map(|task| task.holds.iter().map(move |held| (Some(task), held)));
    let of_none = snapshot.ownerless.iter().map(|held| (None, held));
    for (holder, held) in of_tasks.chain(of_none) {
        let is_waited_for = waiters.contains_key(&(held.kind, held.object));
        let is_told = holder.is_some_and(|task| circles.contains(&task.id));
        if held.kind != WaitKind::Lock || !is_waited_for || is_told {
            continue;
        }
        let other = oldest.entry(held.object).or_insert((holder, held));
        if held.since < other.1.since {
            *other = (holder, held);
        }
    }
    let now = findings.now;
    for (object, (holder, held)) in oldest {
        let id = holder.map_or(0, |task| task.id);
        let behind = &waiters[&(held.kind, object)];
        let due = held.since.saturating_add(limit);
        findings.add(Key::Held(object, id, held.since), due, || {
            tell_held(snapshot, holder, held, behind, now)
        });
    }
}

fn tell_held(
    snapshot: &Snapshot,
    holder: Option<&TaskRecord>,
    held: &HeldRecord,
    behind: &[&TaskRecord],
    now: Time,
) -> Line {
    let (span, place) = (words::span(held.since, now), held.place);
    let who = holder.map_or("Something that is no task".to_owned(), words::label);
    let count = tasks(behind.len());
    let is_at =
        holder.map_or_else(String::new, |task| format!("\n  {}", stands(snapshot, task, now)));
    let behind = words::list(behind.iter().map(|task| waits(task, now)));
    Line::warning(
        targets::LOCK,
        format_args!(
            "{who} has held a lock for {span}, since {place}, with {count} behind it{is_at}{behind}"
        ),
    )
}

/// Tells of what was granted to a future that has not been polled for `limit` since, while others wait for it.
pub(super) fn check_granted(
    snapshot: &Snapshot,
    limit: Duration,
    loops: &[LoopState],
    findings: &mut Findings<'_>,
) {
    let now = findings.now;
    // What became of a grant from before debug mode nobody has told the book. Its moment is rounded down.
    let turned_on = corio_trace::turned_on_at().as_nanos();
    let known_since = Time::from_nanos(turned_on.saturating_sub(GRANT_STEP_NANOS));
    let mut waiting = None;
    for task in &snapshot.tasks {
        words::each_wait(task, |path, kind| {
            let Some(leaf) = path.last() else { return true };
            let is_told = |at: &Time| *at >= known_since && !is_kept_from(task, *at, loops);
            let Some(granted) = leaf.granted.filter(is_told) else {
                return true;
            };
            let waiters = waiting.get_or_insert_with(|| waiters(snapshot));
            let Some(behind) = waiters.get(&(kind, leaf.object)) else { return true };
            let key = Key::Grant(task.id, leaf.object, granted);
            findings.add(key, granted.saturating_add(limit), || {
                let (who, got) = (words::label(task), words::got(kind));
                let (span, place, count) =
                    (words::span(granted, now), leaf.place, tasks(behind.len()));
                let is_at = stands(snapshot, task, now);
                let behind = words::list(behind.iter().map(|task| waits(task, now)));
                let text = format_args!(
                    "{who} {got} {span} ago and has not polled the future that waits for \
                     it, made at {place}, with {count} behind it\n  {is_at}{behind}\n\
                     Poll that future while you await another, or drop it before"
                );
                Line::warning(targets::LOCK, text)
            });
            true
        });
    }
}

/// Whether the task's loop has been in one poll since before `granted`: a slow poll, of which more is told.
fn is_kept_from(task: &TaskRecord, granted: Time, loops: &[LoopState]) -> bool {
    let polling = loops.iter().filter(|one| one.home == task.home).find_map(|one| one.polling);
    polling.is_some_and(|polling| polling.since <= granted)
}

fn tasks(count: usize) -> String {
    if count == 1 { "1 task".to_owned() } else { format!("{count} tasks") }
}

/// What whoever keeps others waiting does meanwhile.
fn stands(snapshot: &Snapshot, task: &TaskRecord, now: Time) -> String {
    match snapshot.polled.contains(&task.id) {
        true => "it is being polled".to_owned(),
        false => format!("it waits for {}", words::waits(task, now)),
    }
}

fn waits(task: &TaskRecord, now: Time) -> String {
    format!("{} waits for {}", words::label(task), words::waits(task, now))
}
