//! What a task that awaits another one does about requests: it passes them on, and waits.
//!
//! ```text
//!   request ──▶ awaiter ──1 forward──▶ child ──┬─ 2 ends cancelled: the awaiter is unwound, too
//!                                              └─ 3 returns: the value is delivered; the request waits
//!                                                   for the awaiter's next wait
//! ```
//!
//! Edge 2 is a delivery, in the poll of the handle that finds it. What the awaiter gets later in the same
//! poll, a value from the other branch of a `select!`, comes as late as in a later turn: the awaiter
//! still ends as cancelled. What it got before that stands, since the handle was not polled.
//!
//! The [hold](Hold) for this is in the child's header, and made only when it is needed: in a pass, or
//! in a scope. In all other polls a handle that waits costs one look at the thread's innermost scope.
//!
//! A handle that waits *far*, by a combinator's waker and with no scope around, leaves only a mark on
//! its awaiter. When a request comes there, whoever waits far in this home is woken once; the
//! combinators of the awaiter then poll its handles, in a pass, and those stand. So a `join_all` over
//! ten thousand handles registers none of them, and its cancel costs one walk through the home's tasks.

use std::sync::Arc;
use std::task::{Context, Poll};

use corio_trace::{Wait, WaitKind};

use crate::bound::{self, Raw, header};
use crate::header::Flavour;
use crate::more;
use crate::scope::tree::Waking;
use crate::scope::{Hold, frame};
use crate::task::{Task, current_raw};
use crate::waker;
use crate::watch;

/// Edge 1: a handle of `child` waits within a scope, in a pass, or away from its home. `begun`: it did
/// so before, maybe without coming here.
#[cold]
#[inline(never)]
pub(crate) fn stand(child: Raw, context: &mut Context<'_>, begun: bool) {
    let Some(task) = current_raw() else { return };
    if frame::mark(task) && waker::is_of(context.waker(), task) {
        // A request makes the task poll this again.
        return;
    }
    // Only the handle comes here, so it may keep the hold while it calls foreign code.
    let more = more::get_or_new(header(child));
    let new = || Box::new(if begun { Hold::begun() } else { Hold::new() });
    let hold = more.take_hold().unwrap_or_else(new);
    let _: Poll<()> = hold.poll(context, |_| Poll::Pending);
    let child = Task::of(child);
    for request in hold.new_requests() {
        if !child.forward(&request) && !child.is_done() {
            // It has this request already, and may be waiting for the current task in its turn.
            hold.release();
        }
    }
    more.put_hold(hold);
}

/// A handle waits far: the current task has to look for it when it is asked.
#[inline(never)]
pub(crate) fn wait_far() {
    if let Some(task) = current_raw() {
        more::get_or_new(header(task)).mark_far();
    }
}

/// Whoever waits far in the home of `task`, if a handle of the task's may be among them; each is woken
/// by that, and asks anew.
pub(crate) fn far_waits(task: Raw) -> Waking {
    let mut wakers = Waking::new();
    let (Some(local), Some(more)) = (header(task).home.local(), more::get(header(task))) else {
        return wakers;
    };
    if !more.take_far() {
        return wakers;
    }
    let mut slot = 0;
    while let Some((at, child)) = local.registry.next_from(slot) {
        wakers.extend(bound::take_foreign_joiner(child).map(Arc::new));
        slot = at + 1;
    }
    wakers
}

/// Whether a hold may have been made for `child`.
#[inline(always)]
pub(crate) fn may_stand(child: Raw) -> bool {
    more::get(header(child)).is_some()
}

/// Edges 2 and 3: `child` has ended. `true`: the awaiter is being unwound; say `Pending`.
pub(crate) fn goes_on_unwinding(child: Raw, is_cancelled: impl FnOnce() -> bool) -> bool {
    let Some(more) = more::get(header(child)) else { return false };
    let Some(hold) = more.take_hold() else { return false };
    if is_cancelled() && hold.unwind() {
        more.put_hold(hold);
        return true;
    }
    hold.release();
    false
}

/// The handle goes, or nobody awaits it any more.
#[cold]
pub(crate) fn leave(child: Raw) {
    if let Some(more) = more::get(header(child)) {
        drop(more.take_hold());
        more.awaited().clear();
    }
}

/// A handle of `child` waits: in debug mode that comes into the book. The record lies beside the child:
/// a handle has no room for it, and there is one.
#[inline(always)]
pub(crate) fn tell(child: Raw) {
    if corio_trace::enabled() {
        tell_book(child);
    }
}

#[cold]
#[inline(never)]
fn tell_book(child: Raw) {
    let cold = &header(child).cold;
    let kind = match header(child).flavour {
        Flavour::Bound => WaitKind::Join,
        // A job's: it ends by itself, whatever tasks do.
        Flavour::Free => WaitKind::Blocking,
    };
    // A handle that is awaited does not know where; the child knows where it was spawned.
    let (object, place) = (cold.id as usize, cold.location);
    let wait = Wait { kind, object, owner: Some(cold.id), place };
    more::get_or_new(header(child)).awaited().wait_since(&wait, watch::began(child));
}

/// Nobody awaits `child` any more.
#[cold]
#[inline(never)]
pub(crate) fn forget(child: Raw) {
    if let Some(more) = more::get(header(child)) {
        more.awaited().clear();
    }
}

/// Whether a scope or a pass is being polled, which a handle that waits has to tell of itself.
#[inline(always)]
pub(crate) fn is_in_scope() -> bool {
    !frame::none()
}
