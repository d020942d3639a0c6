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
//! its code runs. Each layer can be used alone, inside any other runtime: `corio-timer`,
//! `corio-reactor`, `corio-net`, `corio-executor`.
//!
//! | module | what is there |
//! |---|---|
//! | here | [`run`], [`spawn`], [`spawn_local`], [`yield_now`], [`sleep()`], [`Builder`], [`Runtime`], [`Handle`] |
//! | [`task`] | handles, errors, names, the current task |
//! | [`time`] | sleeps and intervals |
//! | [`net`] | TCP |
//! | [`signal`] | Ctrl-C |
//! | [`io`] | readiness of any descriptor |
//!
//! # Panics in a task
//!
//! A panic ends the task it is in and goes to its handle ([`JoinError::is_panic`]); the other tasks
//! and the loop go on. Built with `panic = "abort"` nothing can be caught: the process ends.
//!
//! # Environment
//!
//! `CORIO_DEBUG=1` turns debug mode on, `0` off ([`Builder::debug`] has the last word).
//! `CORIO_DRIVER` names the driver of descriptors: on Linux `epoll` (the default), `epoll-timerfd`,
//! `polling` or `polling-oneshot`. Any other value is an error that lists what is allowed.

#![forbid(unsafe_code)]

mod ambient;
mod background;
mod builder;
mod clock;
mod driver;
mod handle;
mod runtime;
mod spawn;

pub use background::Background;
pub use builder::Builder;
pub use clock::Clock;
pub use handle::{Handle, HandleGuard};
pub use runtime::{Runtime, RuntimeGuard};
pub use spawn::{spawn, spawn_local};

pub use corio_executor::{JoinError, JoinHandle, yield_now};
pub use corio_macros::{main, test};
pub use corio_timer::{sleep, sleep_until};

// The examples of the front page are compiled with this crate's.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// Tasks: handles, errors, names, and the one that is being polled.
pub mod task {
    pub use crate::spawn::{Builder, spawn, spawn_local};
    pub use corio_executor::{JoinError, JoinHandle, Spawn, Task, TaskInfo, YieldNow, yield_now};
    pub use corio_task::current;
}

/// Sleeps and intervals.
pub mod time {
    pub use corio_base::clock::{VirtualClock, now_instant as now};
    pub use corio_timer::{
        Interval, MissedTickBehavior, Sleep, SleepWith, interval, interval_at, sleep, sleep_until,
        sleep_with,
    };
}

/// TCP.
pub mod net {
    pub use corio_net::{
        Incoming, OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, TcpListener, TcpStream,
        WriteHalf, future,
    };
}

/// Signals of the operating system.
pub mod signal {
    pub use corio_signal::{CtrlC, ctrl_c};
}

/// Readiness of any descriptor.
pub mod io {
    pub use corio_reactor::{Direction, Io, OwnsFd, Ready};
}

/// The contract between a loop and what it waits on, for [`Builder::driver`].
pub mod park {
    pub use corio_base::park::{Park, Parked, ThreadPark, Unpark, Unparker, Wait};
    pub use corio_base::{Time, WakeBatch};
}

/// Makes a runtime, runs `main` on this thread, and ends every task that is left when it returns.
///
/// ```
/// assert_eq!(corio::run(async { 6 * 7 }), 42);
/// ```
///
/// # Panics
/// With the panic of `main`; if the runtime cannot be built ([`Builder::build`] says why); if called
/// inside a runtime: await instead.
#[track_caller]
pub fn run<F: Future>(main: F) -> F::Output {
    Builder::new().run(main)
}

/// As [`run`], with a panic or an abort of `main` as an error.
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
