//! Who waits for a task, and who for those: asyncio's call graph.
//!
//! ```text
//!   wait of A for a handle of B ──▶ B is awaited by A
//!   A waits for its group, B is one of that group's ──▶ the same
//! ```
//!
//! Read off a snapshot of the book, which other threads go on writing: each record is true, two may be of
//! different moments.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io;
use std::panic::Location;

use corio_task::{JoinHandle, StackFrame, Task};
use corio_trace::WaitKind;
use corio_trace::book::{self, NodeKind, NodeRecord, Snapshot, TaskRecord};

use crate::eventual::Eventual;

/// Where a task stands, and all who wait for it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallGraph {
    /// The task, or the eventual.
    pub of: Awaited,
    /// Where it stands, as [`Task::stack`] says; an eventual stands nowhere.
    pub stack: Vec<StackFrame>,
    /// What there is to say where no wait is known because the task is older than debug mode, as `corio ps` says
    /// it.
    pub unknown_wait: Option<&'static str>,
    /// Who waits for it to end, the oldest first.
    pub awaited_by: Vec<CallGraph>,
    /// It waits, by way of those it stands below here, for itself; the circle is not followed again.
    pub is_cycle: bool,
}

/// What others wait for, in a [`CallGraph`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Awaited {
    /// A task.
    Task(GraphTask),
    /// An [`Eventual`], by the number that waits for it name it by.
    Eventual(u64),
}

/// A task in a [`CallGraph`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GraphTask {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Where it was spawned.
    pub location: &'static Location<'static>,
}

/// What has a call graph: tasks, handles of tasks, eventuals.
pub trait HasCallGraph: sealed::Sealed {}

mod sealed {
    use corio_task::Task;

    pub trait Sealed {
        fn subject(&self) -> Subject;
    }

    /// What the graph begins with.
    #[derive(Debug)]
    pub enum Subject {
        Task(Task),
        Eventual(u64),
    }
}
use sealed::{Sealed, Subject};

impl HasCallGraph for Task {}
impl<T> HasCallGraph for JoinHandle<T> {}
impl<T, E> HasCallGraph for Eventual<T, E> {}

impl Sealed for Task {
    fn subject(&self) -> Subject {
        Subject::Task(self.clone())
    }
}

impl<T> Sealed for JoinHandle<T> {
    fn subject(&self) -> Subject {
        Subject::Task(self.task())
    }
}

impl<T, E> Sealed for Eventual<T, E> {
    fn subject(&self) -> Subject {
        Subject::Eventual(self.object() as u64)
    }
}

/// Where a task stands and who waits for it to end; of each of those the same. In debug mode: otherwise
/// nobody is known to wait.
///
/// ```
/// use corio::debug::{self, Awaited};
///
/// debug::set(true);
/// corio::run(async {
///     let worker = corio::spawn(async {
///         corio::yield_now().await;
///         let me = corio::task::current().unwrap();
///         debug::call_graph(&me)
///     });
///     let main = corio::task::current().unwrap();
///     let graph = worker.await.unwrap();
///     let Awaited::Task(awaiter) = &graph.awaited_by[0].of else { panic!("it is a task") };
///     assert_eq!(awaiter.id, main.id());
/// });
/// ```
pub fn call_graph(of: &impl HasCallGraph) -> CallGraph {
    let snapshot = book::snapshot();
    let edges = Edges::of(&snapshot);
    match of.subject() {
        Subject::Task(task) => {
            edges.graph(task.id(), &mut Vec::new()).unwrap_or_else(|| CallGraph {
                of: Awaited::Task(GraphTask {
                    id: task.id(),
                    name: task.name(),
                    location: task.location(),
                }),
                stack: task.stack(),
                unknown_wait: None,
                awaited_by: Vec::new(),
                is_cycle: false,
            })
        }
        Subject::Eventual(object) => CallGraph {
            of: Awaited::Eventual(object),
            stack: Vec::new(),
            unknown_wait: None,
            awaited_by: edges.waiting_on(object),
            is_cycle: false,
        },
    }
}

/// [`call_graph`] as text, with at most `limit` frames of each task, the newest.
///
/// The outermost frame comes first: below it may be several, where the task does several things at once.
///
/// ```
/// use corio::debug;
///
/// debug::set(true);
/// corio::run(async {
///     let first = corio::spawn(corio::sleep(std::time::Duration::from_secs(60)));
///     let task = first.task();
///     let second = corio::spawn(debug::scope("second", first));
///     corio::yield_now().await;
///     let graph = debug::format_call_graph(&task, None);
///     // * Task(name='Task-2', id=2)
///     //   + Call stack:
///     //   |   corio_timer::sleep::Sleep at src/main.rs:5:17
///     //   |     waits: sleep at src/main.rs:5:30
///     //   + Awaited by:
///     //     * Task(name='Task-3', id=3)
///     //       + Call stack:
///     //       |   ...
///     //       |     scope 'second' at src/main.rs:7:31
///     //       |       waits: join of Task-2, spawned at src/main.rs:5:17
///     assert!(graph.contains("scope 'second' at "));
///     assert!(graph.contains(&format!("waits: join of Task-{}, spawned at ", task.id())));
///     second.abort();
///     task.abort();
/// });
/// ```
pub fn format_call_graph(of: &impl HasCallGraph, limit: Option<usize>) -> String {
    let graph = call_graph(of);
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = graph.write(&mut text, 0, limit.unwrap_or(usize::MAX));
    text
}

/// Writes [`format_call_graph`]'s text.
///
/// ```
/// corio::debug::set(true);
/// let text = corio::run(async {
///     let me = corio::task::current().expect("this is a task");
///     let mut text = Vec::new();
///     corio::debug::print_call_graph(&me, None, &mut text)?;
///     Ok::<_, std::io::Error>(text)
/// })?;
/// assert!(text.starts_with(b"* Task(name='Task-1', id=1)\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// What `to` says.
pub fn print_call_graph(
    of: &impl HasCallGraph,
    limit: Option<usize>,
    to: &mut dyn io::Write,
) -> io::Result<()> {
    to.write_all(format_call_graph(of, limit).as_bytes())
}

impl CallGraph {
    fn write(&self, to: &mut dyn fmt::Write, indent: usize, limit: usize) -> fmt::Result {
        match &self.of {
            Awaited::Task(GraphTask { id, name, .. }) => {
                let name = corio_trace::Plain(name);
                writeln!(to, "{:indent$}* Task(name='{name}', id={id})", "")?;
            }
            Awaited::Eventual(id) => writeln!(to, "{:indent$}* Eventual(id={id:#x})", "")?,
        }
        if self.is_cycle {
            return writeln!(to, "{:indent$}  + It waits for itself", "");
        }
        if !self.stack.is_empty() {
            writeln!(to, "{:indent$}  + Call stack:", "")?;
            for frame in &self.stack[self.stack.len().saturating_sub(limit)..] {
                let width = 2 * frame.depth;
                writeln!(to, "{:indent$}  |   {:width$}{frame}", "", "")?;
            }
            if let Some(words) = self.unknown_wait {
                // Where its frames and waits would stand: within the task's own future.
                writeln!(to, "{:indent$}  |     {words}", "")?;
            }
        }
        if !self.awaited_by.is_empty() {
            writeln!(to, "{:indent$}  + Awaited by:", "")?;
            for awaiter in &self.awaited_by {
                awaiter.write(to, indent + 4, limit)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for CallGraph {
    /// As [`format_call_graph`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0, usize::MAX)
    }
}

/// Who waits for whom.
struct Edges<'a> {
    tasks: HashMap<u64, &'a TaskRecord>,
    awaiters: HashMap<u64, Vec<u64>>,
    /// Those that are being polled, and wait for nothing.
    polled: &'a [u64],
}

impl<'a> Edges<'a> {
    fn of(snapshot: &'a Snapshot) -> Self {
        let mut members: HashMap<u64, Vec<u64>> = HashMap::new();
        for task in &snapshot.tasks {
            for held in task.holds.iter().filter(|held| held.kind == WaitKind::Group) {
                members.entry(held.object).or_default().push(task.id);
            }
        }
        let (tasks, awaiters) = (HashMap::new(), HashMap::new());
        let mut edges = Edges { tasks, awaiters, polled: &snapshot.polled };
        for task in &snapshot.tasks {
            edges.tasks.insert(task.id, task);
            let mut awaited = HashSet::new();
            for node in &task.waits {
                find_awaited(node, &members, &mut awaited);
            }
            for on in awaited {
                edges.awaiters.entry(on).or_default().push(task.id);
            }
        }
        edges
    }

    /// The graphs of those that wait for an eventual.
    fn waiting_on(&self, object: u64) -> Vec<CallGraph> {
        let mut ids: Vec<u64> = self
            .tasks
            .values()
            .filter_map(|task| {
                task.waits.iter().any(|node| is_waiting_on(node, object)).then_some(task.id)
            })
            .collect();
        ids.sort_unstable();
        ids.into_iter().filter_map(|id| self.graph(id, &mut Vec::new())).collect()
    }

    /// The graph of task `id`, which stands below `path`.
    fn graph(&self, id: u64, path: &mut Vec<u64>) -> Option<CallGraph> {
        let record = self.tasks.get(&id)?;
        let is_cycle = path.contains(&id);
        path.push(id);
        let awaiters = self.awaiters.get(&id).filter(|_| !is_cycle);
        let awaited_by = awaiters
            .into_iter()
            .flatten()
            .filter_map(|&awaiter| self.graph(awaiter, path))
            .collect();
        path.pop();
        Some(CallGraph {
            of: Awaited::Task(GraphTask {
                id,
                name: match &record.name {
                    Some(name) => name.to_string(),
                    None => format!("Task-{id}"),
                },
                location: record.place,
            }),
            stack: StackFrame::all_of(record),
            unknown_wait: record.unknown_wait().filter(|_| !self.polled.contains(&id)),
            awaited_by,
            is_cycle,
        })
    }
}

/// The tasks whose end the waits in `node` are for.
fn find_awaited(node: &NodeRecord, members: &HashMap<u64, Vec<u64>>, to: &mut HashSet<u64>) {
    match node.kind {
        NodeKind::Wait(WaitKind::Join | WaitKind::Blocking) => to.extend(node.owner),
        NodeKind::Wait(WaitKind::Group) => {
            to.extend(members.get(&node.object).into_iter().flatten())
        }
        _ => {}
    }
    for child in &node.children {
        find_awaited(child, members, to);
    }
}

fn is_waiting_on(node: &NodeRecord, object: u64) -> bool {
    (node.kind == NodeKind::Wait(WaitKind::Event) && node.object == object)
        || node.children.iter().any(|child| is_waiting_on(child, object))
}
