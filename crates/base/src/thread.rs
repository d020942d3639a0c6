//! Which thread is this, and values that belong to one thread.
//!
//! A [`ThreadToken`] is a number no other thread of the process ever has, also after its thread has
//! ended, so "am I the thread that owns this?" is one load and one comparison.
#![expect(unsafe_code, reason = "ThreadBound hands out its value on the owning thread only")]

use std::cell::Cell;
use std::fmt;
use std::mem::ManuallyDrop;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of a thread; never given twice in one process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct ThreadToken(NonZeroU64);

#[cfg(not(loom))]
std::thread_local! {
    static TOKEN: Cell<u64> = const { Cell::new(0) };
}

#[cfg(loom)]
::loom::thread_local! {
    static TOKEN: Cell<u64> = Cell::new(0);
}

impl ThreadToken {
    /// The calling thread's token.
    #[inline]
    pub fn current() -> ThreadToken {
        match NonZeroU64::new(TOKEN.with(Cell::get)) {
            Some(token) => ThreadToken(token),
            None => Self::assign(),
        }
    }

    /// Whether the calling thread is the one this token was given to.
    #[inline]
    pub fn is_current(self) -> bool {
        TOKEN.with(Cell::get) == self.0.get()
    }

    #[cold]
    fn assign() -> ThreadToken {
        // Std's atomic also under loom: the numbers are no part of what a model explores.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let token = NEXT.fetch_add(1, Ordering::Relaxed);
        TOKEN.with(|slot| slot.set(token));
        ThreadToken(NonZeroU64::new(token).expect("64 bits of threads"))
    }
}

/// A value that only the thread that made it can reach, in a shell every thread may hold.
///
/// Dropped on another thread, the shell leaks the value rather than run its destructor there.
pub struct ThreadBound<T> {
    owner: ThreadToken,
    value: ManuallyDrop<T>,
}

// SAFETY: `value` is reached by `get`, on the owner's thread alone, and dropped there or not at all.
unsafe impl<T> Send for ThreadBound<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for ThreadBound<T> {}

impl<T> ThreadBound<T> {
    /// Binds `value` to the calling thread.
    pub fn new(value: T) -> Self {
        ThreadBound { owner: ThreadToken::current(), value: ManuallyDrop::new(value) }
    }

    /// The value, on the thread it belongs to; `None` on every other.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        if self.owner.is_current() { Some(&self.value) } else { None }
    }

    /// The thread the value belongs to.
    #[inline]
    pub fn owner(&self) -> ThreadToken {
        self.owner
    }
}

impl<T> Drop for ThreadBound<T> {
    fn drop(&mut self) {
        if self.owner.is_current() {
            // SAFETY: dropped once, here, and never reached again.
            unsafe { ManuallyDrop::drop(&mut self.value) }
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for ThreadBound<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("ThreadBound");
        out.field("owner", &self.owner);
        match self.get() {
            Some(value) => out.field("value", value).finish(),
            None => out.finish_non_exhaustive(),
        }
    }
}
