//! Which process this is: the one that made an object, or a copy of it that foreign code has forked off.
//!
//! A fork copies every object of the program, and none of the threads but one; descriptors are not copied
//! but *shared*, an epoll with all that is registered in it. So what a copy does to a reactor it does to the
//! original's: taken out there, a descriptor is missing here; an event that it takes is lost. Whoever holds
//! something that is the original's keeps a [`Process`] beside it, and leaves it alone in a copy.
//!
//! A number for the process would tell as well, and costs a system call for each look; this is one load.
#![expect(unsafe_code, reason = "pthread_atfork calls a function of ours in each copy")]

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many forks lie between the process that first asked and this one.
static FORKS: AtomicU64 = AtomicU64::new(0);

/// A process, as told from its copies.
///
/// Made by `fork` without `exec`, that is: by `clone` as a bare system call, which no library makes for
/// whole copies, the copy is not told from its original.
///
/// ```
/// use corio_reactor::Process;
///
/// let process = Process::this();
/// assert!(process.is_this());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process(u64);

impl Process {
    /// The one that this is.
    pub fn this() -> Process {
        static COUNTED: Once = Once::new();
        COUNTED.call_once(|| {
            // SAFETY: the function does one atomic addition, which is allowed in a copy of a process with
            // threads, and it lives as long as the program. It fails for want of memory only: then
            // copies are not told from their original, as without it.
            unsafe { libc::pthread_atfork(None, None, Some(count)) };
        });
        Process(FORKS.load(Ordering::Relaxed))
    }

    /// Whether it is this one, and not the one that this is a copy of.
    #[inline]
    pub fn is_this(self) -> bool {
        // Relaxed: written in a copy while that has one thread, before anything of it runs.
        self.0 == FORKS.load(Ordering::Relaxed)
    }
}

/// Called in each copy, by its only thread.
extern "C" fn count() {
    // Relaxed: as in `is_this`.
    FORKS.fetch_add(1, Ordering::Relaxed);
}
