//! The book, read: every task with its tree of frames and waits.
//!
//! Each record is read as one of its writes; two records may be from different moments. What hangs
//! under a record that has gone meanwhile is shown under its task.

use std::cmp;
use std::collections::{HashMap, HashSet};
use std::panic::Location;
use std::ptr;
use std::sync::Arc;

use corio_base::clock::Time;

use crate::book::code::{self, FrameKind};
use crate::book::slot::{Content, Counters};
use crate::book::{Link, arena, names};
use crate::type_names::shown_type;
use crate::wait::WaitKind;

/// What a record within a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// Something that polls others.
    Frame(FrameKind),
    /// A wait.
    Wait(WaitKind),
}

/// A frame or a wait within a task.
#[derive(Clone, Debug)]
pub struct NodeRecord {
    /// Which of the two, and of what kind.
    pub kind: NodeKind,
    /// A frame's name; of a wait none.
    pub name: &'static str,
    /// What is waited for, or what others name this frame by; 0 for none.
    pub object: u64,
    /// The task that can end the wait, where the wait itself knows.
    pub owner: Option<u64>,
    /// Where in the program it was made.
    pub place: &'static Location<'static>,
    /// Since when, on the coarse clock.
    pub since: Time,
    /// Of a wait: since when it is granted what it waits for, on the coarse clock, while nobody has polled
    /// it since. Others may wait for what it got.
    pub granted: Option<Time>,
    /// What is under it, the oldest first; of what is as old, in the order of the source.
    pub children: Vec<NodeRecord>,
}

/// Something that a task has and others may wait for.
#[derive(Clone, Copy, Debug)]
pub struct HeldRecord {
    /// What kind of wait others are in for it.
    pub kind: WaitKind,
    /// What their records name it by.
    pub object: u64,
    /// Where it was taken.
    pub place: &'static Location<'static>,
    /// Since when, on the coarse clock.
    pub since: Time,
    /// Whether its guard is one that is made to be given away, such as an owned permit: then it may be in
    /// another task's hands by now, and the one it is shown at is the one that took it.
    pub movable: bool,
}

/// A task.
#[derive(Clone, Debug)]
pub struct TaskRecord {
    /// Its number.
    pub id: u64,
    /// The name it was given; otherwise it is called `Task-<id>`.
    pub name: Option<Arc<str>>,
    /// What its future is called, without what corio wraps around it.
    pub type_name: &'static str,
    /// Where it was spawned.
    pub place: &'static Location<'static>,
    /// The task that spawned it.
    pub parent: Option<u64>,
    /// The loop it belongs to.
    pub home: usize,
    /// The number in the kernel of the thread that polls it, where that is not its loop's: of a job that runs.
    pub thread: Option<u32>,
    /// Since when the book knows it, on the coarse clock.
    pub since: Time,
    /// Whether it was there before the switch was turned on, the last time: then its older waits are not known.
    pub late: bool,
    /// How often it was polled since then.
    pub polls: u64,
    /// About how long its polls took, in nanoseconds: one in sixteen is measured, and stands for as
    /// many; long ones are counted as they are.
    pub busy_nanos: u64,
    /// What it waits for: frames and waits, the oldest first.
    pub waits: Vec<NodeRecord>,
    /// What it has.
    pub holds: Vec<HeldRecord>,
}

impl TaskRecord {
    /// What there is to say where the book knows no wait because the task is older than the switch.
    pub fn unknown_wait(&self) -> Option<&'static str> {
        self.waits.is_empty().then(|| unknown_wait(self.late, self.polls)).flatten()
    }
}

/// As [`TaskRecord::unknown_wait`], of a task without waits that is `late`, and was polled `polls` times
/// since.
///
/// A wait records itself when it is made or first polled, so one from before the switch is not in the book.
/// A task that was not polled since is in one, or was just woken; any other may be.
pub fn unknown_wait(late: bool, polls: u64) -> Option<&'static str> {
    match (late, polls) {
        (false, _) => None,
        (true, 0) => Some("waits since before debug mode"),
        (true, _) => Some("may wait since before debug mode"),
    }
}

/// All tasks of the process that the book knows, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The tasks.
    pub tasks: Vec<TaskRecord>,
    /// The tasks that were being polled when they were read, in no order.
    pub polled: Vec<u64>,
    /// Things held by no task: guards made outside of any.
    pub ownerless: Vec<HeldRecord>,
    /// How many records found no place since the process began: what is above is incomplete by as much.
    pub lost: u64,
}

/// Reads the book.
pub fn snapshot() -> Snapshot {
    read(|_| true).into_snapshot()
}

fn read(wanted: impl Fn(&Content) -> bool) -> Read {
    let mut read = Read::default();
    for (number, slot) in arena::all() {
        let read_slot = slot.read_counted();
        let Some((content, counters)) =
            read_slot.filter(|(content, _)| content.code != 0 && wanted(content))
        else {
            continue;
        };
        match code::sort(content.code) {
            code::TASK => {
                read.pages.insert(Link::new(number, content.use_number).0);
                if counters.is_polled {
                    read.polled.insert(content.task);
                }
                read.tasks.extend(task_record(&content, &counters));
            }
            code::FRAME | code::LEAF => {
                read.nodes.push((Link::new(number, content.use_number), content));
            }
            _ => read.held.push(content),
        }
    }
    read
}

/// What the book says of one task; `None` if it does not know it. It looks through the whole arena, as
/// [`snapshot`] does, and keeps little of it.
pub fn task(id: u64) -> Option<TaskRecord> {
    read(|content| content.task == id).into_snapshot().tasks.pop()
}

/// Where task `id` was spawned; `None` within if that is not known, without if the task is not.
pub(crate) fn place_of(id: u64) -> Option<Option<&'static Location<'static>>> {
    arena::all()
        .filter_map(|(_, slot)| slot.read())
        .find(|content| code::sort(content.code) == code::TASK && content.task == id)
        .map(|content| content.place)
}

#[derive(Default)]
struct Read {
    tasks: Vec<TaskRecord>,
    nodes: Vec<(Link, Content)>,
    held: Vec<Content>,
    /// Links to the tasks' records.
    pages: HashSet<u64>,
    /// The tasks that are being polled.
    polled: HashSet<u64>,
}

impl Read {
    fn into_snapshot(mut self) -> Snapshot {
        let mut tasks = std::mem::take(&mut self.tasks);
        // What has no token of its own is over when its task is polled again. A handle that was awaited in a
        // frame which has gone may not have been told.
        let known: HashSet<u64> = self.nodes.iter().map(|(link, _)| link.0).collect();
        let pages: HashSet<u64> = std::mem::take(&mut self.pages);
        let polled = std::mem::take(&mut self.polled);
        self.nodes.retain(|(_, content)| {
            // Of a job's handle, too, which are the waits for jobs that name whom they wait for.
            let is_of = |kind| content.code & 0xffff == code::pack(code::LEAF, kind as u8);
            let is_join = is_of(WaitKind::Join) || is_of(WaitKind::Blocking) && content.owner != 0;
            let is_over = content.code & code::LOOSE != 0 && polled.contains(&content.task);
            let is_left =
                is_join && !known.contains(&content.parent) && !pages.contains(&content.parent);
            !is_over && !is_left
        });
        self.nodes.sort_by(|(link, content), (other_link, other)| {
            in_order(content, other).then_with(|| link.number().cmp(&other_link.number()))
        });
        let known: HashSet<u64> = self.nodes.iter().map(|(link, _)| link.0).collect();
        let mut under: HashMap<u64, Vec<usize>> = HashMap::new();
        let mut of_task: HashMap<u64, Vec<usize>> = HashMap::new();
        for (at, (link, content)) in self.nodes.iter().enumerate() {
            // Nothing is under itself; a parent that has gone leaves its children to the task.
            if known.contains(&content.parent) && content.parent != link.0 {
                under.entry(content.parent).or_default().push(at);
            } else {
                of_task.entry(content.task).or_default().push(at);
            }
        }
        let polled = polled.into_iter().collect();
        let mut snapshot = Snapshot { lost: arena::lost(), polled, ..Snapshot::default() };
        let mut holds: HashMap<u64, Vec<HeldRecord>> = HashMap::new();
        for content in &self.held {
            let Some(held) = held_record(content) else { continue };
            holds.entry(content.task).or_default().push(held);
        }
        for task in &mut tasks {
            let roots = of_task.remove(&task.id).unwrap_or_default();
            task.waits = roots.iter().filter_map(|&at| self.node(at, &under, 0)).collect();
            task.holds = holds.remove(&task.id).unwrap_or_default();
            task.name = names::name(task.id);
        }
        snapshot.ownerless = holds.remove(&0).unwrap_or_default();
        tasks.sort_by_key(|task| task.id);
        snapshot.tasks = tasks;
        snapshot
    }

    fn node(
        &self,
        at: usize,
        under: &HashMap<u64, Vec<usize>>,
        depth: usize,
    ) -> Option<NodeRecord> {
        /// Deeper than programs nest; a bound for records that were read while they moved.
        const DEPTH_MAX: usize = 256;
        let (link, content) = &self.nodes[at];
        let kind = match code::sort(content.code) {
            code::FRAME => NodeKind::Frame(FrameKind::of(content.code)?),
            _ => NodeKind::Wait(code::wait_kind(content.code)?),
        };
        let children = match under.get(&link.0) {
            Some(children) if depth < DEPTH_MAX => {
                children.iter().filter_map(|&child| self.node(child, under, depth + 1)).collect()
            }
            _ => Vec::new(),
        };
        Some(NodeRecord {
            kind,
            name: content.name,
            object: content.object,
            owner: Some(content.owner).filter(|&owner| owner != 0),
            place: content.place?,
            since: Time::from_nanos(content.since),
            granted: Some(content.granted).filter(|&at| at != 0).map(Time::from_nanos),
            children,
        })
    }
}

/// The older one first. The clock stands still for milliseconds, and what began together comes in the order in
/// which it stands in the source.
fn in_order(one: &Content, other: &Content) -> cmp::Ordering {
    let place = |content: &Content| content.place.map(|at| (at.file(), at.line(), at.column()));
    let is_same_place = match (one.place, other.place) {
        (Some(one), Some(other)) => ptr::eq(one, other),
        _ => false,
    };
    one.since
        .cmp(&other.since)
        .then_with(|| match is_same_place {
            true => cmp::Ordering::Equal,
            false => place(one).cmp(&place(other)),
        })
        .then_with(|| one.owner.cmp(&other.owner))
}

fn task_record(content: &Content, counters: &Counters) -> Option<TaskRecord> {
    Some(TaskRecord {
        id: content.task,
        name: None,
        type_name: shown_type(content.name),
        place: content.place?,
        parent: Some(content.owner).filter(|&parent| parent != 0),
        home: counters.home,
        thread: Some(counters.thread).filter(|&thread| thread != 0 && counters.is_polled),
        since: Time::from_nanos(content.since),
        late: content.code & code::LATE != 0 || content.object != u64::from(crate::turned_on()),
        polls: counters.polls,
        busy_nanos: counters.busy,
        waits: Vec::new(),
        holds: Vec::new(),
    })
}

fn held_record(content: &Content) -> Option<HeldRecord> {
    Some(HeldRecord {
        kind: code::wait_kind(content.code)?,
        object: content.object,
        place: content.place?,
        since: Time::from_nanos(content.since),
        movable: content.code & code::MOVABLE != 0,
    })
}
