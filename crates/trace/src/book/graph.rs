//! Who waits for whom, read off a [`Snapshot`]: the edges, the circles, and who can never go on.
//!
//! ```text
//!   wait of task A ─▶ names its owner (a handle)                 ─▶ edge A → owner
//!                  ─▶ names an object that tasks hold (a lock)   ─▶ edges A → each holder
//!                  ─▶ neither (a socket, a moment, an event)     ─▶ no edge: the world may end it
//! ```
//!
//! **Stuck** is meant strictly. A task is taken for alive as long as anything might let it go on: it is
//! being polled or has no wait on record, one of its waits (also beside others, also in a `select!`) has
//! no edge, is below a limit in time, or leads to a task that is alive. What is left after that waits for
//! itself, whatever happens outside. So a report is never wrong for a program whose waits are all on
//! record; a deadlock beside a living wait in the same task is reported when that wait is over.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use crate::book::FrameKind;
use crate::book::snapshot::{NodeKind, NodeRecord, Snapshot, TaskRecord};
use crate::wait::WaitKind;

/// Task `waiter` waits for task `on`.
#[derive(Clone, Debug)]
pub struct Edge<'a> {
    /// The task that waits.
    pub waiter: u64,
    /// The frames within it, from the outermost to the wait itself.
    pub path: Vec<&'a NodeRecord>,
    /// The task that can end the wait.
    pub on: u64,
}

/// A wait of a task and who could end it.
struct Waiting<'a> {
    path: Vec<&'a NodeRecord>,
    /// `None`: not only tasks can.
    enders: Option<Vec<u64>>,
}

impl Waiting<'_> {
    fn wait(&self) -> Option<(WaitKind, &NodeRecord)> {
        let last = self.path.last()?;
        match last.kind {
            NodeKind::Wait(kind) => Some((kind, last)),
            NodeKind::Frame(_) => None,
        }
    }

    /// Whether somebody may end it who took what it is about while the switch was off: a permit, which several may
    /// have, is given back by whoever is first. Of a lock there is one holder, or all have to let it go.
    fn may_have_others(&self) -> bool {
        matches!(self.wait(), Some((WaitKind::Semaphore, _)))
    }

    /// Whether each of the enders is needed to end it, and not just one. A group waits for all its children, but
    /// each of them may end the others: it fails, and they are cancelled.
    fn needs_all(&self) -> bool {
        matches!(self.wait(), Some((WaitKind::Lock, _)))
    }

    fn is_limited(&self) -> bool {
        self.path.iter().any(|node| node.kind == NodeKind::Frame(FrameKind::Timeout))
    }
}

/// Which tasks hold what others name by kind and object; 0 stands for something that is no task.
type Holders = HashMap<(WaitKind, u64), Vec<u64>>;

/// With `strict`, a guard that may be in other hands by now is held by no task.
fn holders(snapshot: &Snapshot, strict: bool) -> Holders {
    let mut holders = Holders::new();
    for task in &snapshot.tasks {
        for held in &task.holds {
            let holder = if strict && held.movable { 0 } else { task.id };
            holders.entry((held.kind, held.object)).or_default().push(holder);
        }
    }
    for held in &snapshot.ownerless {
        holders.entry((held.kind, held.object)).or_default().push(0);
    }
    holders
}

fn waits<'a>(task: &'a TaskRecord, holders: &Holders) -> Vec<Waiting<'a>> {
    let mut waits = Vec::new();
    let mut open: Vec<Vec<&NodeRecord>> = task.waits.iter().rev().map(|root| vec![root]).collect();
    while let Some(path) = open.pop() {
        let Some(&node) = path.last() else { continue };
        for child in node.children.iter().rev() {
            let mut longer = path.clone();
            longer.push(child);
            open.push(longer);
        }
        if let NodeKind::Wait(kind) = node.kind {
            let held = || holders.get(&(kind, node.object)).cloned();
            let enders = node.owner.map(|owner| vec![owner]).or_else(held);
            waits.push(Waiting { path, enders });
        }
    }
    waits
}

/// Every wait of one task for another, in the order of tasks and waits.
pub fn edges(snapshot: &Snapshot) -> Vec<Edge<'_>> {
    let holders = holders(snapshot, false);
    let mut edges = Vec::new();
    for task in &snapshot.tasks {
        for Waiting { path, enders } in waits(task, &holders) {
            for on in enders.into_iter().flatten().filter(|&on| on != 0) {
                edges.push(Edge { waiter: task.id, path: path.clone(), on });
            }
        }
    }
    edges
}

/// The circles of tasks that wait for each other: each begins and ends with the same task, in the order in
/// which they wait. None twice.
pub fn cycles(edges: impl IntoIterator<Item = (u64, u64)>) -> Vec<Vec<u64>> {
    let mut graph: Vec<(u64, Vec<u64>)> = Vec::new();
    let mut place: HashMap<u64, usize> = HashMap::new();
    for (waiter, on) in edges {
        let at = *place.entry(waiter).or_insert_with(|| {
            graph.push((waiter, Vec::new()));
            graph.len() - 1
        });
        if !graph[at].1.contains(&on) {
            graph[at].1.push(on);
        }
    }
    let mut search =
        Search { graph: &graph, place: &place, seen: HashSet::new(), found: Vec::new() };
    for (task, _) in &graph {
        search.from(*task);
    }
    search.found
}

/// A search for back edges, with a stack of its own: chains may be as long as there are tasks.
struct Search<'a> {
    graph: &'a [(u64, Vec<u64>)],
    place: &'a HashMap<u64, usize>,
    seen: HashSet<u64>,
    found: Vec<Vec<u64>>,
}

impl Search<'_> {
    fn nexts(&self, task: u64) -> &[u64] {
        self.place.get(&task).map_or(&[], |&at| &self.graph[at].1)
    }

    fn from(&mut self, start: u64) {
        if !self.seen.insert(start) {
            return;
        }
        // The path under way, and how many of each task's edges were followed.
        let mut path = vec![(start, 0)];
        let mut on_path: HashMap<u64, usize> = HashMap::from([(start, 0)]);
        while let Some(&(task, followed)) = path.last() {
            let Some(&next) = self.nexts(task).get(followed) else {
                on_path.remove(&task);
                path.pop();
                continue;
            };
            if let Some(last) = path.last_mut() {
                last.1 += 1;
            }
            if let Some(&at) = on_path.get(&next) {
                let circle = path[at..].iter().map(|&(task, _)| task);
                self.found.push(circle.chain([next]).collect());
            } else if self.seen.insert(next) {
                on_path.insert(next, path.len());
                path.push((next, 0));
            }
        }
    }
}

/// The tasks that can never go on, in circles: what [`cycles`] finds among those that only wait for each
/// other, longest first, and none of which all tasks are in longer ones. `polled` are tasks that are being
/// polled at the moment; they are alive.
///
/// Who waits for a permit waits for all who have one, itself too, so one mistake makes many circles: the
/// longest says it all.
pub fn stuck(snapshot: &Snapshot, polled: &[u64]) -> Vec<Vec<u64>> {
    let dead = dead(snapshot, polled);
    if dead.is_empty() {
        return Vec::new();
    }
    let among = edges(snapshot)
        .into_iter()
        .filter(|edge| dead.contains(&edge.waiter) && dead.contains(&edge.on))
        .map(|edge| (edge.waiter, edge.on));
    let mut circles = cycles(among);
    circles.sort_by_key(|circle| Reverse(circle.len()));
    let mut named = HashSet::new();
    // Counted, as `any` would name no more than the first: each task is in a circle that is kept.
    circles.retain(|circle| circle.iter().filter(|&&task| named.insert(task)).count() > 0);
    circles
}

/// The tasks that wait for each other only. All are taken for dead that might be, then life spreads from
/// those that are not to whoever waits for them: each edge is followed once.
fn dead(snapshot: &Snapshot, polled: &[u64]) -> HashSet<u64> {
    let holders = holders(snapshot, true);
    // Such a task may have taken things when nobody wrote that down.
    let has_late = snapshot.tasks.iter().any(|task| task.late);
    let polled: HashSet<u64> = polled.iter().copied().collect();
    let may_be_dead = |task: &&TaskRecord| !task.late && !polled.contains(&task.id);
    let waits: Vec<(u64, Vec<Waiting<'_>>)> = snapshot
        .tasks
        .iter()
        .filter(may_be_dead)
        .map(|task| (task.id, waits(task, &holders)))
        .filter(|(_, waits)| !waits.is_empty())
        .collect();
    let mut dead: HashSet<u64> = waits.iter().map(|&(id, _)| id).collect();
    let mut alive = Vec::new();
    // Each wait that may be for ever: whose it is, and how many of those who can end it have to come alive.
    let mut lasting: Vec<(u64, usize)> = Vec::new();
    let mut by_ender: HashMap<u64, Vec<usize>> = HashMap::new();
    for &(id, ref waits) in &waits {
        for wait in waits {
            let needed = needed(wait, &dead);
            if needed == 0 || has_late && wait.may_have_others() {
                alive.push(id);
                break;
            }
            for &ender in wait.enders.iter().flatten().filter(|ender| dead.contains(ender)) {
                by_ender.entry(ender).or_default().push(lasting.len());
            }
            lasting.push((id, needed));
        }
    }
    while let Some(id) = alive.pop() {
        if !dead.remove(&id) {
            continue;
        }
        for &at in by_ender.get(&id).map_or(&[][..], Vec::as_slice) {
            let (waiter, needed) = &mut lasting[at];
            *needed = needed.saturating_sub(1);
            if *needed == 0 {
                alive.push(*waiter);
            }
        }
    }
    dead
}

/// How many of those who can end the wait, and are among `dead`, have to come alive before it may end.
fn needed(wait: &Waiting<'_>, dead: &HashSet<u64>) -> usize {
    let is_granted = wait.path.last().is_some_and(|node| node.granted.is_some());
    let Some(enders) = wait.enders.as_ref().filter(|_| !wait.is_limited() && !is_granted) else {
        return 0;
    };
    let dead = enders.iter().filter(|ender| dead.contains(ender)).count();
    match wait.needs_all() {
        true => dead,
        false => usize::from(dead == enders.len() && dead > 0),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::panic::Location;

    use corio_base::clock::Time;

    use super::*;
    use crate::book::snapshot::HeldRecord;

    fn task(id: u64, waits: Vec<NodeRecord>, holds: &[u64]) -> TaskRecord {
        let place = Location::caller();
        let since = Time::ZERO;
        let hold =
            |&object| HeldRecord { kind: WaitKind::Lock, object, place, since, movable: false };
        TaskRecord {
            id,
            name: None,
            type_name: "",
            place,
            parent: None,
            home: 0,
            thread: None,
            since,
            late: false,
            polls: 0,
            busy_nanos: 0,
            waits,
            holds: holds.iter().map(hold).collect(),
        }
    }

    fn node(kind: NodeKind, object: u64, owner: u64, children: Vec<NodeRecord>) -> NodeRecord {
        let owner = Some(owner).filter(|&owner| owner != 0);
        let place = Location::caller();
        let since = Time::ZERO;
        NodeRecord { kind, name: "", object, owner, place, since, granted: None, children }
    }

    fn lock(object: u64) -> NodeRecord {
        node(NodeKind::Wait(WaitKind::Lock), object, 0, Vec::new())
    }

    fn join(task: u64) -> NodeRecord {
        node(NodeKind::Wait(WaitKind::Join), task, task, Vec::new())
    }

    fn sleep() -> NodeRecord {
        node(NodeKind::Wait(WaitKind::Sleep), 0, 0, Vec::new())
    }

    fn snapshot(tasks: Vec<TaskRecord>) -> Snapshot {
        Snapshot { tasks, ..Snapshot::default() }
    }

    #[test]
    fn two_locks_in_two_orders_are_a_circle() {
        let book = snapshot(vec![task(1, vec![lock(20)], &[10]), task(2, vec![lock(10)], &[20])]);
        assert_eq!(stuck(&book, &[]), [[1, 2, 1]]);
        assert!(stuck(&book, &[2]).is_empty(), "one that is being polled may let go");
    }

    #[test]
    fn a_task_that_awaits_itself_and_one_that_awaits_it() {
        let book = snapshot(vec![task(1, vec![join(1)], &[]), task(2, vec![join(1)], &[])]);
        assert_eq!(stuck(&book, &[]), [[1, 1]]);
    }

    #[test]
    fn what_may_go_on_is_not_stuck() {
        // Another branch of the task waits for a moment, and may let the lock go then.
        let beside = vec![lock(20), sleep()];
        let book = snapshot(vec![task(1, beside, &[10]), task(2, vec![lock(10)], &[20])]);
        assert!(stuck(&book, &[]).is_empty());
        // The wait has a limit.
        let frame = NodeKind::Frame(FrameKind::Timeout);
        let limited = vec![node(frame, 0, 0, vec![lock(20)])];
        let book = snapshot(vec![task(1, limited, &[10]), task(2, vec![lock(10)], &[20])]);
        assert!(stuck(&book, &[]).is_empty());
        // The holder is no task.
        let mut book = snapshot(vec![task(1, vec![lock(10)], &[])]);
        book.ownerless = task(0, Vec::new(), &[10]).holds;
        assert!(stuck(&book, &[]).is_empty());
        // The guard may be in other hands.
        let mut book =
            snapshot(vec![task(1, vec![lock(20)], &[10]), task(2, vec![lock(10)], &[20])]);
        book.tasks[1].holds[0].movable = true;
        assert!(stuck(&book, &[]).is_empty());
        // A task that the book knows only since the switch was turned.
        let mut old = task(2, vec![lock(10)], &[20]);
        old.late = true;
        assert!(stuck(&snapshot(vec![task(1, vec![lock(20)], &[10]), old]), &[]).is_empty());
    }

    #[test]
    fn a_writer_needs_every_reader() {
        // 2 and 3 read; 3 sleeps, but 2 waits for the writer.
        let book = snapshot(vec![
            task(1, vec![lock(10)], &[20]),
            task(2, vec![lock(20)], &[10]),
            task(3, vec![sleep()], &[10]),
        ]);
        assert_eq!(stuck(&book, &[]), [[1, 2, 1]]);
    }

    #[test]
    fn who_lacks_the_same_permits_is_in_one_circle() {
        let waits = |on: u64| vec![node(NodeKind::Wait(WaitKind::Semaphore), on, 0, Vec::new())];
        let has = |id: u64| {
            let mut task = task(id, waits(10), &[10]);
            task.holds[0].kind = WaitKind::Semaphore;
            task
        };
        // Each waits for itself and for both others.
        let circles = stuck(&snapshot(vec![has(1), has(2), has(3)]), &[]);
        let named: HashSet<u64> = circles.iter().flatten().copied().collect();
        assert_eq!((named.len(), &circles[0]), (3, &vec![1, 2, 3, 1]));
        assert_eq!(circles.len(), 1, "{circles:?}");
        // One who was there before the switch was turned on may have a permit, too.
        let mut old = task(4, vec![sleep()], &[]);
        old.late = true;
        assert!(stuck(&snapshot(vec![has(1), has(2), old]), &[]).is_empty());
        // One who can give a permit back is enough.
        let mut sleeps = has(3);
        sleeps.waits = vec![sleep()];
        assert!(stuck(&snapshot(vec![has(1), has(2), sleeps]), &[]).is_empty());
    }

    #[test]
    fn a_group_is_stuck_when_all_its_children_are() {
        let group = |children| vec![node(NodeKind::Wait(WaitKind::Group), 30, 0, children)];
        let child = |id, waits| {
            let mut task = task(id, waits, &[30]);
            task.holds[0].kind = WaitKind::Group;
            task
        };
        // The parent has the lock that one child waits for.
        let parent = || task(1, group(Vec::new()), &[10]);
        let book = snapshot(vec![parent(), child(2, vec![lock(10)])]);
        assert_eq!(stuck(&book, &[]), [[1, 2, 1]]);
        // Another child goes on: should it fail, the first one is cancelled.
        let book = snapshot(vec![parent(), child(2, vec![lock(10)]), child(3, vec![sleep()])]);
        assert!(stuck(&book, &[]).is_empty());
        // A child that awaits its parent.
        let book = snapshot(vec![parent(), child(2, vec![join(1)])]);
        assert_eq!(stuck(&book, &[]), [[1, 2, 1]]);
        // Somebody else has that lock, and lets it go.
        let other = task(4, vec![sleep()], &[20]);
        let book = snapshot(vec![parent(), child(2, vec![lock(20)]), other]);
        assert!(stuck(&book, &[]).is_empty());
    }

    #[test]
    fn tasks_that_await_each_other_are_a_circle() {
        let book = snapshot(vec![task(1, vec![join(2)], &[]), task(2, vec![join(1)], &[])]);
        assert_eq!(stuck(&book, &[]), [[1, 2, 1]]);
        let book =
            snapshot(vec![task(1, vec![join(2)], &[]), task(2, vec![join(1), sleep()], &[])]);
        assert!(stuck(&book, &[]).is_empty(), "the second may end without the first");
    }

    #[test]
    fn a_queue_s_wait_is_up_to_nobody_in_particular() {
        let queue = node(NodeKind::Wait(WaitKind::Queue), 40, 0, Vec::new());
        let book = snapshot(vec![task(1, vec![queue], &[10]), task(2, vec![lock(10)], &[])]);
        assert_eq!(
            edges(&book).iter().map(|edge| (edge.waiter, edge.on)).collect::<Vec<_>>(),
            [(2, 1)]
        );
        assert!(stuck(&book, &[]).is_empty());
    }

    #[test]
    fn a_long_chain_that_ends_in_life_is_alive() {
        let mut tasks: Vec<TaskRecord> =
            (1..100_000).map(|id| task(id, vec![join(id + 1)], &[])).collect();
        tasks.push(task(100_000, vec![sleep()], &[]));
        assert!(stuck(&snapshot(tasks), &[]).is_empty());
    }

    #[test]
    fn edges_carry_the_path_to_the_wait() {
        let frame = NodeKind::Frame(FrameKind::Coroutine);
        let book = snapshot(vec![task(1, vec![node(frame, 0, 0, vec![join(2)])], &[])]);
        let edges = edges(&book);
        assert_eq!((edges.len(), edges[0].waiter, edges[0].on), (1, 1, 2));
        let kinds: Vec<NodeKind> = edges[0].path.iter().map(|node| node.kind).collect();
        assert_eq!(kinds, [frame, NodeKind::Wait(WaitKind::Join)]);
    }

    #[test]
    fn circles_are_found_as_asyncio_finds_them() {
        assert!(cycles([(1, 2), (2, 3)]).is_empty());
        assert_eq!(cycles([(4, 3), (2, 3), (3, 4)]), [[4, 3, 4]]);
        let two = [(4, 3), (5, 4), (3, 4), (6, 5), (4, 6)];
        assert_eq!(cycles(two), [vec![4, 3, 4], vec![4, 6, 5, 4]]);
        // As long as there are tasks: no recursion.
        let long = (1..100_000).map(|n| (n, n + 1)).chain([(100_000, 1)]);
        assert_eq!(cycles(long).len(), 1);
    }
}
