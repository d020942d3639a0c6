//! One place in a wait list: the node inside a waiting future, and who may touch what of it when.
//!
//! ```text
//!       ┌───────4────────┐
//!       │      leave     │
//!       ▼      join      │        grant              consume
//!     IDLE ─────1────▶ WAITING ─────2────▶ GRANTED ─────3────▶ IDLE
//!      ▲ │     sit                            ▲
//!      │ └──────5────▶ SEATED ──────2─────────┘
//!      │                 │        grant
//!      └────────6────────┘
//!             unseat
//! ```
//!
//! A node in a seat is in no list: the primitive keeps its address in an atomic word, and who takes it
//! out of there has it for itself. See [`Wait::sit`](super::Wait::sit).
//!
//! | field | who reads and writes |
//! |---|---|
//! | `links` | whoever holds the list's lock |
//! | `waker`, `slot` | WAITING: whoever holds the list's lock. SEATED: who took it out of the seat. Otherwise the owner |
//! | `lane` | written by the owner while IDLE; read under the lock while WAITING |
//! | `leaf` | written by the owner: while IDLE, under the lock while WAITING. Read by who grants |
//! | `state` | edges 1 and 4: the owner, under the lock. 2: who may write the slot. 3, 5 and 6: the owner |
//!
//! **The race**: the owner looks at its node without the lock while another thread grants it. Edge 2
//! is that thread's last access to the node: it has unlinked it and taken the waker before. So an
//! owner that sees GRANTED has the node for itself and may even free it at once; one that still sees
//! WAITING takes the lock and looks again; one that sees SEATED tries to leave the seat, and where
//! that fails waits for edge 2, which is under way.
#![expect(unsafe_code, reason = "the node's cells are guarded by its state and the list's lock")]

use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::ptr::NonNull;
use std::task::Waker;

use corio_base::list::{Linked, Links, List};
use corio_base::loom::cell::UnsafeCell;
use corio_base::loom::sync::atomic::{AtomicU8, Ordering};
use corio_trace::WaitKind;
use corio_trace::book::PlacedLeaf;

/// In no list, nothing granted.
const IDLE: u8 = 0;
/// In the list.
const WAITING: u8 = 1;
/// Out of the list, with what was waited for in the slot.
const GRANTED: u8 = 2;
/// In the primitive's seat.
const SEATED: u8 = 3;
/// As GRANTED, with a record of the wait that the owner has to take away: an owner without one need not
/// look.
const GRANTED_RECORDED: u8 = 4;

/// Where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Idle,
    Waiting,
    Granted,
    GrantedRecorded,
    Seated,
}

impl Standing {
    /// Whether the slot is the owner's to take.
    pub(super) fn is_granted(self) -> bool {
        matches!(self, Standing::Granted | Standing::GrantedRecorded)
    }
}

/// A node. Which list it belongs to is the business of `Wait`, its only owner.
pub(crate) struct Waiter<S> {
    links: Links<Waiter<S>>,
    /// # Invariant
    /// `None` in an IDLE node, so that nothing is left in it to be dropped.
    waker: UnsafeCell<ManuallyDrop<Option<Waker>>>,
    slot: UnsafeCell<Option<S>>,
    /// Where the wait was made, and its record in debug mode.
    ///
    /// # Invariant
    /// Without a record in an IDLE node, so that nothing is left in it to be dropped.
    leaf: ManuallyDrop<PlacedLeaf>,
    lane: UnsafeCell<u8>,
    state: AtomicU8,
}

// SAFETY: a granter on another thread takes `S` and the waker by value or `&mut`, under the lock;
// nobody gets `&S`. So `S: Send` is what it takes, and a `Waker` is Send and Sync.
unsafe impl<S: Send> Send for Waiter<S> {}
// SAFETY: as above.
unsafe impl<S: Send> Sync for Waiter<S> {}

// SAFETY: one field, given out to nobody else.
unsafe impl<S> Linked for Waiter<S> {
    #[inline]
    fn links(&self) -> &Links<Self> {
        &self.links
    }
}

impl<S> fmt::Debug for Waiter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Waiter").field(&self.standing()).finish()
    }
}

impl<S> Waiter<S> {
    #[inline]
    pub(super) fn new(place: &'static Location<'static>) -> Self {
        Waiter {
            links: Links::new(),
            waker: UnsafeCell::new(ManuallyDrop::new(None)),
            slot: UnsafeCell::new(None),
            leaf: ManuallyDrop::new(PlacedLeaf::new(place)),
            lane: UnsafeCell::new(0),
            state: AtomicU8::new(IDLE),
        }
    }

    /// Where the node stands; for its owner, or under the lock.
    #[inline]
    pub(super) fn standing(&self) -> Standing {
        // Acquire: pairs with the Release in `grant`, so the slot is the granter's.
        match self.state.load(Ordering::Acquire) {
            IDLE => Standing::Idle,
            WAITING => Standing::Waiting,
            GRANTED => Standing::Granted,
            SEATED => Standing::Seated,
            _ => Standing::GrantedRecorded,
        }
    }

    /// Whether there is a record of the wait; for the owner.
    #[inline]
    pub(super) fn is_recorded(&self) -> bool {
        self.leaf.is_recorded()
    }

    /// Where the wait was made; for the owner.
    #[inline]
    pub(super) fn place(&self) -> &'static Location<'static> {
        self.leaf.place()
    }

    /// Notes what the task waits for, if debug mode is on; for the owner, on edges 1 and 5, and under the
    /// lock while WAITING.
    #[inline]
    pub(super) fn record(&self, kind: WaitKind, object: usize) {
        self.leaf.wait(kind, object, None);
    }

    /// Edge 1: goes into `list`, as the last or the first.
    ///
    /// # Safety
    /// Called by the owner, IDLE, with the list's lock held; the node is pinned, and stays until
    /// `leave` or `consume`.
    #[inline]
    pub(super) unsafe fn join(
        &self,
        list: &mut List<Self>,
        place: (u8, bool),
        waker: Waker,
        slot: S,
    ) {
        let (lane, first) = place;
        // Both are None in an IDLE node, so nothing foreign is dropped here.
        // SAFETY: IDLE, so the cells are the owner's.
        self.waker.with_mut(|cell| unsafe { *cell = ManuallyDrop::new(Some(waker)) });
        // SAFETY: as above.
        self.slot.with_mut(|cell| unsafe { *cell = Some(slot) });
        // SAFETY: as above.
        self.lane.with_mut(|cell| unsafe { *cell = lane });
        // Relaxed: granters read it under the lock, the owner wrote it itself.
        self.state.store(WAITING, Ordering::Relaxed);
        // SAFETY: IDLE, so in no list; pinned, as the caller vouches.
        unsafe {
            if first {
                list.push_front(NonNull::from(self));
            } else {
                list.push_back(NonNull::from(self));
            }
        }
    }

    /// Edge 2: grants the node what is in its slot now; what comes back is to be woken. `alone`: it gets
    /// what others of the list do not get then, and debug mode marks that.
    ///
    /// # Safety
    /// WAITING, with the list's lock held, and just taken out of its list; or SEATED, and just taken
    /// out of the seat by the caller. The node may be gone when this returns.
    #[must_use]
    #[inline]
    pub(crate) unsafe fn grant(node: NonNull<Self>, alone: bool) -> Option<Waker> {
        // SAFETY: its owner waits for the lock before it lets go of a WAITING node, and for the grant
        // if it was taken out of the seat.
        let waiter = unsafe { node.as_ref() };
        if waiter.leaf.is_recorded() {
            // SAFETY: the caller's claim.
            return unsafe { waiter.grant_recorded(alone) };
        }
        // SAFETY: the caller's claim.
        unsafe { waiter.become_granted(GRANTED) }
    }

    /// As [`Waiter::grant`], for a node of which the caller knows that it has no record.
    ///
    /// # Safety
    /// As for that, and there is none.
    #[must_use]
    #[inline]
    pub(crate) unsafe fn grant_unrecorded(node: NonNull<Self>) -> Option<Waker> {
        // SAFETY: as in `grant`.
        let waiter = unsafe { node.as_ref() };
        debug_assert!(!waiter.leaf.is_recorded(), "the owner would not take the record away");
        // SAFETY: the caller's claim.
        unsafe { waiter.become_granted(GRANTED) }
    }

    /// As [`Waiter::grant`], with a record of the wait. All of it here, so that those without save no
    /// registers for it.
    ///
    /// # Safety
    /// As for that.
    #[cold]
    #[inline(never)]
    unsafe fn grant_recorded(&self, alone: bool) -> Option<Waker> {
        if alone {
            // Before the owner can know of it: the record is still there.
            self.leaf.mark_granted();
        }
        // SAFETY: the caller's claim.
        unsafe { self.become_granted(GRANTED_RECORDED) }
    }

    /// # Safety
    /// As for [`Waiter::grant`].
    #[inline]
    unsafe fn become_granted(&self, granted: u8) -> Option<Waker> {
        // SAFETY: WAITING and locked, or the caller took it out of the seat.
        let waker = self.waker.with_mut(|cell| unsafe { (*cell).take() });
        // Release: publishes the slot to the owner's Acquire in `standing`. The last access.
        self.state.store(granted, Ordering::Release);
        waker
    }

    /// What is in the slot of a waiting node.
    ///
    /// # Safety
    /// WAITING, with the list's lock held; or SEATED, and taken out of the seat by the caller.
    #[inline]
    pub(crate) unsafe fn with_slot<R>(node: NonNull<Self>, f: impl FnOnce(&mut S) -> R) -> R {
        // SAFETY: alive, as in `grant`.
        let waiter = unsafe { node.as_ref() };
        waiter.slot.with_mut(|cell| {
            // SAFETY: as in `grant`.
            let slot = unsafe { &mut *cell };
            f(slot.as_mut().expect("a waiting node has something in its slot"))
        })
    }

    /// Edge 3: takes what was granted, and takes the record away, if there may be one.
    ///
    /// # Safety
    /// Called by the owner, to whom the slot belongs: GRANTED or GRANTED_RECORDED, or on its way there by
    /// edge 4 or 6.
    pub(super) unsafe fn consume(&self) -> S {
        self.leaf.clear();
        // SAFETY: the caller's claim.
        unsafe { self.consume_unrecorded() }
    }

    /// Edge 3, without a record.
    ///
    /// # Safety
    /// As for [`Waiter::consume`], and it is not GRANTED_RECORDED.
    #[inline]
    pub(super) unsafe fn consume_unrecorded(&self) -> S {
        // Relaxed: only the owner looks at a node that is in no list.
        self.state.store(IDLE, Ordering::Relaxed);
        // SAFETY: the owner's, as the caller vouches.
        let slot = self.slot.with_mut(|cell| unsafe { (*cell).take() });
        slot.expect("what is granted is in the slot")
    }

    /// Edge 4: leaves `list`; what was in it is to be dropped after the lock.
    ///
    /// # Safety
    /// Called by the owner, WAITING, with the lock of `list` held, which is the one it is in.
    pub(super) unsafe fn leave(&self, list: &mut List<Self>) -> (Option<Waker>, S) {
        // SAFETY: WAITING, so in this list.
        unsafe { list.remove(NonNull::from(self)) };
        // SAFETY: locked, and out of the list.
        let waker = self.waker.with_mut(|cell| unsafe { (*cell).take() });
        // SAFETY: the owner's, once it is out of the list.
        (waker, unsafe { self.consume() })
    }

    /// Edge 5: makes it ready for the seat.
    ///
    /// # Safety
    /// Called by the owner, IDLE.
    #[inline]
    pub(super) unsafe fn sit(&self, waker: Waker, slot: S) {
        // Both are None in an IDLE node, so nothing foreign is dropped here.
        // SAFETY: IDLE, so the cells are the owner's.
        self.waker.with_mut(|cell| unsafe { *cell = ManuallyDrop::new(Some(waker)) });
        // SAFETY: as above.
        self.slot.with_mut(|cell| unsafe { *cell = Some(slot) });
        // Relaxed: published with its address.
        self.state.store(SEATED, Ordering::Relaxed);
    }

    /// Edge 6: out of the seat, without a grant.
    ///
    /// # Safety
    /// Called by the owner, SEATED, and its address is not in the seat, where nobody took it out but
    /// the owner.
    pub(super) unsafe fn unseat(&self) -> (Option<Waker>, S) {
        // SAFETY: the owner's, as its address is nowhere.
        let waker = self.waker.with_mut(|cell| unsafe { (*cell).take() });
        // SAFETY: as above.
        (waker, unsafe { self.consume() })
    }

    /// Which lane it waits in.
    ///
    /// # Safety
    /// WAITING, with the list's lock held.
    pub(super) unsafe fn lane(&self) -> u8 {
        // SAFETY: not written while WAITING.
        self.lane.with(|cell| unsafe { *cell })
    }

    /// Whether its waker wakes what `waker` wakes.
    ///
    /// # Safety
    /// WAITING, with the list's lock held.
    pub(super) unsafe fn will_wake(&self, waker: &Waker) -> bool {
        self.waker.with(|cell| {
            // SAFETY: WAITING and locked.
            let present = unsafe { &*cell };
            present.as_ref().is_some_and(|present| present.will_wake(waker))
        })
    }

    /// Puts another waker in; the old one is to be dropped after the lock.
    ///
    /// # Safety
    /// WAITING, with the list's lock held.
    #[must_use]
    pub(super) unsafe fn replace_waker(&self, waker: Waker) -> Option<Waker> {
        // SAFETY: WAITING and locked.
        self.waker.with_mut(|cell| unsafe { (*cell).replace(waker) })
    }
}
