//! A place that is filled once, by the first who needs what is in it.
//!
//! A descriptor's registration lives in one: filled at once, or by the first use of the descriptor.
//! Reading a filled one is a load and a branch, for every read and write goes through it, and it is as
//! large as the `Arc` it holds, for every idle connection has one. An attempt to fill it that fails
//! leaves it empty, and the next use tries again. It takes no lock but the one it is given.
#![expect(unsafe_code, reason = "the place holds an Arc as a pointer, which is one atomic word")]

use std::marker::PhantomData;
use std::ptr;

use corio_base::loom::sync::Arc;
use corio_base::loom::sync::atomic::{AtomicPtr, Ordering};

/// Nothing, or an `Arc<T>` for as long as the place lives.
///
/// # Invariant
/// The word is null or a count of its own of an `Arc<T>`. Once it is not null it never changes.
#[derive(Debug)]
pub struct Slot<T> {
    word: AtomicPtr<T>,
    /// Movable and shared between threads as what it holds.
    holds: PhantomData<Arc<T>>,
}

impl<T> Slot<T> {
    /// A place with nothing in it yet.
    pub fn empty() -> Self {
        Slot { word: AtomicPtr::new(ptr::null_mut()), holds: PhantomData }
    }

    /// A place with `value` in it.
    pub fn filled(value: Arc<T>) -> Self {
        Slot { word: AtomicPtr::new(Arc::into_raw(value).cast_mut()), holds: PhantomData }
    }

    /// What is in it, if something is.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        // Acquire: pairs with the Release in `get_or_fill`, so that who sees the pointer sees what
        // it points to.
        let word = self.word.load(Ordering::Acquire);
        // SAFETY: the invariant; the count is given back only by the drop, which excludes `self`.
        unsafe { word.as_ref() }
    }

    /// What is in it; if nothing is, `make` is called under `lock` to fill it.
    ///
    /// **The race**: two threads find it empty at once, and each makes something: a descriptor
    /// registered twice. They meet at the lock: the second looks again once it has it, and finds
    /// what the first has made. `lock` takes a lock that everybody who fills this place takes.
    ///
    /// # Errors
    /// What `make` says; the place stays empty.
    pub fn get_or_fill<G, E>(
        &self,
        lock: impl FnOnce() -> G,
        make: impl FnOnce() -> Result<Arc<T>, E>,
    ) -> Result<&T, E> {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let _guard = lock();
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let word = Arc::into_raw(make()?).cast_mut();
        // Release: pairs with the Acquire in `get`. A store: under the lock nobody else fills it.
        self.word.store(word, Ordering::Release);
        // SAFETY: the invariant, as from now on.
        Ok(unsafe { &*word })
    }
}

impl<T> Drop for Slot<T> {
    fn drop(&mut self) {
        // Relaxed: whoever filled it has given up its reference to the place before this drop, and
        // that ordered the two.
        let word = self.word.load(Ordering::Relaxed);
        if !word.is_null() {
            // SAFETY: the invariant; the count is this place's, and is given back once.
            drop(unsafe { Arc::from_raw(word.cast_const()) });
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn fill(slot: &Slot<u32>, made: Result<u32, &'static str>) -> Result<u32, &'static str> {
        slot.get_or_fill(|| (), || made.map(Arc::new)).copied()
    }

    #[test]
    fn it_is_filled_once_and_an_error_leaves_it_empty() {
        let slot = Slot::empty();
        assert_eq!(slot.get(), None);
        assert_eq!(fill(&slot, Err("no room")), Err("no room"));
        assert_eq!(slot.get(), None);
        assert_eq!(fill(&slot, Ok(1)), Ok(1));
        assert_eq!(fill(&slot, Ok(2)), Ok(1));
        assert_eq!(slot.get(), Some(&1));
    }

    #[test]
    fn what_is_in_it_goes_with_it() {
        let value = Arc::new(7);
        let slot = Slot::filled(value.clone());
        assert_eq!((slot.get(), Arc::strong_count(&value)), (Some(&7), 2));
        drop(slot);
        assert_eq!(Arc::strong_count(&value), 1);
        drop(Slot::<u32>::empty());
    }

    #[test]
    fn it_is_as_large_as_what_it_holds() {
        assert_eq!(size_of::<Slot<u32>>(), size_of::<Arc<u32>>());
    }
}
