//! Makes a [`Report`] of the book. On the inspector's own thread: nothing of the loops is asked.

use std::collections::HashMap;

use corio_base::clock::{self, Time};
use corio_trace::book::{self, NodeKind, NodeRecord, Snapshot, TaskRecord, graph};
use corio_trace::pulse;

use crate::report::{Awaiter, FORMAT, Hold, LoopReport, Node, Report, State, TaskReport};

/// What the process looks like now, without the loop of the calling thread: that one is the inspector's.
pub fn collect() -> Report {
    let here = pulse::with_all(|all| all.iter().find(|pulse| pulse.is_here()).map(|p| p.home()));
    let mut snapshot = book::snapshot();
    snapshot.tasks.retain(|task| Some(task.home) != here);
    let now = clock::coarse_now();
    let mut loops = loops(now);
    loops.retain(|one| Some(one.id as usize) != here);
    let polled: Vec<u64> = loops.iter().filter_map(|home| home.polling).map(|(id, _)| id).collect();
    let threads: HashMap<u64, i64> = loops.iter().map(|home| (home.id, home.thread)).collect();
    let stuck = graph::stuck(&snapshot, &polled);
    let mut tasks: Vec<TaskReport> = snapshot
        .tasks
        .iter()
        .map(|task| {
            let thread = threads.get(&(task.home as u64)).copied().unwrap_or(0);
            task_report(task, thread, polled.contains(&task.id), now)
        })
        .collect();
    link(&snapshot, &mut tasks);
    Report {
        format: FORMAT,
        pid: std::process::id(),
        program: std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default(),
        debug: corio_trace::enabled(),
        loops,
        tasks,
        stuck,
        lost: snapshot.lost,
    }
}

fn micros(since: Time, now: Time) -> u64 {
    u64::try_from(now.saturating_since(since).as_micros()).unwrap_or(u64::MAX)
}

fn loops(now: Time) -> Vec<LoopReport> {
    pulse::with_all(|all| {
        all.iter()
            .map(|pulse| LoopReport {
                id: pulse.home() as u64,
                thread: i64::from(pulse.thread().tid),
                name: pulse.thread_name().map(str::to_owned),
                polling: pulse.polling().map(|poll| (poll.task, micros(poll.since, now))),
            })
            .collect()
    })
}

fn task_report(task: &TaskRecord, thread: i64, is_polled: bool, now: Time) -> TaskReport {
    let state = match (is_polled, task.waits.is_empty()) {
        (true, _) => State::Running,
        (false, true) => State::Ready,
        (false, false) => State::Waiting,
    };
    TaskReport {
        id: task.id,
        name: name(task),
        home: task.home as u64,
        thread,
        state,
        place: task.place.to_string(),
        type_name: task.type_name.to_owned(),
        parent: task.parent,
        late: task.late,
        age_us: micros(task.since, now),
        polls: task.polls,
        busy_us: task.busy_nanos / 1000,
        waits: task.waits.iter().map(|wait| node(wait, now)).collect(),
        holds: task
            .holds
            .iter()
            .map(|held| Hold {
                kind: held.kind.to_string(),
                place: held.place.to_string(),
                for_us: micros(held.since, now),
            })
            .collect(),
        awaited_by: Vec::new(),
    }
}

fn name(task: &TaskRecord) -> String {
    task.name.as_deref().map_or_else(|| format!("Task-{}", task.id), str::to_owned)
}

fn node(record: &NodeRecord, now: Time) -> Node {
    Node {
        label: label(record),
        place: record.place.to_string(),
        is_wait: matches!(record.kind, NodeKind::Wait(_)),
        on: record.owner.into_iter().collect(),
        for_us: micros(record.since, now),
        children: record.children.iter().map(|child| node(child, now)).collect(),
    }
}

fn label(record: &NodeRecord) -> String {
    match record.kind {
        NodeKind::Wait(kind) => kind.to_string(),
        NodeKind::Frame(_) if !record.name.is_empty() => record.name.to_owned(),
        NodeKind::Frame(kind) => kind.to_string(),
    }
}

/// Tells each task who waits for it.
fn link(snapshot: &Snapshot, tasks: &mut [TaskReport]) {
    let place: HashMap<u64, usize> = tasks.iter().enumerate().map(|(at, t)| (t.id, at)).collect();
    for edge in graph::edges(snapshot) {
        let Some(&at) = place.get(&edge.on) else { continue };
        let line = |node: &&NodeRecord| format!("{} {}", label(node), node.place);
        let stack = edge.path.iter().rev().map(line).collect();
        tasks[at].awaited_by.push(Awaiter { task: edge.waiter, stack });
    }
}
