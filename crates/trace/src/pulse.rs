//! What each loop polls at the moment: some words a loop, written around every poll while the switch is on.
//!
//! ```text
//!   loop:      Pulse::start(task, place) ──▶ poll ──▶ Pulse::end ──▶ …        a few stores a poll
//!   watchdog:  with_all() ─▶ polling(): the same poll as when I looked before? ─▶ since when?
//! ```
//!
//! A loop registers its [`Pulse`] at its first poll with the switch on, and takes it off when it closes; at
//! the latest its thread does so when it ends. So whoever holds the list ([`with_all`]) may signal the
//! thread: it cannot end meanwhile.
//!
//! **Time.** One reading of the coarse clock a poll: what the end of one poll read is when the next one
//! began. What comes between two polls of a loop is short; where it may be long (the wait for events, a
//! run that begins) the loop says so ([`Pulse::refresh`]).
#![expect(unsafe_code, reason = "a thread asks the OS who it is")]

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use corio_base::clock::{self, Time};

use crate::watcher;

static ALL: Mutex<Vec<Arc<Pulse>>> = Mutex::new(Vec::new());

fn all() -> MutexGuard<'static, Vec<Arc<Pulse>>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What [`Polling::task`] says of a function that the loop calls: no task has this number.
pub const CALL: u64 = u64::MAX;

std::thread_local! {
    /// The loops of this thread.
    static MINE: RefCell<Vec<Registered>> = const { RefCell::new(Vec::new()) };
    /// What [`set_aside`] was told.
    static ASIDE: Cell<usize> = const { Cell::new(0) };
}

/// A thread, as the OS knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OsThread {
    /// Its `pthread_t`.
    pub pthread: usize,
    /// Its number in the kernel, on Linux; 0 elsewhere.
    pub tid: i32,
}

impl OsThread {
    /// The calling thread.
    pub fn current() -> OsThread {
        #[cfg(unix)]
        // SAFETY: has no preconditions.
        let pthread = unsafe { libc::pthread_self() } as usize;
        #[cfg(not(unix))]
        let pthread = 0;
        #[cfg(target_os = "linux")]
        // SAFETY: has no preconditions.
        let tid = unsafe { libc::gettid() };
        #[cfg(not(target_os = "linux"))]
        let tid = 0;
        OsThread { pthread, tid }
    }
}

/// The poll under way on a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polling {
    /// The task; [`CALL`] for a callback, which is none.
    pub task: u64,
    /// Where the task was spawned, or the callback left.
    pub place: Option<&'static Location<'static>>,
    /// Which poll of the loop it is.
    pub number: u64,
    /// When it began, on the coarse clock.
    pub since: Time,
}

/// What one loop does at the moment.
#[derive(Debug)]
pub struct Pulse {
    home: usize,
    thread: OsThread,
    thread_name: Option<Box<str>>,
    /// The task being polled; 0 between polls.
    task: AtomicU64,
    /// Counts the polls that were published.
    number: AtomicU64,
    /// When the poll began; written before `task`.
    since: AtomicU64,
    /// Where the task was spawned.
    place: AtomicPtr<Location<'static>>,
    /// The loop's last reading of the coarse clock.
    now: AtomicU64,
    /// Since when the loop rests with neither a deadline nor a descriptor to wake it, on the coarse clock;
    /// 0 while it does not.
    alone: AtomicU64,
    /// How long its polls took, all together, in nanoseconds.
    busy: AtomicU64,
    /// How many measured polls took less than 2^n nanoseconds, and not less than half of it.
    lengths: [AtomicU64; LENGTHS],
}

/// How many lengths of polls are told apart: up to more than four seconds.
pub const LENGTHS: usize = 33;

impl Pulse {
    /// Registers the loop `home`, which is about to run on this thread.
    pub fn register(home: usize) -> Registered {
        let pulse = Arc::new(Pulse {
            home,
            thread: OsThread::current(),
            thread_name: std::thread::current().name().map(Into::into),
            task: AtomicU64::new(0),
            number: AtomicU64::new(0),
            since: AtomicU64::new(0),
            place: AtomicPtr::new(ptr::null_mut()),
            now: AtomicU64::new(clock::coarse_now().as_nanos()),
            alone: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            lengths: [const { AtomicU64::new(0) }; LENGTHS],
        });
        all().push(Arc::clone(&pulse));
        Registered(pulse)
    }

    /// The loop.
    pub fn home(&self) -> usize {
        self.home
    }

    /// The thread it runs on.
    pub fn thread(&self) -> OsThread {
        self.thread
    }

    /// Whether the calling thread is that thread.
    pub fn is_here(&self) -> bool {
        self.thread == OsThread::current()
    }

    /// What that thread is called.
    pub fn thread_name(&self) -> Option<&str> {
        self.thread_name.as_deref()
    }

    /// As [`Pulse::register`], for as long as this thread lives, or until [`unregister`]. `None` while the
    /// thread ends.
    pub fn register_here(home: usize) -> Option<Arc<Pulse>> {
        MINE.try_with(|mine| {
            let registered = Pulse::register(home);
            let pulse = Arc::clone(&registered.0);
            mine.borrow_mut().push(registered);
            pulse
        })
        .ok()
    }

    /// Reads the clock: what comes now did not begin when the last poll ended. For the loop's thread.
    #[inline]
    pub fn refresh(&self) {
        self.now.store(clock::coarse_now().as_nanos(), Ordering::Relaxed);
    }

    /// A poll of `task` begins; for the loop's thread. Says what was under way around it, for
    /// [`Pulse::end`], and when this one began.
    #[inline(always)]
    pub fn start(&self, task: u64, place: Option<&'static Location<'static>>) -> Around {
        // Relaxed but for `task`: only this thread writes them.
        let outer = self.task.load(Ordering::Relaxed);
        if outer != 0 {
            self.begin_within();
        }
        let since = self.now.load(Ordering::Relaxed);
        let around = Around {
            task: outer,
            place: self.place.load(Ordering::Relaxed),
            outer_since: self.since.load(Ordering::Relaxed),
            since,
        };
        self.number.store(self.number.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        // Release: pairs with the fence in `polling`; who finds what is stored from here on finds the number,
        // and that an outer poll is not to be read.
        fence(Ordering::Release);
        self.since.store(since, Ordering::Relaxed);
        self.place.store(place.map_or(ptr::null_mut(), address), Ordering::Relaxed);
        // Release: pairs with the Acquire in `polling`, which then sees at least this poll's number,
        // place and time.
        self.task.store(task, Ordering::Release);
        watcher::poll_begins();
        around
    }

    /// A poll begins within another one.
    #[cold]
    #[inline(never)]
    fn begin_within(&self) {
        // Not when the poll before that ended.
        self.refresh();
        // Relaxed: there is nothing to be read until the inner one is published. Before what is stored of
        // that, by the fence in `start`.
        self.task.store(0, Ordering::Relaxed);
    }

    /// The poll that gave `around` is over. Says how long it took, on the coarse clock.
    #[inline]
    pub fn end(&self, around: Around) -> Duration {
        let took = self.took(&around);
        self.leave(&around);
        Duration::from_nanos(took)
    }

    /// Reads the clock: how long the poll that gave `around` has taken, in nanoseconds of the coarse clock.
    #[inline(always)]
    pub fn took(&self, around: &Around) -> u64 {
        let now = clock::coarse_now().as_nanos();
        self.now.store(now, Ordering::Relaxed);
        let took = now.saturating_sub(around.since);
        if around.task == 0 && took > 0 {
            // Relaxed, load and store: only this thread writes. The clock moves every few milliseconds, so few
            // polls come here; one within another is counted with that.
            self.busy
                .store(self.busy.load(Ordering::Relaxed).wrapping_add(took), Ordering::Relaxed);
        }
        took
    }

    /// The poll that gave `around` is no longer under way; what was under way around it is again.
    #[inline(always)]
    pub fn leave(&self, around: &Around) {
        // Relaxed: it says that there is nothing to be read.
        self.task.store(0, Ordering::Relaxed);
        if around.task != 0 {
            self.go_back(around);
        }
    }

    /// What was under way around a poll that is over is under way again.
    #[cold]
    #[inline(never)]
    fn go_back(&self, around: &Around) {
        // Release: pairs with the fence in `polling`; who finds what is stored from here on finds that the
        // inner poll is over.
        fence(Ordering::Release);
        self.since.store(around.outer_since, Ordering::Relaxed);
        self.place.store(around.place, Ordering::Relaxed);
        // Release: as in `start`.
        self.task.store(around.task, Ordering::Release);
    }

    /// Since when the loop rests with neither a deadline nor a descriptor to wake it, on the coarse clock.
    pub fn alone_since(&self) -> Option<Time> {
        // Relaxed: a number by itself; who goes by it reads it twice.
        let since = self.alone.load(Ordering::Relaxed);
        (since != 0).then(|| Time::from_nanos(since))
    }

    /// When the poll under way began, on the coarse clock; for the loop's thread, which by this spares a reading
    /// for what need not be exact.
    #[inline]
    pub fn since(&self) -> Option<Time> {
        // Relaxed, both: only this thread writes them.
        let is_polling = self.task.load(Ordering::Relaxed) != 0;
        is_polling.then(|| Time::from_nanos(self.since.load(Ordering::Relaxed)))
    }

    /// Which poll of the loop is the next.
    #[inline]
    pub fn number(&self) -> u64 {
        self.number.load(Ordering::Relaxed)
    }

    /// A poll was measured; for the loop's thread.
    pub fn measured(&self, nanos: u64) {
        let at = (u64::BITS - nanos.leading_zeros()) as usize;
        let length = &self.lengths[at.min(LENGTHS - 1)];
        // Relaxed, load and store: only this thread writes.
        length.store(length.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// How many of the measured polls took how long: at `n` those of less than 2^n nanoseconds, and of half
    /// of that or more; at the last one also all that took longer.
    pub fn lengths(&self) -> [u64; LENGTHS] {
        // Relaxed: numbers by themselves.
        std::array::from_fn(|at| self.lengths[at].load(Ordering::Relaxed))
    }

    /// The poll under way, if there is one. Read twice with the same `number`, it is the same poll, or one
    /// within it has ended meanwhile.
    pub fn polling(&self) -> Option<Polling> {
        let number = self.number.load(Ordering::Relaxed);
        // Acquire: pairs with the Release in `start`.
        let task = self.task.load(Ordering::Acquire);
        let since = Time::from_nanos(self.since.load(Ordering::Relaxed));
        let place = self.place.load(Ordering::Relaxed).cast_const();
        // SAFETY: null, or the address of a `&'static Location`: nothing else is ever stored.
        let place = unsafe { place.as_ref() };
        // Acquire: pairs with the fences in `start` and `go_back`. If the time or the place is of another poll,
        // the loads below see that one's number, or that this one is over.
        fence(Ordering::Acquire);
        let same = self.number.load(Ordering::Relaxed) == number
            && self.task.load(Ordering::Relaxed) == task;
        (task != 0 && same).then_some(Polling { task, place, number, since })
    }
}

/// What was polled around a poll.
#[derive(Clone, Copy, Debug)]
#[must_use = "the poll's end wants it"]
pub struct Around {
    task: u64,
    place: *mut Location<'static>,
    outer_since: u64,
    since: u64,
}

fn address(place: &'static Location<'static>) -> *mut Location<'static> {
    ptr::from_ref(place).cast_mut()
}

/// Takes the loop's [`Pulse`] off the list when dropped; it must be, before the loop leaves its thread.
#[must_use = "the loop is no longer watched when this is dropped"]
pub struct Registered(Arc<Pulse>);

impl std::ops::Deref for Registered {
    type Target = Pulse;

    fn deref(&self) -> &Pulse {
        &self.0
    }
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut all = all();
        let gone = all.iter().position(|pulse| Arc::ptr_eq(pulse, &self.0));
        let gone = gone.map(|at| all.swap_remove(at));
        drop(all);
        drop(gone);
    }
}

/// What the loops of a thread have polled, all together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Polled {
    /// How many polls have begun.
    pub polls: u64,
    /// How long those took that are over, in nanoseconds of the coarse clock.
    pub nanos: u64,
}

/// What the loops of this thread have polled; a loop that goes takes its share away.
pub fn polled_here() -> Polled {
    let sum = |mine: &RefCell<Vec<Registered>>| {
        mine.borrow().iter().fold(Polled::default(), |sum, pulse| Polled {
            polls: sum.polls.wrapping_add(pulse.number()),
            // Relaxed: this thread's own.
            nanos: sum.nanos.wrapping_add(pulse.busy.load(Ordering::Relaxed)),
        })
    };
    MINE.try_with(sum).unwrap_or_default()
}

/// Takes the loop `home`, which was registered by [`Pulse::register_here`] on this thread, off the list.
pub fn unregister(home: usize) {
    let gone = MINE.try_with(|mine| {
        let mut mine = mine.borrow_mut();
        let at = mine.iter().position(|pulse| pulse.home() == home)?;
        Some(mine.swap_remove(at))
    });
    drop(gone);
}

/// Calls `park`, by which the loops of this thread rest until another thread unparks them: no deadline
/// and no descriptor would.
pub fn alone<R>(park: impl FnOnce() -> R) -> R {
    /// Says that the rest is over, also when a waker panics in it.
    struct Alone;

    impl Drop for Alone {
        fn drop(&mut self) {
            set_alone(0);
        }
    }

    set_alone(clock::coarse_now().as_nanos());
    let _alone = Alone;
    park()
}

/// So many descriptors of this thread's loop do not count as what could wake it: the one that
/// a Ctrl-C comes by is there in every run.
pub fn set_aside(descriptors: usize) {
    let _ = ASIDE.try_with(|aside| aside.set(descriptors));
}

/// How many descriptors do not count; see [`set_aside`].
pub fn aside() -> usize {
    ASIDE.try_with(Cell::get).unwrap_or(0)
}

fn set_alone(since: u64) {
    // A thread that ends has no loops any more.
    let _ = MINE.try_with(|mine| {
        for registered in mine.borrow().iter() {
            registered.0.alone.store(since, Ordering::Relaxed);
        }
    });
}

/// Calls `f` with every loop's pulse. While it runs, none of their threads leaves its loop: it must be
/// short and must not log.
pub fn with_all<R>(f: impl FnOnce(&[Arc<Pulse>]) -> R) -> R {
    f(&all())
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_poll_within_a_poll_gives_the_outer_one_back() {
        let pulse = Pulse::register(3);
        assert_eq!(pulse.polling(), None);
        let outer = pulse.start(7, None);
        let first = pulse.polling().unwrap();
        assert_eq!((first.task, first.number), (7, 1));
        let inner = pulse.start(8, Some(Location::caller()));
        assert_eq!(pulse.polling().map(|polling| polling.task), Some(8));
        pulse.end(inner);
        assert_eq!(
            pulse.polling().map(|polling| (polling.task, polling.since)),
            Some((7, first.since))
        );
        pulse.end(outer);
        assert_eq!(pulse.polling(), None);
    }

    #[test]
    fn who_looks_finds_one_poll_and_not_parts_of_two() {
        const POLLS: u64 = 50_000;
        let pulse = Pulse::register(7);
        // Each poll has a place of its own kind: even tasks none, odd ones this.
        let place = Location::caller();
        let place_of = |task: u64| (task % 2 == 1).then_some(place);
        let is_over = AtomicU64::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while is_over.load(Ordering::Relaxed) == 0 {
                    let Some(polling) = pulse.polling() else { continue };
                    assert_eq!(polling.place, place_of(polling.task), "of {polling:?}");
                    assert_ne!(polling.since.as_nanos(), 0, "of {polling:?}");
                }
            });
            for task in 1..POLLS {
                let outer = pulse.start(task, place_of(task));
                let inner = pulse.start(task + 1, place_of(task + 1));
                pulse.leave(&inner);
                pulse.leave(&outer);
            }
            is_over.store(1, Ordering::Relaxed);
        });
    }

    #[test]
    fn a_loop_is_alone_for_as_long_as_it_says() {
        let pulse = Pulse::register_here(816).expect("the thread lives");
        assert_eq!(pulse.alone_since(), None);
        assert!(alone(|| pulse.alone_since().is_some()));
        assert_eq!(pulse.alone_since(), None);
        unregister(816);
    }

    #[test]
    fn what_the_loops_of_a_thread_polled_is_counted_once() {
        let pulse = Pulse::register_here(818).expect("the thread lives");
        let before = polled_here();
        pulse.refresh();
        let outer = pulse.start(7, None);
        let inner = pulse.start(8, None);
        let begun = clock::coarse_now();
        while clock::coarse_now() == begun {
            std::thread::yield_now();
        }
        let _ = pulse.end(inner);
        let took = pulse.end(outer);
        let now = polled_here();
        assert_eq!(now.polls - before.polls, 2);
        assert_eq!(now.nanos - before.nanos, took.as_nanos() as u64);
        assert!(took > Duration::ZERO);
        unregister(818);
    }

    #[test]
    fn lengths_are_counted_by_their_power_of_two() {
        let pulse = Pulse::register(5);
        for nanos in [0, 1, 2, 3, 1000, u64::MAX] {
            pulse.measured(nanos);
        }
        let counted: Vec<_> = pulse.lengths().into_iter().enumerate().filter(|l| l.1 > 0).collect();
        assert_eq!(counted, [(0, 1), (1, 1), (2, 2), (10, 1), (LENGTHS - 1, 1)]);
    }

    #[test]
    fn a_thread_that_ends_takes_its_loops_off_the_list() {
        let listed = || with_all(|all| all.iter().any(|pulse| pulse.home() == 815));
        let thread = std::thread::spawn(move || {
            let pulse = Pulse::register_here(815).expect("the thread lives");
            assert!(listed() && pulse.polling().is_none());
        });
        thread.join().unwrap();
        assert!(!listed());
        Pulse::register_here(815).expect("the thread lives");
        unregister(815);
        assert!(!listed());
    }

    #[test]
    fn a_loop_is_on_the_list_as_long_as_it_is_registered() {
        let listed = |home| with_all(|all| all.iter().any(|pulse| pulse.home() == home));
        let pulse = Pulse::register(4711);
        assert!(listed(4711) && !listed(4712));
        drop(pulse);
        assert!(!listed(4711));
    }
}
