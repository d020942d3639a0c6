//! The timers of this thread, where a loop has installed some.
//!
//! A thin layer: a slot of the thread. A sleep looks here at its first poll and compares numbers at
//! the later ones; without timers here it goes to the fallback.

use std::rc::Rc;

use corio_base::ambient::{self, Installed, LoopId, Table};

use crate::timers::Timers;

std::thread_local! {
    static TIMERS: Table<Rc<Timers>> = const { Table::new() };
}

/// Gives the loop `id` its timers, until [`remove`] is called on the same thread.
pub fn put(id: LoopId, timers: Rc<Timers>) {
    TIMERS.with(|table| table.put(id, timers));
}

/// Takes the timers of the loop `id` away again.
pub fn remove(id: LoopId) {
    // Dropped after the table is free again: this may be the last owner.
    let timers = TIMERS.try_with(|table| table.take(id));
    drop(timers);
}

/// Makes `timers` those of the loop that is active on this thread, or of the thread if none is, until
/// the guard is dropped; for those who turn them by hand. A loop made by hand uses [`put`] instead.
/// Installs nest.
///
/// ```
/// use corio_timer::{Timers, current};
///
/// let timers = Timers::new();
/// {
///     let _installed = current::install(timers.clone());
///     assert_eq!(current::get().map(|timers| timers.id()), Some(timers.id()));
/// }
/// assert!(current::get().is_none());
/// ```
pub fn install(timers: Rc<Timers>) -> InstallGuard {
    ambient::install(&TIMERS, timers)
}

/// The timers of the loop that is active on this thread. `None` also while the thread ends.
#[inline]
pub fn get() -> Option<Rc<Timers>> {
    TIMERS.try_with(Table::active).ok().flatten()
}

/// While it lives, the thread that made it has its timers. Guards end in reverse order.
pub type InstallGuard = Installed<Rc<Timers>>;
