//! The timers of one loop.
//!
//! Owned by the thread that runs the loop and reached by it alone: no lock, no atomic operation but
//! one relaxed load a turn. The loop calls [`Timers::turn`] between its own turns, and asks
//! [`Timers::next_deadline`] how long it may wait. Never reads the clock, never parks, never runs a
//! waker.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use corio_base::loom::sync::Arc;
use corio_base::{Time, Unparker, WakeBatch, clock};
use corio_trace::metrics::TimerMetrics;
use corio_trace::metrics::parts::TimerCounts;

use crate::home::{Home, Queue};
use crate::mail::{self, Mail, Mailbox};
use crate::queue::{Key, TimerQueue};

/// How many timers fire in one turn at most. Waking a task costs some 30 ns, so a turn is held up by
/// some 30 µs; what is left makes `next_deadline` say "now", and the next turn goes on.
pub const FIRE_PER_TURN_MAX: usize = 1024;

/// The number of the fallback, which is not a loop's; see [`Timers::id`].
pub(crate) const FALLBACK: u64 = 0;

/// One loop's timers. A [`Sleep`](crate::Sleep) finds them where they are
/// [installed](crate::current::install).
///
/// ```
/// use corio_base::{Time, WakeBatch};
/// use corio_timer::{Timers, current, sleep};
/// use std::pin::pin;
/// use std::task::{Context, Waker};
/// use std::time::Duration;
///
/// let timers = Timers::new();
/// let _installed = current::install(timers.clone());
/// let mut batch = WakeBatch::new();
///
/// // A task polls a sleep ...
/// let mut sleep = pin!(sleep(Duration::from_nanos(100)));
/// let mut context = Context::from_waker(Waker::noop());
/// assert!(sleep.as_mut().poll(&mut context).is_pending());
///
/// // ... which counts from the loop's next look at its clock.
/// timers.turn(Time::from_nanos(5_000), &mut batch);
/// assert_eq!(timers.next_deadline(), Time::from_nanos(5_100));
/// assert_eq!(timers.turn(Time::from_nanos(5_100), &mut batch), 1);
/// assert!(sleep.as_mut().poll(&mut context).is_ready());
/// ```
pub struct Timers {
    id: u64,
    queue: RefCell<Queue>,
    /// The time of the last turn.
    latest: Cell<Time>,
    mailbox: Arc<Mailbox>,
    counts: StdArc<TimerCounts>,
    /// One thread's: neither `Send` nor `Sync`.
    _owned: PhantomData<*const ()>,
}

impl Timers {
    /// Timers without entries, ready to be [installed](crate::current::install).
    pub fn new() -> Rc<Timers> {
        static NEXT: AtomicU64 = AtomicU64::new(FALLBACK + 1);
        // Relaxed: only the numbers matter, that no two are alike.
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let mailbox = Arc::new(Mailbox::new());
        mail::register(id, Arc::clone(&mailbox));
        Rc::new(Timers {
            id,
            queue: RefCell::new(Queue::new()),
            latest: Cell::new(Time::ZERO),
            mailbox,
            counts: StdArc::default(),
            _owned: PhantomData,
        })
    }

    /// A number no other timers of this process ever have.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// How other threads end the loop's park when they need something of its timers; call
    /// [`Timers::turn`] after every park.
    pub fn set_unparker(&self, unparker: Unparker) {
        self.mailbox.set_unparker(unparker);
    }

    /// Collects the wakers of what is due at `now`, gives the sleeps that were polled since the last
    /// turn their deadlines, reads the letters from other threads; says how many timers fired. The
    /// caller wakes the batch.
    ///
    /// At most [`FIRE_PER_TURN_MAX`] fire. `now` is the caller's reading of the clock, taken after
    /// everything that was polled before this call.
    #[inline]
    pub fn turn(&self, now: Time, batch: &mut WakeBatch) -> usize {
        let before = self.latest.replace(now);
        let mail = self.mailbox.take();
        let fired = {
            let mut queue = self.queue.borrow_mut();
            // What is due first: a fresh sleep has some time to go, and files better after it.
            let fired = queue.expire(now, FIRE_PER_TURN_MAX, |waker| batch.push(waker));
            if fired > 0 {
                self.counts.fired(fired, queue.first_fired(), before, now);
            }
            self.counts.waiting.set(queue.len() as u64);
            queue.start_fresh(now);
            fired
        };
        if !mail.is_empty() {
            self.read(mail, batch);
        }
        fired
    }

    /// Does what letters ask for; every fresh entry has its deadline by now.
    #[cold]
    fn read(&self, mail: Vec<Mail>, batch: &mut WakeBatch) {
        for letter in mail {
            match letter {
                Mail::Cancel { key, wake } => {
                    let waker = self.cancel(key);
                    if wake && let Some(waker) = waker {
                        batch.push(waker);
                    }
                }
                Mail::Ask { key, answer } => {
                    let (deadline, waker) =
                        self.with(|queue| (queue.deadline(key), queue.remove(key)));
                    drop(waker);
                    if let Some(waker) = answer.give(deadline.unwrap_or(Time::NEVER)) {
                        batch.push(waker);
                    }
                }
            }
        }
    }

    /// Until when the loop may wait; [`Time::NEVER`] if for no timer.
    ///
    /// [`Time::ZERO`], so not at all, if sleeps were polled since the last turn: their deadlines are
    /// not known before the next one. Otherwise not later than the earliest deadline, and equal to it
    /// unless earlier ones were cancelled.
    #[inline]
    pub fn next_deadline(&self) -> Time {
        let mut queue = self.queue.borrow_mut();
        if queue.has_fresh() { Time::ZERO } else { queue.next_deadline() }
    }

    /// Whether sleeps were polled since the last turn, so that it takes another one before
    /// [`Timers::next_deadline`] knows.
    #[inline]
    pub fn has_fresh(&self) -> bool {
        self.queue.borrow().has_fresh()
    }

    /// How the timers are doing: a live view for any thread, which outlasts them.
    ///
    /// ```
    /// use corio_timer::Timers;
    ///
    /// let metrics = Timers::new().metrics();
    /// assert_eq!((metrics.waiting(), metrics.fired_count()), (0, 0));
    /// ```
    pub fn metrics(&self) -> TimerMetrics {
        TimerMetrics::new(StdArc::clone(&self.counts))
    }

    /// How many timers have not fired.
    pub fn len(&self) -> usize {
        self.queue.borrow().len()
    }

    /// Whether there is nothing for a turn to do: all timers have fired and no letter has come.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.is_empty() && !self.mailbox.has_mail()
    }

    /// Whether all have.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The time of the last turn.
    #[inline]
    pub(crate) fn latest(&self) -> Time {
        self.latest.get()
    }

    #[inline]
    pub(crate) fn insert(&self, deadline: Time, waker: Waker) -> Key {
        self.with(|queue| queue.insert(deadline, waker))
    }

    #[inline]
    pub(crate) fn insert_after(&self, delay_ns: u64, waker: Waker) -> Key {
        self.with(|queue| queue.insert_after(delay_ns, waker))
    }
}

impl Home for Timers {
    #[inline]
    fn with<R>(&self, work: impl FnOnce(&mut Queue) -> R) -> R {
        work(&mut self.queue.borrow_mut())
    }
}

impl Drop for Timers {
    /// Answers the last letters and wakes whoever still waits: its next poll finds this home gone
    /// and registers where it then is.
    fn drop(&mut self) {
        mail::unregister(self.id);
        let mail = self.mailbox.close();
        let mut batch = WakeBatch::new();
        if !mail.is_empty() {
            self.with(|queue| queue.start_fresh(clock::now()));
            self.read(mail, &mut batch);
        }
        let queue = std::mem::take(self.queue.get_mut());
        for waker in queue.into_values() {
            batch.push(waker);
        }
        batch.wake_all();
    }
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Timers");
        out.field("id", &self.id).field("latest", &self.latest.get());
        match self.queue.try_borrow() {
            Ok(queue) => out.field("len", &queue.len()).finish_non_exhaustive(),
            Err(_) => out.finish_non_exhaustive(),
        }
    }
}
