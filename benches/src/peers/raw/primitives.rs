//! What the machine asks for a lock, a notification and a channel for one value, of code that never
//! waits: atomic operations on a word, or std's mutex, or a place on the heap; and for many tasks, of
//! boxed futures that are polled in turn.

use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::tasks;
use crate::measure::nanos_per_op;
use crate::primitives::Offer;
use crate::row::Row;

macro_rules! offers {
    ($($row:ident => $work:expr),+ $(,)?) => {
        &[$(Offer {
            row: Row::$row,
            measure: |order| nanos_per_op(Row::$row, order, |ops| Ok($work(ops))),
        },)+]
    };
}

pub(crate) const OFFERS: &[Offer] = offers! {
    Mutex => mutex,
    Semaphore => two_atomics,
    RwLockRead => two_atomics,
    RwLockWrite => two_atomics,
    Notify => two_atomics,
    Oneshot => allocation,
    TaskGroup10k => tasks::join_10k,
    Gather1000 => tasks::gather_1000,
};

fn mutex(ops: u64) -> Duration {
    let mutex = black_box(Mutex::new(0));
    let start = Instant::now();
    for _ in 0..ops {
        *mutex.lock().expect("nobody panics") += 1;
    }
    start.elapsed()
}

/// To take and to give back.
fn two_atomics(ops: u64) -> Duration {
    let word = black_box(AtomicU64::new(0));
    let start = Instant::now();
    for _ in 0..ops {
        let taken = word.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed);
        assert!(taken.is_ok(), "nobody else wants it");
        word.fetch_sub(1, Ordering::Release);
    }
    start.elapsed()
}

/// A place for a value, two ends and a waker.
fn allocation(ops: u64) -> Duration {
    let start = Instant::now();
    for op in 0..ops {
        drop(black_box(Box::new([op; 4])));
    }
    start.elapsed()
}
