//! The word of a once cell: who may write the value, and whether it is there.
//!
//! ```text
//!             begin             finish
//!    EMPTY ─────1────▶ BUSY ──────2─────▶ SET
//!      ▲                │ ▲
//!      └───────3────────┘ └─ 4: give_up with somebody in the queue, who goes on
//!           give_up
//! ```
//!
//! Those who want to write wait in one lane, those who only want the value in another. Edge 1 is
//! one exchange; the others happen under the list's lock, so EMPTY is never seen under it while a
//! writer waits, and who finds BUSY under it is in the queue before the turn is given up.

use std::panic::Location;

use corio_base::loom::sync::atomic::{AtomicU8, Ordering};
use corio_trace::WaitKind;

use crate::wait_list::{Decision, Rules, Section, Wait, WaitList};

/// No value, and nobody makes one.
const EMPTY: u8 = 0;
/// One has the turn to make the value.
const BUSY: u8 = 1;
/// The value is there for good.
const SET: u8 = 2;

/// Those who want to make the value, if nobody else does.
const WRITERS: usize = 0;
/// Those who want the value.
const READERS: usize = 1;
const LANES: usize = 2;

/// What a waiter has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing yet.
    Waiting,
    /// The turn to make the value.
    Turn,
    /// The value is there.
    Set,
}

#[derive(Debug)]
pub(super) struct Word(AtomicU8);

impl Word {
    /// Edge 1: whether the caller has the turn; otherwise what stands against it.
    fn begin(&self) -> Result<(), Outcome> {
        // Acquire: pairs with the Release in `finish` and in `give_up`.
        match self.0.compare_exchange(EMPTY, BUSY, Ordering::Acquire, Ordering::Acquire) {
            Ok(_) => Ok(()),
            Err(SET) => Err(Outcome::Set),
            Err(_) => Err(Outcome::Waiting),
        }
    }
}

impl Rules<LANES> for Word {
    type Data = ();
    type Slot = Outcome;

    fn kind(&self) -> WaitKind {
        WaitKind::Event
    }

    // Who waits has nothing, and keeps nobody from anything.
    fn left(_: &mut Section<'_, Self, LANES>, _: &mut Outcome) {}

    fn pass_on(list: &WaitList<Self, LANES>, outcome: Outcome) {
        if outcome == Outcome::Turn {
            give_up(list);
        }
    }
}

/// Edges 3 and 4.
fn give_up(list: &WaitList<Word, LANES>) {
    let mut section = list.lock();
    if section.grant_first(WRITERS, |outcome| *outcome = Outcome::Turn).is_none() {
        // Release: pairs with the Acquire in `begin`; a value half made and taken back is seen so.
        section.rules().0.store(EMPTY, Ordering::Release);
    }
}

/// The word with its list.
#[derive(Debug)]
pub(super) struct State {
    list: WaitList<Word, LANES>,
}

impl State {
    #[cfg(not(loom))]
    pub(super) const fn new(set: bool) -> Self {
        let word = Word(AtomicU8::new(if set { SET } else { EMPTY }));
        State { list: WaitList::new(word, ()) }
    }

    #[cfg(loom)]
    pub(super) fn new(set: bool) -> Self {
        let word = Word(AtomicU8::new(if set { SET } else { EMPTY }));
        State { list: WaitList::new(word, ()) }
    }

    /// Whether the value is there; then it stays, and can be read.
    #[inline]
    pub(super) fn is_set(&self) -> bool {
        // Acquire: pairs with the Release in `finish`.
        self.list.rules().0.load(Ordering::Acquire) == SET
    }

    /// Takes the turn if it is free; otherwise says whether the value is there.
    pub(super) fn try_begin(&self) -> Result<Turn<'_>, Outcome> {
        self.list.rules().begin()?;
        Ok(Turn { state: self })
    }

    /// Waits for the turn; `None`: the value is there.
    pub(super) async fn begin(&self, place: &'static Location<'static>) -> Option<Turn<'_>> {
        let outcome = match self.list.rules().begin() {
            Ok(()) => Outcome::Turn,
            Err(Outcome::Waiting) => self.wait_in(WRITERS, place).await,
            Err(outcome) => outcome,
        };
        (outcome == Outcome::Turn).then(|| Turn { state: self })
    }

    /// Waits for the value.
    pub(super) async fn wait(&self, place: &'static Location<'static>) {
        if !self.is_set() {
            self.wait_in(READERS, place).await;
        }
    }

    async fn wait_in(&self, lane: usize, place: &'static Location<'static>) -> Outcome {
        let mut wait = std::pin::pin!(Wait::new(&self.list, place));
        std::future::poll_fn(|context| {
            wait.as_mut().poll(context, |section| {
                let word = section.rules();
                if lane == READERS {
                    // Acquire: as in `is_set`.
                    return match word.0.load(Ordering::Acquire) {
                        SET => Decision::Done(Outcome::Set),
                        _ => Decision::Wait { lane, slot: Outcome::Waiting },
                    };
                }
                match word.begin() {
                    Ok(()) => Decision::Done(Outcome::Turn),
                    Err(Outcome::Set) => Decision::Done(Outcome::Set),
                    Err(_) => Decision::Wait { lane, slot: Outcome::Waiting },
                }
            })
        })
        .await
    }

    /// Back to EMPTY; `&mut` says that nobody waits.
    pub(super) fn reset(&mut self) {
        // Relaxed: nobody else has it.
        self.list.rules().0.store(EMPTY, Ordering::Relaxed);
    }
}

/// The right to make the value: finished, or dropped, which gives the turn to the next.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    state: &'a State,
}

impl Turn<'_> {
    /// Edge 2: the value is there, and everybody is told.
    pub(super) fn finish(self) {
        let turn = std::mem::ManuallyDrop::new(self);
        let mut section = turn.state.list.lock();
        // Release: publishes the value to the Acquire in `is_set` and `begin`.
        section.rules().0.store(SET, Ordering::Release);
        section.grant_all(WRITERS, |outcome| *outcome = Outcome::Set);
        section.grant_all(READERS, |outcome| *outcome = Outcome::Set);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        give_up(&self.state.list);
    }
}
