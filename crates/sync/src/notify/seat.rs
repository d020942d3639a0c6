//! The word of a [`Notify`](super::Notify), and the seat in it: one waiter waits without the list.
//!
//! ```text
//!   word:  | address of who sits in the seat, or 0 ....... | WAITED | PERMIT |
//!           bit 2 and up                                     bit 1    bit 0
//! ```
//!
//! PERMIT is a `notify_one` that found nobody, and is alone in the word. WAITED: the list is not
//! empty. Most of the time at most one task waits, and then the list with its lock is more than it
//! takes: the waiter puts its waker into its own [`Sitter`], and the sitter's address into the word,
//! by one compare-exchange; who notifies takes it out by another. The seat is taken only while the
//! word is 0, so who sits there came before all in the list.
//!
//! ```text
//!              sit                  tell                       stand
//!     IDLE ─────1────▶ SEATED ────────2───────▶ TOLD_ONE, ──────3────▶ IDLE
//!       ▲                │                      TOLD_ALL, or either RECORDED
//!       └───────4────────┘
//!             leave
//! ```
//!
//! | field | who reads and writes |
//! |---|---|
//! | `waker` | the owner, while its address is not in the word; who took the address out, until it is told |
//! | `state` | edge 2: who took the address out. Otherwise the owner |
//! | `leaf` | written by the owner while IDLE. Read by who took the address out, until it is told |
//!
//! **The race**: the owner gives up while it is being told. Both want the address out of the word. If
//! the owner gets it, it is alone with its sitter. If not, the other may still be between its
//! exchange and its last access, its store of what it tells, and the owner must not let go of the memory: it
//! waits for that store ([`told_soon`]). There are a handful of instructions in between, no
//! foreign code and no lock; it is the time for which it would have waited for the list's lock.
#![expect(unsafe_code, reason = "the one in the seat is reached by its address in the word")]

use std::fmt;
use std::marker::PhantomPinned;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::pin::Pin;
use std::ptr;
use std::task::Waker;

use corio_base::loom::cell::UnsafeCell;
use corio_base::loom::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use corio_base::loom::thread;
use corio_trace::book::LeafCell;
use corio_trace::{Wait, WaitKind};

use super::Told;

/// A notification for whoever comes first.
const PERMIT: usize = 1;
/// The list is not empty.
const WAITED: usize = 2;
/// What is not an address.
const FLAGS: usize = PERMIT | WAITED;

const IDLE: u8 = 0;
const SEATED: u8 = 1;
const TOLD_ONE: u8 = 2;
const TOLD_ALL: u8 = 3;
/// As these, with a record of the wait that the owner has to take away: an owner without one need not look.
const TOLD_ONE_RECORDED: u8 = 4;
const TOLD_ALL_RECORDED: u8 = 5;

/// One who can sit in the seat; part of a waiting future.
// The address leaves room for the flags.
#[repr(align(8))]
pub(super) struct Sitter<'a> {
    word: &'a Word,
    /// # Invariant
    /// `None` unless SEATED: nothing is left in it to be dropped.
    waker: UnsafeCell<ManuallyDrop<Option<Waker>>>,
    /// The record of the wait, in debug mode.
    ///
    /// # Invariant
    /// Without a record while IDLE, so that nothing is left in it to be dropped.
    leaf: ManuallyDrop<LeafCell>,
    state: AtomicU8,
    /// Its address is in the word while it sits, so a pinned `&mut` to it claims nothing exclusive.
    _pinned: PhantomPinned,
}

const _: () = assert!(align_of::<Sitter<'_>>() > FLAGS);

// SAFETY: the waker is reached by one thread at a time (see the module's table) and may move.
unsafe impl Send for Sitter<'_> {}
// SAFETY: as above.
unsafe impl Sync for Sitter<'_> {}

/// Where a sitter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Idle,
    Seated,
    Told(Told),
}

impl fmt::Debug for Sitter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sitter").field(&self.standing()).finish()
    }
}

impl<'a> Sitter<'a> {
    #[inline]
    pub(super) fn new(word: &'a Word) -> Self {
        Sitter {
            word,
            leaf: ManuallyDrop::new(LeafCell::new()),
            waker: UnsafeCell::new(ManuallyDrop::new(None)),
            state: AtomicU8::new(IDLE),
            _pinned: PhantomPinned,
        }
    }

    /// Where it stands; for its owner.
    #[inline]
    pub(super) fn standing(&self) -> Standing {
        // Acquire: pairs with the Release in `tell`; the other has let go of the sitter, and what was
        // done before the notification is seen.
        match self.state.load(Ordering::Acquire) {
            IDLE => Standing::Idle,
            SEATED => Standing::Seated,
            TOLD_ONE | TOLD_ONE_RECORDED => Standing::Told(Told::One),
            _ => Standing::Told(Told::All),
        }
    }

    /// Edge 1, from IDLE: sits down, if the word is still 0; otherwise the waker comes back. `object` is
    /// what the record of the wait names the primitive by, `place` where the wait was made.
    #[inline]
    pub(super) fn sit(
        self: Pin<&mut Self>,
        waker: Waker,
        object: usize,
        place: &'static Location<'static>,
    ) -> Result<(), Waker> {
        let this = self.into_ref().get_ref();
        assert!(this.standing() == Standing::Idle, "it sits once at a time");
        if corio_trace::enabled() {
            // Before its address is published: whoever tells it finds the record.
            this.record(object, place);
        }
        // SAFETY: IDLE, so the cell is the owner's; empty, so nothing is dropped here.
        this.waker.with_mut(|cell| unsafe { *cell = ManuallyDrop::new(Some(waker)) });
        // Relaxed: published by the exchange.
        this.state.store(SEATED, Ordering::Relaxed);
        // Pinned, and `drop` leaves: the address is good for as long as it is in the word.
        let address = ptr::from_ref(this).expose_provenance();
        // AcqRel: Release publishes the sitter to who takes it out. Acquire pairs with the Release in
        // `claim_seat`, so a round that began before is seen by who sits down after it.
        match this.word.0.compare_exchange(0, address, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => Ok(()),
            Err(_) => {
                this.stand_up();
                // SAFETY: its address is not in the word.
                let waker = this.waker.with_mut(|cell| unsafe { (*cell).take() });
                Err(waker.expect("it was put there above"))
            }
        }
    }

    /// Edge 4, from SEATED: leaves, and gives the waker back; or edge 3, if it is being told.
    #[cold]
    pub(super) fn leave(self: Pin<&mut Self>) -> Result<Option<Waker>, Told> {
        let this = self.into_ref().get_ref();
        if this.word.clear_seat(ptr::from_ref(this).addr()) {
            this.stand_up();
            // SAFETY: its address was in the word, and is the owner's again.
            Ok(this.waker.with_mut(|cell| unsafe { (*cell).take() }))
        } else {
            Err(told_soon(this))
        }
    }

    #[cold]
    #[inline(never)]
    fn record(&self, object: usize, place: &'static Location<'static>) {
        self.leaf.wait(&Wait { kind: WaitKind::Event, object, owner: None, place });
    }

    /// Edge 3: takes note of what it was told, if it was, and if there is no record to be taken away.
    #[inline]
    pub(super) fn stand_unrecorded(self: Pin<&mut Self>) -> Option<Told> {
        // Acquire: as in `standing`.
        let told = match self.state.load(Ordering::Acquire) {
            TOLD_ONE => Told::One,
            TOLD_ALL => Told::All,
            _ => return None,
        };
        // Relaxed: as in `stand_up`.
        self.state.store(IDLE, Ordering::Relaxed);
        Some(told)
    }

    /// Edge 3: takes note of what it was told, if it was.
    #[inline]
    pub(super) fn stand(self: Pin<&mut Self>) -> Option<Told> {
        let Standing::Told(told) = self.standing() else { return None };
        self.stand_up();
        Some(told)
    }

    fn stand_up(&self) {
        // Relaxed: nobody else looks at a sitter that is not in the word.
        self.state.store(IDLE, Ordering::Relaxed);
        self.leaf.clear();
    }
}

impl Drop for Sitter<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.standing() != Standing::Idle {
            leave_at_last(self);
        }
    }
}

/// A future leaves before it drops its sitter, to pass on what it is told; this makes sure that no address
/// and no record outlives its sitter.
#[cold]
#[inline(never)]
fn leave_at_last(sitter: &Sitter<'_>) {
    if sitter.standing() != Standing::Seated {
        sitter.stand_up();
    } else if sitter.word.clear_seat(ptr::from_ref(sitter).addr()) {
        sitter.stand_up();
        // SAFETY: its address was in the word, and is the owner's again.
        drop(sitter.waker.with_mut(|cell| unsafe { (*cell).take() }));
    } else {
        told_soon(sitter);
    }
}

/// Waits for edge 2, which is under way: the address is out of the word, and the owner has not taken
/// it out.
#[cold]
fn told_soon(sitter: &Sitter<'_>) -> Told {
    loop {
        if let Standing::Told(told) = sitter.standing() {
            sitter.stand_up();
            return told;
        }
        // The other thread may have been stopped in between; a machine of one core has to let it run.
        thread::yield_now();
    }
}

/// What a notification found.
#[derive(Debug)]
pub(super) enum Found {
    /// Nobody: it is kept.
    Nobody,
    /// The one in the seat, who was told; this wakes it.
    Sitter(Option<Waker>),
    /// Nobody in the seat, but somebody in the list.
    List,
}

/// The word.
#[derive(Debug)]
pub(super) struct Word(AtomicUsize);

impl Word {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Self {
        Word(AtomicUsize::new(0))
    }

    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Word(AtomicUsize::new(0))
    }

    /// Whether there is a permit, and how many sit; for the eye.
    pub(super) fn glance(&self) -> (bool, usize) {
        // Relaxed: nothing rests on it.
        let word = self.0.load(Ordering::Relaxed);
        (word & PERMIT != 0, usize::from(word & !FLAGS != 0))
    }

    /// Takes the permit, if it is there.
    #[inline]
    pub(super) fn take(&self) -> bool {
        // Relaxed: only the exchange takes something. Acquire: pairs with the Release in `notify_one`.
        // Another may have been faster.
        self.0.load(Ordering::Relaxed) == PERMIT
            && self.0.compare_exchange(PERMIT, 0, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Whether nobody waits and there is no permit, which may be old when it is read.
    pub(super) fn is_free(&self) -> bool {
        // Relaxed: the exchange in `sit` decides.
        self.0.load(Ordering::Relaxed) == 0
    }

    /// Takes `address` out of the seat; `false` if it is not there any more.
    fn clear_seat(&self, address: usize) -> bool {
        // Relaxed: the exchange decides.
        let mut word = self.0.load(Ordering::Relaxed);
        while word & !FLAGS == address {
            // Relaxed: what it takes back it wrote itself.
            let next = word & FLAGS;
            match self.0.compare_exchange(word, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(found) => word = found,
            }
        }
        false
    }

    /// Gives one notification to who has waited longest, as far as that needs no list.
    #[inline]
    pub(super) fn notify_one(&self) -> Found {
        // Relaxed: the exchanges decide.
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let next = match word {
                0 | PERMIT => PERMIT,
                WAITED => return Found::List,
                _ => word & FLAGS,
            };
            // AcqRel: Release, even where there is a permit already: what this caller did before is
            // seen by who takes it; pairs with the Acquire in `look`. Acquire: pairs with the Release
            // in `sit`, for the one who sat there.
            match self.0.compare_exchange(word, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) if next == PERMIT => return Found::Nobody,
                // SAFETY: the exchange took its address out of the word.
                Ok(_) => return Found::Sitter(unsafe { tell(word, Told::One) }),
                Err(found) => word = found,
            }
        }
    }

    /// Tells who sits in the seat that all are meant, and says whether there is a list, too.
    pub(super) fn claim_seat(&self) -> (Option<Waker>, bool) {
        // AcqRel: Release: the round that began before it is seen by who sits down or marks after it.
        // Acquire: as in `notify_one`.
        let word = self.0.fetch_and(FLAGS, Ordering::AcqRel);
        let waker = match word & !FLAGS {
            0 => None,
            // SAFETY: the change took its address out of the word.
            _ => unsafe { tell(word, Told::All) },
        };
        (waker, word & WAITED != 0)
    }

    /// Takes the permit (`true`), or marks that the list is not empty; under the list's lock.
    pub(super) fn take_or_mark(&self) -> bool {
        // Relaxed: the exchanges decide.
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let next = if word == PERMIT { 0 } else { word | WAITED };
            // AcqRel: Acquire pairs with the Release in `notify_one`, and with that in `claim_seat`
            // as for `sit`. Release: hands on what `claim_seat` has published.
            match self.0.compare_exchange(word, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return word == PERMIT,
                Err(found) => word = found,
            }
        }
    }

    /// Takes the mark back; under the list's lock, while the list is empty.
    pub(super) fn unmark(&self) {
        // Relaxed: the mark carries nothing.
        self.0.fetch_and(!WAITED, Ordering::Relaxed);
    }
}

/// As [`tell`], with a record of the wait. All of it here, so that those without save no registers for it.
///
/// # Safety
/// As for that.
#[cold]
#[inline(never)]
unsafe fn tell_recorded(sitter: &Sitter<'_>, told: Told) -> Option<Waker> {
    let state = match told {
        Told::One => {
            // Before the owner can know of it: the record is still there.
            sitter.leaf.mark_granted();
            TOLD_ONE_RECORDED
        }
        // What all get nobody keeps from others.
        Told::All => TOLD_ALL_RECORDED,
    };
    // SAFETY: the caller's claim.
    unsafe { tell_state(sitter, state) }
}

/// Edge 2: tells the sitter whose address is in `word`; what comes back wakes it.
///
/// # Safety
/// The caller has taken the address out of the word.
#[inline]
unsafe fn tell(word: usize, told: Told) -> Option<Waker> {
    let sitter = ptr::with_exposed_provenance::<Sitter<'_>>(word & !FLAGS);
    // SAFETY: SEATED, and its owner waits to be told before it lets go of it.
    let sitter = unsafe { &*sitter };
    if sitter.leaf.is_recorded() {
        // SAFETY: the caller's claim.
        return unsafe { tell_recorded(sitter, told) };
    }
    let state = match told {
        Told::One => TOLD_ONE,
        Told::All => TOLD_ALL,
    };
    // SAFETY: the caller's claim.
    unsafe { tell_state(sitter, state) }
}

/// # Safety
/// As for [`tell`].
#[inline]
unsafe fn tell_state(sitter: &Sitter<'_>, state: u8) -> Option<Waker> {
    // SAFETY: the caller's alone, until the store below.
    let waker = sitter.waker.with_mut(|cell| unsafe { (*cell).take() });
    // Release: pairs with the Acquire in `standing`. The last access.
    sitter.state.store(state, Ordering::Release);
    waker
}
