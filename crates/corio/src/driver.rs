//! What a runtime waits on: descriptors and timers, as one [`Park`].
//!
//! The two know nothing of each other; here is the one place where they meet. A wait lasts until the
//! earliest deadline at most, and brings in I/O before the timers that are due, as asyncio's does.
//! Nothing returns early between the two: a wait that failed still fires timers, and what was
//! collected is woken in any case.

use std::fmt;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use corio_base::busy::BusyTime;
use corio_base::clock::{self, VirtualClock};
use corio_base::{Park, Parked, Time, Unpark, Unparker, Wait, WakeBatch};
use corio_blocking::Pool;
use corio_timer::Timers;

use crate::lateness::{self, Lateness};

/// A loop that always has something to run asks the OS at most this often: a look costs some 200 ns,
/// so 1 % of the time, and an event waits no longer than a parked thread would take to wake.
const NANOS_BETWEEN_OS_LOOKS: u64 = 20_000;

/// A clock that is held asks again after so much real time: the end of a hold tells nobody.
const HELD_CLOCK_LOOKS_AFTER: Duration = Duration::from_millis(1);

/// The default driver of a runtime.
pub(crate) struct Driver {
    io: Box<dyn Park>,
    timers: Rc<Timers>,
    virtual_time: Option<Jump>,
    batch: WakeBatch,
    /// When the last park ended.
    left: Time,
    /// When the OS was last asked; [`Time::ZERO`]: never.
    os_asked: Time,
    /// Where it notes when the loop rests, and when it looks.
    busy: Arc<BusyTime>,
    lateness: Lateness,
}

impl Driver {
    /// Timers on top of `io`. The clock, if it is a virtual one, does not jump while `pool` is busy.
    pub(crate) fn new(
        io: Box<dyn Park>,
        timers: Rc<Timers>,
        clock: Option<VirtualClock>,
        pool: Pool,
    ) -> Self {
        let virtual_time = clock.map(|clock| Jump { clock, unparked: Arc::default(), pool });
        let driver = Driver {
            io,
            timers,
            virtual_time,
            batch: WakeBatch::new(),
            left: Time::ZERO,
            os_asked: Time::ZERO,
            busy: Arc::default(),
            lateness: Lateness::new(),
        };
        driver.timers.set_unparker(driver.unparker());
        driver
    }

    /// Fires what is due at `now`: collects, wakes nobody.
    fn collect_timers(&mut self, now: Time) -> usize {
        let fired = self.timers.turn(now, &mut self.batch);
        if fired > 0 {
            corio_trace::emit(&corio_trace::Event::TimerFired { count: fired });
        }
        fired
    }

    fn ask_os(&mut self, wait: Wait, now: Time) -> io::Result<usize> {
        self.os_asked = now;
        self.io.park(wait).map(|parked| parked.events)
    }

    /// As [`Driver::ask_os`], for a wait that the system may end late.
    fn ask_os_in_time(&mut self, wait: Wait, now: Time) -> io::Result<usize> {
        let asked = self.ask_os(wait, now);
        if let (Wait::Until(deadline), Ok(events)) = (wait, &asked) {
            lateness::has_waited(now, deadline, *events);
        }
        asked
    }

    /// A loop that has work asks what else there is.
    fn look(&mut self, now: Time) -> io::Result<usize> {
        let since = now.as_nanos().saturating_sub(self.os_asked.as_nanos());
        let asked_just_now = self.os_asked != Time::ZERO && since < NANOS_BETWEEN_OS_LOOKS;
        // A virtual clock does not say how long ago that was.
        let asked = if asked_just_now && self.virtual_time.is_none() {
            Ok(0)
        } else {
            self.ask_os(Wait::Poll, now)
        };
        let fired = self.collect_timers(now);
        self.batch.wake_all();
        asked.map(|events| events + fired)
    }

    /// Whether there are no timers, and nobody whom one that fired has yet to wake.
    #[inline]
    fn has_no_use_for_time(&self) -> bool {
        self.virtual_time.is_none() && self.timers.is_idle() && self.batch.is_empty()
    }

    /// A loop that has nothing to run, and no timers, waits: no clock has to be read, unless somebody wants to
    /// know for how long the loop was at work. Then the first reading is off the way to whom the loop has
    /// woken, and the second one costs 25 ns of a wake's four microseconds.
    fn wait_untimed(&mut self, wait: Wait) -> io::Result<Parked> {
        self.busy.rest(clock::os_now);
        let asked = self.io.park(wait);
        self.busy.begin(clock::os_now);
        self.left = Time::ZERO;
        asked
    }

    /// The OS clock's reading at `now`, which is the loop's.
    fn real(&self, now: Time) -> Time {
        if self.virtual_time.is_none() { now } else { clock::os_now() }
    }

    /// A loop that has nothing to run waits.
    fn wait(&mut self, wait: Wait, now: Time) -> io::Result<usize> {
        // Gives the sleeps of this turn their deadlines; who is to be woken by now waits in the batch
        // until the descriptors have had their say: for a timer, for a letter from another thread, or
        // since a waker panicked in the park before.
        let mut fired = self.collect_timers(now);
        let next = self.timers.next_deadline();
        let somebody_waits = !self.batch.is_empty();
        let asked = if somebody_waits {
            self.ask_os(Wait::Poll, now)
        } else {
            let wait = earlier(wait, next);
            match &self.virtual_time {
                None => self.ask_os_in_time(wait, now),
                Some(_) => self.ask_os_or_jump(wait, next, now),
            }
        };
        self.left = clock::now();
        self.busy.begin(|| self.real(self.left));
        if !somebody_waits {
            fired = self.collect_timers(self.left);
        }
        self.batch.wake_all();
        asked.map(|events| events + fired)
    }

    /// Under a virtual clock nobody waits for time to pass. With nothing ready, nothing delivered
    /// ([`Jump::unparked`]), nothing found by a zero wait on the OS and no work on other threads
    /// (the pool's jobs, [`clock::held`]), the clock jumps to the next deadline.
    fn ask_os_or_jump(&mut self, wait: Wait, next: Time, now: Time) -> io::Result<usize> {
        let found = self.ask_os(Wait::Poll, now);
        let Some(jump) = &self.virtual_time else { return found };
        if !matches!(found, Ok(0)) || jump.unparked.swap(false, Ordering::AcqRel) {
            return found;
        }
        if next.is_never() || clock::held() || jump.is_pool_busy() {
            let wait = match next.is_never() {
                true => wait,
                // Parks measure a wait from this thread's clock, which stands still: it is as long
                // in real time.
                false => Wait::Until(now.saturating_add(HELD_CLOCK_LOOKS_AFTER)),
            };
            let found = self.ask_os(wait, now);
            if let Some(jump) = &self.virtual_time {
                // Acquire: pairs with the Release in `unpark`; a mark taken away here is for what is
                // looked at from here on.
                jump.unparked.swap(false, Ordering::Acquire);
            }
            return found;
        }
        jump.clock.advance_to(next);
        Ok(0)
    }
}

/// `wait`, ended by `deadline` at the latest.
fn earlier(wait: Wait, deadline: Time) -> Wait {
    match wait {
        _ if deadline.is_never() => wait,
        Wait::Poll => Wait::Poll,
        Wait::Until(until) => Wait::Until(until.min(deadline)),
        Wait::Forever => Wait::Until(deadline),
    }
}

impl Driver {
    /// A park that reads the clock, apart from one that does not.
    #[inline(never)]
    fn park_timed(&mut self, wait: Wait) -> io::Result<Parked> {
        let now = clock::now();
        let away_nanos = match self.left {
            Time::ZERO => 0,
            left => now.as_nanos().saturating_sub(left.as_nanos()),
        };
        let events = match wait {
            Wait::Poll => {
                self.left = now;
                self.busy.look(|| self.real(now));
                self.look(now)
            }
            wait => {
                self.busy.rest(|| self.real(now));
                self.wait(wait, now)
            }
        };
        events.map(|events| Parked { events, away_nanos })
    }
}

impl Park for Driver {
    fn park(&mut self, wait: Wait) -> io::Result<Parked> {
        self.lateness.looks(&self.busy);
        let parked = match wait == Wait::Forever && self.has_no_use_for_time() {
            true => self.wait_untimed(wait),
            false => self.park_timed(wait),
        };
        self.lateness.back();
        parked
    }

    fn unparker(&self) -> Unparker {
        let io = self.io.unparker();
        match &self.virtual_time {
            None => io,
            Some(jump) => Arc::new(MarkedUnparker { mark: jump.unparked.clone(), io }),
        }
    }

    fn keep_time(&mut self, busy: &Arc<BusyTime>) -> bool {
        self.busy = Arc::clone(busy);
        true
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("timers", &self.timers).finish_non_exhaustive()
    }
}

/// A clock that jumps.
struct Jump {
    clock: VirtualClock,
    /// Somebody unparked the loop since it last looked here: there is mail, do not jump past it.
    unparked: Arc<AtomicBool>,
    /// Whose jobs the loop cannot see: the runtime's own.
    pool: Pool,
}

impl Jump {
    /// Whether jobs run in the runtime's pool, or in the one that was set in its place.
    fn is_pool_busy(&self) -> bool {
        let set = || corio_blocking::current::try_pool();
        self.pool.is_busy() || set().is_some_and(|pool| pool.is_busy())
    }
}

/// An unparker that leaves a mark.
struct MarkedUnparker {
    mark: Arc<AtomicBool>,
    io: Unparker,
}

impl Unpark for MarkedUnparker {
    fn unpark(&self) {
        // Release: pairs with both Acquires in `ask_os_or_jump`; before the unpark, so that a wait
        // which that one ends finds the mark.
        self.mark.store(true, Ordering::Release);
        self.io.unpark();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::pin::Pin;
    use std::sync::atomic::AtomicUsize;
    use std::task::{Context, Wake, Waker};

    use corio_base::park::ThreadPark;
    use corio_timer::{Sleep, current, sleep};

    use super::*;

    /// Notes how long it was to wait, and waits for nothing.
    #[derive(Clone, Default)]
    struct Notes {
        waits: Rc<RefCell<Vec<Wait>>>,
        panics_next: Rc<RefCell<bool>>,
    }

    impl Park for Notes {
        fn park(&mut self, wait: Wait) -> io::Result<Parked> {
            self.waits.borrow_mut().push(wait);
            assert!(!self.panics_next.replace(false), "a waker panics");
            Ok(Parked::default())
        }

        fn unparker(&self) -> Unparker {
            ThreadPark::new().unparker()
        }
    }

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A driver whose timers have a sleep, polled by the waker that counts.
    fn with_sleep(delay: Duration) -> (Driver, Notes, Sleep, Arc<Count>, impl Drop) {
        let (notes, count) = (Notes::default(), Arc::new(Count::default()));
        let timers = Timers::new();
        let installed = current::install(timers.clone());
        let mut driver = Driver::new(Box::new(notes.clone()), timers, None, Pool::new());
        let mut sleep = sleep(delay);
        let waker = Waker::from(count.clone());
        assert!(Pin::new(&mut sleep).poll(&mut Context::from_waker(&waker)).is_pending());
        driver.park(Wait::Poll).unwrap();
        notes.waits.borrow_mut().clear();
        (driver, notes, sleep, count, installed)
    }

    #[test]
    fn what_a_panic_left_to_be_woken_is_not_waited_for() {
        let (mut driver, notes, _sleep, count, _installed) = with_sleep(Duration::from_nanos(1));
        std::thread::sleep(Duration::from_millis(1));
        notes.panics_next.replace(true);
        let parked = catch_unwind(AssertUnwindSafe(|| driver.park(Wait::Forever)));
        assert!(parked.is_err());
        driver.park(Wait::Forever).unwrap();
        assert_eq!(*notes.waits.borrow(), [Wait::Poll, Wait::Poll]);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn who_is_to_be_woken_for_a_letter_is_not_kept_waiting() {
        let (mut driver, notes, mut sleep, count, _installed) =
            with_sleep(Duration::from_secs(3600));
        // Moved to another thread and there to another moment: its task has to look again.
        let moved = std::thread::spawn(move || {
            sleep.reset_after(Duration::from_secs(1));
            sleep
        });
        let _sleep = moved.join().unwrap();
        driver.park(Wait::Forever).unwrap();
        assert_eq!(*notes.waits.borrow(), [Wait::Poll]);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }
}
