//! Makes a [`Report`] of the book, the loops' figures and the threads. Nothing of the loops is asked: they may
//! be stuck.

use std::collections::{HashMap, HashSet};
use std::panic::Location;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use corio_base::clock::{self, Time};
use corio_trace::book::{self, NUMBERS_APART, NodeKind, NodeRecord, Snapshot, TaskRecord, graph};
use corio_trace::metrics::{self, DurationStats, RuntimeMetrics};
use corio_trace::pulse::{self, CALL};
use corio_trace::recent;

use crate::report::{
    Awaiter, FORMAT, Hold, LoopReport, Node, Report, SlowReport, Spread, State, TaskReport,
};
use crate::threads::threads;

/// The inspectors' own loops, which no report shows.
static OWN: Mutex<Vec<usize>> = Mutex::new(Vec::new());

fn own() -> MutexGuard<'static, Vec<usize>> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While it lives, a loop is left out of reports.
#[derive(Debug)]
pub(crate) struct LeftOut(usize);

impl LeftOut {
    pub(crate) fn new(home: usize) -> LeftOut {
        own().push(home);
        LeftOut(home)
    }
}

impl Drop for LeftOut {
    fn drop(&mut self) {
        own().retain(|home| *home != self.0);
    }
}

/// What the process looks like now, without the loops of its inspectors.
pub fn collect() -> Report {
    let begun = clock::os_now();
    let own = own().clone();
    let now = clock::coarse_now();
    let mut snapshot = book::snapshot();
    snapshot.tasks.retain(|task| task.id < NUMBERS_APART);
    let loops = loops(&own, now);
    let polled: Vec<u64> = loops.iter().filter_map(|home| home.polling).map(|(id, _)| id).collect();
    let stuck = graph::stuck(&snapshot, &polled);
    let homes: HashMap<u64, i64> = loops.iter().map(|home| (home.id, home.thread)).collect();
    let mut places = Places::default();
    let mut tasks: Vec<TaskReport> = snapshot
        .tasks
        .iter()
        .map(|task| {
            // Of a job that runs, the one that runs it; one that waits for a thread has none.
            let of_loop = homes.get(&(task.home as u64)).copied();
            let thread = task.thread.map(i64::from).or(of_loop).unwrap_or(0);
            let is_polled = task.thread.is_some() || polled.contains(&task.id);
            task_report(task, thread, is_polled, now, &mut places)
        })
        .collect();
    link(&snapshot, &mut tasks, &mut places);
    Report {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        program: std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default(),
        debug: corio_trace::enabled(),
        slow_us: whole(corio_trace::slow_poll().as_micros()),
        slow: slow(&snapshot, &polled, now),
        threads: threads(&loops),
        loops,
        tasks,
        stuck,
        lost: snapshot.lost,
        made_in_us: micros(begun, clock::os_now()),
    }
}

fn whole(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn micros(since: Time, now: Time) -> u64 {
    whole(now.saturating_since(since).as_micros())
}

fn loops(own: &[usize], now: Time) -> Vec<LoopReport> {
    let all = metrics::all();
    let all = all.iter().filter(|loop_| !own.contains(&loop_.number()));
    let mut loops: Vec<LoopReport> = all.map(loop_report).collect();
    // What only debug mode knows.
    pulse::with_all(|pulses| {
        for pulse in pulses {
            let home = pulse.home() as u64;
            let Some(report) = loops.iter_mut().find(|one| one.id == home) else { continue };
            let task = |task| if task == CALL { 0 } else { task };
            report.polling = pulse.polling().map(|poll| (task(poll.task), micros(poll.since, now)));
            report.lengths = pulse.lengths().to_vec();
        }
    });
    loops
}

fn loop_report(of: &RuntimeMetrics) -> LoopReport {
    let count = |number: usize| number as u64;
    LoopReport {
        id: count(of.number()),
        thread: i64::from(of.os_thread().tid),
        name: of.thread_name().map(str::to_owned),
        polling: None,
        is_parked: of.worker_is_parked(0),
        away_us: of.worker_busy_for(0).map(|busy| whole(busy.as_micros())),
        busy_us: whole(of.worker_total_busy_duration(0).as_micros()),
        tasks: count(of.num_alive_tasks()),
        spawned: of.spawned_tasks_count(),
        ready: count(of.worker_local_queue_depth(0)),
        inbox: count(of.global_queue_depth()),
        turns: of.worker_turn_count(0),
        polls: of.worker_poll_count(0),
        parks: of.worker_park_count(0),
        wakes: of.worker_local_schedule_count(0),
        deliveries: of.remote_schedule_count(),
        turn: spread(&of.worker_away(0)),
        timers: count(of.timers_waiting()),
        fired: of.timers_fired_count(),
        late: spread(&of.timer_lateness()),
        descriptors: of
            .io_driver_fd_registered_count()
            .saturating_sub(of.io_driver_fd_deregistered_count()),
        events: of.io_driver_ready_count(),
        pool_threads: count(of.num_blocking_threads()),
        pool_idle: count(of.num_idle_blocking_threads()),
        pool_queue: count(of.blocking_queue_depth()),
        lengths: Vec::new(),
    }
}

fn spread(of: &DurationStats) -> Spread {
    let nanos = |duration: Duration| whole(duration.as_nanos());
    Spread {
        count: of.count(),
        last_ns: nanos(of.last()),
        mean_ns: nanos(of.mean()),
        p99_ns: nanos(of.quantile(0.99)),
        max_ns: nanos(of.max()),
    }
}

/// The slow polls; one that lasts has taken until now.
fn slow(snapshot: &Snapshot, polled: &[u64], now: Time) -> Vec<SlowReport> {
    let mut names: HashMap<u64, String> = HashMap::new();
    let polls = recent::slow_polls();
    let wanted: HashSet<u64> = polls.iter().filter_map(|poll| poll.task).collect();
    names.extend(
        snapshot
            .tasks
            .iter()
            .filter(|task| wanted.contains(&task.id))
            .map(|one| (one.id, name(one))),
    );
    let report = |poll: recent::SlowPoll| {
        let ago_us = micros(poll.since, now);
        // Whether it still lasts is known by what is polled; a call has no number to go by.
        let lasts = poll.lasts && poll.task.is_none_or(|task| polled.contains(&task));
        SlowReport {
            number: poll.number,
            task: poll.task,
            name: match poll.task {
                None => "a call".to_owned(),
                Some(id) => poll
                    .name
                    .or_else(|| names.get(&id).cloned())
                    .unwrap_or_else(|| format!("Task-{id}")),
            },
            place: poll.place.map(ToString::to_string).unwrap_or_default(),
            took_us: if lasts { ago_us } else { whole(poll.took.as_micros()) },
            ago_us,
            lasts,
            stack: poll.stack,
        }
    };
    let is_own = |poll: &recent::SlowPoll| poll.task.is_some_and(|task| task >= NUMBERS_APART);
    polls.into_iter().filter(|poll| !is_own(poll)).map(report).collect()
}

fn task_report(
    task: &TaskRecord,
    thread: i64,
    is_polled: bool,
    now: Time,
    places: &mut Places,
) -> TaskReport {
    let is_known_to_wait = !task.waits.is_empty() || task.unknown_wait().is_some();
    let state = match (is_polled, is_known_to_wait) {
        (true, _) => State::Running,
        (false, false) => State::Ready,
        (false, true) => State::Waiting,
    };
    TaskReport {
        id: task.id,
        name: name(task),
        home: task.home as u64,
        thread,
        state,
        place: places.text(task.place),
        type_name: task.type_name.to_owned(),
        parent: task.parent,
        late: task.late,
        age_us: micros(task.since, now),
        polls: task.polls,
        busy_us: task.busy_nanos / 1000,
        waits: task.waits.iter().map(|wait| node(wait, now, places)).collect(),
        holds: task
            .holds
            .iter()
            .map(|held| Hold {
                kind: held.kind.to_string(),
                place: places.text(held.place),
                for_us: micros(held.since, now),
            })
            .collect(),
        awaited_by: Vec::new(),
    }
}

/// Places as text: there are few of them, however many tasks there are.
#[derive(Default)]
struct Places(HashMap<*const Location<'static>, String>);

impl Places {
    fn text(&mut self, place: &'static Location<'static>) -> String {
        self.0.entry(place).or_insert_with(|| place.to_string()).clone()
    }
}

fn name(task: &TaskRecord) -> String {
    task.name.as_deref().map_or_else(|| format!("Task-{}", task.id), str::to_owned)
}

fn node(record: &NodeRecord, now: Time, places: &mut Places) -> Node {
    Node {
        label: label(record),
        place: places.text(record.place),
        is_wait: matches!(record.kind, NodeKind::Wait(_)),
        on: record.owner.into_iter().collect(),
        for_us: micros(record.since, now),
        children: record.children.iter().map(|child| node(child, now, places)).collect(),
    }
}

fn label(record: &NodeRecord) -> String {
    match record.kind {
        NodeKind::Wait(kind) => kind.to_string(),
        NodeKind::Frame(_) if !record.name.is_empty() => record.name.to_owned(),
        NodeKind::Frame(kind) => kind.to_string(),
    }
}

/// Tells each task who waits for it. The tasks are in the order of their numbers.
fn link(snapshot: &Snapshot, tasks: &mut [TaskReport], places: &mut Places) {
    for edge in graph::edges(snapshot) {
        let Ok(at) = tasks.binary_search_by_key(&edge.on, |task| task.id) else { continue };
        let line = |node: &&NodeRecord| format!("{} {}", label(node), places.text(node.place));
        let stack = edge.path.iter().rev().map(line).collect();
        tasks[at].awaited_by.push(Awaiter { task: edge.waiter, stack });
    }
}
