//! Every loop of the process that is not closed.
//!
//! Entered when a loop is made and taken out when it closes, with the debug switch on or off: one lock each
//! time. Nothing is dropped under it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::RuntimeMetrics;

static ALL: Mutex<Vec<RuntimeMetrics>> = Mutex::new(Vec::new());

fn lock() -> MutexGuard<'static, Vec<RuntimeMetrics>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The metrics of every loop of the process that is not closed, the oldest first; also of those on other
/// threads, and of those that stand still. From here on their times at work are measured.
///
/// ```
/// for metrics in corio_trace::metrics::all() {
///     println!("{metrics}");
/// }
/// ```
pub fn all() -> Vec<RuntimeMetrics> {
    let all = lock().clone();
    // Without the lock, under which no clock is read.
    all.iter().for_each(RuntimeMetrics::measure);
    all
}

pub(super) fn enter(metrics: RuntimeMetrics) {
    lock().push(metrics);
}

pub(super) fn leave(metrics: &RuntimeMetrics) {
    let gone = {
        let mut all = lock();
        let at = all.iter().position(|one| one.is_same(metrics));
        // In order: the oldest stays the first.
        at.map(|at| all.remove(at))
    };
    drop(gone);
}
