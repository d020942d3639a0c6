//! Wakes whoever watches the loops when one of them begins a poll, so that it need not look while none does.
//!
//! ```text
//!   watcher: await_poll ─▶ barrier of all threads ─▶ has a poll begun meanwhile? ─ no ─▶ park
//!   loop:    Pulse::start publishes the poll ─▶ poll_begins: is it awaited? ─ yes ─▶ unpark
//! ```
//!
//! **The race.** A loop publishes and then looks, the watcher says that it waits and then looks; each could
//! miss the other if its store were still under way. The loop does this at every poll and has no fence
//! for it, only an order for the compiler; the watcher pays for both with a barrier that the system makes
//! every thread of the process pass (`membarrier`). After it, a loop that did not see the watcher has
//! its poll published, and the watcher sees that. Where the system has no such barrier a watcher must not wait
//! without a time limit.

use std::sync::atomic::{AtomicBool, Ordering, compiler_fence};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::Thread;

static AWAITED: AtomicBool = AtomicBool::new(false);

static WATCHER: Mutex<Option<Thread>> = Mutex::new(None);

fn watcher() -> MutexGuard<'static, Option<Thread>> {
    WATCHER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has the calling thread unparked when a loop begins a poll; once. Before it parks it passes a barrier of
/// all threads, and sees whether a poll has begun before that.
pub fn await_poll() {
    let before = watcher().replace(std::thread::current());
    drop(before);
    // Relaxed: what pairs with a loop's publication is the barrier.
    AWAITED.store(true, Ordering::Relaxed);
}

/// Takes [`await_poll`] back. The thread may have been unparked already.
pub fn await_no_poll() {
    AWAITED.store(false, Ordering::Relaxed);
}

/// A loop of this thread has published a poll.
#[inline]
pub(crate) fn poll_begins() {
    // Keeps the compiler from looking before publishing; the processor is the watcher's care.
    compiler_fence(Ordering::SeqCst);
    if AWAITED.load(Ordering::Relaxed) {
        wake();
    }
}

#[cold]
#[inline(never)]
fn wake() {
    // Relaxed: of several loops one wakes it.
    if AWAITED.swap(false, Ordering::Relaxed) {
        let thread = watcher().clone();
        if let Some(thread) = thread {
            thread.unpark();
        }
    }
}
