//! What the ends of a channel do when they come, go and tell each other; for `mpsc` and `channel`.
//!
//! All of it takes the lock only where somebody waits or the channel ends, and wakes after it.
#![expect(unsafe_code, reason = "whoever sends to a promised place vouches for the promise")]

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::task::{Context, Poll, Waker};

use corio_base::loom::sync::atomic::{AtomicUsize, Ordering};
use corio_trace::WaitKind;
use corio_trace::book::{GrantKey, PlacedLeaf};

use super::core::{
    Awaiting, Core, ENDS, List, RECEIVERS, Refused, SENDERS, Take, Turn, let_others_run,
};
use super::error::{TryRecvError, TrySendError};
use crate::wait_list::discard;

/// Wakes, with no lock held, and survives a waker that panics: the panic hook has told of it, and
/// whoever sent had no part in it.
pub(crate) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
    }
}

/// Tells one receiver to look.
#[cold]
#[inline(never)]
pub(super) fn call_receiver<T>(list: &List<T>) {
    let mut section = list.lock();
    let waker = Core::call_receiver(&mut section);
    drop(section);
    wake(waker);
}

/// A promised place is not used.
pub(super) fn release_place<T>(list: &List<T>) {
    let before = list.rules().words.release();
    if !before.is_guarded() && !before.is_closed() {
        return;
    }
    let mut section = list.lock();
    Core::refill(&mut section);
    let ended = before.is_closed() && before.reserved() == 1;
    let waker = if ended { call_all(&mut section) } else { None };
    drop(section);
    wake(waker);
}

/// Tells all receivers to look.
fn call_all<T>(section: &mut super::core::Section<'_, T>) -> Option<Waker> {
    section.grant_all(RECEIVERS, |turn| *turn = Turn::Look);
    section.rules().words.look_no_more();
    section.data().receiver.take().map(Awaiting::call)
}

/// Nobody sends any more; everybody is told.
pub(crate) fn close<T>(list: &List<T>) {
    let mut section = list.lock();
    if section.rules().words.close().is_closed() {
        return;
    }
    section.grant_all(SENDERS, |turn| *turn = Turn::Closed);
    section.grant_all(ENDS, |turn| *turn = Turn::Closed);
    Core::refill(&mut section);
    let waker = call_all(&mut section);
    drop(section);
    wake(waker);
}

/// A sender goes; with the last one the channel is closed.
pub(crate) fn drop_sender<T>(list: &List<T>) {
    // AcqRel: what each sender did comes before the last one's close.
    if list.rules().senders.fetch_sub(1, Ordering::AcqRel) == 1 {
        close(list);
    }
}

/// A sender for one who kept the channel without being a sender, unless the last one is gone.
pub(crate) fn upgrade_sender<T>(list: &List<T>) -> bool {
    add_unless_none(&list.rules().senders)
}

/// The same for a receiver.
pub(super) fn upgrade_receiver<T>(list: &List<T>) -> bool {
    add_unless_none(&list.rules().receivers)
}

fn add_unless_none(count: &AtomicUsize) -> bool {
    // Relaxed: the count alone decides.
    let mut seen = count.load(Ordering::Relaxed);
    while seen != 0 {
        match count.compare_exchange_weak(seen, seen + 1, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return true,
            Err(now) => seen = now,
        }
    }
    false
}

/// A receiver goes; with the last one the channel is closed, and what nobody will take is dropped.
pub(crate) fn drop_receiver<T>(list: &List<T>) {
    // AcqRel: as for senders.
    if list.rules().receivers.fetch_sub(1, Ordering::AcqRel) == 1 {
        close(list);
        // One that closed the channel itself may have waited since, for promised places.
        let awaiting = list.lock().data().receiver.take();
        discard(awaiting.map(|awaiting| awaiting.waker));
        drain(list);
    }
}

/// Drops what is in the channel, each value with no lock held.
#[cold]
#[inline(never)]
fn drain<T>(list: &List<T>) {
    let rest = Rest { list };
    while let Ok(value) = try_recv(list) {
        drop(value);
    }
    mem::forget(rest);
}

/// What is left of a drain in which a value panicked: others may wait for what those behind it hold.
struct Rest<'a, T> {
    list: &'a List<T>,
}

impl<T> Drop for Rest<'_, T> {
    fn drop(&mut self) {
        while let Ok(value) = try_recv(self.list) {
            // A second panic in an unwinding thread would end the process; the hook has told of it.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
        }
    }
}

/// Sends into a promised place.
#[inline]
pub(super) fn send_reserved<T>(list: &List<T>, value: T) {
    // SAFETY: callers own a promised place and give it up with this call.
    if unsafe { list.rules().push_reserved(value) } {
        call_receiver(list);
    }
    // Relaxed: the last receiver counts down, closes, drains. If the tail is not closed here, this
    // value was claimed before the close, and the drain finds it. If it is, the count is seen too.
    if list.rules().words.tail().is_closed() && list.rules().receivers.load(Ordering::Relaxed) == 0
    {
        drain(list);
    }
}

/// Sends if there is a place.
#[inline]
pub(crate) fn try_send<T>(list: &List<T>, value: T) -> Result<(), TrySendError<T>> {
    let Some(claim) = list.rules().claim_at_once() else { return try_send_slowly(list, value) };
    if claim.write(value) {
        call_receiver(list);
    }
    Ok(())
}

#[inline(never)]
fn try_send_slowly<T>(list: &List<T>, value: T) -> Result<(), TrySendError<T>> {
    match list.rules().try_claim() {
        Ok(claim) => {
            if claim.write(value) {
                call_receiver(list);
            }
            Ok(())
        }
        Err(Refused::Full) if list.rules().bound().is_some() => Err(TrySendError::Full(value)),
        Err(Refused::Closed) => Err(TrySendError::Closed(value)),
        Err(Refused::Full | Refused::Guarded) => try_send_locked(list, value),
    }
}

#[cold]
#[inline(never)]
fn try_send_locked<T>(list: &List<T>, value: T) -> Result<(), TrySendError<T>> {
    let mut section = list.lock();
    if list.rules().bound().is_some() {
        let turn = Core::place_in(&mut section, false);
        drop(section);
        return match turn {
            Turn::Place => {
                send_reserved(list, value);
                Ok(())
            }
            Turn::Closed => Err(TrySendError::Closed(value)),
            Turn::Waiting | Turn::Look => Err(TrySendError::Full(value)),
        };
    }
    let pushed = Core::push_in(&mut section, value);
    let looked_for = section.rules().words.tail().is_looked_for();
    let waker = if looked_for { Core::call_receiver(&mut section) } else { None };
    drop(section);
    wake(waker);
    pushed.map_err(TrySendError::Closed)
}

/// Takes a message if there is one.
#[inline]
pub(crate) fn try_recv<T>(list: &List<T>) -> Result<T, TryRecvError> {
    match list.rules().take_at_once() {
        Some(value) => Ok(value),
        None => try_recv_slowly(list),
    }
}

#[inline(never)]
fn try_recv_slowly<T>(list: &List<T>) -> Result<T, TryRecvError> {
    loop {
        let taken = match list.rules().try_take() {
            Take::Guarded => take_locked(list),
            taken => taken,
        };
        match taken {
            Take::Got(value) => return Ok(value),
            Take::Empty => return Err(TryRecvError::Empty),
            Take::Closed => return Err(TryRecvError::Disconnected),
            Take::Busy | Take::Guarded => let_others_run(),
        }
    }
}

#[cold]
#[inline(never)]
fn take_locked<T>(list: &List<T>) -> Take<T> {
    Core::take_in(&mut list.lock())
}

/// For the only receiver: takes a message if the first attempt succeeds.
#[inline(always)]
pub(crate) fn take_at_once<T>(list: &List<T>) -> Option<T> {
    list.rules().take_at_once()
}

/// For the only receiver: takes a message, or leaves its waker and says which record `leaf` has of it. `None`
/// is the end.
pub(crate) fn poll_recv<T>(
    list: &List<T>,
    leaf: Option<&PlacedLeaf>,
    context: &mut Context<'_>,
) -> Poll<Option<T>> {
    match try_recv_slowly(list) {
        Ok(value) => Poll::Ready(Some(value)),
        Err(TryRecvError::Disconnected) => Poll::Ready(None),
        Err(TryRecvError::Empty) => wait_alone(list, leaf, context),
    }
}

fn wait_alone<T>(
    list: &List<T>,
    leaf: Option<&PlacedLeaf>,
    context: &mut Context<'_>,
) -> Poll<Option<T>> {
    let grant = leaf.map_or(GrantKey::NONE, |leaf| {
        leaf.wait(WaitKind::Channel, ptr::from_ref(list).addr(), None);
        leaf.grant_key()
    });
    let awaiting = Awaiting { waker: context.waker().clone(), grant };
    loop {
        let mut section = list.lock();
        let taken = Core::take_in(&mut section);
        if matches!(taken, Take::Empty) && Core::mark_receiver(&mut section) {
            let stale = section.data().receiver.replace(awaiting);
            drop(section);
            drop(stale);
            return Poll::Pending;
        }
        drop(section);
        match taken {
            Take::Got(value) => return Poll::Ready(Some(value)),
            Take::Closed => return Poll::Ready(None),
            Take::Empty | Take::Busy | Take::Guarded => let_others_run(),
        }
    }
}

/// How many messages are in the channel.
pub(crate) fn len<T>(list: &List<T>) -> usize {
    let words = &list.rules().words;
    let head = words.head();
    let tail = words.tail();
    let beside = match list.rules().bound() {
        None if tail.is_guarded() => list.lock().data().beside.len(),
        _ => 0,
    };
    tail.used(head) + beside
}

/// How many places of a bounded channel are neither taken nor promised.
pub(crate) fn places<T>(list: &List<T>) -> usize {
    let words = &list.rules().words;
    let head = words.head();
    let engaged = words.tail().engaged(head);
    list.rules().bound().map_or(usize::MAX, |bound| bound.saturating_sub(engaged))
}

/// Whether sending is over.
pub(crate) fn is_closed<T>(list: &List<T>) -> bool {
    list.rules().words.tail().is_closed()
}
