//! Debug mode: where tasks stand, who waits for whom, what takes long.
//!
//! One switch a process: `CORIO_DEBUG=1` in the environment, [`Builder::debug`](crate::Builder::debug), or
//! [`set`] while the program runs. Off it costs one relaxed load a poll and a wait; on, some ten
//! nanoseconds: it may stay on in production.
//!
//! | | shows |
//! |---|---|
//! | [`Task::stack`], [`Task::print_stack`] | where one task stands |
//! | [`call_graph`], [`print_call_graph`], [`format_call_graph`] | the same, and of all who wait for it |
//! | [`tasks`] | every task of the process |
//! | [`set_slow_poll`] | from when on a poll is reported |
//! | [`set_hang_limit`], [`set_lock_held_limit`], [`set_grant_limit`], [`set_cancel_limit`] | from when on waits are reported that keep others, or everything, from going on |
//! | [`scope()`] | gives a future of another library a name in all of these |
//!
//! ```
//! use corio::debug;
//! use std::time::Duration;
//!
//! debug::set(true);
//! corio::run(async {
//!     let task = corio::spawn(debug::scope("fetch", corio::sleep(Duration::from_secs(3600))));
//!     corio::yield_now().await;
//!     let stack = task.task().stack();
//!     assert_eq!(stack[1].name, "fetch");
//!     task.abort();
//! });
//! ```
//!
//! Tasks that were there before the switch was turned are known, but not what they waited for then.
//!
//! `docs/debugging.md`, in the source, is the chapter on it: each kind of bug as a program, with what is
//! printed of it and how it is mended.

mod graph;
mod limits;
mod scope;

use std::time::Duration;

pub use corio_task::{StackFrame, StackKind};
pub use corio_trace::WaitKind;
pub use corio_trace::book::{
    FrameKind, HeldRecord, NodeKind, NodeRecord, Snapshot, TaskRecord, snapshot as tasks,
};
pub use graph::{
    Awaited, CallGraph, GraphTask, HasCallGraph, call_graph, format_call_graph, print_call_graph,
};
pub use limits::{
    cancel_limit, grant_limit, hang_limit, lock_held_limit, set_cancel_limit, set_grant_limit,
    set_hang_limit, set_lock_held_limit,
};
pub use scope::{InScope, scope};

#[expect(unused_imports, reason = "for links from the text above")]
use corio_task::Task;

/// Turns debug mode on or off, for all runtimes of the process, at any time.
///
/// ```
/// corio::debug::set(true);
/// assert!(corio::debug::is_enabled());
/// corio::debug::set(false);
/// ```
pub fn set(on: bool) {
    corio_trace::set_enabled(on);
}

/// Whether debug mode is on.
pub fn is_enabled() -> bool {
    corio_trace::enabled()
}

/// From what length on a poll is reported, while debug mode is on; 100 ms unless said otherwise.
///
/// Lengths are judged to some milliseconds; with a limit below ten, every poll is measured with a precise
/// clock, which makes each some 80 ns longer.
///
/// ```
/// use corio::debug;
/// use std::time::Duration;
///
/// debug::set_slow_poll(Duration::from_millis(50));
/// assert_eq!(debug::slow_poll(), Duration::from_millis(50));
/// ```
pub fn set_slow_poll(limit: Duration) {
    corio_trace::set_slow_poll(limit);
}

/// From what length on a poll is reported.
pub fn slow_poll() -> Duration {
    corio_trace::slow_poll()
}
