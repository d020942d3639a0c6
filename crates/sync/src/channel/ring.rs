//! The places of a channel: a ring of values, each with a stamp that says whether one may write or
//! read there.
//!
//! ```text
//!            write                        read
//!   2·lap ────1────▶ 2·lap + 1 ────2────▶ 2·(lap + 1)
//! ```
//!
//! A position is claimed elsewhere, by one thread; the stamp says when the place is free for it
//! (edge 2 of the lap before), or its message is there (edge 1). A stamp is a byte: a stamp that is
//! taken for one of 128 laps later is found out by the claim, whose word has the whole position.
#![expect(unsafe_code, reason = "values lie in places that their stamps and positions guard")]

use std::mem::MaybeUninit;

use corio_base::loom::cell::UnsafeCell;
use corio_base::loom::sync::atomic::{AtomicU8, Ordering};

/// One place for one position: where it is and what its stamp says on this lap. Found before the
/// position is claimed, so that nothing is looked up after.
pub(super) struct Place<'a, T> {
    stamp: &'a AtomicU8,
    value: &'a UnsafeCell<MaybeUninit<T>>,
    lap: u8,
}

/// A power of two of places.
pub(super) struct Ring<T> {
    stamps: Box<[AtomicU8]>,
    /// # Invariant
    /// As many as stamps, a power of two. Initialised exactly where the stamp is odd.
    values: Box<[UnsafeCell<MaybeUninit<T>>]>,
    lap_shift: u32,
}

// SAFETY: values are moved in and out; each place is reached by one thread at a time, who claimed its
// position, and the stamps hand it over with Release and Acquire.
unsafe impl<T: Send> Sync for Ring<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Ring<T> {}

impl<T> Ring<T> {
    /// With at least `places` places.
    pub(super) fn new(places: usize) -> Self {
        let places = places.next_power_of_two();
        Ring {
            stamps: (0..places).map(|_| AtomicU8::new(0)).collect(),
            values: (0..places).map(|_| UnsafeCell::new(MaybeUninit::uninit())).collect(),
            lap_shift: places.trailing_zeros(),
        }
    }

    #[inline]
    fn index(&self, position: u64) -> usize {
        position as usize & (self.stamps.len() - 1)
    }

    /// The place of `position`.
    #[inline]
    pub(super) fn place(&self, position: u64) -> Place<'_, T> {
        let at = self.index(position);
        let lap = ((position >> self.lap_shift) as u8).wrapping_mul(2);
        // SAFETY: the number of stamps is a power of two, so `at` is below it, and there are as many
        // values.
        unsafe {
            Place {
                stamp: self.stamps.get_unchecked(at),
                value: self.values.get_unchecked(at),
                lap,
            }
        }
    }
}

impl<T> Place<'_, T> {
    #[inline]
    fn stamp(&self) -> u8 {
        // Acquire: pairs with the Release in `write` and `read`.
        self.stamp.load(Ordering::Acquire)
    }

    /// Whether the place is free for its position.
    #[inline]
    pub(super) fn is_writable(&self) -> bool {
        self.stamp() == self.lap
    }

    /// Whether the message of its position is there.
    #[inline]
    pub(super) fn is_readable(&self) -> bool {
        self.stamp() == self.lap.wrapping_add(1)
    }

    /// Edge 1.
    ///
    /// # Safety
    /// The caller claimed the position, and it is writable.
    #[inline]
    pub(super) unsafe fn write(self, value: T) {
        self.value.with_mut(|place| {
            // SAFETY: writable, and claimed by this thread alone.
            unsafe { (*place).write(value) };
        });
        // Release: publishes the value to the Acquire in `stamp`.
        self.stamp.store(self.lap.wrapping_add(1), Ordering::Release);
    }

    /// Edge 2.
    ///
    /// # Safety
    /// The caller took the position, and it is readable.
    #[inline]
    pub(super) unsafe fn read(self) -> T {
        // SAFETY: readable, and taken by this thread alone.
        let value = self.value.with(|place| unsafe { (*place).assume_init_read() });
        // Release: the read is over before the next lap's `is_writable` sees it.
        self.stamp.store(self.lap.wrapping_add(2), Ordering::Release);
        value
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        for (stamp, value) in self.stamps.iter().zip(&self.values) {
            // Relaxed: nobody else is left.
            if stamp.load(Ordering::Relaxed) & 1 != 0 {
                // SAFETY: the stamp is odd, so there is a value.
                value.with_mut(|place| unsafe { (*place).assume_init_drop() });
            }
        }
    }
}
