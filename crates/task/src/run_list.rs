//! A queue of ready tasks, threaded through the tasks themselves.
//!
//! First in, first out, without memory of its own: a task is in one list at a time (its SCHEDULED
//! flag sees to that) and keeps the way to the next one in its header.
#![expect(unsafe_code, reason = "links through headers, owned by the runnables in the list")]

use std::cell::Cell;
use std::fmt;
use std::ptr::NonNull;

use crate::bound::{Raw, header};
use crate::runnable::Runnable;

/// Bound tasks that are ready, in order. For one thread.
pub struct RunList {
    head: Cell<Option<Raw>>,
    /// The last one; while the list is empty it means nothing, and may be gone.
    tail: Cell<Raw>,
    len: Cell<usize>,
}

impl RunList {
    /// An empty list.
    pub const fn new() -> Self {
        RunList { head: Cell::new(None), tail: Cell::new(NonNull::dangling()), len: Cell::new(0) }
    }

    /// Puts `task` at the end.
    #[inline]
    pub fn push(&self, task: Runnable) {
        let task = task.into_raw();
        // SAFETY: who has a runnable has its link.
        unsafe { header(task).next.set(None) };
        let last = self.tail.replace(task);
        if self.is_empty() {
            self.head.set(Some(task));
        } else {
            // SAFETY: the last task's runnable is this list's.
            unsafe { header(last).next.set(Some(task)) };
        }
        self.len.set(self.len.get() + 1);
    }

    /// Takes the first one.
    #[inline]
    pub fn pop(&self) -> Option<Runnable> {
        let task = self.head.get()?;
        // SAFETY: the first task's runnable is this list's.
        self.head.set(unsafe { header(task).next.get() });
        self.len.set(self.len.get() - 1);
        // SAFETY: given back what `push` took.
        Some(unsafe { Runnable::new(task) })
    }

    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.len.get()
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.head.get().is_none()
    }
}

impl Default for RunList {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for RunList {
    fn drop(&mut self) {
        while let Some(task) = self.pop() {
            drop(task);
        }
    }
}

impl fmt::Debug for RunList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunList").field("len", &self.len()).finish()
    }
}
