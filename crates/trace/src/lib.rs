//! The vocabulary of runtime events of corio, the one switch that turns them on, and the record
//! that every wait leaves behind.
//!
//! | module | what it is |
//! |---|---|
//! | [`mod@switch`] | on or off: one relaxed load, `CORIO_DEBUG` |
//! | [`event`] | what happens in a runtime, as values |
//! | [`mod@emit`] | where events go: a sink, or else the `log` crate |
//! | [`slow`] | polls that take too long |
//! | [`recent`] | those of the last while, for readers |
//! | [`wait`] | what the task being polled waits for |
//! | [`book`] | every task, where it stands and what it waits for, for readers on any thread |
//! | [`pulse`] | what each loop polls at the moment |
//! | [`metrics`] | how each loop is doing, as numbers; also with the switch off |
//! | [`watcher`] | wakes who watches them when one begins a poll |
//! | [`coroutine`], [`action`] | futures that say so when nobody awaits them |
//! | [`disarm`] | where that is nobody's mistake |
//! | [`targets`] | every log target, and what is written there |
//! | [`Plain`] | names, as they may stand in a log or on a terminal |
//! | [`shown_type`] | the name of a task's future, without corio's own wrappers |
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

#![deny(unsafe_code)]

pub mod switch;

pub mod event;

pub mod emit;

pub mod slow;

pub mod recent;

pub mod limits;

pub mod wait;

pub mod book;

pub mod pulse;

pub mod metrics;

pub mod watcher;

pub mod action;

pub mod coroutine;

pub mod disarm;

mod undone;

pub mod targets;

mod plain;

mod type_names;

pub use emit::{
    emit, lives_are_told, polls_are_told, report_error, report_info, report_warning, set_sink,
};
pub use event::{Event, Outcome, TaskLabel};
pub use limits::Limit;
pub use plain::Plain;
pub use slow::{report_slow_call, report_slow_poll, set_slow_poll, slow_poll, slow_poll_nanos};
pub use switch::{
    BadDebugValue, enabled, init_from_env, set_enabled, turned_on, turned_on_at, when_enabled,
};
pub use type_names::shown_type;
pub use wait::{Wait, WaitKind, forget_last_wait, record, take_last_wait};
