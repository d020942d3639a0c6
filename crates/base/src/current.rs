//! What this thread polls at the moment.
//!
//! One word for the task and one number for the poll. The executor sets both around every poll; a
//! leaf reads the number to tell "again in the same poll" from "in a later one" ([`crate::budget`]).
//! The word is opaque here: the task crate knows what it points to.
#![expect(unsafe_code, reason = "what is entered is looked into elsewhere")]

use std::cell::Cell;
use std::ptr;

#[cfg(not(loom))]
std::thread_local! {
    static TASK: Cell<*const ()> = const { Cell::new(ptr::null()) };
    static POLL: Cell<u64> = const { Cell::new(0) };
    static LAST_POLL: Cell<u64> = const { Cell::new(0) };
}

// Loom's threads are one thread to std.
#[cfg(loom)]
::loom::thread_local! {
    static TASK: Cell<*const ()> = Cell::new(ptr::null());
    static POLL: Cell<u64> = Cell::new(0);
    static LAST_POLL: Cell<u64> = Cell::new(0);
}

/// The task being polled on this thread; null outside any.
#[inline]
pub fn task() -> *const () {
    TASK.with(Cell::get)
}

/// The number of the poll under way on this thread: greater with each poll, 0 outside any.
#[inline]
pub fn poll_number() -> u64 {
    POLL.with(Cell::get)
}

/// Marks the poll of `task` as under way until the guard is dropped. Polls may nest.
///
/// # Safety
/// `task` is null or a task of `corio-task`, which is there until the guard is dropped: that crate
/// looks into what it finds here.
#[inline]
pub unsafe fn enter(task: *const ()) -> PollGuard {
    begin(task)
}

/// Marks a poll of something that is no task as under way until the guard is dropped: for executors
/// of another kind, which have its leaves take turns as a loop does.
#[inline]
pub fn enter_without_task() -> PollGuard {
    begin(ptr::null())
}

#[inline]
fn begin(task: *const ()) -> PollGuard {
    let number = LAST_POLL.with(|last| {
        let number = last.get().wrapping_add(1);
        last.set(number);
        number
    });
    PollGuard {
        task: TASK.with(|slot| slot.replace(task)),
        number: POLL.with(|slot| slot.replace(number)),
    }
}

/// Ends a poll when dropped: what was current before is so again.
#[derive(Debug)]
#[must_use = "the poll ends when the guard is dropped"]
pub struct PollGuard {
    task: *const (),
    number: u64,
}

impl Drop for PollGuard {
    #[inline]
    fn drop(&mut self) {
        TASK.with(|slot| slot.set(self.task));
        POLL.with(|slot| slot.set(self.number));
    }
}
