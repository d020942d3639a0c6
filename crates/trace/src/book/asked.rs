//! When tasks were asked to end: a table beside the arena, for few are asked, and any thread may ask.
//!
//! The owner of a slot alone writes it, and who asks a task is not its owner. So the moment stands here,
//! by the task's number, and goes with the task's page, as [names](super::names) do.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use corio_base::clock::{self, Time};
use corio_base::loom::sync::{Mutex, MutexGuard};

#[cfg(not(loom))]
static ASKED: Mutex<BTreeMap<u64, Time>> = Mutex::new(BTreeMap::new());

#[cfg(loom)]
loom::lazy_static! {
    static ref ASKED: Mutex<BTreeMap<u64, Time>> = Mutex::default();
}

fn asked() -> MutexGuard<'static, BTreeMap<u64, Time>> {
    ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes that task `id` is asked to end; the first time counts.
pub(crate) fn note(id: u64) {
    let now = clock::coarse_now();
    asked().entry(id).or_insert(now);
}

/// The task has ended, or may go on after all.
pub(crate) fn forget(id: u64) {
    asked().remove(&id);
}

/// The switch was turned on: who was asked before may have been told to go on meanwhile, and nobody has told the
/// table.
pub(crate) fn forget_all() {
    let gone = std::mem::take(&mut *asked());
    drop(gone);
}

/// The tasks that were asked to end and are still there, each with the moment of the first request, on the
/// coarse clock.
pub fn asked_to_end() -> Vec<(u64, Time)> {
    asked().iter().map(|(&id, &since)| (id, since)).collect()
}
