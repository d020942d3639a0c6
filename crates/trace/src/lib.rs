//! The vocabulary of runtime events of corio, the one switch that turns them on, and the record
//! that every wait leaves behind.
//!
//! | module | what it is |
//! |---|---|
//! | [`mod@switch`] | on or off: one relaxed load, `CORIO_DEBUG` |
//! | [`event`] | what happens in a runtime, as values |
//! | [`mod@emit`] | where events go: a sink, or else the `log` crate |
//! | [`slow`] | polls that take too long |
//! | [`wait`] | what the task being polled waits for |
//!
//! The task, timer, reactor and executor crates call this; the facade turns the switch. With the
//! switch off nothing here formats, allocates, locks or logs.
//!
//! ```
//! use corio_trace::{Event, emit, set_enabled};
//!
//! set_enabled(true);
//! emit(&Event::TimerFired { count: 3 }); // a line on the log target corio::timer
//! ```

#![forbid(unsafe_code)]

pub mod switch;

pub mod event;

pub mod emit;

pub mod slow;

pub mod wait;

pub use emit::{emit, report_error, report_warning, set_sink};
pub use event::{Event, Outcome, TaskLabel};
pub use slow::{report_slow_poll, set_slow_poll, slow_poll};
pub use switch::{BadDebugValue, enabled, init_from_env, set_enabled};
pub use wait::{Wait, WaitKind, record, take_last_wait};
