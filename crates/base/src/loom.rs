//! Std or loom, chosen here and nowhere else.
//!
//! Code with a concurrency model names `corio_base::loom::{sync, cell, thread}`; built with
//! `--cfg loom` it runs under the model checker, otherwise these are std's types and cost nothing.

#[cfg(loom)]
pub use ::loom::{hint, sync, thread, thread_local};

#[cfg(not(loom))]
pub use std::{hint, sync, thread, thread_local};

/// Cells whose accesses loom can check.
pub mod cell {
    #[cfg(loom)]
    pub use ::loom::cell::UnsafeCell;

    /// [`std::cell::UnsafeCell`] with loom's accessors.
    #[cfg(not(loom))]
    #[derive(Debug, Default)]
    #[repr(transparent)]
    pub struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

    #[cfg(not(loom))]
    impl<T> UnsafeCell<T> {
        /// A cell that holds `value`.
        pub const fn new(value: T) -> Self {
            UnsafeCell(std::cell::UnsafeCell::new(value))
        }

        /// Calls `f` with a pointer for reading; the caller vouches that nobody writes meanwhile.
        #[inline(always)]
        pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        /// Calls `f` with a pointer for writing; the caller vouches for exclusive access.
        #[inline(always)]
        pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }
}
