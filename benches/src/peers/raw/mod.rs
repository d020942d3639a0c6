//! The raw limit of each row: the same question answered by a loop without a runtime.
//!
//! A raw loop does only what the row's work itself asks for: it allocates where a task would have
//! to, it makes the system calls that cannot be saved, and it has neither wakers, nor handles, nor
//! fairness. Nobody could program on it; it shows where the machine's own cost ends.

pub(crate) mod primitives;
mod sockets;
mod tasks;
mod timers;

use std::time::Duration;

use crate::row::Row;

pub(crate) use self::sockets::serve;

/// Rows without a meaning there: an idle connection in a loop is a descriptor and no memory.
/// And a loop that runs functions on other threads is a pool.
pub(crate) const CANNOT: &[Row] = &[Row::ConnBytes, Row::Blocking100k];

/// How a row is measured.
#[derive(Debug)]
pub(crate) enum Work {
    /// Does so many operations and returns the time they took.
    Timed(fn(u64) -> Duration),
    /// Returns the figure itself, from so many samples.
    Figure(fn(u64) -> f64),
}

/// The loop of a row.
///
/// # Panics
/// For the rows of [`CANNOT`], and for echo rows, whose work is done by two processes.
pub(crate) fn work(row: Row) -> Work {
    match row {
        Row::SpawnJoin => Work::Timed(tasks::spawn_join),
        Row::SpawnMany => Work::Timed(tasks::spawn_many),
        Row::ChainedSpawn => Work::Timed(tasks::chained_spawn),
        Row::Join10k => Work::Timed(tasks::join_10k),
        Row::YieldOne => Work::Timed(tasks::yield_one),
        Row::Yield1000 => Work::Timed(tasks::yield_1000),
        Row::Pingpong1 => Work::Timed(tasks::pingpong_1),
        Row::Pingpong1000 => Work::Timed(tasks::pingpong_1000),
        Row::BlockOnReady => Work::Timed(tasks::block_on_ready),
        Row::RemoteWake | Row::BlockingRoundtrip => Work::Timed(sockets::remote_wake),
        Row::TimerChurn100k => Work::Timed(timers::churn),
        Row::TimerFire100k => Work::Figure(timers::fire),
        Row::SleepLateness => Work::Figure(timers::sleep_lateness),
        Row::TickerLateness => Work::Figure(timers::ticker_lateness),
        Row::TickerYield => Work::Figure(timers::ticker_yield),
        Row::TaskBytes16 => Work::Figure(tasks::task_bytes::<2>),
        Row::TaskBytes256 => Work::Figure(tasks::task_bytes::<32>),
        Row::SleepBytes => Work::Figure(timers::sleep_bytes),
        Row::ConnBytes
        | Row::Blocking100k
        | Row::Echo1
        | Row::Echo50
        | Row::Echo1000
        | Row::Echo1Syscalls
        | Row::Echo50Syscalls
        | Row::Echo1000Syscalls => panic!("{} has no loop of this kind", row.name()),
        row => panic!("{} is no row of runtimes", row.name()),
    }
}
