//! What a program tells of itself: a value that is written as JSON by the program and read by whoever asks.
//!
//! Times are durations up to the moment of the report, so that reader and program need no common clock.

use serde::{Deserialize, Serialize};

/// The form of a report that this crate writes; a reader refuses what it does not know.
pub const FORMAT: u32 = 1;

/// Everything the book knows at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: u32,
    /// The process.
    pub pid: u32,
    /// What was started: the path of the program.
    pub program: String,
    /// Whether debug mode is on. Otherwise only what was recorded while it was is here.
    pub debug: bool,
    /// The loops of the process.
    pub loops: Vec<LoopReport>,
    /// The tasks, the oldest first.
    pub tasks: Vec<TaskReport>,
    /// Circles of tasks that can never go on; each begins and ends with the same task.
    pub stuck: Vec<Vec<u64>>,
    /// How many records found no place: what is here is incomplete by as much.
    pub lost: u64,
}

/// A loop and its thread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoopReport {
    /// Its number.
    pub id: u64,
    /// The thread's number in the kernel.
    pub thread: i64,
    /// What the thread is called.
    pub name: Option<String>,
    /// The task that is being polled, and for how long, in microseconds.
    pub polling: Option<(u64, u64)>,
}

/// What a task does at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It has no wait on record: it was spawned or woken and has not been polled since, or waits for
    /// something that tells nothing.
    #[default]
    Ready,
    /// It is being polled.
    Running,
    /// It waits.
    Waiting,
}

/// A task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskReport {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its loop.
    pub home: u64,
    /// That loop's thread.
    pub thread: i64,
    /// What it does.
    pub state: State,
    /// Where it was spawned.
    pub place: String,
    /// What its future is called.
    pub type_name: String,
    /// The task that spawned it.
    pub parent: Option<u64>,
    /// Whether it was there before debug mode was turned on: its older waits are not known.
    pub late: bool,
    /// For how long the book knows it, in microseconds.
    pub age_us: u64,
    /// How often it was polled in that time.
    pub polls: u64,
    /// How long its measured polls took, in microseconds.
    pub busy_us: u64,
    /// What it waits for.
    pub waits: Vec<Node>,
    /// What it holds that others may wait for.
    pub holds: Vec<Hold>,
    /// Who waits for it.
    pub awaited_by: Vec<Awaiter>,
}

/// A frame or a wait within a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// `coroutine fetch`, `timeout`, `lock`, …
    pub label: String,
    /// Where it was made.
    pub place: String,
    /// Whether it is a wait, and not something that encloses waits.
    pub is_wait: bool,
    /// The tasks that can end the wait, where they are known.
    pub on: Vec<u64>,
    /// For how long, in microseconds.
    pub for_us: u64,
    /// What is under it.
    pub children: Vec<Node>,
}

impl Node {
    /// The line that stands for it: what and where.
    pub fn line(&self) -> String {
        if self.place.is_empty() {
            self.label.clone()
        } else {
            format!("{} {}", self.label, self.place)
        }
    }
}

/// Something a task holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// What kind of thing: `lock`, `semaphore`, …
    pub kind: String,
    /// Where it was taken.
    pub place: String,
    /// For how long, in microseconds.
    pub for_us: u64,
}

/// A task that waits for another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Awaiter {
    /// The task that waits.
    pub task: u64,
    /// Its frames down to the wait, the innermost first, as lines.
    pub stack: Vec<String>,
}
