//! An async runtime that gives Rust what asyncio promises.
//!
//! ```
//! use std::time::Duration;
//!
//! #[corio::main]
//! async fn main() {
//!     let task = corio::spawn(async {
//!         corio::sleep(Duration::from_millis(1)).await;
//!         "done"
//!     });
//!     assert_eq!(task.await.unwrap(), "done");
//! }
//! ```
//!
//! This crate is the facade: it builds a runtime of the layers below and puts them in place while
//! its code runs. Each layer can be used alone, inside any other runtime: `corio-sync`, `corio-timer`,
//! `corio-reactor`, `corio-net`, `corio-io`, `corio-process`, `corio-signal`, `corio-blocking`,
//! `corio-executor`.
//!
//! | module | what is there |
//! |---|---|
//! | here | [`run`], [`spawn`], [`sleep()`], [`timeout()`], [`TaskGroup`], [`gather`], [`wait`], [`shield`], [`select!`], [`join!`], [`EventLoop`], [`Runner`], [`Builder`], [`Runtime`], [`Handle`] |
//! | [`task`] | handles, errors, names, the current task |
//! | [`mod@context`] | values that follow the code run for one purpose |
//! | [`group`] | errors and results of task groups |
//! | [`many`], [`combine`] | several tasks; several futures in one task |
//! | [`event_loop`], [`mod@eventual`] | the loop as asyncio shows it; a value that is given later |
//! | [`cancel`] | catching a cancellation, scopes that can be cancelled |
//! | [`time`] | sleeps, intervals, timeouts |
//! | [`sync`] | locks, events, semaphores, queues and channels |
//! | [`blocking`], [`from_thread`] | code that blocks, on other threads; from there back to the loop |
//! | [`net`] | sockets, pipes, names |
//! | [`stream`] | asyncio's streams and servers |
//! | [`process`] | child processes |
//! | [`fs`] | files and folders |
//! | [`signal`] | Ctrl-C, and any other signal |
//! | [`io`] | readiness of any descriptor; copying, buffering, messages |
//! | [`debug`] | where tasks stand and who waits for whom; the switch of debug mode |
//!
//! # Panics in a task
//!
//! A panic ends the task it is in and goes to its handle ([`JoinError::is_panic`]); the other tasks
//! and the loop go on. If nobody awaits the handle, or looks at it, the panic is reported when the handle
//! goes: to the loop's [exception handler](EventLoop::set_exception_handler), or the log. Built with `panic = "abort"` nothing can be caught: the process ends.
//!
//! # Features
//!
//! `watchdog`, which is on: the stack of a poll that blocks, in debug mode. `tls`: `stream::tls`, through rustls.
//! `inspect`: the module of that name, for `corio ps` and its like. `tokio-io`: tokio's I/O traits for all that
//! bytes are read from or written to.
//!
//! # Environment
//!
//! `CORIO_DEBUG=1` turns debug mode on, `0` off ([`Builder::debug`] has the last word). `CORIO_INSPECT=1`
//! lets `corio ps` and its like look into the program (feature `inspect`).
//! `CORIO_DRIVER` names the driver of descriptors: on Linux `epoll` (the default), `epoll-timerfd`,
//! `polling` or `polling-oneshot`. Any other value is an error that lists what is allowed.

#![forbid(unsafe_code)]

mod ambient;
pub mod blocking;
pub mod cancel;
pub mod combine;
pub mod debug;
pub mod from_thread;
pub mod many;
mod timeout;

mod background;
mod builder;
mod clock;
mod driver;
mod end;
pub mod event_loop;
pub mod eventual;
mod handle;
mod lateness;
mod runner;
mod runtime;
mod spawn;
mod watched;

pub use background::Background;
pub use blocking::{run_in_executor, spawn_blocking, to_thread};
pub use builder::Builder;
pub use clock::Clock;
pub use combine::{Scope, ScopedHandle, scope};
pub use event_loop::EventLoop;
pub use eventual::{Eventual, Promise, eventual};
pub use handle::{Handle, HandleGuard, LoopClosed};
pub use many::{
    AsCompleted, AsCompletedWithin, EmptyWait, Gather, Raced, Shield, StaggeredRace,
    TryGatherError, Wait, as_completed, gather, shield, staggered_race, try_gather, wait,
};
pub use runner::Runner;
pub use runtime::{Runtime, RuntimeGuard};
pub use spawn::{spawn, spawn_local, try_spawn, try_spawn_local};
pub use timeout::{
    Elapsed, MoveOn, RescheduleError, Timed, Timeout, TimeoutRun, WaitFor, move_on_after,
    move_on_at, timeout, timeout_at, wait_for,
};

pub use corio_executor::{
    GroupError, JoinError, JoinHandle, RuntimeMetrics, TaskGroup, group, yield_now,
};
pub use corio_macros::{coroutine, main, test};
pub use corio_task::{Context, ContextVar, context_var};
pub use corio_timer::{sleep, sleep_until};

/// What `#[corio::coroutine]` writes.
#[doc(hidden)]
pub mod __coroutine {
    pub use corio_task::failing::{Returns, ReturnsAny, ReturnsResult};
    pub use corio_trace::coroutine::Coroutine;
}

// The examples of the front page and of the guides are compiled and run with this crate's.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/asyncio.md")]
struct FromAsyncio;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/asyncio-tasks.md")]
struct PythonsTasks;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/asyncio-others.md")]
struct PythonsOthers;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/asyncio-network.md")]
struct PythonsNetwork;

#[cfg(all(doctest, feature = "tls"))]
#[doc = include_str!("../../../docs/asyncio-tls.md")]
struct PythonsTls;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/cancellation.md")]
struct Cancellation;

/// Lets a running program be looked into, from outside: `corio ps`, `corio pstree`, `corio top`, and a page in
/// a browser. Nothing to be done where `CORIO_INSPECT=1` is in the environment, or, for the page too,
/// `CORIO_INSPECT=127.0.0.1:0`.
#[cfg(feature = "inspect")]
pub mod inspect {
    pub use corio_inspect::{Inspector, Options, Report, serve, serve_with};
}

/// Tasks: handles, errors, names, and the one that is being polled.
pub mod task {
    pub use crate::blocking::spawn_blocking;
    pub use crate::spawn::{Builder, all, spawn, spawn_local, try_spawn, try_spawn_local};
    pub use corio_executor::{JoinError, JoinHandle, Spawn, Task, TaskInfo, YieldNow, yield_now};
    pub use corio_task::{CallbackId, StackFrame, TaskState, TryResult, current};
}

/// Context variables: values that follow the code that is run for one purpose, through every task it
/// spawns and every callback it leaves.
///
/// ```
/// corio::context_var! {
///     static REQUEST: u64 = 0;
/// }
///
/// corio::run(async {
///     REQUEST.set(17);
///     let task = corio::spawn(async {
///         assert_eq!(REQUEST.get(), 17, "a task begins with a copy of its spawner's context");
///         REQUEST.set(18);
///     });
///     task.await.unwrap();
///     assert_eq!(REQUEST.get(), 17);
/// });
/// ```
pub mod context {
    pub use corio_task::{
        Context, ContextVar, ResetError, Token, Variable, Variables, context_var,
    };
}

/// Sleeps, intervals and timeouts.
pub mod time {
    pub use crate::timeout::{timeout, timeout_at};
    pub use corio_base::clock::{VirtualClock, now_instant as now};
    pub use corio_timer::{
        Interval, MissedTickBehavior, Sleep, SleepWith, interval, interval_at, sleep, sleep_until,
        sleep_with,
    };
}

/// How runtimes are doing, as numbers: [`Handle::metrics`], and those of every loop of the process.
///
/// ```
/// let background = corio::Builder::new().thread_name("beside").start()?;
/// corio::run(async {
///     for metrics in corio::metrics::all() {
///         println!("{:?}: {} tasks", metrics.thread_name(), metrics.num_alive_tasks());
///     }
///     assert!(corio::metrics::all().len() >= 2);
/// });
/// # drop(background);
/// # Ok::<(), std::io::Error>(())
/// ```
pub mod metrics {
    pub use corio_trace::metrics::{DurationStats, IoMetrics, RuntimeMetrics, TimerMetrics, all};
}

/// Locks, events, semaphores, queues and channels.
#[doc(inline)]
pub use corio_sync as sync;

/// Sockets, pipes and names: TCP, UDP, Unix sockets, happy eyeballs, looking up hosts.
#[doc(inline)]
pub use corio_net as net;

/// Child processes.
#[doc(inline)]
pub use corio_process as process;

/// Files and folders.
#[doc(inline)]
pub use corio_fs as fs;

/// asyncio's streams and servers.
#[doc(inline)]
pub use corio_stream as stream;

/// Signals of the operating system.
pub mod signal {
    pub use corio_signal::{
        CtrlC, Recv, Signal, SignalKind, UnwatchableSignal, ctrl_c, restore_default, signal,
    };
}

/// Readiness of any descriptor; copying, buffering, messages and in-memory pipes over any byte stream;
/// standard input and output.
pub mod io {
    pub use corio_fs::{Stderr, Stdin, Stdout, stderr, stdin, stdout};
    pub use corio_io::{
        AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, BufReader, BufWriter, COPY_BUFFER_BYTES,
        CopyError, Cursor, DuplexStream, Empty, Framed, FramedRead, FramedWrite, LengthDelimited,
        LineWriter, Lines, Repeat, Side, Sink, copy, copy_bidirectional,
        copy_bidirectional_with_capacity, copy_buf, copy_with_capacity, duplex, empty, framed,
        future, prelude, raw_os_error, repeat, sink,
    };
    pub use corio_reactor::{Direction, Io, OwnsFd, Ready};
}

/// The contract between a loop and what it waits on, for [`Builder::driver`].
pub mod park {
    pub use corio_base::park::{Park, Parked, ThreadPark, Unpark, Unparker, Wait};
    pub use corio_base::{Time, WakeBatch};
}

/// Makes a runtime, runs `main` on this thread, and ends what is left when it returns.
///
/// ```
/// assert_eq!(corio::run(async { 6 * 7 }), 42);
/// ```
///
/// # The end
/// When `main` has returned (or panicked, or was cancelled), every task that is left is cancelled, also
/// those that are spawned by then, and their cleanup is awaited, for
/// [`Builder::shutdown_grace`] at most. What panics there is reported to the loop's [exception
/// handler](EventLoop::set_exception_handler); what still runs after the grace is dropped, and reported.
/// Jobs on [other threads](blocking) are asked to end when the tasks have ended, and awaited for what is
/// left of the grace; those that are stuck are listed in the log. Then the loop closes.
///
/// Nothing like an asynchronous generator has to be finalized: a Rust stream that is dropped is
/// dropped for good, and cleanup that has to await stands in a [`catch`](cancel::catch()), which the end
/// of the run reaches like any cancellation.
///
/// # Ctrl-C
/// The first Ctrl-C cancels `main`, so cleanup runs; if `main` ends cancelled by it, the process dies of
/// `SIGINT` after the end, so that a shell sees how it ended; destructors of the caller are not run. If
/// `main` [suppresses](cancel::Cancelled::suppress) it, its value is returned. The second Ctrl-C, and one
/// that comes when `main` has ended already, ends the process at once.
///
/// This holds on any thread, for one run of the process at a time, and only where `SIGINT` has its default
/// action: a handler of the program's, or of another library, is left alone, and once the program has
/// called [`signal::ctrl_c`] it answers every Ctrl-C itself. With a [driver](Builder::driver) of one's own
/// Ctrl-C keeps its default action.
///
/// # Panics
/// With the panic of `main`; if `main` was cancelled by something else than Ctrl-C: the message says by
/// whom; if the runtime cannot be built ([`Builder::build`] says why); if called inside a runtime: await
/// instead.
#[track_caller]
pub fn run<F: Future>(main: F) -> F::Output {
    Builder::new().run(main)
}

/// As [`run`], with a panic or a cancellation of `main`, also by Ctrl-C, as an error.
///
/// ```
/// let error = corio::try_run(async { panic!("oops") }).map(|()| ()).unwrap_err();
/// assert!(error.is_panic());
/// ```
///
/// # Errors
/// Why `main` has no output.
///
/// # Panics
/// If the runtime cannot be built; if called inside a runtime.
#[track_caller]
pub fn try_run<F: Future>(main: F) -> Result<F::Output, JoinError> {
    Builder::new().try_run(main)
}
