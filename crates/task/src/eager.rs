//! A task whose first poll is part of its spawn.
//!
//! ```text
//!   eager ──poll──┬─ pending ──▶ a task like the others: idle, or in the queue if it was woken
//!                 └─ ended ────▶ done; it never was in the queue
//! ```
//!
//! The poll is nested in whatever spawns: the new task is the current one until it is over. A request
//! that comes meanwhile finds a task that is being polled, as always; a panic goes to the handle.
#![expect(unsafe_code, reason = "gives out the first references, and polls what it made")]

use crate::bound::{Raw, header};
use crate::flags::Flags;
use crate::home::{Home, HomeLocal};
use crate::join::JoinHandle;
use crate::runnable;
use crate::spawn::{self, Spawn};
use crate::task::current_raw;
use crate::watch;

impl Spawn {
    /// As [`Spawn::bound`], and polls the task once before it returns. One that ends thereby was never
    /// in the queue; the order of the others is not touched.
    ///
    /// For use while the loop runs: what the task finds around it is what its spawner has.
    pub fn eager<F>(self, home: &Home, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        let local = home.local();
        // SAFETY: F is 'static.
        let task = unsafe { self.begin(home, Flags::RUNNING_ROOT, future) };
        // SAFETY: F's cell, with the handle's reference and bit.
        let handle = unsafe { JoinHandle::new(task) };
        if local.closing.get() {
            spawn::refuse(task);
            return handle;
        }
        // SAFETY: on the home's thread.
        unsafe { header(task).slot.set(local.registry.insert(task)) };
        let _nested = Nested::begin(local);
        // SAFETY: born RUNNING, for this poll, both.
        unsafe {
            if corio_trace::enabled() {
                watch::run_started(task, local);
            } else {
                runnable::run_started(task);
            }
        }
        handle
    }
}

/// Remembers the outermost task of a chain of polls, which may be a root that is in no list yet.
struct Nested<'a> {
    local: &'a HomeLocal,
    before: Option<Raw>,
}

impl<'a> Nested<'a> {
    fn begin(local: &'a HomeLocal) -> Self {
        let before = local.outermost.get();
        local.outermost.set(before.or_else(current_raw));
        Nested { local, before }
    }
}

impl Drop for Nested<'_> {
    fn drop(&mut self) {
        self.local.outermost.set(self.before);
    }
}
