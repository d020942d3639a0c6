//! What the tests share: a wait with an end, gates, things that tell when they are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use corio_base::park::block_on;
use corio_blocking::Pool;
use corio_task::{JoinError, JoinHandle};

/// Nothing here takes this long, unless it hangs.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// Waits until `is_so`, by looking.
#[track_caller]
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONG, "not within {LONG:?}: {what}");
        std::thread::yield_now();
    }
}

pub(crate) fn join<T>(handle: JoinHandle<T>) -> Result<T, JoinError> {
    block_on(handle)
}

/// Keeps a job at work until it is opened or dropped.
pub(crate) struct Gate(Sender<()>, Option<Receiver<()>>);

impl Gate {
    pub(crate) fn new() -> Gate {
        let (open, wait) = channel();
        Gate(open, Some(wait))
    }

    /// What the job calls.
    pub(crate) fn waiter(&mut self) -> impl FnOnce() + Send + 'static + use<> {
        let wait = self.1.take().expect("one job a gate");
        move || {
            let _ = wait.recv();
        }
    }

    pub(crate) fn open(&self) {
        let _ = self.0.send(());
    }
}

/// Counts how often a clone was dropped.
#[derive(Clone, Default)]
pub(crate) struct Drops(Arc<AtomicUsize>);

impl Drops {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn guard(&self) -> impl Send + 'static + use<> {
        struct Guard(Arc<AtomicUsize>);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        Guard(self.0.clone())
    }
}

/// A pool of one thread, which runs a job until the gate is opened.
pub(crate) fn occupied() -> (Pool, Gate, JoinHandle<()>) {
    let pool = corio_blocking::Config::new().threads_max(1).build();
    let (gate, job) = occupy(&pool);
    (pool, gate, job)
}

/// Has one thread of `pool` run a job until the gate is opened.
#[track_caller]
pub(crate) fn occupy(pool: &Pool) -> (Gate, JoinHandle<()>) {
    let mut gate = Gate::new();
    let (wait, (begun, has_begun)) = (gate.waiter(), channel());
    let job = pool.spawn(move || {
        begun.send(()).unwrap();
        wait();
    });
    has_begun.recv_timeout(LONG).expect("the job begins");
    (gate, job)
}
