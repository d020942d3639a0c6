//! An event: something that has happened, or has not, and those who wait for it.
//!
//! ```text
//!   word:  | WAITED | SET |
//!           bit 1    bit 0
//! ```
//!
//! **The race**: the event is set between a waiter's look and its joining the list. The waiter marks
//! WAITED by a compare-exchange against a word without SET. Who sets does it by a compare-exchange
//! too: against a word without WAITED it is done, and the waiter's exchange fails; otherwise it sets
//! under the lock, with the waiter in the list. So those who waited are let go in the same moment in
//! which the event is set, and one who begins to wait after a `clear` that follows is none of them.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_base::loom::sync::atomic::{AtomicU8, Ordering};
use corio_trace::WaitKind;
use pin_project_lite::pin_project;

use crate::wait_list::{Decision, Rules, Section, Wait, WaitList};

/// It has happened.
const SET: u8 = 1;
/// The list is not empty.
const WAITED: u8 = 2;

/// The only lane.
const QUEUE: usize = 0;

struct Word(AtomicU8);

impl Word {
    #[inline]
    fn is_set(&self) -> bool {
        // Acquire: pairs with the Release in `set`; what was done before it is seen.
        self.0.load(Ordering::Acquire) & SET != 0
    }

    /// The last look, under the lock: `true` if it is set; otherwise the mark is there.
    fn is_set_or_mark(&self) -> bool {
        loop {
            // Acquire: as in `is_set`.
            let word = self.0.load(Ordering::Acquire);
            if word & SET != 0 {
                return true;
            }
            // Marked already: whoever sets it now wants the lock first.
            if word & WAITED != 0 {
                return false;
            }
            // Relaxed: nothing is read on the strength of it; the lock orders the list.
            let marked = self.0.compare_exchange_weak(
                word,
                word | WAITED,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            if marked.is_ok() {
                return false;
            }
        }
    }
}

impl Rules for Word {
    type Data = ();
    type Slot = ();

    fn kind(&self) -> WaitKind {
        WaitKind::Event
    }

    fn left(section: &mut Section<'_, Self>, (): &mut ()) {
        if section.is_empty(QUEUE) {
            // Relaxed: the mark carries nothing.
            section.rules().0.fetch_and(!WAITED, Ordering::Relaxed);
        }
    }

    // Nothing is used up by a waiter, so nothing has to be handed on.
    fn pass_on(_: &WaitList<Self>, (): ()) {}
}

/// asyncio's event: a flag that tasks can wait for.
///
/// [`Event::set`] lets everybody go who waits at that moment, even if [`Event::clear`] follows at
/// once. While it is set nobody waits.
///
/// ```
/// use corio_sync::Event;
///
/// static READY: Event = Event::new();
///
/// # corio_base::park::block_on(async {
/// assert!(!READY.is_set());
/// READY.set();
/// READY.wait().await; // at once, and as often as you like
/// READY.clear();
/// assert!(!READY.is_set());
/// # });
/// ```
pub struct Event {
    list: WaitList<Word>,
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

/// As asyncio shows it: `Event [unset, waiters:2]`.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_set() { "set" } else { "unset" };
        // The lock is given back before foreign code (the formatter's) runs.
        let waiters = self.list.lock().len(QUEUE);
        match waiters {
            0 => write!(f, "Event [{state}]"),
            _ => write!(f, "Event [{state}, waiters:{waiters}]"),
        }
    }
}

#[cfg(not(loom))]
impl Event {
    /// An event that is not set.
    #[must_use]
    pub const fn new() -> Self {
        Event { list: WaitList::new(Word(AtomicU8::new(0)), ()) }
    }
}

#[cfg(loom)]
impl Event {
    /// An event that is not set.
    #[must_use]
    pub fn new() -> Self {
        Event { list: WaitList::new(Word(AtomicU8::new(0)), ()) }
    }
}

impl Event {
    /// Whether it is set. It may be old when it is read.
    #[inline]
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.list.rules().is_set()
    }

    /// Sets it, and wakes all who wait. Nothing happens if it is set already.
    #[inline]
    pub fn set(&self) {
        let word = &self.list.rules().0;
        // Release, even where it is set: what this caller did before is seen by who finds it set.
        // Pairs with the Acquire in `is_set`.
        let set = |from| word.compare_exchange(from, SET, Ordering::Release, Ordering::Relaxed);
        match set(0) {
            Ok(_) => {}
            Err(SET) if set(SET).is_ok() => {}
            // Somebody waits, or it was cleared between the two attempts.
            Err(_) => self.set_and_wake(),
        }
    }

    #[cold]
    fn set_and_wake(&self) {
        let mut section = self.list.lock();
        // Release: as in `set`. Nobody waits from here on, so the mark goes in the same step.
        section.rules().0.swap(SET, Ordering::Release);
        section.grant_all(QUEUE, |()| {});
    }

    /// Takes it back: who waits from now on waits for the next [`Event::set`].
    #[inline]
    pub fn clear(&self) {
        // Relaxed: it tells nobody anything.
        self.list.rules().0.fetch_and(!SET, Ordering::Relaxed);
    }

    /// Waits until it is set; at once if it is.
    ///
    /// # Cancel safety
    /// Dropped, it has changed nothing.
    #[inline]
    #[track_caller]
    pub fn wait(&self) -> EventWait<'_> {
        EventWait { wait: Wait::new(&self.list, Location::caller()) }
    }
}

pin_project! {
    /// Waits for an event; made by [`Event::wait`].
    #[derive(Debug)]
    #[must_use = "it waits only while it is polled"]
    pub struct EventWait<'a> {
        #[pin]
        wait: Wait<'a, Word>,
    }
}

impl Future for EventWait<'_> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let wait = self.project().wait;
        let word = wait.list().rules();
        let is_set = || word.is_set().then_some(());
        wait.poll_or(context, is_set, |_| match word.is_set_or_mark() {
            true => Decision::Done(()),
            false => Decision::Wait { lane: QUEUE, slot: () },
        })
    }
}
