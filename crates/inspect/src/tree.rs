//! A report as trees: who waits for whom, from those that nobody waits for down to those that wait for no
//! task.
//!
//! ```text
//! └── (T) Task-1
//!     └──  main src/main.rs:10:5
//!         └── (T) Task-2
//! ```
//!
//! The drawing is that of `python -m asyncio pstree`. A task that several wait for stands under each of
//! them; what is below it is drawn the first time only.

use std::collections::{HashMap, HashSet};
use std::fmt;

use corio_trace::book::graph;

use crate::report::{Node, Report, TaskReport};
use crate::text::plain;

/// The await graph has circles, so it is no tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycles {
    /// Each circle begins and ends with the same task.
    pub cycles: Vec<Vec<u64>>,
    names: HashMap<u64, String>,
}

impl fmt::Display for Cycles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the await graph contains cycles, so it cannot be drawn as a tree")?;
        for cycle in &self.cycles {
            let names: Vec<String> = cycle
                .iter()
                .map(|id| self.names.get(id).cloned().unwrap_or_else(|| format!("Task-{id}")))
                .map(|name| plain(&name).into_owned())
                .collect();
            write!(f, "\ncycle: {}", names.join(" → "))?;
        }
        Ok(())
    }
}

impl std::error::Error for Cycles {}

/// What stands before a task and before a frame.
#[derive(Clone, Copy, Debug)]
pub struct Marks<'a> {
    /// Before a task's name.
    pub task: &'a str,
    /// Before a frame.
    pub frame: &'a str,
}

impl Default for Marks<'_> {
    fn default() -> Self {
        Marks { task: "(T)", frame: "" }
    }
}

/// Draws `report`: one list of lines for each tree.
///
/// # Errors
/// [`Cycles`] where tasks wait for each other in a circle.
pub fn draw(report: &Report, marks: Marks<'_>) -> Result<Vec<Vec<String>>, Cycles> {
    let awaits = report
        .tasks
        .iter()
        .flat_map(|task| task.awaited_by.iter().map(|awaiter| (awaiter.task, task.id)));
    let cycles = graph::cycles(awaits);
    if !cycles.is_empty() {
        let names = report.tasks.iter().map(|task| (task.id, task.name.clone())).collect();
        return Err(Cycles { cycles, names });
    }
    let forest = Forest::of(report);
    Ok(forest.roots().into_iter().map(|root| forest.draw(root, marks)).collect())
}

/// What stands on a line.
enum Label {
    Task(u64, String),
    Frame(String),
}

struct Branch {
    label: Label,
    children: Vec<usize>,
    is_child: bool,
}

/// All lines of all trees, linked.
struct Forest {
    branches: Vec<Branch>,
    /// Where each task stands.
    tasks: HashMap<u64, usize>,
    /// The frames that stand under each branch: one line for those that read the same.
    frames: HashMap<(usize, String), usize>,
}

impl Forest {
    fn of(report: &Report) -> Forest {
        let mut forest =
            Forest { branches: Vec::new(), tasks: HashMap::new(), frames: HashMap::new() };
        for task in &report.tasks {
            forest.task(task.id, &task.name);
        }
        let mut waiters = HashSet::new();
        for task in &report.tasks {
            for awaiter in &task.awaited_by {
                waiters.insert(awaiter.task);
                let unknown = format!("Task-{}", awaiter.task);
                let mut at = forest.task(awaiter.task, &unknown);
                for frame in awaiter.stack.iter().rev() {
                    at = forest.frame(at, frame);
                }
                let child = forest.tasks[&task.id];
                forest.hang(at, child);
            }
        }
        for task in report.tasks.iter().filter(|task| !waiters.contains(&task.id)) {
            forest.own_waits(task);
        }
        forest
    }

    /// Below a task that waits for no other stands what it does wait for.
    fn own_waits(&mut self, task: &TaskReport) {
        let mut open: Vec<(usize, &Node)> = Vec::new();
        let at = self.tasks[&task.id];
        if let Some(line) = task.unknown_wait_line() {
            self.frame(at, &line);
        }
        open.extend(task.waits.iter().rev().map(|wait| (at, wait)));
        while let Some((at, node)) = open.pop() {
            let at = self.frame(at, &node.line());
            open.extend(node.children.iter().rev().map(|child| (at, child)));
        }
    }

    fn task(&mut self, id: u64, name: &str) -> usize {
        if let Some(&at) = self.tasks.get(&id) {
            return at;
        }
        let at = self.add(Label::Task(id, name.to_owned()));
        self.tasks.insert(id, at);
        at
    }

    fn frame(&mut self, under: usize, line: &str) -> usize {
        if let Some(&at) = self.frames.get(&(under, line.to_owned())) {
            return at;
        }
        let at = self.add(Label::Frame(line.to_owned()));
        self.frames.insert((under, line.to_owned()), at);
        self.hang(under, at);
        at
    }

    fn add(&mut self, label: Label) -> usize {
        self.branches.push(Branch { label, children: Vec::new(), is_child: false });
        self.branches.len() - 1
    }

    fn hang(&mut self, under: usize, child: usize) {
        self.branches[child].is_child = true;
        let children = &mut self.branches[under].children;
        if !children.contains(&child) {
            children.push(child);
        }
    }

    fn roots(&self) -> Vec<usize> {
        (0..self.branches.len()).filter(|&at| !self.branches[at].is_child).collect()
    }

    fn draw(&self, root: usize, marks: Marks<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        let mut drawn = HashSet::new();
        // Chains may be as long as there are tasks, so the recursion is a list.
        let mut open = vec![(root, String::new(), true)];
        while let Some((at, prefix, is_last)) = open.pop() {
            let branch = &self.branches[at];
            let fork = if is_last { "└── " } else { "├── " };
            let again = matches!(branch.label, Label::Task(id, _) if !drawn.insert(id));
            let below = if again { &[][..] } else { &branch.children[..] };
            let line = match &branch.label {
                Label::Task(_, name) => format!("{prefix}{fork}{} {}", marks.task, plain(name)),
                Label::Frame(frame) => format!("{prefix}{fork}{} {}", marks.frame, plain(frame)),
            };
            let cut = again && !branch.children.is_empty();
            lines.push(if cut { line + " (drawn above)" } else { line });
            let prefix = prefix + if is_last { "    " } else { "│   " };
            let last = below.last().copied();
            for &child in below.iter().rev() {
                open.push((child, prefix.clone(), Some(child) == last));
            }
        }
        lines
    }
}
