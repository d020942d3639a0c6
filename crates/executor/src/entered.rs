//! Which loop runs on this thread, and where it was started.

use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;

use crate::core::Core;

std::thread_local! {
    static CURRENT: RefCell<Option<Entered>> = const { RefCell::new(None) };
}

#[derive(Debug)]
struct Entered {
    core: Rc<Core>,
    /// Where the loop was started, while it runs; `None` while it is only made current.
    running: Option<&'static Location<'static>>,
}

/// Makes a loop the current one of this thread until dropped; the one before is current again then.
#[derive(Debug)]
#[must_use = "the loop stops being current when the guard is dropped"]
pub struct EnterGuard {
    before: Option<Entered>,
}

impl Drop for EnterGuard {
    fn drop(&mut self) {
        let before = self.before.take();
        let now = CURRENT.with(|slot| std::mem::replace(&mut *slot.borrow_mut(), before));
        // Outside the borrow: the last reference to a loop ends its tasks, which is user code.
        drop(now);
    }
}

/// Makes `core` the loop that [`with_current`] finds, without running it.
pub fn enter(core: Rc<Core>) -> EnterGuard {
    replace(Entered { core, running: None })
}

/// As [`enter`], and marks the loop as running.
///
/// # Panics
/// If a loop runs on this thread already: names where that one was started, where this one is asked
/// for, and the remedy.
pub(crate) fn enter_running(core: Rc<Core>, place: &'static Location<'static>) -> EnterGuard {
    if let Some(outer) = running_since() {
        panic!(
            "block_on at {place} is called inside the loop that runs on this thread since {outer}: \
             blocking here would stop the loop, and with it what is waited for. Await the future \
             instead; from a synchronous callback, spawn it, or block on a thread of its own",
        );
    }
    replace(Entered { core, running: Some(place) })
}

fn replace(entered: Entered) -> EnterGuard {
    EnterGuard { before: CURRENT.with(|slot| slot.borrow_mut().replace(entered)) }
}

/// Where the loop that runs on this thread was started; `None` if none runs.
pub fn running_since() -> Option<&'static Location<'static>> {
    CURRENT.with(|slot| slot.borrow().as_ref().and_then(|entered| entered.running))
}

/// Calls `f` with this thread's current loop, if there is one.
#[inline]
pub fn with_current<R>(f: impl FnOnce(&Core) -> R) -> Option<R> {
    CURRENT.with(|slot| slot.borrow().as_ref().map(|entered| f(&entered.core)))
}

/// This thread's current loop, if there is one.
pub fn current() -> Option<Rc<Core>> {
    CURRENT.with(|slot| slot.borrow().as_ref().map(|entered| entered.core.clone()))
}
