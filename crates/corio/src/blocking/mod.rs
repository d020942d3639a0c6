//! Code that blocks: on threads of the runtime's own, or of somebody else's pool.
//!
//! A loop that waits for a disk, a lock of another thread, or a long computation runs nothing else
//! meanwhile. So such code goes to another thread, and a task awaits it:
//!
//! ```
//! corio::run(async {
//!     let text = corio::to_thread(|| std::fs::read_to_string("Cargo.toml")).await.unwrap();
//!     assert!(text.unwrap().contains("corio"));
//! });
//! ```
//!
//! | what | where |
//! |---|---|
//! | a function on a thread of this runtime's pool | [`spawn_blocking`], [`to_thread`] |
//! | with a name, a context, a pool of one's own | [`Builder`] |
//! | awaited, with a limit or left behind when cancelled | [`ToThread`] |
//! | on rayon's threads, in another process, wherever | [`run_in_executor`] |
//! | back to the loop, from such a function | [`from_thread`](crate::from_thread) |
//! | how many threads, how they are called | [`Config`], [`crate::Builder::blocking`] |
//!
//! # For those who come from asyncio
//! The *default executor* is the runtime's pool: `loop.run_in_executor(None, f)` is
//! [`spawn_blocking`], `set_default_executor` is [`crate::EventLoop::set_default_executor`], or
//! [`crate::Builder::blocking`] before there is a loop, and
//! `shutdown_default_executor` is part of the end of a run: jobs that run are asked to end
//! ([`is_cancelled`]) and awaited for the [grace](crate::Builder::shutdown_grace), and what is stuck is
//! listed in the log with its name, place and age.

mod executor;
pub(crate) mod origin;
mod spawn;
mod to_thread;

pub use executor::{BoxedJob, JobExecutor, run_in_executor};
pub use spawn::{Builder, spawn_blocking, to_thread};
pub use to_thread::ToThread;

pub use corio_blocking::{
    Abandon, Config, JobCancelled, Metrics, Pool, QueueFull, Ready, StuckJob, TrySpawnError,
    abandon_on_cancel, check_cancelled, is_cancelled, poll_cancelled,
};
