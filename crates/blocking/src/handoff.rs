//! The hand-off of jobs to threads: one queue, and the word that says whether a thread looks into it.
//!
//! A thread runs jobs for as long as the queue has some; then it looks a moment longer, and sleeps.
//! At most one thread at a time is the *looker*: awake, or being woken or started, with no job. Who
//! pushes while there is a looker does nothing more, so a burst of jobs wakes one thread, not one a
//! job; the looker that finds a job calls the next one if there is more. Where jobs are seen to wait, it
//! calls some *takers* as well, who take a job each and call nobody: one after the other, two hundred
//! threads would be woken in 8 ms, for each needs some 40 µs until it runs and calls the next.
//!
//! ```text
//!               1 push, 3 look_no_more: somebody is called
//!     NOBODY ──────────────────────────────────────────────▶ LOOKING
//!       ▲    ──2 take: a thread out of jobs looks itself───▶    │
//!       │                                                       │
//!       └───3 look_no_more: found a job, or is about to sleep───┘
//!           4 call: all threads are at work
//! ```
//!
//! **The race**: a thread finds the queue empty and goes to sleep, while a job is pushed by somebody
//! who finds the word at LOOKING, or no thread asleep, and calls nobody. It cannot happen:
//!
//! - Who finds LOOKING has changed the word by read-modify-write (a swap that leaves it as it is)
//!   after the push. The looker leaves LOOKING by a swap, too, and looks into the queue once more
//!   after it. The looker's swap is the later of the two, or it would not have been LOOKING that
//!   was found; so it sees the push.
//! - Who finds no thread asleep has the lock of the crew after the push. A thread that is about to
//!   sleep enters itself under that lock, and looks into the queue once more after it. Entered
//!   before: it is found asleep. Entered after: it sees the push. And the word that the caller has
//!   set to LOOKING for nobody is put back under the same lock: who relied on it is seen as well.
//!
//!   Entered, and called to take at once, it has set the word for nobody, too: then it looks itself.
//!
//! - Who falls asleep while a thread is being started finds LOOKING, too, and relies on that one. If
//!   the start fails, the word goes to one of those asleep, or back as above: `not_started`.
//!
//! Whoever looks finds the word at LOOKING: nobody else takes it back. Otherwise nothing would be lost, but two
//! threads would look, or one would be called that nobody needs.
//!
//! So while a job is in the queue, a thread looks, or every thread of the crew is at work and takes
//! from the queue when it is done, or the first thread is being started.

use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;
use std::time::Duration;

use concurrent_queue::{ConcurrentQueue, PushError};
use corio_base::clock;
use corio_base::counts::Count;
use corio_base::loom::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use corio_base::loom::sync::{Arc, Condvar, Mutex, MutexGuard};
use corio_base::loom::thread::{self, Thread};

/// No thread looks: who pushes calls one.
const NOBODY: bool = false;
/// A thread looks, or is being woken or started to do so.
const LOOKING: bool = true;

/// How often a thread without a job looks into the queue before it sleeps. A sleeping thread costs
/// its caller a system call and comes some 40 µs later on a small virtual machine; looking this
/// often takes about half of that, and gives the core away in between.
const LOOKS_BEFORE_SLEEP: usize = if cfg!(loom) { 0 } else { 40 };

/// How long a looker that may not take what it sees waits before it looks again: a quarter of the time after
/// which it may, so that it comes late by that at most.
const PAUSE: Duration = Duration::from_micros(125);

/// How many takers a looker calls at most: each costs it 5 µs if it sleeps, and 20 if it is to be started,
/// before it begins with its own job.
const TAKERS_MAX: usize = 3;

/// What who pushed, or took, has to do next: start a thread for each of [`Next::roles`], with
/// [`Seat::new`], or tell [`Handoff::not_started`] of it.
#[must_use]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Next {
    looker: bool,
    takers: usize,
}

impl Next {
    /// No thread is to be started.
    pub const NOTHING: Next = Next { looker: false, takers: 0 };
    /// One that looks is.
    pub const START_LOOKER: Next = Next { looker: true, takers: 0 };

    /// Of what the threads are that are to be started.
    #[inline]
    pub fn roles(self) -> impl Iterator<Item = Role> {
        let looker = self.looker.then_some(Role::Looks);
        looker.into_iter().chain(std::iter::repeat_n(Role::Takes, self.takers))
    }
}

/// What a thread is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It looks into the queue; the word says LOOKING for it.
    Looks,
    /// It takes a job, if there is one left, as a thread does that has just done another.
    Takes,
}

/// In [`Sleeper::woken`]: it sleeps.
const ASLEEP: u8 = 0;
/// It was taken off the list of those asleep, as a [`Role::Looks`].
const TO_LOOK: u8 = 1;
/// The same, as a [`Role::Takes`].
const TO_TAKE: u8 = 2;

/// What a thread may do in the pool.
#[derive(Debug)]
pub struct Seat {
    sleeper: Arc<Sleeper>,
    /// The word says LOOKING for this thread.
    looking: bool,
}

impl Seat {
    /// The seat of a thread that was just started. To be made on that thread.
    pub fn new(role: Role) -> Seat {
        let sleeper = Sleeper { woken: AtomicU8::new(ASLEEP), thread: thread::current() };
        Seat { sleeper: Arc::new(sleeper), looking: role == Role::Looks }
    }
}

#[derive(Debug)]
struct Sleeper {
    /// One of the three above.
    woken: AtomicU8,
    thread: Thread,
}

impl Sleeper {
    fn wake(&self, to: u8) {
        // Release: pairs with the Acquire in `sleep`, so that the word is at LOOKING for whoever is called to look
        // before it takes it back. Both are swaps, so one comes after the other. No model shows this: loom
        // has each thread's swaps happen in their order.
        self.woken.swap(to, Ordering::Release);
        self.thread.unpark();
    }
}

/// A queue of jobs and the crew that takes from it.
#[derive(Debug)]
pub struct Handoff<T> {
    queue: ConcurrentQueue<T>,
    /// LOOKING or NOBODY.
    looking: AtomicBool,
    crew: Mutex<Crew>,
    /// What [`Handoff::threads`] says of the crew, for readers that must not wait; written under its lock.
    threads: Count,
    asleep: Count,
    /// Told when the last thread has left a closed pool.
    left: Condvar,
    threads_max: usize,
    keep_alive: Duration,
}

#[derive(Debug)]
struct Crew {
    /// The one that fell asleep last is woken first: the others may go.
    asleep: Vec<Arc<Sleeper>>,
    /// Threads that take jobs, or will when they wake.
    threads: usize,
    /// These, and those that are on their way out.
    present: usize,
    closed: bool,
}

impl<T> Handoff<T> {
    /// No job, and no thread.
    pub fn new(threads_max: usize, keep_alive: Duration) -> Self {
        let crew = Crew { asleep: Vec::new(), threads: 0, present: 0, closed: false };
        Handoff {
            queue: ConcurrentQueue::unbounded(),
            looking: AtomicBool::new(NOBODY),
            crew: Mutex::new(crew),
            threads: Count::new(),
            asleep: Count::new(),
            left: Condvar::new(),
            threads_max,
            keep_alive,
        }
    }

    /// Edge 1: puts `item` at the end of the queue, from any thread.
    ///
    /// # Errors
    /// The item, if the pool is closed.
    #[inline]
    pub fn push(&self, item: T) -> Result<Next, T> {
        match self.queue.push(item) {
            Ok(()) => Ok(self.call()),
            Err(PushError::Full(item) | PushError::Closed(item)) => Err(item),
        }
    }

    /// Edges 1 and 4: there is a job; has a thread look, unless one does.
    #[inline]
    fn call(&self) -> Next {
        // AcqRel: Release, the push comes before; Acquire, for the next to swap: see "The race".
        if self.looking.swap(LOOKING, Ordering::AcqRel) { Next::NOTHING } else { self.call_one() }
    }

    #[cold]
    fn call_one(&self) -> Next {
        let mut crew = self.crew();
        if let Some(sleeper) = crew.asleep.pop() {
            drop(crew);
            sleeper.wake(TO_LOOK);
        } else if crew.threads < self.threads_max && !crew.closed {
            crew.threads += 1;
            crew.present += 1;
            return Next::START_LOOKER;
        } else {
            // Under the lock, and AcqRel: see "The race".
            self.looking.swap(NOBODY, Ordering::AcqRel);
        }
        Next::NOTHING
    }

    /// Has `count` threads take a job each: those asleep, and as many new ones as are left to be started.
    #[cold]
    fn call_takers(&self, count: usize) -> usize {
        let (awakened, start) = {
            let mut crew = self.crew();
            let stay = crew.asleep.len().saturating_sub(count);
            let awakened = crew.asleep.split_off(stay);
            // Of a closed pool those on their way out are counted, too, which may be more than there may be.
            let free = if crew.closed { 0 } else { self.threads_max - crew.threads };
            let start = free.min(count - awakened.len());
            crew.threads += start;
            crew.present += start;
            (awakened, start)
        };
        for sleeper in awakened {
            sleeper.wake(TO_TAKE);
        }
        start
    }

    /// Edge 3. What is in the queue by now is for others, `room` at most.
    fn look_no_more(&self, seat: &mut Seat, room: usize) -> Next {
        seat.looking = false;
        // AcqRel: Acquire sees what those pushed who relied on this looker: see "The race".
        self.looking.swap(NOBODY, Ordering::AcqRel);
        if self.queue.is_empty() {
            return Next::NOTHING;
        }
        let mut next = self.call();
        // One is for the next looker.
        let takers = room.min(self.queue.len()).saturating_sub(1).min(TAKERS_MAX);
        if takers > 0 {
            next.takers = self.call_takers(takers);
        }
        next
    }

    /// The next job for the thread that has `seat`, and what it has to do before it begins with it;
    /// waits for one. `None`: the thread is to end, and to say so to [`Handoff::leave`].
    ///
    /// `room` says how many threads more are of use; it is asked by a looker that sees a job. `rests` is
    /// called when the thread has found nothing to do.
    pub fn take(
        &self,
        seat: &mut Seat,
        room: impl Fn() -> usize,
        rests: impl Fn(),
    ) -> Option<(T, Next)> {
        loop {
            if self.queue.is_closed() {
                return None;
            }
            let looks = seat.looking && !self.queue.is_empty();
            let room = if looks { room() } else { 1 };
            if room == 0 {
                pause();
                continue;
            }
            if let Ok(item) = self.queue.pop() {
                // Of the room this thread takes some itself.
                let next =
                    if seat.looking { self.look_no_more(seat, room - 1) } else { Next::NOTHING };
                return Some((item, next));
            }
            rests();
            if !seat.looking {
                // Edge 2. AcqRel: as in `call`.
                seat.looking = !self.looking.swap(LOOKING, Ordering::AcqRel);
            }
            if seat.looking {
                if self.linger() {
                    continue;
                }
                // Edge 3. AcqRel: as in `look_no_more`; `sleep` looks into the queue once more, and says of the
                // seat whether it looks from then on.
                self.looking.swap(NOBODY, Ordering::AcqRel);
            }
            if !self.sleep(seat) {
                return None;
            }
        }
    }

    /// Looks a bounded while. `true`: there is something to see.
    fn linger(&self) -> bool {
        for _ in 0..LOOKS_BEFORE_SLEEP {
            if !self.queue.is_empty() || self.queue.is_closed() {
                return true;
            }
            thread::yield_now();
        }
        false
    }

    /// Sleeps until the thread is called. `false`: it is to end.
    fn sleep(&self, seat: &mut Seat) -> bool {
        let me = &seat.sleeper;
        {
            let mut crew = self.crew();
            if crew.closed {
                return false;
            }
            crew.asleep.push(me.clone());
        }
        let mut looks = false;
        // Once more: see "The race". AcqRel: as in `call`.
        if !self.queue.is_empty() && !self.looking.swap(LOOKING, Ordering::AcqRel) {
            // This thread, or one that has gone to sleep after it: who had called it to look would have
            // set the word. Nobody is here if this one was called to take, or by a close: then it looks.
            let sleeper = self.crew().asleep.pop();
            match sleeper {
                Some(sleeper) => sleeper.wake(TO_LOOK),
                None => looks = true,
            }
        }
        let until = clock::os_now().saturating_add(self.keep_alive);
        // Acquire: pairs with the Release in `wake`.
        let woken = loop {
            let woken = me.woken.swap(ASLEEP, Ordering::Acquire);
            if woken != ASLEEP {
                break woken;
            }
            let left = until.saturating_since(clock::os_now());
            if !left.is_zero() {
                park_at_most(left);
            } else if self.retire(me) {
                return false;
            } else {
                // It is being woken.
                thread::yield_now();
            }
        };
        seat.looking = looks || woken == TO_LOOK;
        true
    }

    /// Takes a thread off the crew that was not called for long. `false`: it was, just now.
    fn retire(&self, me: &Arc<Sleeper>) -> bool {
        let mut crew = self.crew();
        let Some(at) = crew.asleep.iter().position(|other| Arc::ptr_eq(other, me)) else {
            return false;
        };
        crew.asleep.remove(at);
        crew.threads -= 1;
        true
    }

    /// A thread that was to be started was not. `true`: there is no other one, and what is in the
    /// queue will not be run unless another start is tried.
    pub fn not_started(&self, role: Role) -> bool {
        let mut crew = self.crew();
        crew.threads -= 1;
        crew.present -= 1;
        self.left.notify_all();
        let is_last = crew.threads == 0;
        if role == Role::Takes {
            return is_last;
        }
        // Who fell asleep meanwhile left what was pushed to the one that was to come.
        let sleeper = crew.asleep.pop();
        if sleeper.is_none() {
            // Under the lock, and AcqRel: as in `call_one`.
            self.looking.swap(NOBODY, Ordering::AcqRel);
        }
        drop(crew);
        if let Some(sleeper) = sleeper {
            sleeper.wake(TO_LOOK);
        }
        is_last
    }

    /// A thread has ended, the last thing it does here.
    pub fn leave(&self) {
        let mut crew = self.crew();
        crew.present -= 1;
        if crew.closed {
            crew.threads = crew.present;
        }
        self.left.notify_all();
    }

    /// Refuses later pushes, and has every thread end that is not at work; the others end when they
    /// are done. What is in the queue stays there: see [`Handoff::drain`].
    pub fn close(&self) {
        self.queue.close();
        let asleep = {
            let mut crew = self.crew();
            crew.closed = true;
            std::mem::take(&mut crew.asleep)
        };
        for sleeper in asleep {
            sleeper.wake(TO_LOOK);
        }
    }

    /// What is in the queue, one by one, taken from it.
    pub fn drain(&self) -> impl Iterator<Item = T> + '_ {
        std::iter::from_fn(|| self.queue.pop().ok())
    }

    /// Waits until no more than `but` threads are present, for `limit` at most. `true`: so it is.
    pub fn wait_until_left(&self, but: usize, limit: Duration) -> bool {
        let until = clock::os_now().saturating_add(limit);
        // Only looked at: nothing has to be written down.
        let mut crew = self.crew.lock().unwrap_or_else(PoisonError::into_inner);
        while crew.present > but {
            let left = until.saturating_since(clock::os_now());
            if left.is_zero() {
                return false;
            }
            crew = match self.left.wait_timeout(crew, left) {
                Ok((crew, _)) => crew,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        true
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }

    /// Whether it was closed and no thread is present.
    pub fn has_left(&self) -> bool {
        let crew = self.crew();
        crew.closed && crew.present == 0
    }

    /// How many jobs wait.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether no job waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether the word says that a thread looks: true for whoever looks, and what is asked about room does.
    pub fn is_looked_into(&self) -> bool {
        // Acquire: who was called to look sees the word that was set for it.
        self.looking.load(Ordering::Acquire) == LOOKING
    }

    /// How many threads there are, and how many of them sleep. Waits for nobody.
    pub fn threads(&self) -> (usize, usize) {
        (self.threads.get() as usize, self.asleep.get() as usize)
    }

    fn crew(&self) -> AtCrew<'_, T> {
        let crew = self.crew.lock().unwrap_or_else(PoisonError::into_inner);
        AtCrew { handoff: self, crew }
    }
}

/// The crew's lock. Whatever changed under it is written down where it can be read without.
struct AtCrew<'a, T> {
    handoff: &'a Handoff<T>,
    crew: MutexGuard<'a, Crew>,
}

impl<T> Deref for AtCrew<'_, T> {
    type Target = Crew;

    fn deref(&self) -> &Crew {
        &self.crew
    }
}

impl<T> DerefMut for AtCrew<'_, T> {
    fn deref_mut(&mut self) -> &mut Crew {
        &mut self.crew
    }
}

impl<T> Drop for AtCrew<'_, T> {
    fn drop(&mut self) {
        // The lock is given back after this.
        self.handoff.threads.set(self.crew.threads as u64);
        self.handoff.asleep.set(self.crew.asleep.len() as u64);
    }
}

#[cfg(not(loom))]
fn park_at_most(left: Duration) {
    thread::park_timeout(left);
}

/// Loom knows no time; a keep-alive that is over is none at all there.
#[cfg(loom)]
fn park_at_most(_: Duration) {
    thread::park();
}

#[cfg(not(loom))]
fn pause() {
    thread::park_timeout(PAUSE);
}

#[cfg(loom)]
fn pause() {
    let _ = PAUSE;
    thread::yield_now();
}
