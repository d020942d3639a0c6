//! Shows, while it still runs, which line of a task keeps its event loop from going on.
//!
//! A task that computes for long, or calls what blocks, keeps every other task of its loop waiting. Debug mode
//! warns after such a poll; this crate warns while it is under way, with the stack of the thread, and also
//! where the poll never ends:
//!
//! ```console
//! Executing <Task name='Task-3' spawned at src/main.rs:10:5> has taken 0.106 seconds and still runs; it is here:
//!   0: clock_nanosleep
//!   1: std::thread::functions::sleep at library/std/src/thread/functions.rs:289:5
//!   2: myapp::handler at src/main.rs:42:9
//!   ... 31 frames of the runtime
//! ```
//!
//! It is logged to `corio::slow` as a warning when the poll has taken [`corio_trace::slow_poll`], and again
//! after twice that time, four times and so on. A quarter of `slow_poll` is the most it is late.
//!
//! The facade calls [`ensure_started`] when a loop runs in debug mode. One thread, `corio-watchdog`,
//! looks at what every loop [publishes](corio_trace::pulse) about its present poll. While no loop polls
//! anything, and while debug mode is off, that thread is not woken at all.
//!
//! # The signal
//!
//! Only a thread itself can read its registers, so it is sent a signal, whose handler copies them and at most
//! 256 KiB of the stack into memory that was there before. The handler takes no lock, allocates nothing and
//! leaves `errno` alone; it is done in some 50 µs. Unwinding and symbols are the watchdog's work, on the copy.
//! A loop that waits for events polls nothing and is sent nothing.
//!
//! The signal is `SIGURG`: few programs use it, debuggers let it pass, and the system ignores it where no handler
//! is. `CORIO_WATCHDOG_SIGNAL` chooses another (`SIGUSR2`, `SIGRTMIN+3`, …) or turns stacks `off`; a program
//! does it with [`start`] and a [`Config`], before the first loop runs in debug mode. Signals of the same
//! number that others send go to the handler that was there before, with the signals blocked that it wants
//! blocked, or do what they do without one; handlers that are installed later must pass on what is not theirs,
//! as `signal-hook` does.
//!
//! The handler is installed with `SA_RESTART`, so most system calls go on as if nothing had been: `read`, `write`,
//! `accept`, `wait`, locks. (Where a handler was there before that ends them, ours does, too: choose a signal
//! that has none.) Some end with `EINTR` nevertheless, once for each stack that is taken of a poll that
//! blocks in them: `nanosleep`, `poll`, `select`, `epoll_wait`, `sigtimedwait`, `msgrcv`, `semop`, and calls on
//! sockets that have a time limit (`SO_RCVTIMEO`). The standard library tries again by itself in
//! `thread::sleep`, locks and channels; on a socket with a time limit it gives `ErrorKind::Interrupted`,
//! which a program must be ready for anyway.
//!
//! # Where it works
//!
//! On Linux, x86_64 and aarch64. Elsewhere, and where the signal is turned off or not answered (a thread that
//! blocks it, a system call that cannot be interrupted), the warning says so and comes without a stack. A stack
//! is longer than what is copied where recursion is deep; the innermost part is shown. Names and lines
//! need symbols: built with `debug = "line-tables-only"` all of them are there; without debug information inlined
//! functions are missing; a stripped program shows modules and offsets for `addr2line`. Reading
//! debug information takes up to a second the first time and as much memory as the part of it that is looked
//! at, on the watchdog's thread. Where debug information has only a function's last name, as line tables do, the
//! whole of it is taken from the file's symbol table. A thread that blocks within the dynamic linker, or in a logger that the
//! warning needs, is not shown before it is done.
//!
//! A forked child has no watchdog until it starts one. Panicking loggers are survived.
//!
//! # Cost
//!
//! While loops are at work the thread looks at them four times in [`corio_trace::slow_poll`], a few microseconds
//! each time, and once a second at the book of all tasks, for circles and the like: with 1 000 tasks 4 ms, with
//! 100 000 tasks 0.4 s, and then every 44 seconds, so that it takes less than 1 % of a core.
//!
//! Three crates are used for it, [framehop](https://docs.rs/framehop) to unwind,
//! [backtrace](https://docs.rs/backtrace) for symbols and `object`, which that brings along, for symbol
//! tables; with what they need these are fourteen small crates, thirteen seconds of one core in a debug
//! build on a small virtual machine. `backtrace` was taken over `addr2line` with its loader, which finds
//! the same files and takes as long to build, but brings two decompressors and twenty crates in all. A
//! facade built without its feature `watchdog` has none of them, and warns after slow polls only.
//!
//! | module | what it is | unsafe |
//! |---|---|---|
//! | `signal` | which signals may be used | |
//! | `config` | how the watchdog is to work | |
//! | `start` | starting it, once a process | |
//! | `watch` | its thread | |
//! | `lookout` | which polls are reported when | |
//! | `sleep` | how it waits for polls | |
//! | `sys` | the barrier that this needs | yes |
//! | `state` | the word between watchdog and signal handler | |
//! | `stack` | the stack of a thread at work | yes |
//! | `no_stack` | where there is none | |
//! | `frame` | a stack as it is shown | |
//! | `trim` | which of its frames are shown | |
//! | `report` | the warning's words | |
//! | `audit` | what the book says of circles, hangs, locks and cancelled tasks | |
#![deny(unsafe_code)]

mod signal;

mod config;

mod start;

mod watch;

mod lookout;

mod sleep;

#[cfg(target_os = "linux")]
mod sys;

#[doc(hidden)]
pub mod state;

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(loom)))]
mod stack;

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(loom)
)))]
#[path = "no_stack.rs"]
mod stack;

mod frame;

mod trim;

mod report;

mod audit;

pub use config::{Config, StackReader, VARIABLE};
pub use signal::{BadSignal, Signal};
pub use start::{StartError, ensure_started, is_running, start};
