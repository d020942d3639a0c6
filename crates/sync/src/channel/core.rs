//! A channel without its ends: the words, the ring, what lies beside it, and those who wait.
//!
//! ```text
//!   send ──claim──▶ ┌───────── ring ─────────┐ ──take──▶ receive
//!      │ full       └────────────▲───────────┘              │ empty
//!      ▼                         │ refill                   ▼
//!   under the lock: senders that wait for a place     under the lock: receivers that wait
//!                   (bounded), or `beside` (unbounded)
//! ```
//!
//! A bounded channel that is full promises places to those who wait, one for each message taken, in
//! the order they came. An unbounded one keeps what does not fit in a queue beside the ring, and moves
//! it in when the ring has run empty. While either is so the tail is guarded, so that nobody passes.
//!
//! Receivers are told to look, not given a value: the value stays in the ring, in its order, until
//! somebody takes it, so a receiver that gives up loses nothing but passes the word on.
//!
//! **The race** of a sender that finds the channel full with a receiver that takes: the sender guards
//! the head by a compare-exchange against the very word in which it read that the channel is full.
//! Either the receiver's exchange came before, and the sender looks again, or it comes after, finds
//! the guard and takes the lock, by when the sender is in the list. A receiver that finds the channel
//! empty marks the tail in the same way.
//!
//! **A claim that is not written yet** is the only thing anybody waits for in a loop: the claimer is
//! a few instructions from its end, and needs no lock for them.
#![expect(unsafe_code, reason = "the ring is reached by those who saw an unguarded word")]

use std::collections::VecDeque;
use std::fmt;
use std::task::Waker;

use corio_base::loom::cell::UnsafeCell;
use corio_base::loom::sync::atomic::{AtomicUsize, Ordering};
use corio_base::loom::thread;
use corio_trace::WaitKind;
use corio_trace::book::GrantKey;

use super::ring::{Place, Ring};
use super::words::{CAPACITY_MAX, Words};
use crate::wait_list::{Rules, WaitList};

/// Senders that wait for a place.
pub(super) const SENDERS: usize = 0;
/// Receivers that wait for a message.
pub(super) const RECEIVERS: usize = 1;
/// Those who wait for the end.
pub(super) const ENDS: usize = 2;
pub(super) const LANES: usize = 3;

/// Places in the ring of an unbounded channel: as many messages as a receiver takes before it looks
/// beside it, for the lock to cost a thirtieth each.
const UNBOUNDED_RING: usize = if cfg!(loom) { 1 } else { 32 };

/// More messages beside the ring than this, and their memory is given back once they are gone.
const BESIDE_KEPT: usize = 1024;

pub(crate) type List<T> = WaitList<Core<T>, LANES>;
pub(super) type Section<'a, T> = crate::wait_list::Section<'a, Core<T>, LANES>;

/// What a waiter is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Nothing yet.
    Waiting,
    /// To a sender: a place is promised to you.
    Place,
    /// To a receiver: look.
    Look,
    /// The channel is closed.
    Closed,
}

/// Why nothing could be claimed without the lock.
pub(super) enum Refused {
    /// Every place is taken or promised.
    Full,
    /// Closed.
    Closed,
    /// The lock is needed.
    Guarded,
}

/// A position that was claimed for a message, to be written at once: whoever comes to read it waits.
#[must_use = "whoever comes to read this position waits until it is written"]
pub(super) struct Claim<'a, T> {
    place: Place<'a, T>,
    /// Receivers wait.
    looked_for: bool,
}

/// How an attempt to take ended.
pub(super) enum Take<T> {
    Got(T),
    Empty,
    /// Empty, and nothing can come any more.
    Closed,
    /// The lock is needed.
    Guarded,
    /// The next message is being written.
    Busy,
}

/// What the lock guards beside the waiters.
pub(crate) struct Data<T> {
    /// Messages that came after those in the ring; of unbounded channels.
    pub(super) beside: VecDeque<T>,
    /// The receiver that waits by a poll, where there is only one.
    pub(super) receiver: Option<Awaiting>,
}

/// A receiver that waits without a node in the list.
pub(super) struct Awaiting {
    pub(super) waker: Waker,
    /// The record of its wait, in debug mode, if it has one.
    pub(super) grant: GrantKey,
}

impl Awaiting {
    /// It is called: what comes back wakes it.
    pub(super) fn call(self) -> Waker {
        self.grant.mark();
        self.waker
    }
}

/// What is shared without the lock.
pub(crate) struct Core<T> {
    pub(super) words: Words,
    /// Places that can be taken or promised.
    limit: usize,
    bounded: bool,
    pub(super) senders: AtomicUsize,
    pub(super) receivers: AtomicUsize,
    /// # Invariant
    /// Written once, under the lock, while both words are guarded as they were from the beginning.
    /// Read under the lock, or by those who saw a word that was not guarded.
    ring: UnsafeCell<Option<Ring<T>>>,
}

// SAFETY: the ring is as shared as its own `Sync` says; its cell is guarded by its invariant.
unsafe impl<T: Send> Sync for Core<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Core<T> {}

impl<T> fmt::Debug for Core<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("words", &self.words).finish_non_exhaustive()
    }
}

/// Lets whoever is in the midst of a message finish it.
#[cold]
#[inline(never)]
pub(super) fn let_others_run() {
    thread::yield_now();
}

impl<T> Claim<'_, T> {
    /// Writes, and says whether receivers wait.
    #[inline]
    pub(super) fn write(self, value: T) -> bool {
        // SAFETY: claimed when it was writable, and given up here.
        unsafe { self.place.write(value) };
        self.looked_for
    }
}

impl<T> Core<T> {
    /// A channel with one sender and one receiver. `None` is without bound.
    #[track_caller]
    pub(crate) fn new(capacity: Option<usize>) -> List<T> {
        if let Some(capacity) = capacity {
            assert!(
                capacity > 0,
                "a channel needs room for a message; use a capacity of 1 or more"
            );
            assert!(
                capacity <= CAPACITY_MAX,
                "{capacity} messages are more than a bounded channel can hold ({CAPACITY_MAX}); use \
                 an unbounded one"
            );
        }
        let core = Core {
            words: Words::new(),
            limit: capacity.unwrap_or(UNBOUNDED_RING),
            bounded: capacity.is_some(),
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
            ring: UnsafeCell::new(None),
        };
        WaitList::new(core, Data { beside: VecDeque::new(), receiver: None })
    }

    /// How many messages it can hold; `None` is without bound.
    pub(crate) fn bound(&self) -> Option<usize> {
        self.bounded.then_some(self.limit)
    }

    /// The ring.
    ///
    /// # Safety
    /// The lock is held or an unguarded word was seen; and the ring was made.
    #[inline]
    unsafe fn ring(&self) -> &Ring<T> {
        // SAFETY: written before, and never again.
        let ring = self.ring.with(|cell| unsafe { &*cell });
        debug_assert!(ring.is_some());
        // SAFETY: it was made.
        unsafe { ring.as_ref().unwrap_unchecked() }
    }

    /// Under the lock.
    fn has_ring(&self) -> bool {
        // SAFETY: written under the lock only.
        self.ring.with(|cell| unsafe { (*cell).is_some() })
    }

    /// Makes the ring, the first time. Under the lock.
    fn make_ring(&self) {
        if self.has_ring() {
            return;
        }
        let ring = Ring::new(self.limit);
        // SAFETY: under the lock, and nobody has seen an unguarded word.
        self.ring.with_mut(|cell| unsafe { *cell = Some(ring) });
        self.words.unguard_head();
        self.words.unguard_tail();
    }

    /// Claims a position if the first attempt succeeds: what most sends need, and short enough to be
    /// part of them.
    #[inline(always)]
    pub(super) fn claim_at_once(&self) -> Option<Claim<'_, T>> {
        let tail = self.words.tail();
        if !tail.is_open() || tail.engaged(self.words.head()) >= self.limit {
            return None;
        }
        // SAFETY: the tail was not guarded.
        let place = unsafe { self.ring() }.place(tail.position());
        if !place.is_writable() || self.words.claim(tail).is_err() {
            return None;
        }
        Some(Claim { place, looked_for: tail.is_looked_for() })
    }

    /// Sends the value that is there, if it is and the first attempt succeeds; says whether receivers wait.
    #[inline(always)]
    pub(super) fn send_at_once(&self, value: &mut Option<T>) -> Option<bool> {
        // Before anything is claimed, for which there would be no value.
        if value.is_none() {
            return None;
        }
        let claim = self.claim_at_once()?;
        // SAFETY: seen above, and nobody else can take it.
        Some(claim.write(unsafe { value.take().unwrap_unchecked() }))
    }

    /// Claims a position to write to without the lock, if that is possible.
    pub(super) fn try_claim(&self) -> Result<Claim<'_, T>, Refused> {
        let mut tail = self.words.tail();
        loop {
            if !tail.is_open() {
                return Err(if tail.is_closed() { Refused::Closed } else { Refused::Guarded });
            }
            if tail.engaged(self.words.head()) >= self.limit {
                let now = self.words.tail();
                if now == tail {
                    return Err(Refused::Full);
                }
                tail = now;
                continue;
            }
            // SAFETY: the tail was not guarded.
            let place = unsafe { self.ring() }.place(tail.position());
            if !place.is_writable() {
                let_others_run();
                tail = self.words.tail();
                continue;
            }
            match self.words.claim(tail) {
                Ok(_) => return Ok(Claim { place, looked_for: tail.is_looked_for() }),
                Err(now) => tail = now,
            }
        }
    }

    /// Writes to a place that was promised, and says whether receivers wait.
    ///
    /// # Safety
    /// The caller was promised a place, and uses it up.
    #[inline]
    pub(super) unsafe fn push_reserved(&self, value: T) -> bool {
        let tail = self.words.claim_reserved();
        // SAFETY: places are promised by those who saw the ring.
        let place = unsafe { self.ring() }.place(tail.position());
        while !place.is_writable() {
            let_others_run();
        }
        // SAFETY: claimed, and writable.
        unsafe { place.write(value) };
        tail.is_looked_for()
    }

    /// Takes a message if the first attempt succeeds; as [`Core::claim_at_once`].
    #[inline(always)]
    pub(super) fn take_at_once(&self) -> Option<T> {
        let head = self.words.head();
        if head.is_guarded() {
            return None;
        }
        // SAFETY: the head was not guarded.
        let place = unsafe { self.ring() }.place(head.position());
        if !place.is_readable() || self.words.take(head).is_err() {
            return None;
        }
        // SAFETY: taken, and readable.
        Some(unsafe { place.read() })
    }

    /// Takes without the lock, if that is possible.
    pub(super) fn try_take(&self) -> Take<T> {
        let mut head = self.words.head();
        loop {
            if head.is_guarded() {
                return Take::Guarded;
            }
            // SAFETY: the head was not guarded.
            let place = unsafe { self.ring() }.place(head.position());
            if place.is_readable() {
                match self.words.take(head) {
                    // SAFETY: taken, and readable.
                    Ok(()) => return Take::Got(unsafe { place.read() }),
                    Err(now) => head = now,
                }
                continue;
            }
            let tail = self.words.tail();
            if tail.used(head) == 0 {
                return match tail.is_closed() && tail.reserved() == 0 {
                    _ if tail.is_guarded() => Take::Guarded,
                    true => Take::Closed,
                    false => Take::Empty,
                };
            }
            let now = self.words.head();
            if now == head {
                let_others_run();
            }
            head = self.words.head();
        }
    }

    /// The same under the lock, where nobody is waited for.
    fn take_once(&self) -> Take<T> {
        loop {
            let head = self.words.head();
            // SAFETY: the caller holds the lock, and there is a ring.
            let place = unsafe { self.ring() }.place(head.position());
            if place.is_readable() {
                if self.words.take(head).is_ok() {
                    // SAFETY: taken, and readable.
                    return Take::Got(unsafe { place.read() });
                }
                continue;
            }
            let tail = self.words.tail();
            if tail.used(head) == 0 {
                let ended = tail.is_closed() && tail.reserved() == 0;
                return if ended { Take::Closed } else { Take::Empty };
            }
            if self.words.head() == head {
                return Take::Busy;
            }
        }
    }

    /// Takes a message, and puts those who wait for a place, or lie beside, in its place.
    pub(super) fn take_in(section: &mut Section<'_, T>) -> Take<T> {
        let core = section.rules();
        if !core.has_ring() {
            return if core.words.tail().is_closed() { Take::Closed } else { Take::Empty };
        }
        loop {
            let taken = core.take_once();
            let moved = Self::refill(section);
            if moved && matches!(taken, Take::Empty | Take::Closed) {
                continue;
            }
            return taken;
        }
    }

    /// Gives free places to those who wait, or lie beside; says whether messages came into the ring.
    pub(super) fn refill(section: &mut Section<'_, T>) -> bool {
        let core = section.rules();
        let mut moved = false;
        while !section.is_empty(SENDERS) {
            let (tail, head) = (core.words.tail(), core.words.head());
            if tail.engaged(head) < core.limit {
                if core.words.reserve(tail).is_ok() {
                    section.grant_first(SENDERS, |turn| *turn = Turn::Place);
                }
            } else if core.words.guard_head_at(head) {
                return moved;
            }
        }
        while !section.data().beside.is_empty() {
            let (tail, head) = (core.words.tail(), core.words.head());
            if tail.engaged(head) >= core.limit {
                return moved;
            }
            if core.words.reserve(tail).is_ok()
                && let Some(value) = section.data().beside.pop_front()
            {
                // SAFETY: promised by the line above.
                unsafe { core.push_reserved(value) };
                moved = true;
            }
        }
        let beside = &mut section.data().beside;
        if beside.capacity() > BESIDE_KEPT {
            *beside = VecDeque::new();
        }
        Self::unguard(section);
        moved
    }

    /// The lock is not needed any more, if nobody waits for a place.
    fn unguard(section: &mut Section<'_, T>) {
        let core = section.rules();
        if !core.has_ring() || !section.is_empty(SENDERS) || !section.data().beside.is_empty() {
            return;
        }
        if core.words.head().is_guarded() {
            core.words.unguard_head();
        }
        if core.words.tail().is_guarded() {
            core.words.unguard_tail();
        }
    }

    /// Promises a place, if there is one for somebody who comes now. [`Turn::Waiting`]: there is
    /// none, and if the caller says that it `waits`, both words are guarded for it to join the list.
    pub(super) fn place_in(section: &mut Section<'_, T>, waits: bool) -> Turn {
        let core = section.rules();
        if core.words.tail().is_closed() {
            return Turn::Closed;
        }
        core.make_ring();
        if !section.is_empty(SENDERS) {
            return Turn::Waiting;
        }
        loop {
            let (tail, head) = (core.words.tail(), core.words.head());
            if tail.engaged(head) < core.limit {
                if core.words.reserve(tail).is_ok() {
                    Self::unguard(section);
                    return Turn::Place;
                }
            } else if !waits {
                if core.words.tail() == tail {
                    return Turn::Waiting;
                }
            } else if core.words.guard_tail_at(tail) && core.words.guard_head_at(head) {
                return Turn::Waiting;
            }
        }
    }

    /// Sends to an unbounded channel under the lock; gives the value back if it is closed.
    pub(super) fn push_in(section: &mut Section<'_, T>, value: T) -> Result<(), T> {
        let core = section.rules();
        if core.words.tail().is_closed() {
            return Err(value);
        }
        core.make_ring();
        core.words.guard_tail();
        section.data().beside.push_back(value);
        // Nobody else sends now. What is beside goes into the ring only if that is empty, so that
        // the lock is taken once for a ringful.
        if core.words.tail().used(core.words.head()) == 0 {
            Self::refill(section);
        }
        Ok(())
    }

    /// Tells one receiver that there is something. What comes back is to be woken after the lock.
    #[must_use]
    pub(super) fn call_receiver(section: &mut Section<'_, T>) -> Option<Waker> {
        let waker = section.data().receiver.take().map(Awaiting::call);
        if waker.is_none() {
            section.grant_first(RECEIVERS, |turn| *turn = Turn::Look);
        }
        if section.is_empty(RECEIVERS) {
            section.rules().words.look_no_more();
        }
        waker
    }

    /// Marks that a receiver waits, if there still is nothing.
    pub(super) fn mark_receiver(section: &mut Section<'_, T>) -> bool {
        let words = &section.rules().words;
        let head = words.head();
        let tail = words.tail();
        let ended = tail.is_closed() && tail.reserved() == 0;
        tail.used(head) == 0 && !ended && words.look_for(tail)
    }
}

impl<T> Rules<LANES> for Core<T> {
    type Data = Data<T>;
    type Slot = Turn;

    fn kind(&self) -> WaitKind {
        WaitKind::Channel
    }

    fn left(section: &mut Section<'_, T>, _: &mut Turn) {
        // A sender that was the last one: the guard falls. A receiver: its mark may stay, whoever
        // finds it finds nobody and takes it off.
        Self::unguard(section);
    }

    fn pass_on(list: &List<T>, turn: Turn) {
        match turn {
            Turn::Place => super::ends::release_place(list),
            Turn::Look => super::ends::call_receiver(list),
            Turn::Waiting | Turn::Closed => {}
        }
    }
}

impl<T> Core<T> {
    /// One more sender.
    pub(crate) fn add_sender(&self) {
        // Relaxed: the one that is cloned holds the count up.
        self.senders.fetch_add(1, Ordering::Relaxed);
    }

    /// One more receiver.
    pub(crate) fn add_receiver(&self) {
        // Relaxed: as above.
        self.receivers.fetch_add(1, Ordering::Relaxed);
    }
}
