//! What both ends of a oneshot channel share: a word, two wakers and the value.
//!
//! ```text
//!   sender:    ──1 send────▶ SENT           or ──2 abandon──▶ DROPPED       each is its end
//!   receiver:  ──3 close───▶ CLOSED         or ──4 retire───▶ RECEIVER_GONE, its end
//!   each end:  ──5 register──▶ its WAITS ──6 any edge 1 to 4, or a register with another waker──▶
//!   receiver:  ──7 record──▶ RECORDED ──8 unrecord──▶            in debug mode, before edge 5
//!
//!   whoever comes to its end and finds the other's there frees the memory
//! ```
//!
//! | cell | whose it is |
//! |---|---|
//! | `value` | the sender's; once the word says SENT, the receiver's |
//! | a waker | its end's while WAITS is clear; while it is set, of the one who clears it |
//! | `leaf` | written by the receiver; while RECORDED is set, read by who takes its waker |
//!
//! Each edge is one compare-exchange, which decides, says that its end touches nothing any more, and
//! takes both wakers. So a send before the receiver comes is one, and one after it came is two with
//! the receiver's own. A waker is read before it is taken: see [`Seat`].
//!
//! **The race** of a send with a close: both are compare-exchanges on one word. A sender that finds
//! CLOSED keeps its value; a receiver that finds SENT has the value, whether it closes or not.
//!
//! **A waker that was replaced** between its reading and its taking: each register counts up in the
//! word, so the word is another one, and the exchange fails.
//!
//! **What debug mode needs** is asked of the word, which every edge reads anyway: a send, and a receiver that
//! takes, look for RECORDED with the same comparison as for the rest, and without it do not look at the leaf.
#![expect(unsafe_code, reason = "the cells and the memory are guarded by the word")]

use std::alloc::Layout;
use std::fmt;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::Location;
use std::ptr::NonNull;
use std::task::Waker;

use corio_base::loom::cell::UnsafeCell;
use corio_base::loom::sync::atomic::{AtomicU64, Ordering};
use corio_trace::WaitKind;
use corio_trace::book::{GrantKey, PlacedLeaf};

use super::pool::{self, Shape};
use super::seat::Seat;
use crate::channel::wake;

/// The value is there, for the receiver; the sender touches nothing any more.
const SENT: u64 = 1;
/// Nothing will be sent; the sender touches nothing any more.
const DROPPED: u64 = 1 << 1;
/// Nobody will take a value that is not there yet.
const CLOSED: u64 = 1 << 2;
/// The receiver touches nothing any more.
const RECEIVER_GONE: u64 = 1 << 3;
/// The receiver's waker is there.
const RECEIVER_WAITS: u64 = 1 << 4;
/// The sender's waker is there.
const SENDER_WAITS: u64 = 1 << 5;
const WAITS: u64 = RECEIVER_WAITS | SENDER_WAITS;
/// The book has a record of the receiver's wait, to be marked by who grants and taken away by the receiver.
const RECORDED: u64 = 1 << 6;
/// One registration. 57 bits count them: they do not wrap.
const REGISTERED_ONE: u64 = 1 << 7;

/// One of the two ends.
#[derive(Clone, Copy)]
pub(super) enum End {
    Sender,
    Receiver,
}

impl End {
    const fn waits(self) -> u64 {
        match self {
            End::Sender => SENDER_WAITS,
            End::Receiver => RECEIVER_WAITS,
        }
    }

    /// What ends its wait.
    const fn over(self) -> u64 {
        match self {
            End::Sender => CLOSED,
            End::Receiver => SENT | DROPPED | CLOSED,
        }
    }
}

/// What stands in the word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen(u64);

impl Seen {
    /// The value is there: the receiver is alone with it.
    #[inline]
    pub(super) fn is_sent(self) -> bool {
        self.0 & SENT != 0
    }

    /// The value is there and no record of the wait for it, so the receiver has but to take it.
    #[inline]
    pub(super) fn is_sent_unrecorded(self) -> bool {
        self.0 & (SENT | RECORDED) == SENT
    }

    /// The receiver has to take the record of its wait away.
    #[inline]
    pub(super) fn is_recorded(self) -> bool {
        self.0 & RECORDED != 0
    }

    /// Nothing changes any more for the receiver.
    #[inline]
    pub(super) fn is_decided(self) -> bool {
        self.0 & End::Receiver.over() != 0
    }

    #[inline]
    pub(super) fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }
}

/// All but the value.
struct Head {
    word: AtomicU64,
    /// Where the program made the channel, and the record of the receiver's wait, who alone writes it; the
    /// sender reads which one it is. Here, so that an end is one word, which moves cheaply.
    ///
    /// # Invariant
    /// Without a record while RECORDED is clear, but for a moment on edges 7 and 8, and at the receiver's end:
    /// nothing is left in it to be dropped with the memory.
    leaf: ManuallyDrop<PlacedLeaf>,
    receiver: Seat,
    sender: Seat,
}

#[repr(C)]
struct Inner<T> {
    head: Head,
    value: UnsafeCell<MaybeUninit<T>>,
}

/// The head by its address: its memory may be freed by the other end at any moment after this one's
/// last edge, which a reference would deny.
#[derive(Clone, Copy)]
struct HeadRef<'a>(NonNull<Head>, PhantomData<&'a Head>);

/// The wakers that an exchange takes, of those who wait.
#[derive(Default)]
struct Taken {
    receiver: Option<Waker>,
    sender: Option<Waker>,
}

/// One end's hold on the memory; two exist of each, and its last edge gives one up. It is copied only
/// within an end, where the copy that is left is forgotten.
pub(super) struct Shared<T> {
    inner: NonNull<Inner<T>>,
}

impl<T> Clone for Shared<T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Shared<T> {}

// SAFETY: the value goes from one end to the other, wakers are Send and Sync, the word guards both.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: through `&Shared` nobody reaches the value; the methods that do are for its owner.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.seen();
        f.debug_struct("Channel")
            .field("sent", &seen.is_sent())
            .field("closed", &seen.is_closed())
            .finish()
    }
}

impl<T> Shared<T> {
    const SHAPE: Shape = Shape::of(Layout::new::<Inner<T>>());

    /// For the sender and for the receiver.
    #[inline]
    pub(super) fn new(place: &'static Location<'static>) -> Self {
        let inner: NonNull<Inner<T>> = pool::take(Self::SHAPE).cast();
        let (word, leaf) = (AtomicU64::new(0), ManuallyDrop::new(PlacedLeaf::new(place)));
        let head = Head { word, leaf, receiver: Seat::new(), sender: Seat::new() };
        let value = UnsafeCell::new(MaybeUninit::uninit());
        // SAFETY: a fresh block of the shape of an Inner.
        unsafe { inner.write(Inner { head, value }) };
        Shared { inner }
    }

    #[inline]
    fn inner(&self) -> &Inner<T> {
        // SAFETY: freed by the second end that comes to its end; this one has not.
        unsafe { self.inner.as_ref() }
    }

    #[inline]
    fn head(&self) -> HeadRef<'_> {
        // An Inner begins with its head.
        HeadRef(self.inner.cast(), PhantomData)
    }

    #[inline]
    pub(super) fn seen(&self) -> Seen {
        // Acquire: pairs with the Release in `end_sender`; the value is the receiver's.
        Seen(self.inner().head.word.load(Ordering::Acquire))
    }

    /// Which channel this is.
    pub(super) fn address(&self) -> usize {
        self.inner.as_ptr().addr()
    }

    /// Edge 7: records that the receiver waits, if debug mode is on, and says what stands in the word then. For
    /// the receiver.
    #[cold]
    #[inline(never)]
    pub(super) fn record(self) -> Seen {
        let Head { word, leaf, .. } = &self.inner().head;
        leaf.wait(WaitKind::Channel, self.address(), None);
        // Acquire: as in `seen`. Release: publishes which record it is, to the Acquire in `exchange`.
        let mark = if leaf.is_recorded() { RECORDED } else { 0 };
        Seen(word.fetch_or(mark, Ordering::AcqRel) | mark)
    }

    /// Edge 8: the receiver's wait is over. For the receiver, who found RECORDED.
    #[cold]
    #[inline(never)]
    pub(super) fn unrecord(self) {
        let Head { word, leaf, .. } = &self.inner().head;
        leaf.clear();
        // Relaxed: a mark of the receiver's own, which nobody looks for once the wait is over.
        word.fetch_and(!RECORDED, Ordering::Relaxed);
    }

    /// Edge 1, the sender's last: gives the value back if the channel is closed.
    #[inline]
    pub(super) fn send(self, value: T) -> Result<(), T> {
        // SAFETY: nothing was sent before: the value's place is the sender's.
        self.inner().value.with_mut(|place| unsafe { (*place).write(value) });
        if self.head().end_sender(SENT) {
            return Ok(());
        }
        // SAFETY: the word does not say SENT, so it still is, and was written above.
        let value = self.inner().value.with(|place| unsafe { (*place).assume_init_read() });
        self.abandon_closed();
        Err(value)
    }

    /// Edge 2, the sender's last.
    #[inline]
    pub(super) fn abandon(self) {
        if !self.head().end_sender(DROPPED) {
            self.abandon_closed();
        }
    }

    /// Edge 2 where the receiver has closed.
    #[cold]
    #[inline(never)]
    fn abandon_closed(self) {
        if self.head().end_closed_sender() {
            self.free();
        }
    }

    /// Edge 3: nothing can be sent any more.
    pub(super) fn close(&self) {
        self.head().end_receiver(CLOSED);
    }

    /// Edge 4: for a receiver that has not taken the value.
    #[inline(never)]
    pub(super) fn retire(self) {
        // Here, for the memory may stay with the sender, who sees a mark of what is gone at worst.
        self.inner().head.leaf.clear();
        if !self.seen().is_sent() && self.head().end_receiver(CLOSED | RECEIVER_GONE) {
            return;
        }
        if self.seen().is_sent() {
            // SAFETY: sent and not taken; the receiver is at its end and will not take it again.
            drop(unsafe { self.take() });
        } else {
            self.free();
        }
    }

    /// Takes the value and frees the memory: who sent is gone.
    ///
    /// # Safety
    /// By the receiver, as its last, after it has seen SENT, and without a record.
    #[inline]
    pub(super) unsafe fn take(self) -> T {
        // SAFETY: sent, so initialised and the receiver's.
        let value = self.inner().value.with(|place| unsafe { (*place).assume_init_read() });
        debug_assert!(!self.inner().head.leaf.is_recorded(), "the record would stay for ever");
        self.free();
        value
    }

    /// Gives the memory back. Both ends are at their end, this is the second; no waker is left, and
    /// the value was taken or never sent.
    #[inline]
    fn free(self) {
        // The leaf is not dropped, so this is where a model looks.
        // SAFETY: nobody else has it.
        #[cfg(loom)]
        unsafe { &mut (*self.inner.as_ptr()).head.leaf }.assert_over();
        // SAFETY: nobody else has it. The value is not dropped by this.
        unsafe { self.inner.drop_in_place() };
        // SAFETY: from `new`, and not used again.
        unsafe { pool::put(self.inner.cast(), Self::SHAPE) };
    }

    /// Edge 5. Says whether `end` waits now: `false` if there is nothing to wait for any more. `seen` is
    /// what it saw before.
    #[inline]
    pub(super) fn register(&self, end: End, seen: Seen, waker: &Waker) -> bool {
        self.head().register(end, seen, waker)
    }
}

impl<'a> HeadRef<'a> {
    #[inline]
    fn word(self) -> &'a AtomicU64 {
        // SAFETY: callers have an end that is not at its end.
        unsafe { &(*self.0.as_ptr()).word }
    }

    /// What marks the receiver's wait as granted, where RECORDED is set. After the edge that grants the receiver
    /// may be gone, and the memory with it.
    fn grant_key(self) -> GrantKey {
        // SAFETY: as in `word`.
        unsafe { &(*self.0.as_ptr()).leaf }.grant_key()
    }

    fn seat(self, end: End) -> &'a Seat {
        // SAFETY: as in `word`.
        unsafe {
            match end {
                End::Sender => &(*self.0.as_ptr()).sender,
                End::Receiver => &(*self.0.as_ptr()).receiver,
            }
        }
    }

    /// Edges 1 and 2 with `flag`; `false`, and nothing done, if the channel is closed. The two usual
    /// ways, with and without a receiver that waits, are short enough to be part of a send; a record to be
    /// marked is not usual.
    #[inline]
    fn end_sender(self, flag: u64) -> bool {
        // Acquire: as in `exchange`.
        let seen = self.word().load(Ordering::Acquire);
        if seen & (CLOSED | SENDER_WAITS | RECORDED) == 0 {
            let waits = seen & RECEIVER_WAITS != 0;
            let parts = self.seat(End::Receiver).parts();
            let next = (seen | flag) & !RECEIVER_WAITS;
            // Release: publishes the value, and all that this end did comes before the other one frees.
            let word = self.word();
            if word.compare_exchange(seen, next, Ordering::Release, Ordering::Relaxed).is_ok() {
                if waits {
                    // SAFETY: as in `exchange`.
                    wake(Some(unsafe { parts.into_waker() }));
                }
                return true;
            }
        }
        self.end_sender_slowly(flag)
    }

    #[cold]
    #[inline(never)]
    fn end_sender_slowly(self, flag: u64) -> bool {
        let Some(taken) = self.exchange(CLOSED, flag) else { return false };
        wake(taken.receiver);
        true
    }

    /// Edge 2 where the receiver has closed: whether the memory is the sender's to free.
    fn end_closed_sender(self) -> bool {
        self.exchange(RECEIVER_GONE, DROPPED).is_none()
    }

    /// Edges 3 and 4; `false`, and nothing done, if the sender is at its end.
    #[inline(never)]
    fn end_receiver(self, flags: u64) -> bool {
        let Some(taken) = self.exchange(SENT | DROPPED, flags) else { return false };
        wake(taken.sender);
        true
    }

    /// Sets `flags` and takes all wakers, unless one of the flags `unless` is set.
    fn exchange(self, unless: u64, flags: u64) -> Option<Taken> {
        // Acquire, here and below: pairs with the Release in `register`, for the wakers; and with the
        // Release of this very exchange by the other end, for the value or to free the memory.
        let mut seen = self.word().load(Ordering::Acquire);
        loop {
            if seen & unless != 0 {
                return None;
            }
            let receiver = (seen & RECEIVER_WAITS != 0).then(|| self.seat(End::Receiver).parts());
            let sender = (seen & SENDER_WAITS != 0).then(|| self.seat(End::Sender).parts());
            let grant = match seen & RECORDED {
                0 => GrantKey::NONE,
                _ => receiver.map_or(GrantKey::NONE, |_| self.grant_key()),
            };
            // Release: as in `end_sender`.
            match self.word().compare_exchange(
                seen,
                (seen | flags) & !WAITS,
                Ordering::Release,
                Ordering::Acquire,
            ) {
                Ok(_) => {
                    grant.mark();
                    // SAFETY: WAITS was set and is cleared by this exchange, and the word counts the
                    // registrations: the parts are those that were put in, and this end's now.
                    let own = |parts: super::seat::Parts| unsafe { parts.into_waker() };
                    return Some(Taken { receiver: receiver.map(own), sender: sender.map(own) });
                }
                Err(now) => seen = now,
            }
        }
    }

    /// Edge 5. The usual way: nothing has changed since `seen`, and no waker is there.
    #[inline]
    fn register(self, end: End, Seen(seen): Seen, waker: &Waker) -> bool {
        if seen & (end.over() | end.waits()) != 0 {
            return self.register_again(end, seen, waker);
        }
        // The flag is clear, so the seat is this end's, and to add the flag is to set it.
        self.seat(end).put(waker.clone());
        let next = seen + (end.waits() + REGISTERED_ONE);
        // Release: publishes the waker to who takes it.
        let set = self.word().compare_exchange(seen, next, Ordering::Release, Ordering::Relaxed);
        set.is_ok() || self.register_late(end)
    }

    /// Edge 5 where there is nothing to wait for, or a waker is there: after edge 6, if it is another.
    #[cold]
    #[inline(never)]
    fn register_again(self, end: End, seen: u64, waker: &Waker) -> bool {
        if seen & end.over() != 0 {
            return false;
        }
        if self.seat(end).parts().are_of(waker) {
            return true;
        }
        self.withdraw(end);
        self.seat(end).put(waker.clone());
        self.register_late(end)
    }

    /// Edge 5 with the waker in the seat, whatever stands in the word by now.
    #[cold]
    #[inline(never)]
    fn register_late(self, end: End) -> bool {
        // Acquire, here and below: pairs with the Release of the other end's last edge.
        let mut seen = self.word().load(Ordering::Acquire);
        while seen & end.over() == 0 {
            // Release: as in `register`.
            match self.word().compare_exchange(
                seen,
                seen + (end.waits() + REGISTERED_ONE),
                Ordering::Release,
                Ordering::Acquire,
            ) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }
        // SAFETY: put in by the caller, and the flag was not set: nobody else took it.
        drop(unsafe { self.seat(end).parts().into_waker() });
        false
    }

    /// Edge 6: takes the end's own waker out of its seat, unless the other end did.
    #[cold]
    fn withdraw(self, end: End) {
        let parts = self.seat(end).parts();
        // Acquire: as in `exchange`. Only this end sets the flag, so that it needs no loop.
        let before = self.word().fetch_and(!end.waits(), Ordering::Acquire);
        if before & end.waits() != 0 {
            // SAFETY: put in by this end, and taken with the flag.
            drop(unsafe { parts.into_waker() });
        }
    }
}
