//! What can be done with a bound task, at home and from away.
//!
//! At home: plain loads and stores. From away: the [`crate::ledger`] and [mail](crate::Mail). The
//! home's own reference lasts from spawn to the end of the task, so everything here finds the task
//! where it was; what comes after the end finds it by a handle's or a waker's reference.
#![expect(unsafe_code, reason = "tasks by pointer; the home's thread is the proof of exclusion")]

use std::ptr::NonNull;
use std::task::Waker;

use corio_base::loom::sync::atomic::Ordering;

use crate::call;
use crate::callbacks;
use crate::cell;
use crate::flags::Flags;
use crate::header::{Header, Polled};
use crate::home::HomeLocal;
use crate::join::JoinError;
use crate::ledger::{Ledger, Then};
use crate::mail::Mail;
use crate::more;
use crate::quietly;
use crate::runnable::Runnable;
use crate::unseen;
use crate::waker;

/// A pointer to a task of which the caller has, or borrows, a reference.
pub(crate) type Raw = NonNull<Header>;

#[inline(always)]
pub(crate) fn header<'a>(task: Raw) -> &'a Header {
    // SAFETY: whoever has a `Raw` has, or borrows, a reference; a `&mut Header` exists only where a
    // block is freed or used again, when nobody else has the task.
    unsafe { task.as_ref() }
}

/// The flags of a task at home.
#[inline(always)]
pub(crate) fn flags<'a>(task: Raw) -> Flags<'a> {
    debug_assert!(header(task).home.is_here(), "a bound task's flags away from home");
    // SAFETY: the callers are on the home's thread: they hold a `HomeLocal` or a `Runnable`, or have
    // asked `HomeRef::is_here`.
    unsafe { Flags::new(&header(task).flags) }
}

fn ledger<'a>(task: Raw) -> Ledger<'a> {
    Ledger(&header(task).word)
}

/// Adds `by` to the home's count.
#[inline(always)]
fn count_here(task: Raw, by: i32) -> u32 {
    let refs = &header(task).refs;
    // SAFETY: on the home's thread, as for `flags`.
    unsafe {
        let next = refs.get().wrapping_add_signed(by);
        if next > u32::MAX / 2 {
            crate::overflow();
        }
        refs.set(next);
        next
    }
}

/// One reference more.
#[inline]
pub(crate) fn add_ref(task: Raw) {
    if !try_add_ref(task) {
        add_ref_slowly(task);
    }
}

/// One reference more, if that is no more than an addition; otherwise nothing is done.
#[inline(always)]
#[must_use]
pub(crate) fn try_add_ref(task: Raw) -> bool {
    if !header(task).home.is_here() || flags(task).is_settled() {
        return false;
    }
    let refs = &header(task).refs;
    // SAFETY: on the home's thread.
    unsafe {
        let before = refs.get();
        let fits = before < u32::MAX / 2;
        if fits {
            refs.set(before + 1);
        }
        fits
    }
}

#[cold]
#[inline(never)]
fn add_ref_slowly(task: Raw) {
    if header(task).home.is_here() && !flags(task).is_settled() {
        count_here(task, 1);
    } else {
        ledger(task).add();
    }
}

/// One reference less.
#[inline]
pub(crate) fn release(task: Raw) {
    match header(task).home.local() {
        Some(local) if !flags(task).is_settled() => release_here(task, local),
        _ => release_by_ledger(task),
    }
}

#[inline]
fn release_here(task: Raw, local: &HomeLocal) {
    // SAFETY: on the home's thread.
    let refs = unsafe { header(task).refs.get() };
    if refs <= 1 {
        return release_last_here(task, local);
    }
    // SAFETY: as above.
    unsafe { header(task).refs.set(refs - 1) };
}

/// Apart, so that a wake has no stack frame.
#[inline(never)]
fn release_last_here(task: Raw, local: &HomeLocal) {
    if count_here(task, -1) == 0 {
        last_here(task, local);
    }
}

/// The home has no reference left that it counted itself: free the task, or see who else has.
fn last_here(task: Raw, local: &HomeLocal) {
    if !flags(task).is_done() {
        // One that was counted away from here was given up here; the home's own is in the ledger.
        let refs = count_here(task, ledger(task).absorb());
        debug_assert!(refs > 0, "the home's own reference lasts to the task's end");
        return;
    }
    if flags(task).is_queued() {
        // The entry's end comes here again, if nobody has a reference then. One that was counted away
        // may be given up here before.
        if !ledger(task).is_at_rest() {
            count_here(task, ledger(task).absorb());
        }
        return;
    }
    if ledger(task).is_at_rest() {
        // SAFETY: on the home's thread.
        local.registry.remove(unsafe { header(task).slot.get() });
        free(task);
    } else {
        settle(task, local);
    }
}

/// Hands the home's references over to the ledger.
pub(crate) fn settle(task: Raw, local: &HomeLocal) {
    debug_assert!(flags(task).is_done());
    flags(task).settle();
    // SAFETY: on the home's thread.
    let (slot, refs) = unsafe { (header(task).slot.get(), header(task).refs.get()) };
    local.registry.remove(slot);
    settled(task, refs);
}

/// The home's flags say settled: its `refs` go to the ledger.
pub(crate) fn settled(task: Raw, refs: u32) {
    then(task, ledger(task).settle(refs));
}

fn free(task: Raw) {
    // SAFETY: the last reference is gone, by the count that led here.
    unsafe { cell::free(task) }
}

/// Does what a change of the ledger asks for.
fn then(task: Raw, then: Then) {
    match then {
        Then::Nothing => {}
        Then::Post => post(task, Mail::wake(task)),
        Then::Free => free(task),
    }
}

/// Sends `mail` to the task's home.
pub(crate) fn post(task: Raw, mail: Mail) {
    // A reference of its own: once posted, the mail may be opened and the task, with its reference
    // to the home, be freed, before `post` returns.
    let home = header(task).home.clone_away();
    home.schedule().post(mail);
}

/// Wakes the task by a reference that stays.
#[inline]
pub(crate) fn wake_by_ref(task: Raw) {
    if header(task).home.is_here() {
        wake_here(task);
    } else {
        wake_away(task, false);
    }
}

/// Wakes the task by a reference that is given up.
#[inline]
pub(crate) fn wake(task: Raw) {
    let Some(local) = header(task).home.local() else { return wake_away(task, true) };
    if flags(task).schedule() {
        let Some(queue) = local.queue() else { return wake_diverted(task) };
        // SAFETY: SCHEDULED was clear: there is no other entry.
        queue.push(unsafe { Runnable::new(task) });
    } else if flags(task).is_settled() {
        return release_by_ledger(task);
    }
    // What goes to the queue has not ended, so that its references are not settled.
    release_here(task, local);
}

/// The rest of a wake, for a task that was just set SCHEDULED.
#[cold]
#[inline(never)]
fn wake_diverted(task: Raw) {
    // SAFETY: SCHEDULED was clear: there is no other entry.
    header(task).home.ready(unsafe { Runnable::new(task) });
    release(task);
}

/// Wakes the task from another thread; `carried`: by a reference that is given up.
#[cold]
#[inline(never)]
fn wake_away(task: Raw, carried: bool) {
    then(task, ledger(task).mail_wake(carried));
}

/// One reference less, counted in the ledger: from another thread, or after the end.
#[cold]
#[inline(never)]
fn release_by_ledger(task: Raw) {
    then(task, ledger(task).release());
}

#[inline(always)]
fn wake_here(task: Raw) {
    if flags(task).schedule() {
        // SAFETY: SCHEDULED was clear: there is no other entry.
        header(task).home.ready(unsafe { Runnable::new(task) });
    }
}

/// Opens a wake mail at home.
pub(crate) fn open_wake(task: Raw, local: &HomeLocal) {
    if flags(task).is_settled() {
        return then(task, ledger(task).bounce());
    }
    let opened = ledger(task).open_mail();
    let refs = count_here(task, opened.carried);
    if opened.woken {
        wake_here(task);
    }
    if refs == 0 {
        last_here(task, local);
    }
}

/// A wake mail found its home closed.
pub(crate) fn bounce_wake(task: Raw) {
    then(task, ledger(task).bounce());
}

/// Drops the future at the task's next turn in the queue; from away, by a mail.
pub(crate) fn abort(task: Raw) {
    if !header(task).home.is_here() {
        add_ref(task);
        post(task, Mail::abort(task));
    } else if call::is_call(task) {
        // It has its turn all the same, and ends there without being called.
        call::refuse(header(task));
    } else if !flags(task).is_done() && flags(task).abort() {
        // SAFETY: SCHEDULED was clear: there is no other entry.
        header(task).home.ready(unsafe { Runnable::new(task) });
    }
}

/// A request is in the task's tree: it is polled for it, at its next turn or at once; from away, by a
/// mail.
pub(crate) fn ask(task: Raw) {
    if !header(task).home.is_here() {
        add_ref(task);
        post(task, Mail::ask(task));
    } else if !flags(task).is_done() && flags(task).ask() {
        // SAFETY: SCHEDULED was clear: there is no other entry.
        header(task).home.ready(unsafe { Runnable::new(task) });
    }
}

/// Drops the future now. `false`: the task has ended, or is being polled further up the stack.
pub(crate) fn cancel_alive(task: Raw) -> bool {
    if flags(task).is_done() || flags(task).is_running() {
        return false;
    }
    cancel(task);
    true
}

/// Drops the future, which is not being polled, and ends the task.
#[cold]
pub(crate) fn cancel(task: Raw) {
    let error = JoinError::cancelled(header(task).cold.id, None);
    flags(task).begin_cancel();
    // SAFETY: on the home's thread, alive and not being polled: the future is there and, with
    // RUNNING set, nobody else's.
    let ended = unsafe { (header(task).vtable.cancel)(task, error) };
    finish(task, ended);
}

/// Publishes the end of a task whose output is stored: wakes the joiner and gives up the home's
/// reference.
pub(crate) fn finish(task: Raw, ended: Polled) {
    let header = header(task);
    let drop_output = flags(task).finish();
    header.home.task_ended();
    // Release: pairs with the Acquire of a handle that looks from away; the output is published.
    header.done.store(ended as u8, Ordering::Release);
    if drop_output {
        // SAFETY: the output is stored and the handle, which could take it, is gone; the home's reference
        // is given up below.
        unsafe { unseen::drop_output(task) };
    }
    if let Some(more) = more::get(header) {
        more.page().close();
        if more.has_callbacks() {
            callbacks::task_ended(task);
        }
    }
    wake_joiner(task);
    // The home's own, wherever it is counted by now: foreign code ran since the task is done, and may
    // have given up the last one that was counted here.
    release(task);
}

/// Wakes whoever awaits a task that has ended, once; at home.
#[inline(always)]
pub(crate) fn wake_joiner(task: Raw) {
    // SAFETY: on the home's thread.
    if let Some(joiner) = unsafe { header(task).joiner.replace(None) } {
        waker::wake_any(joiner);
    }
}

/// Whether somebody at home awaits the task by now; at home.
pub(crate) fn has_joiner(task: Raw) -> bool {
    // SAFETY: on the home's thread.
    unsafe { header(task).joiner.look(Option::is_some) }
}

/// A queue entry ends without a poll.
pub(crate) fn unqueue(task: Raw) {
    flags(task).unqueue();
    unqueued(task);
}

/// After an entry's end: nobody else may have a reference left.
#[cold]
pub(crate) fn unqueued(task: Raw) {
    // SAFETY: on the home's thread.
    if unsafe { header(task).refs.get() } == 0
        && let Some(local) = header(task).home.local()
        && !flags(task).is_settled()
    {
        last_here(task, local);
    }
}

/// Whether the output is stored (or was), asked from any thread.
pub(crate) fn is_done(task: Raw) -> bool {
    // Acquire: pairs with the Release in `finish`.
    header(task).done.load(Ordering::Acquire) != 0
}

/// A callback was added from away: if the task has ended, it may have missed it. Gives up one reference.
pub(crate) fn open_callbacks(task: Raw) {
    if flags(task).is_done() {
        callbacks::flush(task);
    }
    release(task);
}

/// The handle wants `waker` woken at the end; at home, and not yet ended. `true`: it is new, and no
/// task's own: a combinator's.
///
/// # Panics
/// If the waker is the task's own: it awaits itself.
#[inline(always)]
pub(crate) fn set_joiner(task: Raw, waker: &Waker) -> bool {
    let joiner = &header(task).joiner;
    // SAFETY: on the home's thread; `will_wake` of a foreign waker compares two words.
    let same = unsafe { joiner.look(|j| j.as_ref().is_some_and(|j| j.will_wake(waker))) };
    if same {
        return false;
    }
    let Some(waker) = waker::clone_of_task(waker, task) else {
        set_foreign_joiner(task, waker);
        return true;
    };
    // SAFETY: on the home's thread.
    drop(unsafe { joiner.replace(Some(waker)) });
    false
}

#[cold]
#[inline(never)]
fn set_foreign_joiner(task: Raw, waker: &Waker) {
    // Cloned before the slot is touched: a clone is foreign code.
    let waker = waker.clone();
    // SAFETY: on the home's thread.
    drop(unsafe { header(task).joiner.replace(Some(waker)) });
}

/// The waker of the handle of a task at home, out of its place, if it is a combinator's.
pub(crate) fn take_foreign_joiner(task: Raw) -> Option<Waker> {
    let joiner = &header(task).joiner;
    // SAFETY: on the home's thread; to look at a waker's table is no foreign code.
    let is_foreign =
        unsafe { joiner.look(|j| j.as_ref().is_some_and(|waker| !waker::is_tasks(waker))) };
    if !is_foreign {
        return None;
    }
    // Not an empty place: the wait that began here is older than the request, which is to ask it.
    // SAFETY: as above.
    unsafe { joiner.replace(Some(Waker::noop().clone())) }
}

#[cold]
#[inline(never)]
pub(crate) fn awaits_itself(task: Raw) -> ! {
    panic!(
        "{:?} awaits its own handle, and would wait for ever: give the handle to another task",
        crate::TaskInfo::of(task)
    );
}

/// A handle away from home wants `waker` woken at the end. Gives up one reference.
pub(crate) fn open_join(task: Raw, waker: Waker) {
    if flags(task).is_done() {
        waker::wake_any(waker);
    } else if flags(task).has_handle() {
        // SAFETY: on the home's thread.
        let_go(unsafe { header(task).joiner.replace(Some(waker)) });
    } else {
        let_go(Some(waker));
    }
    release(task);
}

/// Drops a joiner's waker that is not to be woken: foreign code, where no panic may get out.
pub(crate) fn let_go(joiner: Option<Waker>) {
    if let Some(joiner) = joiner {
        quietly(|| drop(joiner));
    }
}

/// The handle is gone; at home. Gives up its reference.
pub(crate) fn detach(task: Raw) {
    let header = header(task);
    let flags = flags(task);
    debug_assert!(flags.has_handle(), "detached twice");
    flags.drop_handle();
    if flags.is_done() {
        // SAFETY: the output is stored, and the handle that could take it gives up its reference below.
        unsafe { unseen::drop_output(task) };
    } else {
        // SAFETY: on the home's thread.
        let_go(unsafe { header.joiner.replace(None) });
    }
    release(task);
}
