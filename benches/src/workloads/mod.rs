//! The workloads, each written once over [`Peer`].
//!
//! A workload times itself inside the runtime, in a spawned task, so that building and entering the
//! runtime is in nobody's figure.

pub(crate) mod channels;
#[cfg(feature = "corio")]
pub(crate) mod debug;
pub(crate) mod echo;
pub(crate) mod files;
pub(crate) mod locks;
mod memory;
pub(crate) mod structure;
mod tasks;
mod timers;
mod wakes;

use std::time::Duration;

// What the raw loops share with the workloads.
pub(crate) use self::echo::{BUFFER, announce};
pub(crate) use self::memory::{bytes_per, touched};
pub(crate) use self::timers::{
    ALIVE as TIMERS_ALIVE, TICK, TIMEOUT, YIELDERS, far, micros_late, near,
};
pub(crate) use self::wakes::{Remote, return_each, serve_first};
use crate::peers::Peer;
use crate::row::Row;

/// How a row is measured.
#[derive(Debug)]
pub enum Work<P: Peer> {
    /// Does so many operations and returns the time they took.
    Timed(fn(&mut P::Runtime, u64) -> Duration),
    /// Returns the figure itself, from so many samples.
    Figure(fn(&mut P::Runtime, u64) -> f64),
}

/// The workload of a row.
///
/// # Panics
/// For an echo row, whose work is done by two processes, and for rows of primitives, whose work is in
/// the tables of [`crate::primitives`].
pub fn work<P: Peer>(row: Row) -> Work<P> {
    match row {
        Row::SpawnJoin => Work::Timed(tasks::spawn_join::<P>),
        Row::SpawnMany => Work::Timed(tasks::spawn_many::<P>),
        Row::ChainedSpawn => Work::Timed(tasks::chained_spawn::<P>),
        Row::Join10k => Work::Timed(tasks::join_10k::<P>),
        Row::YieldOne => Work::Timed(wakes::yield_one::<P>),
        Row::Yield1000 => Work::Timed(wakes::yield_1000::<P>),
        Row::Pingpong1 => Work::Timed(wakes::pingpong_1::<P>),
        Row::Pingpong1000 => Work::Timed(wakes::pingpong_1000::<P>),
        Row::RemoteWake => Work::Timed(wakes::remote_wake::<P>),
        Row::BlockingRoundtrip => Work::Timed(wakes::blocking_roundtrip::<P>),
        Row::Blocking100k => Work::Timed(tasks::blocking_100k::<P>),
        Row::BlockOnReady => Work::Timed(wakes::block_on_ready::<P>),
        Row::TimerChurn100k => Work::Timed(timers::churn::<P>),
        Row::TimerFire100k => Work::Figure(timers::fire::<P>),
        Row::SleepLateness => Work::Figure(timers::sleep_lateness::<P>),
        Row::TickerLateness => Work::Figure(timers::ticker_lateness::<P>),
        Row::TickerYield => Work::Figure(timers::ticker_yield::<P>),
        Row::TaskBytes16 => Work::Figure(memory::task_bytes::<P, 2>),
        Row::TaskBytes256 => Work::Figure(memory::task_bytes::<P, 32>),
        Row::SleepBytes => Work::Figure(memory::sleep_bytes::<P>),
        Row::ConnBytes => Work::Figure(memory::conn_bytes::<P>),
        Row::Echo1
        | Row::Echo50
        | Row::Echo1000
        | Row::Echo1Syscalls
        | Row::Echo50Syscalls
        | Row::Echo1000Syscalls => panic!("{} has a server and a client", row.name()),
        row => panic!("{} is no row of runtimes", row.name()),
    }
}

/// How many of `ops` operations the `index`th of `tasks` tasks does.
pub(crate) fn share(ops: u64, tasks: u64, index: u64) -> u64 {
    ops / tasks + u64::from(index < ops % tasks)
}

/// The middle one, or the upper of the two.
pub(crate) fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}
