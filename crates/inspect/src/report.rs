//! What a program tells of itself: a value that is written as JSON by the program and read by whoever asks.
//!
//! Times are durations up to the moment of the report, so that reader and program need no common clock.
//!
//! **One format, one reader.** [`FORMAT`] changes with every change of these types. Who reads looks at `format`
//! and `version` first, which every format has, and refuses what is not its own by name: see
//! [`client::read`](crate::client::read).
//!
//! What is empty is left out, of tasks and what they wait for: of a hundred thousand tasks that is a quarter of
//! everything.

use corio_trace::book;
use serde::{Deserialize, Serialize};

/// The form of a report that this crate writes; a reader refuses what it does not know.
pub const FORMAT: u32 = 2;

/// Everything that is known at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: u32,
    /// The corio that writes it.
    pub version: String,
    /// The process.
    pub pid: u32,
    /// What was started: the path of the program.
    pub program: String,
    /// Whether debug mode is on. Otherwise only what was recorded while it was is here.
    pub debug: bool,
    /// What counts as a slow poll, in microseconds.
    pub slow_us: u64,
    /// How long it took to make this report, in microseconds.
    pub made_in_us: u64,
    /// The loops of the process.
    pub loops: Vec<LoopReport>,
    /// The tasks, the oldest first.
    pub tasks: Vec<TaskReport>,
    /// The slow polls of the last while, the newest first.
    pub slow: Vec<SlowReport>,
    /// The threads of the process, the oldest first; none where the system does not tell.
    pub threads: Vec<ThreadReport>,
    /// Circles of tasks that can never go on; each begins and ends with the same task.
    pub stuck: Vec<Vec<u64>>,
    /// How many records found no place: what is here is incomplete by as much.
    pub lost: u64,
}

/// A loop, its thread, and what it has counted. Counts are from its beginning on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoopReport {
    /// Its number.
    pub id: u64,
    /// The thread's number in the kernel.
    pub thread: i64,
    /// What the thread is called.
    pub name: Option<String>,
    /// In debug mode, the task that is being polled, and for how long, in microseconds. A function that the loop
    /// calls is no task and has the number 0.
    pub polling: Option<(u64, u64)>,
    /// Whether it waits for events.
    pub is_parked: bool,
    /// For how long it has not looked at timers and descriptors, in microseconds; `None` while it waits for
    /// them.
    pub away_us: Option<u64>,
    /// For how long it was not waiting, in microseconds.
    pub busy_us: u64,
    /// Tasks that have not ended.
    pub tasks: u64,
    /// Tasks that were spawned.
    pub spawned: u64,
    /// Tasks that are ready to be polled, when the loop last looked.
    pub ready: u64,
    /// What other threads have sent, and the loop has not opened.
    pub inbox: u64,
    /// Turns.
    pub turns: u64,
    /// Polls.
    pub polls: u64,
    /// Waits for events.
    pub parks: u64,
    /// Tasks made ready by the loop's own thread.
    pub wakes: u64,
    /// Wakes, spawns and calls from other threads.
    pub deliveries: u64,
    /// From one look at timers and descriptors to the next.
    pub turn: Spread,
    /// Timers that wait.
    pub timers: u64,
    /// Timers that have fired.
    pub fired: u64,
    /// How late timers fired: of each turn the latest.
    pub late: Spread,
    /// Descriptors that are registered.
    pub descriptors: u64,
    /// Events of descriptors.
    pub events: u64,
    /// Threads of its pool for what blocks.
    pub pool_threads: u64,
    /// Those of them that have nothing to do.
    pub pool_idle: u64,
    /// Calls that wait for one of them.
    pub pool_queue: u64,
    /// In debug mode, how many measured polls took how long: at `n` those of less than 2^n nanoseconds, and of
    /// half of that or more.
    pub lengths: Vec<u64>,
}

/// Durations, summed up; in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// How many.
    pub count: u64,
    /// The last one.
    pub last_ns: u64,
    /// Their mean.
    pub mean_ns: u64,
    /// Ninety-nine in a hundred were no longer, within a factor of two.
    pub p99_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

/// A poll that took long, or a function that the loop called.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SlowReport {
    /// Which of the process it is, from 1 on.
    pub number: u64,
    /// The task; `None` for a function that the loop called.
    pub task: Option<u64>,
    /// What the task is called, or how the function is told from others.
    pub name: String,
    /// Where the task was spawned, or the call made.
    pub place: String,
    /// How long it took so far, in microseconds.
    pub took_us: u64,
    /// How long ago it began, in microseconds.
    pub ago_us: u64,
    /// Whether it had not ended when it was last seen.
    pub lasts: bool,
    /// Where it was while it lasted, the innermost frame first.
    pub stack: Vec<String>,
}

/// A thread of the process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ThreadReport {
    /// Its number in the kernel.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// `running`, `sleeping`, `blocked` (in the kernel, as a rule by a disk), `stopped`, `ending`.
    pub state: String,
    /// What it has used of a processor, in microseconds, where the system tells.
    pub cpu_us: Option<u64>,
    /// The loops that run on it.
    pub loops: Vec<u64>,
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
    /// It waits; as far as is known, if it is older than debug mode.
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
    /// That loop's thread; of a job of a pool the one that runs it, and 0 while none does.
    pub thread: i64,
    /// What it does.
    pub state: State,
    /// Where it was spawned.
    pub place: String,
    /// What its future is called.
    pub type_name: String,
    /// The task that spawned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// Whether it was there before debug mode was turned on: its older waits are not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// For how long the book knows it, in microseconds.
    pub age_us: u64,
    /// How often it was polled in that time.
    pub polls: u64,
    /// How long its measured polls took, in microseconds.
    pub busy_us: u64,
    /// What it waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<Node>,
    /// What it holds that others may wait for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Hold>,
    /// Who waits for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub awaited_by: Vec<Awaiter>,
}

impl TaskReport {
    /// What there is to say where no wait is known because the task is older than debug mode.
    pub fn unknown_wait(&self) -> Option<&'static str> {
        let is_unknown = self.waits.is_empty() && self.state != State::Running;
        is_unknown.then(|| book::unknown_wait(self.late, self.polls)).flatten()
    }

    /// As [`TaskReport::unknown_wait`], with the one place that is known.
    pub(crate) fn unknown_wait_line(&self) -> Option<String> {
        self.unknown_wait().map(|words| format!("{words}, spawned at {}", self.place))
    }
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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<u64>,
    /// For how long, in microseconds.
    pub for_us: u64,
    /// What is under it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
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
