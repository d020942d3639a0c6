#![doc = include_str!("README.md")]

mod section;
mod wait;
mod waiter;

use std::fmt;
use std::sync::PoisonError;

use corio_base::list::List;
use corio_base::loom::sync::Mutex;
use corio_trace::WaitKind;

use section::Inner;

pub use section::Section;
pub(crate) use section::{discard, wake};
pub use wait::{Decision, Wait};
pub(crate) use waiter::Waiter;

/// What a primitive is, beside a list of those who wait: its atomic words (the fields of `Self`,
/// reached without the lock), what the lock guards, and what becomes of a wait that is given up.
pub trait Rules<const LANES: usize = 1>: Sized {
    /// What the lock guards beside the waiters.
    type Data;
    /// What a waiter wants, while it waits, and what it has got, once it is granted.
    type Slot;

    /// What the debug record calls a wait here.
    fn kind(&self) -> WaitKind;

    /// A waiter was dropped while it waited, and is out of the list. Still under the lock: whoever
    /// waits behind it may have its turn now, and the mark that somebody waits may be wrong.
    fn left(section: &mut Section<'_, Self, LANES>, slot: &mut Self::Slot);

    /// A waiter was dropped with a grant that it had not taken, or in the seat, which it has left: hand
    /// its right to the next. No lock is held.
    fn pass_on(list: &WaitList<Self, LANES>, slot: Self::Slot);

    /// Takes out of the seat the waiter that sits there; `false` if somebody else has taken it out.
    /// Called for who sits there. Few primitives have a seat.
    fn leave_seat(&self) -> bool {
        unreachable!("nobody sits where there is no seat")
    }
}

/// Those who wait for one primitive, in `LANES` queues under one lock.
pub struct WaitList<P: Rules<LANES>, const LANES: usize = 1> {
    rules: P,
    inner: Mutex<Inner<P, LANES>>,
}

impl<P: Rules<LANES> + fmt::Debug, const LANES: usize> fmt::Debug for WaitList<P, LANES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WaitList").field(&self.rules).finish()
    }
}

impl<P: Rules<LANES>, const LANES: usize> WaitList<P, LANES> {
    /// An empty list.
    #[cfg(not(loom))]
    pub const fn new(rules: P, data: P::Data) -> Self {
        const { assert!(LANES > 0 && LANES <= u8::MAX as usize, "a node keeps its lane in a byte") };
        let lanes = [const { List::new() }; LANES];
        WaitList { rules, inner: Mutex::new(Inner { data, lanes }) }
    }

    /// An empty list.
    #[cfg(loom)]
    pub fn new(rules: P, data: P::Data) -> Self {
        let lanes = [const { List::new() }; LANES];
        WaitList { rules, inner: Mutex::new(Inner { data, lanes }) }
    }

    /// What is shared without the lock.
    #[inline]
    pub fn rules(&self) -> &P {
        &self.rules
    }

    /// Takes the lock. Nothing foreign may run until the section is dropped.
    #[inline]
    pub fn lock(&self) -> Section<'_, P, LANES> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        Section::new(inner, &self.rules)
    }
}
