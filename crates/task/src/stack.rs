//! Where a task stands, as people read it.
//!
//! ```text
//!   the book's record of the task ─▶ the task's own future, then its frames and waits, depth first
//!   a task that panicked          ─▶ the frames that the panic went through
//! ```

use std::fmt;
use std::io;
use std::panic::Location;

use corio_trace::WaitKind;
use corio_trace::book::{self, FrameKind, NodeKind, NodeRecord, TaskRecord};

use crate::bound::header;
use crate::more;
use crate::task::{Task, TaskState};

/// One frame of a [`Task::stack`](crate::Task::stack).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StackFrame {
    /// What it is.
    pub kind: StackKind,
    /// The type of the task's future, or a frame's name; empty for a wait.
    pub name: &'static str,
    /// The place that is known of it: where it was spawned, or made.
    pub location: &'static Location<'static>,
    /// Which thing is waited for, or by which others name the frame; 0 for none.
    pub object: u64,
    /// The task that can end the wait, where the wait itself knows.
    pub owner: Option<u64>,
    /// Below how many others it stands: 0 for the task's own future. Two of the same depth, one after the
    /// other, are beside each other.
    pub depth: usize,
}

/// What a [`StackFrame`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StackKind {
    /// The task's own future.
    Task,
    /// Something within it that polls others.
    Frame(FrameKind),
    /// What it waits for.
    Wait(WaitKind),
}

impl fmt::Display for StackFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            StackKind::Task => f.write_str(self.name)?,
            StackKind::Frame(kind @ (FrameKind::Coroutine | FrameKind::Scope)) => {
                write!(f, "{kind} '{}'", self.name)?;
            }
            StackKind::Frame(_) => f.write_str(self.name)?,
            StackKind::Wait(kind) => write!(f, "waits: {kind}")?,
        }
        match (self.kind, self.owner) {
            // A handle does not know where it is awaited, but what it is a handle of.
            (StackKind::Wait(WaitKind::Join | WaitKind::Blocking), Some(owner)) => {
                write!(f, " of Task-{owner}, spawned at {}", self.location)
            }
            (_, Some(owner)) => write!(f, " of Task-{owner} at {}", self.location),
            (_, None) => write!(f, " at {}", self.location),
        }
    }
}

/// See [`Task::stack`](crate::Task::stack).
pub(crate) fn of(task: &Task) -> Vec<StackFrame> {
    let whole = StackFrame {
        kind: StackKind::Task,
        name: task.type_name(),
        location: task.location(),
        object: 0,
        owner: None,
        depth: 0,
    };
    match task.state() {
        TaskState::Panicked => {
            let more = more::get(header(task.raw()));
            let panicked = more.map(more::More::panicked).unwrap_or_default();
            let frames = panicked.iter().zip(1..).map(|(frame, depth)| StackFrame {
                kind: StackKind::Frame(frame.kind),
                name: frame.name,
                location: frame.place,
                object: frame.object,
                owner: None,
                depth,
            });
            std::iter::once(whole).chain(frames).collect()
        }
        TaskState::Finished | TaskState::Cancelled => Vec::new(),
        TaskState::Pending | TaskState::Cancelling => {
            recorded(task).map_or_else(|| vec![whole], |record| StackFrame::all_of(&record))
        }
    }
}

/// What the book knows of a task.
fn recorded(task: &Task) -> Option<TaskRecord> {
    let more = more::get(header(task.raw()))?;
    more.page().is_open().then(|| book::task(task.id())).flatten()
}

impl StackFrame {
    /// The frames of a task, as the book has it.
    pub fn all_of(record: &TaskRecord) -> Vec<StackFrame> {
        let mut frames = vec![StackFrame {
            kind: StackKind::Task,
            name: record.type_name,
            location: record.place,
            object: 0,
            owner: None,
            depth: 0,
        }];
        for node in &record.waits {
            push(node, 1, &mut frames);
        }
        frames
    }
}

fn push(node: &NodeRecord, depth: usize, frames: &mut Vec<StackFrame>) {
    frames.push(StackFrame {
        kind: match node.kind {
            NodeKind::Frame(kind) => StackKind::Frame(kind),
            NodeKind::Wait(kind) => StackKind::Wait(kind),
        },
        name: node.name,
        location: node.place,
        object: node.object,
        owner: node.owner,
        depth,
    });
    for child in &node.children {
        push(child, depth + 1, frames);
    }
}

/// See [`Task::print_stack`](crate::Task::print_stack).
pub(crate) fn print(task: &Task, limit: Option<usize>, to: &mut dyn io::Write) -> io::Result<()> {
    let frames = task.stack();
    if frames.is_empty() {
        return writeln!(to, "No stack for {task:?}");
    }
    let count = limit.unwrap_or(frames.len()).min(frames.len());
    let (title, first) = match task.state() {
        TaskState::Panicked => ("Traceback", 0),
        _ => ("Stack", frames.len() - count),
    };
    writeln!(to, "{title} for {task:?} (most recent call last):")?;
    for frame in &frames[first..first + count] {
        writeln!(to, "  {:width$}{frame}", "", width = 2 * frame.depth)?;
    }
    let is_bare = frames.len() == 1 && task.state() != TaskState::Panicked;
    match is_bare.then(|| recorded(task)).flatten().and_then(|record| record.unknown_wait()) {
        Some(words) => writeln!(to, "    {words}"),
        None => Ok(()),
    }
}
