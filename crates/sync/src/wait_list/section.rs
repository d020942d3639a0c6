//! The time in which a wait list's lock is held: what can be done in it, and the wakes after it.
//!
//! Grants only collect wakers. They are woken when the section ends and the lock is given back, in
//! the order of the grants. A waker that panics harms nobody else: the panic hook has told of it, and
//! whoever ended the section had no part in it.
#![expect(unsafe_code, reason = "waiting nodes are reached under the lock")]

use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::task::Waker;

use corio_base::WakeBatch;
use corio_base::list::List;
use corio_base::loom::sync::MutexGuard;

use super::Rules;
use super::waiter::Waiter;

/// What the lock guards.
pub(super) struct Inner<P: Rules<LANES>, const LANES: usize> {
    pub(super) data: P::Data,
    /// # Invariant
    /// Exactly the nodes that are WAITING in this wait list.
    pub(super) lanes: [List<Waiter<P::Slot>>; LANES],
}

/// The wakers of one section; most sections wake one, which needs no memory.
#[derive(Default)]
struct Wakes {
    first: Option<Waker>,
    /// Dropped by hand, so that a section that granted nothing ends with one comparison. What is
    /// lost if `fill` panics within [`Section::grant_all`] is memory that was reserved.
    ///
    /// # Invariant
    /// Nobody waits in it to be woken while `first` is `None`.
    more: ManuallyDrop<Option<WakeBatch>>,
}

impl Wakes {
    #[inline]
    fn push(&mut self, waker: Option<Waker>) {
        let Some(waker) = waker else { return };
        if self.first.is_none() {
            self.first = Some(waker);
        } else {
            self.more.get_or_insert_default().push(waker);
        }
    }
}

impl Drop for Wakes {
    #[inline]
    fn drop(&mut self) {
        let Some(first) = self.first.take() else { return };
        wake(first);
        if let Some(more) = self.more.take() {
            wake_more(more);
        }
    }
}

/// Apart, so that a section that woke one ends with a comparison.
#[cold]
fn wake_more(more: WakeBatch) {
    drop(more);
}

/// Wakes; a waker that panics harms nobody else.
#[inline(never)]
pub(crate) fn wake(waker: Waker) {
    // The panic hook has told of it. The rest is woken by the batch, which goes on likewise.
    let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
}

/// Drops a waker that is of no use any more. One that panics at that takes nothing with it: its
/// caller may hold a grant, which would be lost to everybody.
pub(crate) fn discard(waker: impl Into<Option<Waker>>) {
    if let Some(waker) = waker.into() {
        // The panic hook has told of it.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(waker)));
    }
}

/// A wait list, locked. When it is dropped the lock is given back first, then those who were granted
/// something are woken.
pub struct Section<'a, P: Rules<LANES>, const LANES: usize = 1> {
    // The order of the fields is the order of the drops: unlock, wake.
    inner: MutexGuard<'a, Inner<P, LANES>>,
    wakes: Wakes,
    rules: &'a P,
}

impl<P: Rules<LANES>, const LANES: usize> fmt::Debug for Section<'_, P, LANES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section").field("lanes", &self.inner.lanes).finish_non_exhaustive()
    }
}

impl<'a, P: Rules<LANES>, const LANES: usize> Section<'a, P, LANES> {
    pub(super) fn new(inner: MutexGuard<'a, Inner<P, LANES>>, rules: &'a P) -> Self {
        Section { inner, wakes: Wakes::default(), rules }
    }

    /// What is shared without the lock; the same as [`WaitList::rules`](super::WaitList::rules).
    #[inline]
    pub fn rules(&self) -> &'a P {
        self.rules
    }

    /// What the lock guards beside the waiters. Drop no value of the user here: take it out and drop
    /// it after the section.
    #[inline]
    pub fn data(&mut self) -> &mut P::Data {
        &mut self.inner.data
    }

    /// Wakes `waker` too, after the lock and before those who are granted something from here on.
    pub(crate) fn wake_too(&mut self, waker: Option<Waker>) {
        self.wakes.push(waker);
    }

    /// How many wait in `lane`.
    #[inline]
    pub fn len(&self, lane: usize) -> usize {
        self.inner.lanes[lane].len()
    }

    /// Whether nobody waits in `lane`.
    #[inline]
    pub fn is_empty(&self, lane: usize) -> bool {
        self.inner.lanes[lane].is_empty()
    }

    /// Shows the slot of the one who has waited longest in `lane`, who goes on waiting.
    #[inline]
    pub fn with_first<R>(
        &mut self,
        lane: usize,
        look: impl FnOnce(&mut P::Slot) -> R,
    ) -> Option<R> {
        let node = self.inner.lanes[lane].front()?;
        // SAFETY: in the list, so WAITING; the lock is held.
        Some(unsafe { Waiter::with_slot(node, look) })
    }

    /// Grants the one who has waited longest in `lane` what `fill` leaves in its slot; `None` if
    /// nobody waits.
    #[inline]
    pub fn grant_first<R>(
        &mut self,
        lane: usize,
        fill: impl FnOnce(&mut P::Slot) -> R,
    ) -> Option<R> {
        self.grant_front(lane, fill, true)
    }

    #[inline]
    fn grant_front<R>(
        &mut self,
        lane: usize,
        fill: impl FnOnce(&mut P::Slot) -> R,
        alone: bool,
    ) -> Option<R> {
        let list = &mut self.inner.lanes[lane];
        let node = list.front()?;
        // SAFETY: in the list, so WAITING; the lock is held.
        let filled = unsafe { Waiter::with_slot(node, fill) };
        // Taken out after `fill`, which may panic.
        list.pop_front();
        // SAFETY: it was in the list, so WAITING, and has been taken out; the lock is held.
        self.wakes.push(unsafe { Waiter::grant(node, alone) });
        Some(filled)
    }

    /// Grants everybody in `lane`, longest wait first, and says how many they were.
    #[inline]
    pub fn grant_all(&mut self, lane: usize, mut fill: impl FnMut(&mut P::Slot)) -> usize {
        let count = self.len(lane);
        if count > 1 {
            self.wakes.more.get_or_insert_default().reserve(count);
        }
        while self.grant_front(lane, &mut fill, false).is_some() {}
        count
    }

    /// Grants those in `lane` for whom `fill` says so, longest wait first, and says how many they
    /// were.
    pub fn grant_matching(
        &mut self,
        lane: usize,
        mut fill: impl FnMut(&mut P::Slot) -> bool,
    ) -> usize {
        let mut count = 0;
        let mut at = self.inner.lanes[lane].front();
        while let Some(node) = at {
            // SAFETY: in the list, so WAITING; the lock is held.
            at = unsafe { self.inner.lanes[lane].next(node) };
            // SAFETY: as above.
            if unsafe { Waiter::with_slot(node, &mut fill) } {
                // SAFETY: in the list.
                unsafe { self.inner.lanes[lane].remove(node) };
                // SAFETY: it was in the list, so WAITING, and has been taken out.
                self.wakes.push(unsafe { Waiter::grant(node, false) });
                count += 1;
            }
        }
        count
    }

    /// The list that `waiter` is in.
    ///
    /// # Safety
    /// WAITING in this wait list.
    pub(super) unsafe fn lane_of(
        &mut self,
        waiter: NonNull<Waiter<P::Slot>>,
    ) -> &mut List<Waiter<P::Slot>> {
        // SAFETY: WAITING, and the lock is held.
        let lane = unsafe { waiter.as_ref().lane() };
        self.lane(usize::from(lane))
    }

    pub(super) fn lane(&mut self, lane: usize) -> &mut List<Waiter<P::Slot>> {
        &mut self.inner.lanes[lane]
    }
}
