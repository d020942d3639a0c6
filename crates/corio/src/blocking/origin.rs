//! The runtime that a job was spawned from, as long as the job runs.
//!
//! [`crate::spawn_blocking`] and its kin wrap each function so that the thread knows: [`crate::spawn`]
//! and [`crate::Handle::current`] then work there, and [`crate::from_thread`] finds its way back.

use std::cell::RefCell;

use crate::handle::Handle;

std::thread_local! {
    static ORIGIN: RefCell<Option<Handle>> = const { RefCell::new(None) };
}

/// The runtime that the job on this thread was spawned from.
pub(crate) fn current() -> Option<Handle> {
    ORIGIN.try_with(|slot| slot.borrow().clone()).ok().flatten()
}

/// `function`, which will know that it comes from here.
pub(crate) fn with_origin<T>(
    function: impl FnOnce() -> T + Send + 'static,
) -> impl FnOnce() -> T + Send + 'static {
    let origin = Handle::try_current();
    move || {
        let _leave = Leave(ORIGIN.with(|slot| slot.replace(origin)));
        function()
    }
}

/// Puts back what was before when dropped.
struct Leave(Option<Handle>);

impl Drop for Leave {
    fn drop(&mut self) {
        let before = self.0.take();
        let now = ORIGIN.try_with(|slot| slot.replace(before));
        drop(now);
    }
}
