//! What is polled on this thread: the task, and the innermost frame in it.

use std::cell::Cell;

use crate::book::{Link, arena, panicked};

/// A place under which records are written: a task, and the record in it that encloses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Here {
    pub(crate) task: u64,
    pub(crate) under: Link,
    /// The task's own record; 0 if it has none.
    pub(crate) page: u32,
}

impl Here {
    /// Outside any task.
    pub const NOWHERE: Here = Here { task: 0, under: Link::NONE, page: 0 };
}

/// A [`Here`], a cell for each field: what was stored in pieces a moment ago, and is loaded in one, waits for
/// the store. For the same reason those that would fill one register do not stand side by side.
#[repr(C)]
struct Slot {
    task: Cell<u64>,
    page: Cell<u32>,
    under: Cell<Link>,
}

impl Slot {
    #[inline(always)]
    fn get(&self) -> Here {
        Here { task: self.task.get(), under: self.under.get(), page: self.page.get() }
    }

    #[inline(always)]
    fn set(&self, here: Here) {
        self.task.set(here.task);
        self.page.set(here.page);
        self.under.set(here.under);
    }
}

std::thread_local! {
    static HERE: Slot = const {
        let Here { task, under, page } = Here::NOWHERE;
        Slot { task: Cell::new(task), page: Cell::new(page), under: Cell::new(under) }
    };
}

/// The place of whatever is polled on this thread, for records about it.
#[inline]
pub fn here() -> Here {
    HERE.try_with(Slot::get).unwrap_or(Here::NOWHERE)
}

/// The task that is polled on this thread, as far as the book was told; 0 if none.
#[inline]
pub fn current_task() -> u64 {
    here().task
}

/// A poll of a task begins.
#[inline(always)]
pub(crate) fn enter_task(here: Here) -> EnteredTask {
    let replace = |slot: &Slot| {
        let before = slot.get();
        slot.set(here);
        before
    };
    EnteredTask(HERE.try_with(replace).unwrap_or(Here::NOWHERE))
}

/// Goes back to the place before when dropped.
#[derive(Debug)]
#[must_use = "the place is left when this is dropped"]
pub(crate) struct EnteredTask(Here);

impl Drop for EnteredTask {
    #[inline(always)]
    fn drop(&mut self) {
        if std::thread::panicking() {
            panicked::note();
        }
        // A thread that is being torn down polls nothing more.
        let _ = HERE.try_with(|slot| slot.set(self.0));
    }
}

/// A poll of the frame whose record this is begins, in the task that is polled on this thread.
#[inline]
pub(crate) fn enter_frame(frame: Link) -> Entered {
    let _ = HERE.try_with(|slot| slot.under.set(frame));
    Entered(frame)
}

/// The poll of `frame` is over. What was polled around it is what its record hangs under: so who enters needs
/// no room for that.
#[cold]
#[inline(never)]
pub(crate) fn leave_frame(frame: Link) {
    if std::thread::panicking() {
        panicked::note();
    }
    let slot = arena::slot(frame.number()).filter(|slot| slot.link_of(frame.number()) == frame);
    let under = slot.map_or(Link::NONE, |slot| slot.under());
    let _ = HERE.try_with(|slot| slot.under.set(under));
}

/// Goes back to the place around a frame when dropped; made with the switch off, it does nothing. No longer than
/// a poll of the future that has the record.
// One word, and nothing but a comparison with 0 where the switch is off.
#[derive(Debug)]
#[must_use = "the place is left when this is dropped"]
pub struct Entered(Link);

impl Entered {
    /// Nothing was entered.
    pub const NOT: Entered = Entered(Link::NONE);

    /// Whether nothing was entered.
    #[inline]
    pub(crate) fn is_not(&self) -> bool {
        self.0 == Link::NONE
    }
}

impl Drop for Entered {
    #[inline(always)]
    fn drop(&mut self) {
        if !self.is_not() {
            leave_frame(self.0);
        }
    }
}
