//! Unix signals as futures, usable in any executor.
//!
//! A signal interrupts a thread at any instruction, and what runs then may do next to nothing. So
//! the handler writes one byte into a pipe, and a future waits for the pipe like for any descriptor:
//!
//! ```text
//!   signal ──▶ handler: write ──▶ pipe ──▶ reactor ──▶ waker ──▶ Signal, or CtrlC, is ready
//! ```
//!
//! | module | what it is | unsafe |
//! |---|---|---|
//! | `kind` | which signal, and whether a program may be told of it | |
//! | `watch` | one signal and the pipe it is written into | yes |
//! | `stream` | any signal, as a stream | |
//! | `ctrl_c` | the future of Ctrl-C | |
//! | `default` | the default action, given back | yes |
//! | [`interrupt`] | Ctrl-C for whoever runs a loop | yes |
//!
//! Handlers are chained by `signal-hook-registry`: those that the program or another library has
//! installed go on being called. Nothing here blocks signals or changes a thread's mask.
//!
//! # When not to use it
//! For children that end, wait for the child; `SIGCHLD` says too little. For faults (`SIGSEGV`,
//! `SIGFPE` …) nothing can be awaited: the thread cannot go on.

#![deny(unsafe_code)]

mod default;
mod kind;
mod watch;

mod ctrl_c;
mod stream;

pub mod interrupt;

pub use ctrl_c::{CtrlC, ctrl_c};
pub use default::restore_default;
pub use kind::{SignalKind, UnwatchableSignal};
pub use stream::{Recv, Signal, signal};
