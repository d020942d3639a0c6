//! What other threads may ask of a loop's timers: the mailbox of a loop, and the answer to a letter.
//!
//! [`Timers`](crate::Timers) belong to one thread. A sleep that began there and is polled or dropped
//! on another writes a letter; the loop reads its letters in its next turn. Nothing here is touched
//! as long as a sleep stays on its loop, but for one relaxed load a turn.
//!
//! | field | written by | read by | under |
//! |---|---|---|---|
//! | `Mailbox::inner` | any thread ([`Mailbox::post`]), the owner | the owner ([`Mailbox::take`]) | its lock |
//! | `Mailbox::waiting` | whoever holds the lock | the owner, without it | a hint, see below |
//! | `Answer::deadline` | the home, once | the thread that polls the sleep | Release, Acquire |
//!
//! **The race**: a letter is posted while the owner looks at `waiting` and sees nothing. **Why it
//! cannot be lost**: the poster unparks the owner after posting. The unpark either ends the park the
//! owner enters next, and what ends a park is ordered after what came before the unpark; or the owner
//! had not looked yet.

use std::collections::BTreeMap;
use std::sync::{Mutex as StdMutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use corio_base::loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use corio_base::loom::sync::{Arc, Mutex};
use corio_base::{Time, Unparker, WakerCell};

use crate::queue::Key;

/// What a letter asks for.
#[derive(Debug)]
pub enum Mail {
    /// The sleep is gone, or starts anew elsewhere: remove its entry.
    Cancel {
        /// The entry.
        key: Key,
        /// Whether a task that waits for it has to look again, because the deadline was moved.
        wake: bool,
    },
    /// The sleep is polled elsewhere and has to know its deadline: remove its entry and answer.
    Ask {
        /// The entry.
        key: Key,
        /// Where the answer goes.
        answer: Arc<Answer>,
    },
}

/// The letters that wait for one loop.
pub struct Mailbox {
    inner: Mutex<Inner>,
    /// Whether there are letters. Changed under the lock, so it says the truth to whoever holds it.
    waiting: AtomicBool,
}

struct Inner {
    letters: Vec<Mail>,
    closed: bool,
    unparker: Option<Unparker>,
}

impl Default for Mailbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Mailbox {
    /// An open mailbox without letters.
    pub fn new() -> Self {
        let inner = Inner { letters: Vec::new(), closed: false, unparker: None };
        Mailbox { inner: Mutex::new(inner), waiting: AtomicBool::new(false) }
    }

    /// Leaves a letter and, if it is the first since the owner looked, unparks the owner.
    ///
    /// # Errors
    /// The letter, if the owner is gone.
    pub fn post(&self, mail: Mail) -> Result<(), Mail> {
        let unparker = {
            let mut inner = self.lock();
            if inner.closed {
                return Err(mail);
            }
            inner.letters.push(mail);
            // Relaxed, here and below: what a letter says is published by the lock.
            if self.waiting.load(Ordering::Relaxed) {
                None
            } else {
                self.waiting.store(true, Ordering::Relaxed);
                inner.unparker.clone()
            }
        };
        if let Some(unparker) = unparker {
            unparker.unpark();
        }
        Ok(())
    }

    /// The letters left so far, in order; for the owner.
    #[inline]
    pub fn take(&self) -> Vec<Mail> {
        if self.has_mail() { self.empty(false) } else { Vec::new() }
    }

    /// Whether letters were left; for the owner. One that comes after this look unparks it.
    #[inline]
    pub fn has_mail(&self) -> bool {
        // Relaxed: as in `post`.
        self.waiting.load(Ordering::Relaxed)
    }

    /// Takes the last letters and refuses all that come later; for the owner.
    pub fn close(&self) -> Vec<Mail> {
        self.empty(true)
    }

    /// What ends the owner's park.
    pub fn set_unparker(&self, unparker: Unparker) {
        let before = self.lock().unparker.replace(unparker);
        drop(before);
    }

    #[cold]
    fn empty(&self, close: bool) -> Vec<Mail> {
        let mut inner = self.lock();
        inner.closed |= close;
        self.waiting.store(false, Ordering::Relaxed);
        std::mem::take(&mut inner.letters)
    }

    fn lock(&self) -> corio_base::loom::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailbox").finish_non_exhaustive()
    }
}

/// The deadline of a sleep that is polled away from home: not known, then known for good.
///
/// ```text
///   UNKNOWN ──1 give──▶ the deadline in nanoseconds
/// ```
///
/// **The race**: the home gives the answer between the poll's look and its storing of the waker.
/// **Why it cannot be lost**: [`Answer::poll`] looks again after it has stored the waker, and
/// [`Answer::give`] takes the waker after it has stored the deadline; see [`WakerCell`].
#[derive(Debug)]
pub struct Answer {
    /// [`UNKNOWN`] or a deadline, which is put off by a nanosecond where it is that number.
    deadline: AtomicU64,
    waker: WakerCell,
}

/// No answer yet.
const UNKNOWN: u64 = 0;

impl Default for Answer {
    fn default() -> Self {
        Self::new()
    }
}

impl Answer {
    /// Nothing is known yet.
    pub fn new() -> Self {
        Answer { deadline: AtomicU64::new(UNKNOWN), waker: WakerCell::new() }
    }

    /// Edge 1, for the home: gives the answer. The caller wakes the waker.
    #[must_use = "the waker has to be woken"]
    pub fn give(&self, deadline: Time) -> Option<Waker> {
        let nanos = deadline.as_nanos().max(UNKNOWN + 1);
        // Release: pairs with the Acquire in `get`.
        self.deadline.store(nanos, Ordering::Release);
        self.waker.take()
    }

    /// Asks for the answer; the last waker that asked is woken when it comes.
    pub fn poll(&self, context: &mut Context<'_>) -> Poll<Time> {
        if let Some(deadline) = self.get() {
            return Poll::Ready(deadline);
        }
        self.waker.register(context.waker());
        self.get().map_or(Poll::Pending, Poll::Ready)
    }

    /// Wakes whoever asked: the question is withdrawn.
    pub fn withdraw(&self) {
        self.waker.wake();
    }

    fn get(&self) -> Option<Time> {
        // Acquire: pairs with the Release in `give`.
        match self.deadline.load(Ordering::Acquire) {
            UNKNOWN => None,
            nanos => Some(Time::from_nanos(nanos)),
        }
    }
}

// === The registry: from the number of a home to its mailbox ===

/// Std's lock also under loom: it guards a map of the process, no part of what a model explores.
static MAILBOXES: StdMutex<BTreeMap<u64, Arc<Mailbox>>> = StdMutex::new(BTreeMap::new());

fn mailboxes() -> MutexGuard<'static, BTreeMap<u64, Arc<Mailbox>>> {
    MAILBOXES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the mailbox known under the number of its home.
pub(crate) fn register(home: u64, mailbox: Arc<Mailbox>) {
    mailboxes().insert(home, mailbox);
}

/// Forgets the home.
pub(crate) fn unregister(home: u64) {
    let mailbox = mailboxes().remove(&home);
    drop(mailbox);
}

/// Posts a letter to a home.
///
/// # Errors
/// The letter, if that home is gone.
pub(crate) fn post(home: u64, mail: Mail) -> Result<(), Mail> {
    let mailbox = mailboxes().get(&home).cloned();
    match mailbox {
        Some(mailbox) => mailbox.post(mail),
        None => Err(mail),
    }
}
