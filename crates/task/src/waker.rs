//! The waker of every task: one table of functions, whatever the future's type.
//!
//! `Waker::will_wake` compares the data pointer and the table's address. There is one table, in a
//! static, so clones are always equal.
#![expect(unsafe_code, reason = "RawWaker's functions take the task by pointer")]

use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

use corio_base::loom::sync::atomic::Ordering;

use crate::bound::{self, Raw, header};
use crate::cell;
use crate::free::State;
use crate::header::{Flavour, Polled};
use crate::runnable::{self, FreeRunnable};

static VTABLE: RawWakerVTable = RawWakerVTable::new(
    |data| {
        let task = raw(data);
        if header(task).flavour == Flavour::Bound && bound::try_add_ref(task) {
            return RawWaker::new(data, &VTABLE);
        }
        clone_slowly(data)
    },
    |data| wake(raw(data)),
    |data| wake_by_ref(raw(data)),
    |data| release(raw(data)),
);

#[inline(always)]
fn raw(data: *const ()) -> Raw {
    // SAFETY: the data of a waker with this table is a task's address.
    unsafe { NonNull::new_unchecked(data.cast_mut().cast()) }
}

#[cold]
#[inline(never)]
fn clone_slowly(data: *const ()) -> RawWaker {
    add_ref(raw(data));
    RawWaker::new(data, &VTABLE)
}

/// A waker that counts no reference, for the length of a poll.
///
/// # Safety
/// The task is there as long as the waker is.
#[inline]
pub(crate) unsafe fn borrowed(task: Raw) -> ManuallyDrop<Waker> {
    let data = task.as_ptr().cast_const().cast();
    // SAFETY: the table's functions keep RawWaker's contract; the reference is borrowed, and
    // ManuallyDrop does not give it back.
    ManuallyDrop::new(unsafe { Waker::from_raw(RawWaker::new(data, &VTABLE)) })
}

/// Wakes whatever task or thread `waker` is for, and survives its panic. Most often it is a task of
/// ours, which needs neither a call through the table nor a net for panics.
#[inline]
pub(crate) fn wake_any(waker: Waker) {
    if std::ptr::eq(waker.vtable(), &VTABLE) {
        wake(raw(ManuallyDrop::new(waker).data()));
    } else {
        crate::quietly(|| waker.wake());
    }
}

/// Clones `waker` if it is that of a task of ours, without a call through the table.
///
/// # Panics
/// If it is that of `awaited`, which then awaits itself.
#[inline]
pub(crate) fn clone_of_task(waker: &Waker, awaited: Raw) -> Option<Waker> {
    if !std::ptr::eq(waker.vtable(), &VTABLE) {
        return None;
    }
    let data = waker.data();
    if raw(data) == awaited {
        bound::awaits_itself(awaited);
    }
    add_ref(raw(data));
    // SAFETY: the table's functions keep RawWaker's contract; the reference was just counted.
    Some(unsafe { Waker::from_raw(RawWaker::new(data, &VTABLE)) })
}

/// One reference more.
#[inline]
pub(crate) fn add_ref(task: Raw) {
    match header(task).flavour {
        Flavour::Bound => bound::add_ref(task),
        Flavour::Free => State(&header(task).word).add_ref(),
    }
}

/// One reference less.
#[inline]
pub(crate) fn release(task: Raw) {
    match header(task).flavour {
        Flavour::Bound => bound::release(task),
        Flavour::Free => {
            if State(&header(task).word).release() {
                // SAFETY: the last reference is gone.
                unsafe { free_free(task) };
            }
        }
    }
}

/// Frees a free task. Apart, so that the drop of a bound task's waker has no stack frame.
///
/// # Safety
/// As for [`cell::free`].
#[cold]
#[inline(never)]
unsafe fn free_free(task: Raw) {
    // SAFETY: the caller's claim.
    unsafe { cell::free(task) };
}

#[inline]
pub(crate) fn wake_by_ref(task: Raw) {
    match header(task).flavour {
        Flavour::Bound => bound::wake_by_ref(task),
        Flavour::Free => {
            if State(&header(task).word).wake() {
                submit(task);
            }
        }
    }
}

#[inline]
fn wake(task: Raw) {
    match header(task).flavour {
        Flavour::Bound => bound::wake(task),
        Flavour::Free => wake_free(task),
    }
}

/// Apart, so that the wake of a bound task has no stack frame.
#[inline(never)]
fn wake_free(task: Raw) {
    wake_by_ref(task);
    release(task);
}

/// Drops the future at the task's next turn in the queue.
pub(crate) fn abort(task: Raw) {
    match header(task).flavour {
        Flavour::Bound => bound::abort(task),
        Flavour::Free => {
            if State(&header(task).word).abort() {
                submit(task);
            } else {
                runnable::asked(task);
            }
        }
    }
}

/// A request is in the task's tree: it is polled for it.
pub(crate) fn ask(task: Raw) {
    match header(task).flavour {
        Flavour::Bound => bound::ask(task),
        Flavour::Free => {
            if State(&header(task).word).ask() {
                submit(task);
            } else {
                runnable::asked(task);
            }
        }
    }
}

/// Whether `waker` is a task's of ours.
#[inline]
pub(crate) fn is_tasks(waker: &Waker) -> bool {
    std::ptr::eq(waker.vtable(), &VTABLE)
}

/// Whether `waker` is the task's own.
#[inline]
pub(crate) fn is_of(waker: &Waker, task: Raw) -> bool {
    std::ptr::eq(waker.data(), task.as_ptr().cast()) && std::ptr::eq(waker.vtable(), &VTABLE)
}

/// Whether the task has ended.
pub(crate) fn is_done(task: Raw) -> bool {
    match header(task).flavour {
        Flavour::Bound => bound::is_done(task),
        Flavour::Free => State(&header(task).word).is_complete(),
    }
}

/// How the task has ended; `None` if it has not.
pub(crate) fn ended(task: Raw) -> Option<Polled> {
    if !is_done(task) {
        return None;
    }
    // Acquire: for a bound task as in `bound::is_done`; a free one's is published by its word.
    Polled::of_ended(header(task).done.load(Ordering::Acquire))
}

/// Gives a free task, for which SCHEDULED was just set, to its home.
fn submit(task: Raw) {
    // SAFETY: the change of SCHEDULED made this the one entry. The caller's reference keeps the task
    // and its home while `submit` runs.
    header(task).home.schedule().submit(unsafe { FreeRunnable::new(task) });
}
