//! The event loop of corio: turns, the ready queue, mail from other threads.
//!
//! ```text
//!            other threads                         the loop's thread
//!   wake, spawn, abort ──▶ Inbox ──open──▶ ready queue ──pop──▶ poll ──wake──┐
//!                            │                  ▲                            │
//!                            └─unpark─▶ Park ───┴────────────────────────────┘
//! ```
//!
//! A loop runs in *turns*: it opens its mail, then polls what is ready, each task once, in order.
//! Between turns it looks at what it waits on, at times ([`cadence`]), and waits there when nothing
//! is ready. It knows a [`corio_base::Park`], and neither descriptors nor time.
//!
//! - [`Executor`]: a loop with its `Park`, on a thread of its own.
//! - [`Guest`]: a loop as a plain future inside another executor.
//! - [`Core`]: the loop itself, for those who drive it their own way.

#![forbid(unsafe_code)]

pub mod cadence;
pub mod inbox;

mod core;
mod shared;

mod entered;
mod executor;
mod guest;
mod handle;
mod traced;

pub mod group;

mod yield_now;

pub use crate::core::{AtWork, Core, Factory, Turn};
pub use entered::{current, running_since, set_task_factory, spawn_current, with_current};
pub use executor::Executor;
pub use group::{GroupError, TaskGroup};
pub use guest::Guest;
pub use handle::Handle;
pub use shared::{PanicHook, UnseenHook};
pub use yield_now::{YieldNow, yield_now};

/// What a loop's [`Handle::metrics`] gives.
pub use corio_trace::metrics::RuntimeMetrics;

/// The types of tasks that this crate's functions take and return.
pub use corio_task::{Call, CallPanic, JoinError, JoinHandle, Spawn, Task, TaskInfo, Unseen};
