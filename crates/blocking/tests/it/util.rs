//! What the tests share: gates, and pools that are at work.

use std::sync::mpsc::{Receiver, Sender, channel};

use corio_base::park::block_on;
use corio_blocking::{Job, Pool};
use corio_task::{JoinError, JoinHandle};

pub(crate) use crate::drops::Drops;
pub(crate) use crate::patience::{LONG, wait_until};
pub(crate) use crate::wakes::Wakes;

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

/// A pool of one thread, which runs a job until the gate is opened.
pub(crate) fn occupied() -> (Pool, Gate, JoinHandle<()>) {
    let pool = corio_blocking::Config::new().threads_max(1).build();
    let (gate, job) = occupy(&pool);
    (pool, gate, job)
}

/// Has one thread of `pool` run a job until the gate is opened.
#[track_caller]
pub(crate) fn occupy(pool: &Pool) -> (Gate, JoinHandle<()>) {
    occupy_with(Job::new(), pool)
}

/// The same, with such a job.
#[track_caller]
pub(crate) fn occupy_with(job: Job, pool: &Pool) -> (Gate, JoinHandle<()>) {
    let mut gate = Gate::new();
    let (wait, (begun, has_begun)) = (gate.waiter(), channel());
    let job = job.spawn_on(pool, move || {
        begun.send(()).unwrap();
        wait();
    });
    has_begun.recv_timeout(LONG).expect("the job begins");
    (gate, job)
}
