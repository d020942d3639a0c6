//! What the machine asks for a lock, a notification and a channel for one value, of code that never
//! waits: atomic operations on a word, or std's mutex, or a place on the heap; and for many tasks, of
//! boxed futures that are polled in turn.

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Seek, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::tasks;
use crate::measure::nanos_per_op;
use crate::primitives::Offer;
use crate::row::Row;
use crate::workloads::files;

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
    FileWrite => file_write,
    FileRead => file_read,
};

fn mutex(ops: u64) -> Duration {
    let mutex = black_box(Mutex::new(0));
    let start = Instant::now();
    for _ in 0..ops {
        *mutex.lock().expect("nobody panics") += 1;
    }
    start.elapsed()
}

/// The system calls, on the loop's own thread.
fn file_write(ops: u64) -> Duration {
    let path = files::Path::new();
    let mut file = File::create(&path.0).expect("a file can be made");
    let start = Instant::now();
    for op in 0..ops {
        file.write_all(black_box(&[7; files::PIECE])).expect("it is written");
        if op % files::PIECES == files::PIECES - 1 {
            file.rewind().expect("it has a position");
        }
    }
    start.elapsed()
}

fn file_read(ops: u64) -> Duration {
    let path = files::Path::new();
    std::fs::write(&path.0, vec![7; files::PIECE * files::PIECES as usize]).expect("it is written");
    let mut file = File::open(&path.0).expect("it is there");
    let mut piece = [0; files::PIECE];
    let start = Instant::now();
    for op in 0..ops {
        if op % files::PIECES == 0 {
            file.rewind().expect("it has a position");
        }
        file.read_exact(black_box(&mut piece)).expect("it is read");
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
