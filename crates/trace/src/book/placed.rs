//! A wait's place and its record in one word, for futures that must not grow by a token.
//!
//! ```text
//!   place ──1 wait──▶ number of the record, which has the place ──2 clear──▶ place
//! ```
//!
//! All methods take `&self`, so that it can be in a node that granters reach. One writes at a time:
//! whoever polls or drops the future. [`PlacedLeaf::mark_granted`] is for others, and only reads the word.
#![expect(unsafe_code, reason = "a place is stored as its address and read back as what it was")]

use std::panic::Location;
use std::ptr;

use corio_base::loom::sync::atomic::{AtomicPtr, Ordering};

use crate::book::here::here;
use crate::book::token::GrantKey;
use crate::book::{arena, token};
use crate::wait::{Wait, WaitKind};

/// In the lowest bit: the rest is a record's number, not an address.
const RECORDED: usize = 1;
const _: () = assert!(align_of::<Location<'static>>() > RECORDED);

/// The place of a wait and, while it waits, its record: a [`Leaf`](crate::book::Leaf) and a place in one
/// word.
///
/// ```
/// use corio_trace::book::PlacedLeaf;
/// use corio_trace::{WaitKind, set_enabled};
///
/// set_enabled(true);
/// let place = std::panic::Location::caller();
/// let leaf = PlacedLeaf::new(place);
/// leaf.wait(WaitKind::Lock, 7, None);
/// assert_eq!(leaf.place(), place);
/// leaf.clear();
/// ```
#[derive(Debug)]
pub struct PlacedLeaf(AtomicPtr<Location<'static>>);

impl PlacedLeaf {
    /// A wait that was made at `place`, without a record yet.
    #[cfg(not(loom))]
    #[inline]
    pub const fn new(place: &'static Location<'static>) -> Self {
        PlacedLeaf(AtomicPtr::new(ptr::from_ref(place).cast_mut()))
    }

    /// A wait that was made at `place`, without a record yet.
    #[cfg(loom)]
    pub fn new(place: &'static Location<'static>) -> Self {
        PlacedLeaf(AtomicPtr::new(ptr::from_ref(place).cast_mut()))
    }

    /// The word, for whoever has it to himself.
    #[cfg(not(loom))]
    #[inline]
    fn word(&mut self) -> usize {
        self.0.get_mut().addr()
    }

    /// The word, for whoever has it to himself, of which loom makes sure.
    #[cfg(loom)]
    fn word(&mut self) -> usize {
        self.0.with_mut(|word| word.addr())
    }

    /// The record's number; 0 if there is none.
    #[inline]
    fn number(&self) -> u32 {
        // Relaxed: its owner wrote it, or the caller was handed the node by the owner's lock.
        let word = self.0.load(Ordering::Relaxed).addr();
        if word & RECORDED == 0 { 0 } else { (word >> 1) as u32 }
    }

    /// Whether there is a record; for its owner, and for who grants.
    #[inline]
    pub fn is_recorded(&self) -> bool {
        // Relaxed: as in `number`.
        self.0.load(Ordering::Relaxed).addr() & RECORDED != 0
    }

    /// Where the wait was made; for its owner.
    #[inline]
    pub fn place(&self) -> &'static Location<'static> {
        let word = self.0.load(Ordering::Relaxed);
        if word.addr() & RECORDED != 0 {
            // By its number, so that the address of `self` stays unknown to other functions.
            return recorded_place((word.addr() >> 1) as u32);
        }
        // SAFETY: not a number, so the address of the `&'static Location` that `new` or `clear` stored.
        unsafe { &*word }
    }

    /// Edge 1: records that the future waits, under whatever is polled on this thread. Does nothing while
    /// the switch is off.
    #[inline]
    pub fn wait(&self, kind: WaitKind, object: usize, owner: Option<u64>) {
        if crate::enabled() {
            self.write(kind, object, owner);
        }
    }

    #[cold]
    #[inline(never)]
    fn write(&self, kind: WaitKind, object: usize, owner: Option<u64>) {
        let wait = Wait { kind, object, owner, place: self.place() };
        let number = token::write_wait(self.number(), here(), &wait);
        if number != 0 {
            let word = ptr::without_provenance_mut((number as usize) << 1 | RECORDED);
            // Relaxed: as in `number`.
            self.0.store(word, Ordering::Relaxed);
        }
    }

    /// Edge 2: the wait is over, though the future is still there.
    #[inline]
    pub fn clear(&self) {
        if self.0.load(Ordering::Relaxed).addr() & RECORDED != 0 {
            self.erase();
        }
    }

    #[cold]
    #[inline(never)]
    fn erase(&self) {
        let number = self.number();
        self.0.store(ptr::from_ref(self.place()).cast_mut(), Ordering::Relaxed);
        token::release(number);
    }

    /// Notes that the wait is granted what it waits for: until its owner polls it, that is out of use. For
    /// who grants, before it lets the owner know: till then the owner keeps the record.
    #[inline]
    pub fn mark_granted(&self) {
        let number = self.number();
        if number != 0 {
            token::mark_granted(number);
        }
    }

    /// For a model, where this goes without being dropped: nobody else is at it any more, as loom knows, and there
    /// is no record.
    ///
    /// # Panics
    /// If there is one.
    #[cfg(loom)]
    pub fn assert_over(&mut self) {
        assert!(self.word() & RECORDED == 0, "the record would stay for ever");
    }

    /// What marks this wait as granted later, when this may be gone.
    #[inline]
    pub fn grant_key(&self) -> GrantKey {
        match self.number() {
            0 => GrantKey::NONE,
            number => GrantKey::of(number),
        }
    }
}

/// The place in a record.
#[cold]
#[inline(never)]
fn recorded_place(number: u32) -> &'static Location<'static> {
    let place = arena::slot(number).and_then(|slot| slot.place());
    place.unwrap_or_else(|| Location::caller())
}

impl Drop for PlacedLeaf {
    #[inline]
    fn drop(&mut self) {
        let word = self.word();
        if word & RECORDED != 0 {
            token::release((word >> 1) as u32);
        }
    }
}
