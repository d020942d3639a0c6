//! What the ends of a promised value share: the outcome, and who waits for it.
//!
//! | field | who reads | who writes | under what |
//! |---|---|---|---|
//! | `outcome` | anybody | the first who completes, once | `OnceLock`; written with the lock of `waiters` held |
//! | `waiters` | who waits, who completes | the same | its lock |
//! | `retrieved` | the last end, when it goes | whoever looks at the outcome | atomic |
//!
//! **The race** of one who begins to wait with the one who completes: both take the lock. Whoever waits
//! looks at the outcome again under it, so either it finds the outcome, or the one who completes finds
//! its waker. The outcome is set under the lock, and woken is after it.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use corio_base::WakeBatch;
use corio_task::Reason;
use corio_trace::book::Leaf;
use corio_trace::{Wait, WaitKind};

use super::error::EventualError;

/// How much of a value is shown; asyncio's repr shows about as much.
const SHOWN_CHARS_MAX: usize = 60;

/// How it came out.
pub(super) enum Outcome<T, E> {
    Result(T),
    Error(E),
    Cancelled(Reason),
}

/// Whose waker it is; greater than those of all who came before.
pub(super) type WaiterId = u64;

/// What a callback is shown as: the type of its function, and where it was added.
pub(super) type Label = (&'static str, &'static Location<'static>);

struct Waiter {
    waker: Waker,
    /// `None` for somebody who awaits.
    label: Option<Label>,
}

#[derive(Default)]
struct Waiters {
    last_id: WaiterId,
    // In the order in which they came.
    list: BTreeMap<WaiterId, Waiter>,
}

pub(super) struct Shared<T, E> {
    outcome: OnceLock<Outcome<T, E>>,
    waiters: Mutex<Waiters>,
    retrieved: AtomicBool,
    pub(super) place: &'static Location<'static>,
}

impl<T, E> Shared<T, E> {
    pub(super) fn new(place: &'static Location<'static>) -> Self {
        Shared {
            outcome: OnceLock::new(),
            waiters: Mutex::default(),
            retrieved: AtomicBool::new(false),
            place,
        }
    }

    /// Locks, also what a panic left locked: nothing here is left half done.
    fn lock(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn outcome(&self) -> Option<&Outcome<T, E>> {
        self.outcome.get()
    }

    /// The outcome, for somebody who will see what is in it.
    pub(super) fn look(&self) -> Option<&Outcome<T, E>> {
        let outcome = self.outcome()?;
        // Relaxed: the last end's going synchronizes with all that was done before.
        self.retrieved.store(true, Ordering::Relaxed);
        Some(outcome)
    }

    pub(super) fn is_cancelled(&self) -> bool {
        matches!(self.outcome(), Some(Outcome::Cancelled(_)))
    }

    /// Sets the outcome, if there is none, and wakes whoever waits.
    pub(super) fn complete(&self, outcome: Outcome<T, E>) -> Result<(), Outcome<T, E>> {
        let list = {
            let mut waiters = self.lock();
            self.outcome.set(outcome)?;
            std::mem::take(&mut waiters.list)
        };
        let mut batch = WakeBatch::new();
        list.into_values().for_each(|waiter| batch.push(waiter.waker));
        batch.wake_all();
        Ok(())
    }

    /// Puts `waker` in, in `id`'s place if that waits already. With an outcome there, wakes at once:
    /// `None`.
    pub(super) fn wait(
        &self,
        id: Option<WaiterId>,
        waker: Waker,
        label: Option<Label>,
    ) -> Option<WaiterId> {
        let mut waiters = self.lock();
        if self.outcome().is_some() {
            drop(waiters);
            waker.wake();
            return None;
        }
        let id = id.unwrap_or_else(|| {
            waiters.last_id += 1;
            waiters.last_id
        });
        let before = waiters.list.insert(id, Waiter { waker, label });
        drop(waiters);
        drop(before);
        Some(id)
    }

    /// Waits for the outcome; `id` remembers where, `leaf` tells of it.
    pub(super) fn poll_done(
        self: &Arc<Self>,
        id: &mut Option<WaiterId>,
        leaf: &mut Leaf,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        if self.outcome().is_none() && !self.is_waiting(*id, context.waker()) {
            // Cloned here: a clone is foreign code, and not for under the lock.
            *id = self.wait(*id, context.waker().clone(), None);
        }
        if self.outcome().is_some() {
            leaf.clear();
            return Poll::Ready(());
        }
        leaf.wait(|| {
            let (object, place) = (Arc::as_ptr(self).addr(), self.place);
            Wait { kind: WaitKind::Event, object, owner: None, place }
        });
        Poll::Pending
    }

    /// Whether `id` waits with this waker.
    fn is_waiting(&self, id: Option<WaiterId>, waker: &Waker) -> bool {
        // `will_wake` compares two words.
        id.is_some_and(|id| self.lock().list.get(&id).is_some_and(|own| own.waker.will_wake(waker)))
    }

    /// Takes a waker out, to be dropped by the caller.
    pub(super) fn forget(&self, id: WaiterId) -> Option<Waker> {
        self.lock().list.remove(&id).map(|waiter| waiter.waker)
    }

    /// How many await it, and the callbacks in order.
    fn waiting(&self) -> (usize, Vec<Label>) {
        let waiters = self.lock();
        let labels: Vec<_> = waiters.list.values().filter_map(|waiter| waiter.label).collect();
        (waiters.list.len() - labels.len(), labels)
    }
}

impl<T: Clone, E: Clone> Shared<T, E> {
    /// What an awaiter gets of the outcome, which is there.
    pub(super) fn cloned(&self) -> Result<T, EventualError<E>> {
        match self.look() {
            Some(Outcome::Result(value)) => Ok(value.clone()),
            Some(Outcome::Error(error)) => Err(EventualError::Error(error.clone())),
            Some(Outcome::Cancelled(reason)) => Err(EventualError::Cancelled(reason.clone())),
            None => unreachable!("asked for when there is an outcome"),
        }
    }
}

impl<T: fmt::Debug, E: fmt::Debug> Shared<T, E> {
    /// What people read: asyncio's repr.
    pub(super) fn show(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{name} ")?;
        match self.outcome() {
            None => {
                f.write_str("pending")?;
                let (awaiting, callbacks) = self.waiting();
                if awaiting > 0 {
                    write!(f, " waiters={awaiting}")?;
                }
                show_callbacks(&callbacks, f)?;
            }
            Some(Outcome::Result(value)) => {
                f.write_str("finished result=")?;
                show_beginning(value, f)?;
            }
            Some(Outcome::Error(error)) => {
                f.write_str("finished error=")?;
                show_beginning(error, f)?;
            }
            Some(Outcome::Cancelled(_)) => f.write_str("cancelled")?,
        }
        if corio_trace::enabled() {
            write!(f, " created at {}", self.place)?;
        }
        f.write_str(">")
    }
}

/// The first and the last callback, and how many are between them, as asyncio has it.
fn show_callbacks(callbacks: &[Label], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let [(first, first_place), rest @ ..] = callbacks else { return Ok(()) };
    write!(f, " cb=[{first} at {first_place}")?;
    if let [between @ .., (last, last_place)] = rest {
        if !between.is_empty() {
            write!(f, ", <{} more>", between.len())?;
        }
        write!(f, ", {last} at {last_place}")?;
    }
    f.write_str("]")
}

/// Lets the beginning of what is written through, and refuses the rest. So a value in which its own
/// eventual stands is cut off, too: each of the nested ones writes through all those around it.
struct Beginning<'a, 'b> {
    to: &'a mut fmt::Formatter<'b>,
    chars_left: usize,
    is_cut: bool,
}

impl fmt::Write for Beginning<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        match text.char_indices().nth(self.chars_left) {
            None => {
                self.chars_left -= text.chars().count();
                self.to.write_str(text)
            }
            Some((end, _)) => {
                self.chars_left = 0;
                self.is_cut = true;
                self.to.write_str(&text[..end])?;
                Err(fmt::Error)
            }
        }
    }
}

/// The beginning of what `value` shows of itself.
fn show_beginning(value: &impl fmt::Debug, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut beginning = Beginning { to: f, chars_left: SHOWN_CHARS_MAX, is_cut: false };
    match write!(beginning, "{value:?}") {
        Err(_) if beginning.is_cut => f.write_str("..."),
        written => written,
    }
}

impl<T, E> Drop for Shared<T, E> {
    fn drop(&mut self) {
        if matches!(self.outcome.get(), Some(Outcome::Error(_))) && !*self.retrieved.get_mut() {
            corio_trace::report_error(
                corio_trace::emit::TARGET_TASK,
                format_args!(
                    "Future exception was never retrieved\n\
                     future: <Eventual finished error=<{}> created at {}>",
                    std::any::type_name::<E>(),
                    self.place,
                ),
            );
        }
    }
}
