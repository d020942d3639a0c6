#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[doc(hidden)]
pub mod handoff;

mod config;
pub mod current;
mod error;
pub mod foreign;
mod job;
mod pool;
mod room;
mod seats;
mod shutdown;
mod traced;
mod worker;

pub use config::Config;
pub use current::{check_cancelled, is_cancelled, poll_cancelled, spawn_blocking};
pub use error::{JobCancelled, QueueFull, TrySpawnError};
pub use job::{Abandon, Job, abandon_on_cancel};
pub use pool::{Metrics, Pool};
pub use room::Ready;
pub use shutdown::StuckJob;
