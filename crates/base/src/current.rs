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
    static AGAIN: Cell<u32> = const { Cell::new(0) };
}

// Loom's threads are one thread to std.
#[cfg(loom)]
::loom::thread_local! {
    static TASK: Cell<*const ()> = Cell::new(ptr::null());
    static POLL: Cell<u64> = Cell::new(0);
    static LAST_POLL: Cell<u64> = Cell::new(0);
    static AGAIN: Cell<u32> = Cell::new(0);
}

/// How often [`is_again`] says so in one poll: far more than a task has yields that it polls at once, and
/// less than a millisecond of a foreign loop that spins.
const AGAIN_MAX: u32 = 4096;

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

/// As [`enter`], for a poll that goes on with the last one of this thread: it has the same number, so
/// that what gave way in that one does not go on in this.
///
/// # Safety
/// As for [`enter`].
pub unsafe fn enter_again(task: *const ()) -> AgainGuard {
    let poll = replace(task, LAST_POLL.with(Cell::get));
    AgainGuard { _poll: poll, _mark: mark_again() }
}

/// Marks what is polled until the guard is dropped as polled before in this poll: what gave way then
/// does not go on.
pub fn mark_again() -> AgainMark {
    AgainMark { before: AGAIN.with(|again| again.replace(AGAIN_MAX)) }
}

/// Whether the poll under way goes on with the one before ([`enter_again`]), or what is polled was
/// polled in it before ([`mark_again`]).
///
/// It says so a bounded number of times in one poll: a loop of another kind that is run to its end within
/// the poll would else wait for ever for what gives way.
#[inline]
pub fn is_again() -> bool {
    AGAIN.with(Cell::get) != 0 && spend_again()
}

#[cold]
fn spend_again() -> bool {
    AGAIN.with(|again| again.set(again.get() - 1));
    true
}

/// Marks a poll of something that is no task as under way until the guard is dropped: for executors
/// of another kind, which have its leaves take turns as a loop does.
#[inline]
pub fn enter_without_task() -> PollGuard {
    begin(ptr::null())
}

/// Calls `f` as code that no poll is under way for: what blocks its thread on purpose, though it was a
/// poll that got it there.
pub fn outside<R>(f: impl FnOnce() -> R) -> R {
    let _poll = replace(ptr::null(), 0);
    f()
}

#[inline]
fn begin(task: *const ()) -> PollGuard {
    let number = LAST_POLL.with(|last| {
        let number = last.get().wrapping_add(1);
        last.set(number);
        number
    });
    replace(task, number)
}

#[inline]
fn replace(task: *const (), number: u64) -> PollGuard {
    PollGuard {
        task: TASK.with(|slot| slot.replace(task)),
        number: POLL.with(|slot| slot.replace(number)),
    }
}

/// Ends a poll that goes on with another when dropped.
#[derive(Debug)]
#[must_use = "the poll ends when the guard is dropped"]
pub struct AgainGuard {
    _poll: PollGuard,
    _mark: AgainMark,
}

/// Takes the mark off when dropped.
#[derive(Debug)]
#[must_use = "the mark is taken off when the guard is dropped"]
pub struct AgainMark {
    before: u32,
}

impl Drop for AgainMark {
    fn drop(&mut self) {
        AGAIN.with(|again| again.set(self.before));
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
