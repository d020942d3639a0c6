//! Numbers that one thread counts and any thread reads: what the metrics of a runtime are made of.
//!
//! A counter that many threads write needs an atomic read-modify-write, some 5 ns and a cache line that
//! travels. These have one writer at a time (a loop's thread, or whoever holds a lock), so they are
//! loaded, changed and stored, which is one plain instruction. Who reads may do so at any moment, also
//! while the writer is stuck; what it reads of several numbers need not be of the same moment.
//!
//! The timers, the reactor and the executor count; nothing here decides anything, and nobody waits for one.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A number with one writer.
///
/// Two writers at a time lose counts, and nothing else.
///
/// ```
/// use corio_base::counts::Count;
///
/// let count = Count::new();
/// count.add(2);
/// count.add(1);
/// assert_eq!(count.get(), 3);
/// ```
#[derive(Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Nothing was counted.
    pub const fn new() -> Self {
        Count(AtomicU64::new(0))
    }

    /// Counts `by` more; for the writer.
    #[inline(always)]
    pub fn add(&self, by: u64) {
        self.set(self.0.load(Ordering::Relaxed).wrapping_add(by));
    }

    /// The number is this; for the writer.
    #[inline(always)]
    pub fn set(&self, number: u64) {
        // Relaxed, here and in `get`: a number by itself, by which nobody finds anything else.
        self.0.store(number, Ordering::Relaxed);
    }

    /// The number, from any thread.
    #[inline(always)]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// How many lengths of time are told apart: up to more than four seconds.
pub const BUCKETS: usize = 33;

/// How long something took, many times over; with one writer.
#[derive(Debug)]
pub struct Durations {
    total: Count,
    last: Count,
    max: Count,
    /// At `n` those of less than 2^n nanoseconds, and of half of that or more.
    buckets: [Count; BUCKETS],
}

impl Default for Durations {
    fn default() -> Self {
        Self::new()
    }
}

impl Durations {
    /// Nothing was measured.
    pub const fn new() -> Self {
        Durations {
            total: Count::new(),
            last: Count::new(),
            max: Count::new(),
            buckets: [const { Count::new() }; BUCKETS],
        }
    }

    /// It took so many nanoseconds; for the writer.
    #[inline]
    pub fn record(&self, nanos: u64) {
        self.total.add(nanos);
        self.last.set(nanos);
        if nanos > self.max.get() {
            self.max.set(nanos);
        }
        let length = (u64::BITS - nanos.leading_zeros()) as usize;
        self.buckets[length.min(BUCKETS - 1)].add(1);
    }

    /// All of them together.
    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.total.get())
    }

    /// What was measured so far.
    pub fn stats(&self) -> DurationStats {
        DurationStats {
            total: self.total.get(),
            last: self.last.get(),
            max: self.max.get(),
            buckets: std::array::from_fn(|at| self.buckets[at].get()),
        }
    }
}

/// How long something took, many times over, as it was when somebody looked.
///
/// ```
/// use corio_base::counts::Durations;
/// use std::time::Duration;
///
/// let took = Durations::new();
/// for nanos in [100, 100, 100, 5_000] {
///     took.record(nanos);
/// }
/// let stats = took.stats();
/// assert_eq!(stats.count(), 4);
/// assert_eq!(stats.max(), Duration::from_nanos(5_000));
/// assert_eq!(stats.mean(), Duration::from_nanos(1_325));
/// assert_eq!(stats.quantile(0.5), Duration::from_nanos(128), "half of them took less");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DurationStats {
    total: u64,
    last: u64,
    max: u64,
    buckets: [u64; BUCKETS],
}

impl DurationStats {
    /// None.
    pub const NONE: DurationStats =
        DurationStats { total: 0, last: 0, max: 0, buckets: [0; BUCKETS] };

    /// How many were measured.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// All of them together.
    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.total)
    }

    /// The one measured last; zero if none was.
    pub fn last(&self) -> Duration {
        Duration::from_nanos(self.last)
    }

    /// The longest one; zero if none was measured.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.max)
    }

    /// The mean; zero if none was measured.
    pub fn mean(&self) -> Duration {
        Duration::from_nanos(self.total.checked_div(self.count()).unwrap_or(0))
    }

    /// What a share `q` of them (0.99: all but one in a hundred) did not exceed, rounded up to the next
    /// power of two of nanoseconds, or the longest one if that is less. Zero if none was measured.
    pub fn quantile(&self, q: f64) -> Duration {
        let count = self.count();
        let wanted = ((count as f64 * q).ceil() as u64).clamp(1, count.max(1));
        let mut seen = 0;
        for (length, &number) in self.buckets.iter().enumerate() {
            seen += number;
            if seen >= wanted && length < BUCKETS - 1 {
                return Duration::from_nanos(self.max.min(1 << length));
            }
        }
        self.max()
    }

    /// How many took how long: at `n` those of less than 2^n nanoseconds, and of half of that or more; at
    /// the last one also all that took longer.
    pub fn buckets(&self) -> &[u64; BUCKETS] {
        &self.buckets
    }
}

impl Default for DurationStats {
    fn default() -> Self {
        Self::NONE
    }
}

impl fmt::Debug for DurationStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DurationStats")
            .field("count", &self.count())
            .field("last", &self.last())
            .field("mean", &self.mean())
            .field("p99", &self.quantile(0.99))
            .field("max", &self.max())
            .finish_non_exhaustive()
    }
}

/// `12 times, last 1.5µs, mean 2µs, 99 % within 8µs, max 9µs`.
impl fmt::Display for DurationStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} times, last {:?}, mean {:?}, 99 % within {:?}, max {:?}",
            self.count(),
            self.last(),
            self.mean(),
            self.quantile(0.99),
            self.max(),
        )
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_apart_by_their_power_of_two() {
        let durations = Durations::new();
        for nanos in [0, 1, 2, 3, 1000, u64::MAX / 2] {
            durations.record(nanos);
        }
        let stats = durations.stats();
        let counted: Vec<_> =
            stats.buckets().iter().enumerate().filter(|length| *length.1 > 0).collect();
        assert_eq!(counted, [(0, &1), (1, &1), (2, &2), (10, &1), (BUCKETS - 1, &1)]);
        assert_eq!((stats.count(), stats.max()), (6, Duration::from_nanos(u64::MAX / 2)));
    }

    #[test]
    fn nothing_measured_is_zero_throughout() {
        let stats = Durations::new().stats();
        assert_eq!(stats, DurationStats::NONE);
        assert_eq!((stats.mean(), stats.quantile(0.5)), (Duration::ZERO, Duration::ZERO));
        assert_eq!((stats.quantile(0.0), stats.quantile(1.0)), (Duration::ZERO, Duration::ZERO));
    }

    #[test]
    fn a_quantile_is_never_above_the_longest_one() {
        let durations = Durations::new();
        for nanos in 1..=100 {
            durations.record(nanos);
        }
        let stats = durations.stats();
        // (share, what it says)
        for (q, nanos) in [(0.0, 2), (0.01, 2), (0.5, 64), (0.99, 100), (1.0, 100)] {
            assert_eq!(stats.quantile(q), Duration::from_nanos(nanos), "{q}");
        }
        durations.record(u64::MAX);
        assert_eq!(durations.stats().quantile(1.0), Duration::from_nanos(u64::MAX));
    }
}
