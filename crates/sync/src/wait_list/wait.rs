//! The future side: one wait, which is in the list from the poll that finds nothing until it is
//! granted or dropped.
//!
//! Futures of primitives contain a [`Wait`] and poll it. What it does for all of them: it clones and
//! drops wakers outside the lock, remembers a grant until it is taken, hands on a grant that nobody
//! takes, leaves the list when dropped, and leaves the record of what the task waits for.
#![expect(unsafe_code, reason = "the node is pinned here, and joins and leaves the list")]

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

use corio_base::loom::thread;

use super::waiter::{Standing, Waiter};
use super::{Rules, Section, WaitList, discard};

/// What a look under the lock came to.
#[derive(Clone, Copy, Debug)]
pub enum Decision<S> {
    /// No need to wait: this is the result.
    Done(S),
    /// Wait in `lane`, behind the others.
    Wait {
        /// Which lane.
        lane: usize,
        /// What granters find in the slot.
        slot: S,
    },
    /// Wait in `lane`, before the others: for one who was woken, lost what it was woken for to a
    /// barger, and keeps its turn.
    WaitFirst {
        /// Which lane.
        lane: usize,
        /// What granters find in the slot.
        slot: S,
    },
}

/// One wait in a wait list.
#[must_use = "a wait does nothing unless polled"]
pub struct Wait<'a, P: Rules<LANES>, const LANES: usize = 1> {
    list: &'a WaitList<P, LANES>,
    /// # Invariant
    /// In no list but `list`; pinned from the first poll on (the links make it `!Unpin`).
    node: Waiter<P::Slot>,
}

impl<P: Rules<LANES>, const LANES: usize> fmt::Debug for Wait<'_, P, LANES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Wait").field(&self.node.standing()).finish()
    }
}

impl<'a, P: Rules<LANES>, const LANES: usize> Wait<'a, P, LANES> {
    /// A wait that is not in the list yet; `place` is where the program made it.
    #[inline]
    pub fn new(list: &'a WaitList<P, LANES>, place: &'static Location<'static>) -> Self {
        Wait { list, node: Waiter::new(place) }
    }

    /// The list it waits in.
    #[inline]
    pub fn list(&self) -> &'a WaitList<P, LANES> {
        self.list
    }

    /// Where the program made it.
    #[inline]
    pub(crate) fn place(&self) -> &'static Location<'static> {
        self.node.place()
    }

    /// Whether it is in no list and holds no grant: before the first poll, and after a result. Then
    /// an attempt without the lock is in order.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.node.standing() == Standing::Idle
    }

    /// Ready with what was granted, or with what `decide` finds done; otherwise in the list.
    ///
    /// `decide` is called under the lock, once, and only while the wait [is idle](Wait::is_idle): it
    /// looks for the last time whether there is anything to wait for, and marks in the primitive's
    /// word that somebody waits. After a result the wait is idle and may be polled anew.
    #[inline]
    pub fn poll(
        self: Pin<&mut Self>,
        context: &Context<'_>,
        decide: impl FnOnce(&mut Section<'a, P, LANES>) -> Decision<P::Slot>,
    ) -> Poll<P::Slot> {
        self.poll_or(context, || None, decide)
    }

    /// What it was granted, if it was and needs no more than to be taken; [`Wait::poll`] has the rest.
    #[inline]
    pub fn granted(self: Pin<&mut Self>) -> Option<P::Slot> {
        match self.node.standing() {
            // SAFETY: this is the owner, and it is GRANTED.
            Standing::Granted => Some(unsafe { self.node.consume_unrecorded() }),
            _ => None,
        }
    }

    /// As [`Wait::poll`]; while the wait [is idle](Wait::is_idle), `look` is called before all else,
    /// without the lock, and with a result nothing else is done. What is ready is ready without a call.
    #[inline]
    pub fn poll_or(
        self: Pin<&mut Self>,
        context: &Context<'_>,
        look: impl FnOnce() -> Option<P::Slot>,
        decide: impl FnOnce(&mut Section<'a, P, LANES>) -> Decision<P::Slot>,
    ) -> Poll<P::Slot> {
        match self.node.standing() {
            // SAFETY: this is the owner, and it is GRANTED.
            Standing::Granted => return Poll::Ready(unsafe { self.node.consume_unrecorded() }),
            Standing::Idle => {
                if let Some(result) = look() {
                    return Poll::Ready(result);
                }
            }
            Standing::Waiting | Standing::Seated | Standing::GrantedRecorded => {}
        }
        self.poll_waiting(context, decide)
    }

    /// A poll that is not ready at first sight.
    #[inline(never)]
    fn poll_waiting(
        self: Pin<&mut Self>,
        context: &Context<'_>,
        decide: impl FnOnce(&mut Section<'a, P, LANES>) -> Decision<P::Slot>,
    ) -> Poll<P::Slot> {
        let this = self.into_ref().get_ref();
        match this.node.standing() {
            Standing::Idle => this.enter(context.waker().clone(), decide),
            Standing::Granted | Standing::GrantedRecorded => {
                // SAFETY: this is the owner, and it is GRANTED or GRANTED_RECORDED.
                Poll::Ready(unsafe { this.node.consume() })
            }
            Standing::Waiting => this.look_again(context.waker()),
            // Its primitive has it leave the seat before it polls it again.
            Standing::Seated => Poll::Pending,
        }
    }

    /// The first poll. Its node is pinned: only `poll` calls this.
    fn enter(
        &self,
        waker: Waker,
        decide: impl FnOnce(&mut Section<'a, P, LANES>) -> Decision<P::Slot>,
    ) -> Poll<P::Slot> {
        let mut section = self.list.lock();
        let (lane, first, slot) = match decide(&mut section) {
            Decision::Done(result) => {
                drop(section);
                discard(waker);
                return Poll::Ready(result);
            }
            Decision::Wait { lane, slot } => (lane, false, slot),
            Decision::WaitFirst { lane, slot } => (lane, true, slot),
        };
        // Before it can be granted anything, so that whoever grants finds the record.
        self.record();
        let list = section.lane(lane);
        // SAFETY: [1] this is the owner, and the node is IDLE. [2] The lock is held. [3] It is pinned
        // (`poll` took it by `Pin`), and leaves when dropped.
        unsafe { self.node.join(list, (lane as u8, first), waker, slot) };
        Poll::Pending
    }

    /// Polled again while in the list: by a wake for something else, or as part of another task.
    #[cold]
    fn look_again(&self, waker: &Waker) -> Poll<P::Slot> {
        let mut fresh = None;
        loop {
            let section = self.list.lock();
            if self.node.standing().is_granted() {
                drop(section);
                discard(fresh);
                // SAFETY: this is the owner, and it is GRANTED.
                return Poll::Ready(unsafe { self.node.consume() });
            }
            // Perhaps in another task by now. Under the lock: who grants reads it.
            self.record();
            // SAFETY: not granted, so still WAITING; the lock is held.
            if unsafe { self.node.will_wake(waker) } {
                return Poll::Pending;
            }
            if let Some(fresh) = fresh.take() {
                // SAFETY: as above.
                let stale = unsafe { self.node.replace_waker(fresh) };
                drop(section);
                drop(stale);
                return Poll::Pending;
            }
            drop(section);
            fresh = Some(waker.clone());
        }
    }

    /// Waits in the primitive's seat, which takes no lock: an atomic word of the primitive has room
    /// for the address of one waiter, who has its turn before all in the list.
    ///
    /// `publish` puts the address there, or says `false`; it is told whether there is a record of the wait. Who
    /// takes it out again, by the same word, fills the slot and grants it; `poll` is ready with that. A poll
    /// for another reason begins with [`Wait::leave_seat`].
    ///
    /// # Safety
    /// It [is idle](Wait::is_idle). `publish` says whether the address is in the seat. Who takes it out
    /// from there grants it soon, and [`Rules::leave_seat`] takes it out if it is still there.
    #[inline]
    pub(crate) unsafe fn sit(
        self: Pin<&mut Self>,
        waker: Waker,
        slot: P::Slot,
        publish: impl FnOnce(NonNull<Waiter<P::Slot>>, bool) -> bool,
    ) -> bool {
        let this = self.into_ref().get_ref();
        debug_assert!(this.is_idle(), "a wait is in one place at a time");
        if corio_trace::enabled() {
            // SAFETY: the caller's claim.
            return unsafe { this.sit_recorded(waker, slot, publish) };
        }
        // SAFETY: as above. An idle node has no record.
        unsafe { this.sit_down(waker, slot, |node| publish(node, false)) }
    }

    /// The same with a record. All of it here, so that those without save no registers for it.
    ///
    /// # Safety
    /// As for [`Wait::sit`].
    #[cold]
    #[inline(never)]
    unsafe fn sit_recorded(
        &self,
        waker: Waker,
        slot: P::Slot,
        publish: impl FnOnce(NonNull<Waiter<P::Slot>>, bool) -> bool,
    ) -> bool {
        // Before its address is published: whoever grants finds the record.
        self.record();
        let recorded = self.node.is_recorded();
        // SAFETY: the caller's claim.
        unsafe { self.sit_down(waker, slot, |node| publish(node, recorded)) }
    }

    /// # Safety
    /// As for [`Wait::sit`].
    #[inline]
    unsafe fn sit_down(
        &self,
        waker: Waker,
        slot: P::Slot,
        publish: impl FnOnce(NonNull<Waiter<P::Slot>>) -> bool,
    ) -> bool {
        // SAFETY: this is the owner, and it is IDLE, as the caller vouches.
        unsafe { self.node.sit(waker, slot) };
        let seated = publish(NonNull::from(&self.node));
        if !seated {
            // SAFETY: this is the owner, and its address is not in the seat, as `publish` says.
            let (waker, slot) = unsafe { self.node.unseat() };
            // Not seated, it may have got what it wanted instead.
            discard(waker);
            drop(slot);
        }
        seated
    }

    /// Leaves the seat, if it sits there, with what it put into the slot; the waker is to be dropped
    /// or used again. `None`: it was not in the seat, or was granted something, which `poll` gives.
    #[inline]
    pub(crate) fn leave_seat(self: Pin<&mut Self>) -> Option<(P::Slot, Option<Waker>)> {
        match self.node.standing() {
            Standing::Seated => self.unseat(),
            _ => None,
        }
    }

    /// Edge 6, or waits for edge 2 if that is under way.
    #[cold]
    fn unseat(&self) -> Option<(P::Slot, Option<Waker>)> {
        if self.list.rules().leave_seat() {
            // SAFETY: this is the owner, and the address was taken out of the seat for it.
            let (waker, slot) = unsafe { self.node.unseat() };
            return Some((slot, waker));
        }
        // A few instructions of another thread, which may have been stopped in between: a machine of
        // one core has to let it run.
        while self.node.standing() == Standing::Seated {
            thread::yield_now();
        }
        None
    }

    /// Notes what the task waits for, if debug mode is on.
    #[inline]
    fn record(&self) {
        if corio_trace::enabled() {
            self.node.record(self.list.rules().kind(), std::ptr::from_ref(self.list).addr());
        }
    }

    /// Dropped while it waited, or with a grant that it had not taken.
    #[cold]
    fn abandon(&self) {
        if self.node.standing() == Standing::Seated
            && let Some((slot, waker)) = self.unseat()
        {
            P::pass_on(self.list, slot);
            drop(waker);
            return;
        }
        let mut section = self.list.lock();
        if self.node.standing().is_granted() {
            drop(section);
            // SAFETY: this is the owner, and it is GRANTED.
            let slot = unsafe { self.node.consume() };
            P::pass_on(self.list, slot);
            return;
        }
        // SAFETY: not granted, so still WAITING in this list.
        let lane = unsafe { section.lane_of(NonNull::from(&self.node)) };
        // SAFETY: this is the owner, WAITING in `lane`, whose lock is held.
        let (waker, mut slot) = unsafe { self.node.leave(lane) };
        P::left(&mut section, &mut slot);
        drop(section);
        drop(waker);
        drop(slot);
    }
}

impl<P: Rules<LANES>, const LANES: usize> Drop for Wait<'_, P, LANES> {
    #[inline]
    fn drop(&mut self) {
        if !self.is_idle() {
            self.abandon();
        }
    }
}
