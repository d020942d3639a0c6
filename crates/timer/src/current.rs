//! The timers of this thread, where a loop has installed some.
//!
//! A thin layer: a slot of the thread. A sleep looks here at its first poll and compares numbers at
//! the later ones; without timers here it goes to the fallback.

use std::cell::RefCell;
use std::rc::Rc;

use crate::timers::Timers;

std::thread_local! {
    static CURRENT: RefCell<Option<Rc<Timers>>> = const { RefCell::new(None) };
}

/// Makes `timers` this thread's until the guard is dropped. Installs nest.
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
    InstallGuard { before: CURRENT.with(|slot| slot.replace(Some(timers))) }
}

/// The timers installed on this thread. `None` also while the thread ends.
#[inline]
pub fn get() -> Option<Rc<Timers>> {
    CURRENT.try_with(|slot| slot.borrow().clone()).ok().flatten()
}

/// While it lives, the thread that made it has its timers. Guards end in reverse order.
#[derive(Debug)]
#[must_use = "the timers are taken off again when the guard is dropped"]
pub struct InstallGuard {
    before: Option<Rc<Timers>>,
}

impl Drop for InstallGuard {
    fn drop(&mut self) {
        let before = self.before.take();
        // What is replaced is dropped after the slot is free again: it may be the last owner.
        let installed = CURRENT.try_with(|slot| slot.replace(before));
        drop(installed);
    }
}
