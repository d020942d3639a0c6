//! How findings are said: tasks, waits and spans of time, the same in every report.

use std::time::Duration;

use corio_base::clock::Time;
use corio_trace::book::{NodeKind, NodeRecord, Snapshot, TaskRecord};
use corio_trace::{TaskLabel, WaitKind};

/// How many tasks, waiters or waits one report names; it says how many more there are.
pub(super) const NAMED_MAX: usize = 16;

/// A task, as in every message.
pub(super) fn label(task: &TaskRecord) -> String {
    let (id, name) = (task.id, task.name.as_deref());
    TaskLabel { id, name, location: Some(task.place) }.to_string()
}

/// Task `id`, which may have ended meanwhile.
pub(super) fn label_of(book: &Snapshot, id: u64) -> String {
    let unknown = || TaskLabel { id, name: None, location: None }.to_string();
    task(book, id).map_or_else(unknown, label)
}

pub(super) fn task(book: &Snapshot, id: u64) -> Option<&TaskRecord> {
    // They are in the order of their numbers.
    let at = book.tasks.binary_search_by_key(&id, |task| task.id).ok()?;
    Some(&book.tasks[at])
}

/// Since when, as a span.
pub(super) fn span(since: Time, now: Time) -> String {
    seconds(now.saturating_since(since))
}

pub(super) fn seconds(span: Duration) -> String {
    format!("{:.1} seconds", span.as_secs_f64())
}

/// What a wait is for.
pub(super) fn thing(kind: WaitKind) -> &'static str {
    match kind {
        WaitKind::Sleep => "a moment",
        WaitKind::Readable => "something to read",
        WaitKind::Writable => "room to write",
        WaitKind::Join => "the end of a task",
        WaitKind::Lock => "a lock",
        WaitKind::Semaphore => "a permit",
        WaitKind::Event => "an event",
        WaitKind::Condition => "a condition",
        WaitKind::Barrier => "a barrier",
        WaitKind::Queue => "a queue",
        WaitKind::Channel => "a channel",
        WaitKind::Signal => "a signal",
        WaitKind::Process => "a process",
        WaitKind::Yield => "the next turn",
        WaitKind::Blocking => "a job on another thread",
        WaitKind::Group => "the tasks of a group",
        _ => "something",
    }
}

/// What became of a wait that is over.
pub(super) fn got(kind: WaitKind) -> String {
    match kind {
        WaitKind::Queue | WaitKind::Channel => format!("was called by {}", thing(kind)),
        WaitKind::Event | WaitKind::Condition => format!("was told of {}", thing(kind)),
        _ => format!("was granted {}", thing(kind)),
    }
}

/// A wait with the way to it: `a lock at src/main.rs:7:9, in fetch > retry, for 3.0 seconds`.
pub(super) fn wait(path: &[&NodeRecord], kind: WaitKind, now: Time) -> String {
    let Some(leaf) = path.last() else { return thing(kind).to_owned() };
    let names: Vec<&str> =
        path.iter().map(|node| node.name).filter(|name| !name.is_empty()).collect();
    let within =
        if names.is_empty() { String::new() } else { format!(", in {}", names.join(" > ")) };
    format!("{} at {}{within}, for {}", thing(kind), leaf.place, span(leaf.since, now))
}

/// Calls `each` with every wait of the task and the way to it, the outermost frame first, until it gives
/// `false`.
pub(super) fn each_wait<'a>(
    task: &'a TaskRecord,
    mut each: impl FnMut(&[&'a NodeRecord], WaitKind) -> bool,
) {
    // What is to be visited, and how deep it lies. A path is shared by all that are under it.
    let mut open: Vec<(usize, &NodeRecord)> =
        task.waits.iter().rev().map(|node| (0, node)).collect();
    let mut path: Vec<&NodeRecord> = Vec::new();
    while let Some((depth, node)) = open.pop() {
        path.truncate(depth);
        path.push(node);
        open.extend(node.children.iter().rev().map(|child| (depth + 1, child)));
        if let NodeKind::Wait(kind) = node.kind
            && !each(&path, kind)
        {
            return;
        }
    }
}

/// All waits of a task in one line, or that none is known. Those that were granted what they wait for are over,
/// though nobody has looked: they are said only where there are no others.
pub(super) fn waits(task: &TaskRecord, now: Time) -> String {
    let is_over = |path: &[&NodeRecord]| path.last().is_some_and(|leaf| leaf.granted.is_some());
    let mut goes_on = false;
    each_wait(task, |path, _| {
        goes_on |= !is_over(path);
        !goes_on
    });
    let (mut said, mut more) = (Vec::new(), 0);
    each_wait(task, |path, kind| {
        match said.len() < NAMED_MAX {
            _ if goes_on && is_over(path) => {}
            true => said.push(wait(path, kind, now)),
            false => more += 1,
        }
        true
    });
    match (said.is_empty(), more) {
        (true, _) => "something that corio does not know of".to_owned(),
        (false, 0) => said.join("; and "),
        (false, more) => format!("{}; and {more} more", said.join("; and ")),
    }
}

/// A list below a report's first line, one item a line.
pub(super) fn list(items: impl ExactSizeIterator<Item = String>) -> String {
    let more = items.len().saturating_sub(NAMED_MAX);
    let mut text = String::new();
    for item in items.take(NAMED_MAX) {
        text.push_str("\n  ");
        text.push_str(&item);
    }
    if more > 0 {
        text.push_str(&format!("\n  ... {more} more"));
    }
    text
}
