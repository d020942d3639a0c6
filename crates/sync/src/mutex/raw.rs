//! The lock of a [`Mutex`](super::Mutex), without what it guards: its word and those who wait.
//!
//! Who comes while it is locked joins the queue, in the wait list. The first of the queue is woken,
//! out of it, when the mutex is unlocked. In vain, it waits in the seat, where being woken again and
//! again takes neither side a lock.
//!
//! **Nobody is woken in vain twice at once**: there is one right to try, a `Woken`. It takes the
//! mutex, or sits down, or is dropped, which wakes the next in the queue.
#![expect(unsafe_code, reason = "a waiter sits down in the seat")]

use std::fmt;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use corio_trace::WaitKind;
use corio_trace::book::{self, HeldKey};
use pin_project_lite::pin_project;

use super::word::{Next, Word};
use crate::wait_list::{Decision, Rules, Section, Wait, WaitList, wake};

/// How many wakes a waiter spends in vain before the mutex is handed to it.
///
/// A mutex that is handed over is of no use to anybody for the time of one wake. After eight wakes
/// during which others used it, that costs at most a ninth of the time; more wakes in vain would gain
/// little and make the longest wait longer.
///
/// In a model two, so that one comes by both edges from the seat, 3 and 6.
pub(super) const PASSED_MAX: u8 = if cfg!(loom) { 2 } else { 8 };

/// The only lane.
const QUEUE: usize = 0;

/// The right to try, or to have: what a waiter is granted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// How often it was woken in vain.
    pub(super) passed: u8,
    /// Whether the mutex came with it.
    pub(super) held: bool,
}

impl Rules for Word {
    type Data = ();
    type Slot = Turn;

    fn kind(&self) -> WaitKind {
        WaitKind::Lock
    }

    fn left(section: &mut Section<'_, Self>, _: &mut Turn) {
        if section.is_empty(QUEUE) {
            section.rules().unmark();
        }
        // Given back meanwhile, it is anybody's now; who gave it waits for the lock and wakes one.
    }

    fn pass_on(list: &WaitList<Self>, turn: Turn) {
        match turn.held {
            true => give(list),
            false => drop(Woken { list }),
        }
    }

    fn leave_seat(&self) -> bool {
        self.leave()
    }
}

/// Gives back what the caller holds.
#[inline]
fn give(list: &WaitList<Word>) {
    if let Err(word) = list.rules().give_unwaited() {
        give_waited(list, word);
    }
}

#[cold]
fn give_waited(list: &WaitList<Word>, mut word: usize) {
    // Both records by one look, and apart, so that the others save no registers for them.
    while !Word::is_booked(word) {
        match list.rules().give(word) {
            Ok(next) => return call(list, next),
            Err(found) => word = found,
        }
    }
    give_booked(list, word);
}

/// Gives back what the book has a record of, or to one whose wait it has a record of.
#[cold]
#[inline(never)]
fn give_booked(list: &WaitList<Word>, mut word: usize) {
    if Word::is_noted(word) {
        // There is one holder, so one record, and nobody but the holder makes one.
        book::let_go(object(list), HeldKey::NONE, || word = list.rules().unnote());
    }
    loop {
        match list.rules().give(word) {
            Ok(next) => return call(list, next),
            Err(found) => word = found,
        }
    }
}

#[inline]
fn call(list: &WaitList<Word>, next: Next) {
    match next {
        Next::Nobody | Next::Sitter(None) => {}
        Next::Sitter(Some(waker)) => wake(waker),
        Next::Queue => wake_next(list),
    }
}

/// What the book names it by, in waits and in what is held.
fn object(list: &WaitList<Word>) -> usize {
    std::ptr::from_ref(list).addr()
}

/// Wakes the first in the queue to try, if nobody else does.
#[cold]
fn wake_next(list: &WaitList<Word>) {
    let mut section = list.lock();
    let waiters = section.len(QUEUE);
    if waiters > 0 && section.rules().mark_woken(waiters == 1) {
        section.grant_first(QUEUE, |_| ());
    }
}

/// The right of the one that was woken.
struct Woken<'a> {
    list: &'a WaitList<Word>,
}

impl Drop for Woken<'_> {
    fn drop(&mut self) {
        if self.list.rules().give_up() {
            wake_next(self.list);
        }
    }
}

/// A mutex that guards nothing by itself.
#[derive(Debug)]
pub(super) struct Raw {
    list: WaitList<Word>,
}

impl Raw {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Self {
        Raw { list: WaitList::new(Word::new(), ()) }
    }

    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Raw { list: WaitList::new(Word::new(), ()) }
    }

    #[inline]
    pub(super) fn try_lock(&self) -> bool {
        self.list.rules().take()
    }

    /// Ready, it is the caller's to give back. `locking` is of this mutex.
    #[inline]
    pub(super) fn poll_lock<'a>(
        &'a self,
        mut locking: Pin<&mut Locking<'a>>,
        context: &Context<'_>,
    ) -> Poll<()> {
        if let Some(wait) = locking.as_mut().project().wait.as_pin_mut() {
            return poll_again(wait, context);
        }
        if self.try_lock() {
            return Poll::Ready(());
        }
        locking.poll_first(self, context)
    }

    /// Notes in debug mode that the task that is polled holds it, which has just taken it. `movable`: its
    /// guard is made to be given away.
    #[inline]
    pub(super) fn hold(&self, place: &'static Location<'static>, movable: bool) {
        if corio_trace::enabled() {
            self.note(place, movable);
        }
    }

    /// The same for what `locking` was ready with.
    #[inline]
    pub(super) fn hold_at(&self, locking: &Locking<'_>) {
        if corio_trace::enabled() {
            self.note(locking.place, false);
        }
    }

    #[cold]
    #[inline(never)]
    fn note(&self, place: &'static Location<'static>, movable: bool) {
        let (list, kind) = (&self.list, WaitKind::Lock);
        // One holds at a time, so its record is known without a key.
        let _ = book::hold(kind, object(list), place, movable, || list.rules().note());
    }

    /// Gives back what the caller holds.
    #[inline]
    pub(super) fn unlock(&self) {
        give(&self.list);
    }

    /// Whether somebody holds it, or it is kept for somebody.
    #[inline]
    pub(super) fn is_locked(&self) -> bool {
        self.list.rules().glance().0
    }

    pub(super) fn waiters(&self) -> usize {
        self.list.lock().len(QUEUE) + self.list.rules().glance().1
    }
}

impl Drop for Raw {
    #[inline]
    fn drop(&mut self) {
        if self.list.rules().has_note() {
            // A guard was leaked.
            book::forget(object(&self.list));
        }
    }
}

pin_project! {
    /// A wait for the mutex, for [`Raw::poll_lock`].
    pub(super) struct Locking<'a> {
        place: &'static Location<'static>,
        // Made when it has to wait: a mutex that is free is taken without.
        #[pin]
        wait: Option<Wait<'a, Word>>,
    }
}

impl fmt::Debug for Locking<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locking").field("wait", &self.wait).finish_non_exhaustive()
    }
}

impl<'a> Locking<'a> {
    /// Of a future that was made at `place`.
    #[inline]
    pub(super) fn new(place: &'static Location<'static>) -> Self {
        Locking { place, wait: None }
    }

    /// It is not free: from here on there is a wait.
    #[inline(never)]
    fn poll_first(self: Pin<&mut Self>, raw: &'a Raw, context: &Context<'_>) -> Poll<()> {
        let mut this = self.project();
        this.wait.set(Some(Wait::new(&raw.list, this.place)));
        poll_queue(this.wait.as_pin_mut().expect("made above"), context)
    }
}

/// Not the first poll. Most often one that was woken.
#[inline(never)]
fn poll_again(mut wait: Pin<&mut Wait<'_, Word>>, context: &Context<'_>) -> Poll<()> {
    match wait.as_mut().granted() {
        Some(turn) if turn.held => Poll::Ready(()),
        Some(turn) => try_or_sit(wait, turn.passed + 1, None, context),
        None => poll_unwoken(wait, context),
    }
}

/// Polled for another reason than a turn.
#[cold]
#[inline(never)]
fn poll_unwoken(mut wait: Pin<&mut Wait<'_, Word>>, context: &Context<'_>) -> Poll<()> {
    match wait.as_mut().leave_seat() {
        // Nothing was in vain.
        Some((turn, waker)) => try_or_sit(wait, turn.passed, waker, context),
        None => poll_queue(wait, context),
    }
}

/// Joins the queue, or stays in it.
#[inline(never)]
fn poll_queue(mut wait: Pin<&mut Wait<'_, Word>>, context: &Context<'_>) -> Poll<()> {
    let word = wait.list().rules();
    let turn = wait.as_mut().poll(context, |_| match word.take_or_mark() {
        true => Decision::Done(Turn { passed: 0, held: true }),
        false => Decision::Wait { lane: QUEUE, slot: Turn { passed: 0, held: false } },
    });
    match turn {
        Poll::Pending => Poll::Pending,
        Poll::Ready(turn) if turn.held => Poll::Ready(()),
        Poll::Ready(turn) => try_or_sit(wait, turn.passed + 1, None, context),
    }
}

/// For the one that has the right of the woken: takes the mutex, or sits down. `waker`: one that it had
/// before.
#[inline]
fn try_or_sit(
    wait: Pin<&mut Wait<'_, Word>>,
    passed: u8,
    waker: Option<Waker>,
    context: &Context<'_>,
) -> Poll<()> {
    let list = wait.list();
    let word = list.rules();
    // A guard, because a waker that panics when it is cloned or dropped ends this poll.
    let woken = Woken { list };
    if word.take_woken() {
        mem::forget(woken);
        return Poll::Ready(());
    }
    let waker = waker.filter(|waker| waker.will_wake(context.waker()));
    let waker = waker.unwrap_or_else(|| context.waker().clone());
    mem::forget(woken);
    let turn = Turn { passed, held: false };
    // SAFETY: [1] it is idle: it left the seat, or was granted its turn, which was taken. [2] It has the
    // right of the woken, which is what the seat is for. `give` grants whom it takes out; `leave` takes
    // out who is still there.
    let seated = unsafe {
        wait.sit(waker, turn, |waiter, recorded| {
            word.sit_or_take(waiter, passed >= PASSED_MAX, recorded)
        })
    };
    if seated { Poll::Pending } else { Poll::Ready(()) }
}
