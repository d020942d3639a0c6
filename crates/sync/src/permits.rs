//! Permits, counted: what semaphores and the lock are made of.
//!
//! ```text
//!   word:  | permits that nobody has ....... | HELD | WAITED | CLOSED |
//!           bit 3 and up                       bit 2  bit 1    bit 0
//! ```
//!
//! Taking is one compare-exchange, giving back one addition; the lock is taken only while somebody
//! waits. While WAITED is set nobody takes past the queue, so permits that come back add up for the
//! one who has waited longest, however many it wants. HELD says that debug mode has records of holders.
//!
//! **The race**: permits come back between a waiter's look and its joining the queue. It sets WAITED
//! by a compare-exchange against the very word in which it found too few. So either the addition came
//! before and the exchange fails, or it comes after, finds WAITED, and takes the lock, which it gets
//! once the waiter is in the queue.

use std::fmt;
use std::future::poll_fn;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use corio_base::loom::sync::atomic::{AtomicUsize, Ordering};
use corio_trace::WaitKind;
use corio_trace::book::{self, HeldKey};
use pin_project_lite::pin_project;

use crate::wait_list::{Decision, Rules, Section, Wait, WaitList};

/// Closed: whoever waits or comes is refused.
const CLOSED: usize = 1;
/// The queue is not empty.
const WAITED: usize = 2;
/// The book has records of some who have permits.
const HELD: usize = 4;
/// One permit.
const ONE: usize = 8;
const SHIFT: u32 = ONE.trailing_zeros();

/// Three bits are flags. The uppermost stays free, so that an addition that is too much is seen before
/// it can wrap.
pub(crate) const PERMITS_MAX: usize = usize::MAX >> (SHIFT + 1);

/// The only lane.
const QUEUE: usize = 0;

/// Why no permit could be had at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Too few are there, or others have waited longer.
    TooFew,
    /// Closed.
    Closed,
}

/// What a waiter wants and, once it is granted, whether it got it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    permits: usize,
    closed: bool,
}

/// The word. Alone it counts; with its list it is a [`Permits`].
#[derive(Debug)]
pub(crate) struct Word {
    word: AtomicUsize,
    kind: WaitKind,
}

impl Word {
    fn permits(word: usize) -> usize {
        word >> SHIFT
    }

    /// Takes `permits` if that many are there and nobody waits.
    #[inline]
    fn try_take(&self, permits: usize) -> Result<(), Refused> {
        // Relaxed: the exchange below decides.
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if word & CLOSED != 0 {
                return Err(Refused::Closed);
            }
            if word & WAITED != 0 || Self::permits(word) < permits {
                return Err(Refused::TooFew);
            }
            // Acquire: pairs with the Release in `give`; what was done under the permit is seen.
            match self.word.compare_exchange_weak(
                word,
                word - permits * ONE,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(()),
                Err(found) => word = found,
            }
        }
    }

    /// The last look, under the lock: takes `permits`, or marks that somebody waits.
    fn take_or_mark(&self, permits: usize) -> Result<(), Refused> {
        loop {
            match self.try_take(permits) {
                Err(Refused::TooFew) => {}
                decided => return decided,
            }
            // Relaxed: nothing is read on the strength of it; the lock orders the queue.
            let word = self.word.load(Ordering::Relaxed);
            if word & WAITED != 0 {
                return Err(Refused::TooFew);
            }
            // The compare-exchange of the module's race. A word that has changed is looked at anew.
            if Self::permits(word) < permits
                && word & CLOSED == 0
                && self
                    .word
                    .compare_exchange(word, word | WAITED, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
            {
                return Err(Refused::TooFew);
            }
        }
    }
}

impl Rules for Word {
    type Data = ();
    type Slot = Request;

    fn kind(&self) -> WaitKind {
        self.kind
    }

    fn left(section: &mut Section<'_, Self>, _: &mut Request) {
        // It may have been the first and wanted more than those behind it.
        hand_out(section);
    }

    fn pass_on(list: &WaitList<Self>, request: Request) {
        if !request.closed {
            give(list, request.permits);
        }
    }
}

/// Grants from the front of the queue for as long as the permits suffice.
fn hand_out(section: &mut Section<'_, Word>) {
    let word = &section.rules().word;
    loop {
        let Some(wanted) = section.with_first(QUEUE, |request| request.permits) else {
            // Release: keeps what the permits carry; pairs with the Acquire in `try_take`.
            word.fetch_and(!WAITED, Ordering::Release);
            return;
        };
        // While WAITED is set, permits are taken under the lock alone: there can only be more.
        if Word::permits(word.load(Ordering::Relaxed)) < wanted {
            return;
        }
        // Acquire: pairs with the Release in `give`; the grant carries it on to the waiter.
        word.fetch_sub(wanted * ONE, Ordering::Acquire);
        section.grant_first(QUEUE, |_| ());
    }
}

/// Gives `permits` back and hands them to those who wait.
#[inline]
fn give(list: &WaitList<Word>, permits: usize) {
    // AcqRel: Release pairs with the Acquire in `try_take` and `hand_out`; Acquire keeps the chain of
    // those who gave before, for the sake of a grant made below.
    let before = list.rules().word.fetch_add(permits * ONE, Ordering::AcqRel);
    debug_assert!(Word::permits(before) + permits <= PERMITS_MAX);
    if before & WAITED != 0 {
        hand_out(&mut list.lock());
    }
}

/// The same for permits whose holder may have a record.
#[inline]
fn give_held(list: &WaitList<Word>, permits: usize, key: HeldKey) {
    // AcqRel: as in `give`.
    let before = list.rules().word.fetch_add(permits * ONE, Ordering::AcqRel);
    debug_assert!(Word::permits(before) + permits <= PERMITS_MAX);
    if before & (WAITED | HELD) != 0 {
        finish_give(list, before, key);
    }
}

#[cold]
#[inline(never)]
fn finish_give(list: &WaitList<Word>, before: usize, key: HeldKey) {
    if before & HELD != 0 {
        let_go(list, key);
    }
    if before & WAITED != 0 {
        hand_out(&mut list.lock());
    }
}

#[cold]
fn let_go(list: &WaitList<Word>, key: HeldKey) {
    book::let_go(object(list), key, || {
        // Relaxed: changes a mark alone, and the book's lock orders who changes it.
        list.rules().word.fetch_and(!HELD, Ordering::Relaxed);
    });
}

/// What the book names it by, in waits and in what is held.
fn object(list: &WaitList<Word>) -> usize {
    std::ptr::from_ref(list).addr()
}

/// A number of permits and those who wait for some of them, first come, first served.
#[derive(Debug)]
pub(crate) struct Permits {
    list: WaitList<Word>,
}

impl Permits {
    /// `permits` must not be more than [`PERMITS_MAX`]; the callers check.
    #[cfg(not(loom))]
    pub(crate) const fn new(permits: usize, kind: WaitKind) -> Self {
        let word = AtomicUsize::new(permits << SHIFT);
        Permits { list: WaitList::new(Word { word, kind }, ()) }
    }

    /// `permits` must not be more than [`PERMITS_MAX`]; the callers check.
    #[cfg(loom)]
    pub(crate) fn new(permits: usize, kind: WaitKind) -> Self {
        let word = AtomicUsize::new(permits << SHIFT);
        Permits { list: WaitList::new(Word { word, kind }, ()) }
    }

    /// How many nobody has.
    #[inline]
    pub(crate) fn available(&self) -> usize {
        // Relaxed: a number for the eye; it may be old when it is read.
        Word::permits(self.list.rules().word.load(Ordering::Relaxed))
    }

    /// Whether an attempt for one permit would fail now.
    #[inline]
    pub(crate) fn is_exhausted(&self) -> bool {
        // Relaxed: as in `available`.
        let word = self.list.rules().word.load(Ordering::Relaxed);
        word & (WAITED | CLOSED) != 0 || Word::permits(word) == 0
    }

    /// How many wait.
    pub(crate) fn waiters(&self) -> usize {
        self.list.lock().len(QUEUE)
    }

    /// What stands in the brackets of a primitive's `Debug`: asyncio's content.
    pub(crate) fn fmt_state(&self, f: &mut fmt::Formatter<'_>, value: bool) -> fmt::Result {
        match (self.is_exhausted(), value) {
            (true, _) => f.write_str("locked")?,
            (false, true) => write!(f, "unlocked, value:{}", self.available())?,
            (false, false) => f.write_str("unlocked")?,
        }
        match self.waiters() {
            0 => Ok(()),
            waiters => write!(f, ", waiters:{waiters}"),
        }
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        // Acquire: pairs with the Release in `close`.
        self.list.rules().word.load(Ordering::Acquire) & CLOSED != 0
    }

    #[inline]
    pub(crate) fn try_take(&self, permits: usize) -> Result<(), Refused> {
        self.list.rules().try_take(permits)
    }

    /// Waits for `permits`; `false` if they were closed. What it has taken is the caller's to give back.
    pub(crate) async fn take(&self, permits: usize, place: &'static Location<'static>) -> bool {
        let mut take = pin!(Take::new(permits, place));
        poll_fn(|context| self.poll_take(take.as_mut(), context)).await
    }

    /// The same for a future that has its [`Take`] itself, of these permits.
    // Always: what is there is taken by one exchange, and a call would cost half of it again.
    #[inline(always)]
    pub(crate) fn poll_take<'a>(
        &'a self,
        take: Pin<&mut Take<'a>>,
        context: &Context<'_>,
    ) -> Poll<bool> {
        if take.wait.is_none() {
            match self.try_take(take.permits) {
                Ok(()) => return Poll::Ready(true),
                Err(Refused::Closed) => return Poll::Ready(false),
                Err(Refused::TooFew) => {}
            }
        }
        take.poll_slowly(self, context)
    }

    /// Notes in debug mode that the task that is polled has what it has just taken: until
    /// [`Permits::give`] or [`Permits::let_go`] with what comes back. `movable`: its guard is made to be given
    /// away. Where one holds at a time, nobody needs what comes back.
    #[inline]
    pub(crate) fn hold(&self, place: &'static Location<'static>, movable: bool) -> HeldKey {
        if corio_trace::enabled() { self.note(place, movable) } else { HeldKey::NONE }
    }

    /// The same for what `take` was ready with, if that is anything: with the switch off nobody asks which.
    #[inline]
    pub(crate) fn hold_at(&self, take: &Take<'_>) -> HeldKey {
        if corio_trace::enabled() && take.permits > 0 {
            self.note(take.place, false)
        } else {
            HeldKey::NONE
        }
    }

    #[cold]
    #[inline(never)]
    fn note(&self, place: &'static Location<'static>, movable: bool) -> HeldKey {
        let word = &self.list.rules().word;
        book::hold(self.list.rules().kind, object(&self.list), place, movable, || {
            // Relaxed: as in `let_go`. Whoever is given the guard sees it with the guard.
            word.fetch_or(HELD, Ordering::Relaxed) & HELD != 0
        })
    }

    /// Whether there are notes; the caller's own is seen.
    fn has_notes(&self) -> bool {
        // Relaxed: a mark alone, see `let_go`.
        self.list.rules().word.load(Ordering::Relaxed) & HELD != 0
    }

    /// Takes a note back without giving anything back.
    pub(crate) fn let_go(&self, key: HeldKey) {
        if self.has_notes() {
            let_go(&self.list, key);
        }
    }

    /// Gives back what was taken, and takes the note of it back.
    #[inline]
    pub(crate) fn give(&self, permits: usize, key: HeldKey) {
        give_held(&self.list, permits, key);
    }

    /// Gives back what was taken and is not noted.
    #[inline]
    pub(crate) fn give_unnoted(&self, permits: usize) {
        give(&self.list, permits);
    }

    /// What the book names it by.
    pub(crate) fn object(&self) -> usize {
        object(&self.list)
    }

    /// Adds `permits`, unless more than `max` would be free then; that number comes back.
    pub(crate) fn add_within(&self, permits: usize, max: usize) -> Result<(), usize> {
        let word = &self.list.rules().word;
        // Relaxed: the exchange decides.
        let mut before = word.load(Ordering::Relaxed);
        loop {
            let free = Word::permits(before);
            if permits > max || free > max - permits {
                return Err(free);
            }
            // AcqRel: as in `give`.
            match word.compare_exchange_weak(
                before,
                before + permits * ONE,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => break,
                Err(found) => before = found,
            }
        }
        if before & WAITED != 0 {
            hand_out(&mut self.list.lock());
        }
        Ok(())
    }

    /// Takes up to `permits` away for good, past those who wait, and says how many it found.
    pub(crate) fn forget(&self, permits: usize) -> usize {
        let word = &self.list.rules().word;
        // The lock: who hands out relies on it that permits do not become fewer meanwhile.
        let _section = self.list.lock();
        // Relaxed: the exchange decides.
        let mut before = word.load(Ordering::Relaxed);
        loop {
            let taken = permits.min(Word::permits(before));
            // Acquire: as in `try_take`.
            match word.compare_exchange_weak(
                before,
                before - taken * ONE,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return taken,
                Err(found) => before = found,
            }
        }
    }

    /// Refuses everybody who waits, and whoever comes.
    pub(crate) fn close(&self) {
        let mut section = self.list.lock();
        // Release: pairs with the Acquire in `is_closed`.
        section.rules().word.fetch_or(CLOSED, Ordering::Release);
        section.grant_all(QUEUE, |request| request.closed = true);
        // Release: as in `hand_out`.
        section.rules().word.fetch_and(!WAITED, Ordering::Release);
    }
}

impl Drop for Permits {
    #[inline]
    fn drop(&mut self) {
        if self.has_notes() {
            // A guard was leaked.
            book::forget(self.object());
        }
    }
}

pin_project! {
    /// A wait for permits, for [`Permits::poll_take`].
    pub(crate) struct Take<'a> {
        permits: usize,
        place: &'static Location<'static>,
        // Made when it has to wait: permits that are there are taken without.
        #[pin]
        wait: Option<Wait<'a, Word>>,
    }
}

impl fmt::Debug for Take<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Take { permits, wait, .. } = self;
        f.debug_struct("Take").field("permits", permits).field("wait", wait).finish_non_exhaustive()
    }
}

impl<'a> Take<'a> {
    /// Of a future that was made at `place`.
    #[inline]
    pub(crate) fn new(permits: usize, place: &'static Location<'static>) -> Self {
        Take { permits, place, wait: None }
    }

    #[inline]
    pub(crate) fn permits(&self) -> usize {
        self.permits
    }

    /// Not ready at first sight.
    #[inline(never)]
    fn poll_slowly(self: Pin<&mut Self>, of: &'a Permits, context: &Context<'_>) -> Poll<bool> {
        let mut this = self.project();
        let permits = *this.permits;
        let word = of.list.rules();
        if this.wait.is_none() {
            this.wait.set(Some(Wait::new(&of.list, this.place)));
        }
        let wait = this.wait.as_pin_mut().expect("made above");
        let poll = wait.poll(context, |_| match word.take_or_mark(permits) {
            Ok(()) => Decision::Done(Request { permits, closed: false }),
            Err(Refused::Closed) => Decision::Done(Request { permits, closed: true }),
            Err(Refused::TooFew) => {
                Decision::Wait { lane: QUEUE, slot: Request { permits, closed: false } }
            }
        });
        poll.map(|request| !request.closed)
    }
}
