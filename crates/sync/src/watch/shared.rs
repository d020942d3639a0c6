//! The value, its version, and those who wait for the next one.
//!
//! ```text
//!   version:  | number of changes ........ | WAITED | CLOSED |
//!              bit 2 and up                  bit 1    bit 0
//! ```
//!
//! **The race**: the value changes between a receiver's look and its joining the list. It sets WAITED
//! by a compare-exchange against the very version it found unchanged. So either the change came
//! before and the exchange fails, or it comes after, finds WAITED, and takes the lock, by when the
//! receiver is in the list.

use std::fmt;
use std::ops::Deref;
use std::sync::PoisonError;

use corio_base::loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use corio_base::loom::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use corio_trace::WaitKind;

use crate::wait_list::{Decision, Rules, Section, WaitList};

/// All senders are gone.
const CLOSED: u64 = 1;
/// Somebody waits for a change.
const WAITED: u64 = 1 << 1;
/// One change.
const ONE: u64 = 1 << 2;

/// Receivers that wait for a change.
pub(super) const RECEIVERS: usize = 0;
/// Senders that wait for the last receiver to go.
pub(super) const ENDS: usize = 1;
pub(super) const LANES: usize = 2;

/// What stood in the version's word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Version(u64);

impl Version {
    /// How often the value has changed.
    pub(super) fn number(self) -> u64 {
        self.0 / ONE
    }

    pub(super) fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }
}

/// The words; with a list they are the channel without its value.
#[derive(Debug)]
pub(super) struct Words {
    version: AtomicU64,
    pub(super) senders: AtomicUsize,
    pub(super) receivers: AtomicUsize,
}

impl Words {
    #[inline]
    pub(super) fn version(&self) -> Version {
        // Acquire: pairs with the Release in `change` and `close`.
        Version(self.version.load(Ordering::Acquire))
    }
}

impl Rules<LANES> for Words {
    type Data = ();
    type Slot = ();

    fn kind(&self) -> WaitKind {
        WaitKind::Channel
    }

    // A change is for all: nothing has to be handed on.
    fn left(_: &mut Section<'_, Self, LANES>, (): &mut ()) {}
    fn pass_on(_: &WaitList<Self, LANES>, (): ()) {}
}

/// What both ends share.
pub(super) struct Shared<T> {
    pub(super) list: WaitList<Words, LANES>,
    value: RwLock<T>,
}

impl<T> Shared<T> {
    pub(super) fn new(value: T) -> Self {
        let words = Words {
            version: AtomicU64::new(0),
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
        };
        Shared { list: WaitList::new(words, ()), value: RwLock::new(value) }
    }

    pub(super) fn words(&self) -> &Words {
        self.list.rules()
    }

    pub(super) fn version(&self) -> Version {
        self.words().version()
    }

    /// The value, and the version it has: nobody changes either while the guard lives.
    pub(super) fn read(&self) -> (RwLockReadGuard<'_, T>, Version) {
        let guard = self.value.read().unwrap_or_else(PoisonError::into_inner);
        let version = self.version();
        (guard, version)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.value.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value behind `guard` has changed: unlocks it, and tells those who wait.
    pub(super) fn change(&self, guard: RwLockWriteGuard<'_, T>) {
        // Release: pairs with the Acquire in `version`. Before the unlock, so that a reader sees the
        // value and its version together.
        let before = self.words().version.fetch_add(ONE, Ordering::Release);
        drop(guard);
        if before & WAITED != 0 {
            self.tell();
        }
    }

    /// All senders are gone.
    pub(super) fn close(&self) {
        // Release: as in `change`.
        let before = self.words().version.fetch_or(CLOSED, Ordering::Release);
        if before & WAITED != 0 {
            self.tell();
        }
    }

    #[cold]
    fn tell(&self) {
        let mut section = self.list.lock();
        // Relaxed: set again under the lock, against a version.
        section.rules().version.fetch_and(!WAITED, Ordering::Relaxed);
        section.grant_all(RECEIVERS, |()| {});
    }
}

/// The decision of one who has seen the change `seen`, under the lock: waits, unless there is news.
pub(super) fn wait_for_news(section: &mut Section<'_, Words, LANES>, seen: u64) -> Decision<()> {
    let words = section.rules();
    loop {
        let Version(word) = words.version();
        if word / ONE != seen || word & CLOSED != 0 {
            return Decision::Done(());
        }
        // Relaxed: whoever finds the mark takes the lock.
        let marked = word & WAITED != 0
            || words
                .version
                .compare_exchange(word, word | WAITED, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if marked {
            return Decision::Wait { lane: RECEIVERS, slot: () };
        }
    }
}

/// The value, read-locked: drop it soon, and before an `await`.
pub struct Ref<'a, T> {
    pub(super) guard: RwLockReadGuard<'a, T>,
    pub(super) has_changed: bool,
}

impl<T> Ref<'_, T> {
    /// Whether the value is news to the receiver that borrowed it.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.has_changed
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
