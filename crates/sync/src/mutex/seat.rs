//! The seat of a [`Mutex`](super::Mutex): one that was woken in vain waits there, before the queue.
//!
//! It has the first place already, so it needs no list and no lock: it puts its waker into its own
//! [`Sitter`], and who unlocks the mutex calls it from there. The word says whether the seat is taken;
//! both sides change it in the same step in which they sit down, unlock or leave.
//!
//! ```text
//!              sit                  call                      leave
//!     IDLE ─────1────▶ SEATED ────────2───────▶ WOKEN, ─────────3────▶ IDLE
//!       ▲                │                      HELD
//!       └───────4────────┘
//!             leave
//! ```
//!
//! | field | who reads and writes |
//! |---|---|
//! | `waker` | the owner, while it is not in the seat; who took it out of the seat, until it is called |
//! | `state` | edge 2: who took it out of the seat. Otherwise the owner |
//!
//! **The race**: the owner gives up while it is being called. Both want it out of the seat. If the
//! owner gets there first, it is alone with its sitter, and has the right of one that was woken. If
//! not, the other may still be between its exchange and its last access, the store that calls, and
//! the owner must not let go of the memory: it waits for that store ([`called_soon`]). There are a
//! handful of instructions in between, no foreign code and no lock.
#![expect(unsafe_code, reason = "the one in the seat is reached by its address")]

use std::fmt;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::Waker;

use corio_base::loom::cell::UnsafeCell;
use corio_base::loom::sync::atomic::{AtomicU8, Ordering};
use corio_base::loom::thread;

use super::word::Word;

const IDLE: u8 = 0;
const SEATED: u8 = 1;
const WOKEN: u8 = 2;
const HELD: u8 = 3;

/// What one that sat in the seat has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// The right to try: the mutex was unlocked.
    Woken,
    /// The mutex, locked.
    Held,
    /// The right to try, which it took itself by leaving.
    Left,
}

/// One who can sit in the seat; part of a waiting future.
pub(super) struct Sitter<'a> {
    word: &'a Word,
    /// One that is left over is used again, or dropped with the sitter.
    waker: UnsafeCell<Option<Waker>>,
    state: AtomicU8,
    /// Its address is known while it sits, so a pinned `&mut` to it claims nothing exclusive.
    _pinned: PhantomPinned,
}

// SAFETY: the waker is reached by one thread at a time (see the module's table) and may move.
unsafe impl Send for Sitter<'_> {}
// SAFETY: as above.
unsafe impl Sync for Sitter<'_> {}

impl fmt::Debug for Sitter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sitter").field("idle", &self.is_idle()).finish_non_exhaustive()
    }
}

impl<'a> Sitter<'a> {
    #[inline]
    pub(super) fn new(word: &'a Word) -> Self {
        Sitter {
            word,
            waker: UnsafeCell::new(None),
            state: AtomicU8::new(IDLE),
            _pinned: PhantomPinned,
        }
    }

    /// Neither in the seat nor called from it.
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        // Relaxed: only the owner makes it idle.
        self.state.load(Ordering::Relaxed) == IDLE
    }

    /// Edge 1, by one that has the right of the woken: gives that up and sits down, or takes the
    /// mutex and says `false`, if it is there now.
    ///
    /// # Panics
    /// If `waker` panics when it is cloned; nothing has happened then.
    #[inline]
    pub(super) fn sit(self: Pin<&mut Self>, waker: &Waker, owed: bool) -> bool {
        let this = self.into_ref().get_ref();
        assert!(this.is_idle(), "it sits once at a time");
        let stale = this.waker.with_mut(|cell| {
            // SAFETY: IDLE, so the cell is the owner's.
            let present = unsafe { &mut *cell };
            match present {
                Some(present) if present.will_wake(waker) => None,
                _ => present.replace(waker.clone()),
            }
        });
        drop(stale);
        // Relaxed: published by the exchange that takes the seat.
        this.state.store(SEATED, Ordering::Relaxed);
        // Pinned, and `drop` leaves: the address is good for as long as it is in the seat.
        let seated = this.word.sit_or_take(NonNull::from(this), owed);
        if !seated {
            this.stand_up();
        }
        seated
    }

    /// Edge 3 or 4: what it was called for; `None` from IDLE.
    #[inline]
    pub(super) fn leave(self: Pin<&mut Self>) -> Option<Call> {
        let this = self.into_ref().get_ref();
        let call = this.called()?;
        this.stand_up();
        Some(call)
    }

    #[inline]
    fn called(&self) -> Option<Call> {
        // Acquire: pairs with the Release in `call`; the other has let go of the sitter, and what was
        // done under a mutex that is handed over is seen.
        match self.state.load(Ordering::Acquire) {
            IDLE => None,
            WOKEN => Some(Call::Woken),
            HELD => Some(Call::Held),
            _ if self.word.leave_seat() => Some(Call::Left),
            _ => Some(called_soon(self)),
        }
    }

    #[inline]
    fn stand_up(&self) {
        // Relaxed: nobody else looks at a sitter that is not in the seat.
        self.state.store(IDLE, Ordering::Relaxed);
    }

    /// Edge 2: what comes back is to be woken.
    ///
    /// # Safety
    /// The caller has just taken `sitter` out of the seat. It may be gone when this returns.
    #[inline]
    pub(super) unsafe fn call(sitter: NonNull<Self>, held: bool) -> Option<Waker> {
        // SAFETY: SEATED, and its owner waits to be called before it lets go of it.
        let sitter = unsafe { sitter.as_ref() };
        // SAFETY: the caller's alone, until the store below.
        let waker = sitter.waker.with_mut(|cell| unsafe { (*cell).take() });
        // Release: pairs with the Acquire in `called`. The last access.
        sitter.state.store(if held { HELD } else { WOKEN }, Ordering::Release);
        waker
    }
}

impl Drop for Sitter<'_> {
    #[inline]
    fn drop(&mut self) {
        // A future leaves before this, to pass on what it has; this makes sure that no address
        // outlives its sitter.
        self.called();
    }
}

/// Waits for edge 2, which is under way: it is out of the seat, and the owner has not left.
#[cold]
fn called_soon(sitter: &Sitter<'_>) -> Call {
    loop {
        // Acquire: as in `called`.
        match sitter.state.load(Ordering::Acquire) {
            WOKEN => return Call::Woken,
            HELD => return Call::Held,
            // The other thread may have been stopped in between; a machine of one core has to let it
            // run.
            _ => thread::yield_now(),
        }
    }
}
