//! The task of a future that lives on the stack of whoever waits for it.
#![expect(unsafe_code, reason = "a task whose future borrows, ended before the borrow is")]

use std::panic::Location;
use std::pin::Pin;

use corio_task::{JoinError, JoinHandle, Spawn, TaskInfo};

use crate::core::Core;

/// A task that does not outlive this guard.
pub(crate) struct Root<'a, T> {
    core: &'a Core,
    handle: JoinHandle<T>,
}

impl<'a, T> Root<'a, T> {
    /// Begins a task of `future` on `core`.
    pub(crate) fn begin<F>(
        core: &'a Core,
        place: &'static Location<'static>,
        future: Pin<&'a mut F>,
    ) -> Self
    where
        F: Future<Output = T>,
    {
        // SAFETY: the guard's drop ends the task before 'a is over; nobody leaks the guard, which
        // `Executor::try_block_on` keeps on its stack.
        let handle = unsafe { Spawn::new().location(place).bound_unchecked(core.home(), future) };
        Root { core, handle }
    }

    /// The task, to ask whether it is done.
    pub(crate) fn info(&self) -> TaskInfo<'_> {
        self.handle.info()
    }

    /// The result of a task that is done.
    #[inline]
    pub(crate) fn take(&mut self) -> Result<T, JoinError> {
        match self.handle.try_take() {
            Some(result) => result,
            None => unreachable!("taken once, after the task was done"),
        }
    }
}

impl<T> Drop for Root<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.handle.is_finished() {
            return;
        }
        // The wait is being unwound by a panic of the driver or of a foreign waker.
        self.core.home().cancel(&self.handle);
        if !self.handle.is_finished() {
            // Only a task that is being polled further up the stack cannot be ended, and polls catch
            // every panic. Were it otherwise, the borrow would dangle.
            std::process::abort();
        }
    }
}
