//! Notifications: a wake for one who waits or will wait, or for all who wait.
//!
//! The word, with a seat for the first who waits, is in `seat`; who comes while somebody waits is in
//! the list. A [`Notified`] remembers the round in which it was made: a later round means that
//! `notify_waiters` was called, and meant it too.
//!
//! **The race**: a notification comes between a waiter's look and its waiting. The waiter sits down,
//! or marks the word under the list's lock, by a compare-exchange, and `notify_one` changes the word
//! by one, too. If the notification comes first the waiter's exchange fails, or finds the permit; if
//! it comes second it finds the waiter in the seat, or the mark, and then takes the lock, with the
//! waiter in the list. `notify_waiters` first counts its round and then changes the word: a waiter
//! whose exchange comes later sees the round, and looks at it once more after the exchange.

mod seat;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use corio_base::loom::sync::atomic::{AtomicUsize, Ordering};
use corio_trace::WaitKind;
use pin_project_lite::pin_project;

use self::seat::{Found, Sitter, Standing, Word};
use crate::wait_list::{Decision, Rules, Section, Wait, WaitList, discard, wake};

/// The only lane.
const QUEUE: usize = 0;

/// By what a waiter was woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// By `notify_one`, whose notification is its own.
    One,
    /// By `notify_waiters`, with everybody.
    All,
}

#[derive(Debug)]
struct Shared {
    word: Word,
    /// How often `notify_waiters` was called. It wraps: a [`Notified`] would have to sleep through
    /// all its values.
    rounds: AtomicUsize,
}

impl Shared {
    #[inline]
    fn round(&self) -> usize {
        // Acquire: pairs with the Release in `notify_waiters`.
        self.rounds.load(Ordering::Acquire)
    }
}

impl Rules for Shared {
    type Data = ();
    type Slot = Told;

    fn kind(&self) -> WaitKind {
        WaitKind::Event
    }

    fn left(section: &mut Section<'_, Self>, _: &mut Told) {
        unmark_if_empty(section);
    }

    fn pass_on(list: &WaitList<Self>, told: Told) {
        pass_on(list, told);
    }
}

fn unmark_if_empty(section: &mut Section<'_, Shared>) {
    if section.is_empty(QUEUE) {
        section.rules().word.unmark();
    }
}

/// What was for one goes to the next; what was for everybody is for nobody else.
fn pass_on(list: &WaitList<Shared>, told: Told) {
    if told == Told::One {
        notify_one(list);
    }
}

#[inline]
fn notify_one(list: &WaitList<Shared>) {
    match list.rules().word.notify_one() {
        Found::Nobody | Found::Sitter(None) => {}
        Found::Sitter(Some(waker)) => wake(waker),
        Found::List => notify_listed(list),
    }
}

/// There is a list, where the first is told; unless it is empty by then.
#[inline(never)]
fn notify_listed(list: &WaitList<Shared>) {
    if !notify_one_in_list(list) {
        notify_one(list);
    }
}

/// `false` if the last one has left meanwhile, and the mark with it.
#[inline(never)]
fn notify_one_in_list(list: &WaitList<Shared>) -> bool {
    let mut section = list.lock();
    let granted = section.grant_first(QUEUE, |told| *told = Told::One).is_some();
    if granted {
        unmark_if_empty(&mut section);
    }
    granted
}

/// Tells tasks that something has happened, and no more than that.
///
/// [`Notify::notify_one`] wakes the one who has waited longest; if nobody waits, the next who comes
/// does not wait. Several such calls before somebody comes are one: it is a flag, not a count.
/// [`Notify::notify_waiters`] wakes all who have called [`Notify::notified`] by then, and leaves
/// nothing for later.
///
/// ```
/// use corio_sync::Notify;
///
/// static WORK: Notify = Notify::new();
///
/// # corio_base::park::block_on(async {
/// WORK.notify_one(); // nobody waits: kept for the next
/// WORK.notified().await;
/// # });
/// ```
///
/// For a flag that stays set use [`Event`](crate::Event), for a count a
/// [`Semaphore`](crate::Semaphore).
pub struct Notify {
    list: WaitList<Shared>,
}

impl Default for Notify {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (permit, sitting) = self.list.rules().word.glance();
        let state = if permit { "notified" } else { "idle" };
        // The lock is given back before foreign code (the formatter's) runs.
        let waiters = self.list.lock().len(QUEUE) + sitting;
        match waiters {
            0 => write!(f, "Notify [{state}]"),
            _ => write!(f, "Notify [{state}, waiters:{waiters}]"),
        }
    }
}

#[cfg(not(loom))]
impl Notify {
    /// Nobody notified, nobody waiting.
    #[must_use]
    pub const fn new() -> Self {
        let shared = Shared { word: Word::new(), rounds: AtomicUsize::new(0) };
        Notify { list: WaitList::new(shared, ()) }
    }
}

#[cfg(loom)]
impl Notify {
    /// Nobody notified, nobody waiting.
    #[must_use]
    pub fn new() -> Self {
        let shared = Shared { word: Word::new(), rounds: AtomicUsize::new(0) };
        Notify { list: WaitList::new(shared, ()) }
    }
}

impl Notify {
    /// Wakes the one who has waited longest; if nobody waits, the next one who comes does not wait.
    #[inline]
    pub fn notify_one(&self) {
        notify_one(&self.list);
    }

    /// Wakes everybody who has called [`Notify::notified`] before, whether it was polled or not.
    /// Nothing is kept for those who come later; those who come while it runs may be among the woken.
    pub fn notify_waiters(&self) {
        let shared = self.list.rules();
        // Release: pairs with the Acquire in `round`.
        shared.rounds.fetch_add(1, Ordering::Release);
        let (first, has_list) = shared.word.claim_seat();
        if has_list {
            let mut section = self.list.lock();
            // With the others, once all are told: its waker may come back here, and notify.
            section.wake_too(first);
            section.grant_all(QUEUE, |told| *told = Told::All);
            unmark_if_empty(&mut section);
        } else if let Some(first) = first {
            wake(first);
        }
    }

    /// Waits for a notification: one that is there, one meant for this task alone, or the next call
    /// of [`Notify::notify_waiters`], counted from now.
    ///
    /// The place in the queue is taken by the first poll; to take it earlier, see
    /// [`Notified::enable`].
    ///
    /// # Cancel safety
    /// Dropped with a notification of [`Notify::notify_one`] that it had not taken, it hands it to
    /// the next. It loses its place in the queue.
    #[inline]
    #[track_caller]
    pub fn notified(&self) -> Notified<'_> {
        Notified {
            list: &self.list,
            // A round that has begun is not waited for, and what was done before it is seen.
            round: self.list.rules().round(),
            place: Location::caller(),
            progress: Progress::Waits,
            spot: None,
        }
    }
}

/// Where in the list one belongs.
#[derive(Clone, Copy, Debug)]
enum Rank {
    /// Before the others: it sat in the seat.
    First,
    /// Behind them.
    Last,
}

/// How far a [`Notified`] has come.
// Flat, so that the drop of what has ended asks by one comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// It has no notification.
    Waits,
    /// A poll has told of it.
    Done,
    /// [`Notified::enable`] found one that was for it alone, and no poll has told of it.
    HoldsOne,
    /// The same of one that was for all.
    HoldsAll,
}

pin_project! {
    /// Waits for a notification; made by [`Notify::notified`].
    ///
    /// Polled after it was ready, it is ready again.
    #[derive(Debug)]
    #[must_use = "it waits only while it is polled"]
    pub struct Notified<'a> {
        list: &'a WaitList<Shared>,
        round: usize,
        place: &'static Location<'static>,
        progress: Progress,
        // Made when it has to wait: a notification that is there is taken without.
        #[pin]
        spot: Option<Spot<'a>>,
    }

    impl PinnedDrop for Notified<'_> {
        fn drop(this: Pin<&mut Self>) {
            // Most have come to their end.
            match this.progress {
                Progress::Done => {}
                Progress::Waits if this.spot.is_none() => {}
                _ => give_up(this),
            }
        }
    }
}

pin_project! {
    /// Where one waits: in the seat, or in the list.
    #[project = SpotProjection]
    #[derive(Debug)]
    struct Spot<'a> {
        #[pin]
        sitter: Sitter<'a>,
        // Made when the seat is taken.
        #[pin]
        wait: Option<Wait<'a, Shared>>,
    }
}

/// Dropped while it waits, or with a notification that no poll has told of.
#[cold]
#[inline(never)]
fn give_up(this: Pin<&mut Notified<'_>>) {
    let this = this.project();
    let sitter = this.spot.as_pin_mut().map(|spot| spot.project().sitter);
    let standing = sitter.as_ref().map_or(Standing::Idle, |sitter| sitter.standing());
    // What the list granted the wait hands on itself.
    let told = match (*this.progress, standing, sitter) {
        (Progress::HoldsOne, ..) => Told::One,
        (Progress::HoldsAll, ..) => Told::All,
        (_, Standing::Told(told), _) => told,
        (_, Standing::Seated, Some(sitter)) => match sitter.leave() {
            Ok(_) => return,
            Err(told) => told,
        },
        _ => return,
    };
    pass_on(this.list, told);
}

impl<'a> Notified<'a> {
    /// Takes its place in the queue now, without waiting; `true` if it has its notification already,
    /// and the next poll will be ready.
    ///
    /// So nothing is missed between a look at what is waited for and the wait:
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// use corio_sync::Notify;
    ///
    /// async fn until(flag: &AtomicBool, changed: &Notify) {
    ///     loop {
    ///         let mut notified = pin!(changed.notified());
    ///         notified.as_mut().enable();
    ///         if flag.load(Ordering::Acquire) {
    ///             return;
    ///         }
    ///         notified.await;
    ///     }
    /// }
    /// # let changed = Notify::new();
    /// # corio_base::park::block_on(until(&AtomicBool::new(true), &changed));
    /// ```
    pub fn enable(mut self: Pin<&mut Self>) -> bool {
        if self.progress != Progress::Waits {
            return true;
        }
        // A place without a waker to speak of; the first real poll puts one in.
        match self.as_mut().poll_told(&Context::from_waker(Waker::noop())) {
            Poll::Ready(told) => {
                *self.project().progress = match told {
                    Told::One => Progress::HoldsOne,
                    Told::All => Progress::HoldsAll,
                };
                true
            }
            Poll::Pending => false,
        }
    }

    #[inline]
    fn poll_told(mut self: Pin<&mut Self>, context: &Context<'_>) -> Poll<Told> {
        if let Some(spot) = self.as_mut().project().spot.as_pin_mut() {
            return match spot.project().sitter.stand_unrecorded() {
                Some(told) => Poll::Ready(told),
                None => self.poll_again(context),
            };
        }
        match self.look() {
            Some(told) => Poll::Ready(told),
            None => self.wait(Rank::Last, None, context),
        }
    }

    /// Looks whether there is anything to wait for.
    #[inline]
    fn look(&self) -> Option<Told> {
        let shared = self.list.rules();
        if shared.round() != self.round {
            return Some(Told::All);
        }
        shared.word.take().then_some(Told::One)
    }

    /// A poll that is not the first, and was not told in the seat.
    #[inline(never)]
    fn poll_again(mut self: Pin<&mut Self>, context: &Context<'_>) -> Poll<Told> {
        let spot = self.as_mut().spot();
        let standing = spot.sitter.standing();
        let (rank, waker) = match standing {
            // Told just now.
            Standing::Told(told) => {
                spot.sitter.stand();
                return Poll::Ready(told);
            }
            Standing::Idle if spot.wait.is_some() => return self.poll_list(Rank::Last, context),
            Standing::Idle => (Rank::Last, None),
            // Polled again for another reason: the waker may be another one. Who sat came before all
            // in the list.
            Standing::Seated => match spot.sitter.leave() {
                Ok(waker) => (Rank::First, waker),
                Err(told) => return Poll::Ready(told),
            },
        };
        match self.look() {
            Some(told) => {
                discard(waker);
                Poll::Ready(told)
            }
            None => self.wait(rank, waker, context),
        }
    }

    /// Where it waits; from here on there is such a place.
    fn spot(self: Pin<&mut Self>) -> SpotProjection<'_, 'a> {
        let mut this = self.project();
        if this.spot.is_none() {
            let sitter = Sitter::new(&this.list.rules().word);
            this.spot.set(Some(Spot { sitter, wait: None }));
        }
        this.spot.as_pin_mut().expect("it was made above").project()
    }

    /// Sits down, or joins the list.
    #[inline(never)]
    fn wait(
        mut self: Pin<&mut Self>,
        rank: Rank,
        waker: Option<Waker>,
        context: &Context<'_>,
    ) -> Poll<Told> {
        let (shared, round, place) = (self.list.rules(), self.round, self.place);
        let object = std::ptr::from_ref(self.list).addr();
        if !shared.word.is_free() {
            discard(waker);
            return self.poll_list(rank, context);
        }
        let waker = waker.filter(|waker| waker.will_wake(context.waker()));
        let waker = waker.unwrap_or_else(|| context.waker().clone());
        let mut sitter = self.as_mut().spot().sitter;
        if let Err(waker) = sitter.as_mut().sit(waker, object, place) {
            discard(waker);
            return self.poll_list(rank, context);
        }
        if shared.round() != round {
            // A round began between the look and the exchange. Who left the seat was meant by it; who
            // could not is being told something.
            return Poll::Ready(sitter.leave().map_or_else(|told| told, |_| Told::All));
        }
        Poll::Pending
    }

    #[cold]
    fn poll_list(mut self: Pin<&mut Self>, rank: Rank, context: &Context<'_>) -> Poll<Told> {
        let (list, place, round) = (self.list, self.place, self.round);
        let mut wait = self.as_mut().spot().wait;
        if wait.is_none() {
            wait.set(Some(Wait::new(list, place)));
        }
        let wait = wait.as_pin_mut().expect("it was made above");
        wait.poll(context, |section| {
            let shared = section.rules();
            let told = match shared.word.take_or_mark() {
                true => Some(Told::One),
                false => (shared.round() != round).then_some(Told::All),
            };
            match told {
                Some(told) => {
                    unmark_if_empty(section);
                    Decision::Done(told)
                }
                None => match rank {
                    Rank::First => Decision::WaitFirst { lane: QUEUE, slot: Told::All },
                    Rank::Last => Decision::Wait { lane: QUEUE, slot: Told::All },
                },
            }
        })
    }
}

impl Future for Notified<'_> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.progress == Progress::Waits && self.as_mut().poll_told(context).is_pending() {
            return Poll::Pending;
        }
        *self.project().progress = Progress::Done;
        Poll::Ready(())
    }
}
