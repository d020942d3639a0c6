//! What each part of a runtime counts: the executor, the tasks' home, the timers, the reactor.
//!
//! | block | written by | under |
//! |---|---|---|
//! | [`LoopCounts`], [`TaskCounts`], [`TimerCounts`] | the loop's thread | nothing: it is one thread |
//! | [`IoCounts`]: `registered`, `deregistered`, `here` | any thread | the reactor's registry's lock |
//! | [`IoCounts`]: `ready` | the thread that waits | nothing: one waits at a time |
//!
//! All of it is read from any thread. Each block lies on cache lines of its own, so that the counting
//! never waits for a line that another thread has just written.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use corio_base::Time;
use corio_base::counts::{Count, DurationStats, Durations};

/// What a loop counts.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct LoopCounts {
    /// Turns taken.
    pub turns: Count,
    /// Entries of the queue that had their turn.
    pub polls: Count,
    /// Parks begun and parks ended: odd while the loop is parked.
    pub parks_and_unparks: Count,
    /// Parks before which nothing was polled since the one before.
    pub noops: Count,
    /// Parks that a delivery ended.
    pub remote_unparks: Count,
    /// Deliveries opened.
    pub deliveries: Count,
    /// Tasks that became ready while deliveries were opened.
    pub scheduled_by_deliveries: Count,
    /// Tasks that were ready at the last look.
    pub ready: Count,
}

/// What a home counts of its tasks.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct TaskCounts {
    /// Tasks that came.
    pub spawned: Count,
    /// Those of them that have ended.
    pub ended: Count,
}

impl TaskCounts {
    /// How many have not ended.
    pub fn alive(&self) -> u64 {
        // `ended` first: what ends in between is counted as alive still, and no difference is negative.
        let ended = self.ended.get();
        self.spawned.get().saturating_sub(ended)
    }
}

/// What the timers of a loop count.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct TimerCounts {
    /// Timers that had not fired at the last turn of the timers.
    pub waiting: Count,
    /// Timers that fired.
    pub fired: Count,
    /// How late, for each turn in which some fired: the one that was due first.
    pub lateness: Durations,
}

impl TimerCounts {
    /// In a turn at `now` so many timers fired, the first of which was due at `due`; the turn before was at
    /// `before`. For the loop's thread.
    ///
    /// A deadline that lay before that turn came after it: it is late from then on only.
    #[inline]
    pub fn fired(&self, fired: usize, due: Time, before: Time, now: Time) {
        self.fired.add(fired as u64);
        self.lateness.record(now.as_nanos().saturating_sub(due.max(before).as_nanos()));
    }
}

/// What a reactor counts.
#[derive(Debug, Default)]
pub struct IoCounts {
    /// Descriptors that were registered; written under the registry's lock.
    pub registered: Count,
    /// Descriptors that were taken out again; written under the registry's lock.
    pub deregistered: Count,
    /// Descriptors that are registered now; written under the registry's lock.
    pub here: Count,
    /// Events that came; written by whoever waits.
    pub ready: OwnLine<Count>,
}

/// On a cache line pair of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct OwnLine<T>(pub T);

/// How a loop's timers are doing: a live view, for any thread.
#[derive(Clone)]
pub struct TimerMetrics(Arc<TimerCounts>);

impl TimerMetrics {
    /// A view of `counts`.
    pub fn new(counts: Arc<TimerCounts>) -> Self {
        TimerMetrics(counts)
    }

    /// Timers that had not fired when the loop looked last.
    pub fn waiting(&self) -> usize {
        usize::try_from(self.0.waiting.get()).unwrap_or(usize::MAX)
    }

    /// Timers that fired.
    pub fn fired_count(&self) -> u64 {
        self.0.fired.get()
    }

    /// How late timers fired, by the loop's clock. Those that fire in one turn are measured once, by the one
    /// that was due first.
    pub fn lateness(&self) -> DurationStats {
        self.0.lateness.stats()
    }
}

impl fmt::Debug for TimerMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimerMetrics")
            .field("waiting", &self.waiting())
            .field("fired_count", &self.fired_count())
            .field("lateness", &self.lateness())
            .finish()
    }
}

/// How a reactor is doing: a live view, for any thread.
#[derive(Clone)]
pub struct IoMetrics(Arc<IoCounts>);

impl IoMetrics {
    /// A view of `counts`.
    pub fn new(counts: Arc<IoCounts>) -> Self {
        IoMetrics(counts)
    }

    /// Descriptors that were ever registered.
    pub fn fd_registered_count(&self) -> u64 {
        self.0.registered.get()
    }

    /// Descriptors that were taken out again.
    pub fn fd_deregistered_count(&self) -> u64 {
        self.0.deregistered.get()
    }

    /// Descriptors that are registered now.
    pub fn fds(&self) -> usize {
        usize::try_from(self.0.here.get()).unwrap_or(usize::MAX)
    }

    /// How often a descriptor was told to be ready.
    pub fn ready_count(&self) -> u64 {
        self.0.ready.0.get()
    }
}

impl fmt::Debug for IoMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IoMetrics")
            .field("fd_registered_count", &self.fd_registered_count())
            .field("fd_deregistered_count", &self.fd_deregistered_count())
            .field("ready_count", &self.ready_count())
            .finish()
    }
}

/// What a loop's inbox says of itself.
///
/// An implementation MUST be callable from any thread at any time, and MUST NOT wait.
pub trait Queue: Send + Sync {
    /// How many deliveries from other threads wait to be opened.
    fn depth(&self) -> usize;
}

/// What a pool of threads says of itself.
///
/// An implementation MUST be callable from any thread at any time, and MUST NOT wait.
pub trait Threads: Send + Sync {
    /// How many threads there are, those without a job too.
    fn threads(&self) -> usize;

    /// How many of them sleep.
    fn idle(&self) -> usize;

    /// How many jobs wait for a thread.
    fn waiting(&self) -> usize;
}

/// A mean, of nothing too.
pub(super) fn mean(total: Duration, count: u64) -> Duration {
    let nanos = u64::try_from(total.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(nanos.checked_div(count).unwrap_or(0))
}
