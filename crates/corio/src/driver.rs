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

use corio_base::clock::{self, VirtualClock};
use corio_base::{Park, Parked, Time, Unpark, Unparker, Wait, WakeBatch};
use corio_timer::Timers;

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
}

impl Driver {
    /// Timers on top of `io`.
    pub(crate) fn new(io: Box<dyn Park>, timers: Rc<Timers>, clock: Option<VirtualClock>) -> Self {
        let virtual_time = clock.map(|clock| Jump { clock, unparked: Arc::default() });
        let driver = Driver {
            io,
            timers,
            virtual_time,
            batch: WakeBatch::new(),
            left: Time::ZERO,
            os_asked: Time::ZERO,
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

    /// A loop that has nothing to run, and no timers, waits: no clock has to be read.
    fn wait_untimed(&mut self, wait: Wait) -> io::Result<Parked> {
        let asked = self.io.park(wait);
        self.left = Time::ZERO;
        asked.map(|parked| Parked { events: parked.events, away_nanos: 0 })
    }

    /// A loop that has nothing to run waits.
    fn wait(&mut self, wait: Wait, now: Time) -> io::Result<usize> {
        // Gives the sleeps of this turn their deadlines; what is due by now waits in the batch until
        // the descriptors have had their say.
        let mut fired = self.collect_timers(now);
        let next = self.timers.next_deadline();
        let asked = if fired > 0 {
            self.ask_os(Wait::Poll, now)
        } else {
            let wait = earlier(wait, next);
            match &self.virtual_time {
                None => self.ask_os(wait, now),
                Some(_) => self.ask_os_or_jump(wait, next, now),
            }
        };
        self.left = clock::now();
        if fired == 0 {
            fired = self.collect_timers(self.left);
        }
        self.batch.wake_all();
        asked.map(|events| events + fired)
    }

    /// Under a virtual clock nobody waits for time to pass. With nothing ready, nothing delivered
    /// ([`Jump::unparked`]), nothing found by a zero wait on the OS and no work on other threads
    /// ([`clock::held`]), the clock jumps to the next deadline.
    fn ask_os_or_jump(&mut self, wait: Wait, next: Time, now: Time) -> io::Result<usize> {
        let found = self.ask_os(Wait::Poll, now);
        let Some(jump) = &self.virtual_time else { return found };
        if !matches!(found, Ok(0)) || jump.unparked.swap(false, Ordering::AcqRel) {
            return found;
        }
        if next.is_never() || clock::held() {
            let wait = match next.is_never() {
                true => wait,
                // Parks measure a wait from this thread's clock, which stands still: it is as long
                // in real time.
                false => Wait::Until(now.saturating_add(HELD_CLOCK_LOOKS_AFTER)),
            };
            let found = self.ask_os(wait, now);
            if let Some(jump) = &self.virtual_time {
                jump.unparked.store(false, Ordering::Release);
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

impl Park for Driver {
    fn park(&mut self, wait: Wait) -> io::Result<Parked> {
        if wait == Wait::Forever && self.virtual_time.is_none() && self.timers.is_idle() {
            return self.wait_untimed(wait);
        }
        let now = clock::now();
        let away_nanos = match self.left {
            Time::ZERO => 0,
            left => now.as_nanos().saturating_sub(left.as_nanos()),
        };
        let events = match wait {
            Wait::Poll => {
                self.left = now;
                self.look(now)
            }
            wait => self.wait(wait, now),
        };
        events.map(|events| Parked { events, away_nanos })
    }

    fn unparker(&self) -> Unparker {
        let io = self.io.unparker();
        match &self.virtual_time {
            None => io,
            Some(jump) => Arc::new(MarkedUnparker { mark: jump.unparked.clone(), io }),
        }
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
}

/// An unparker that leaves a mark.
struct MarkedUnparker {
    mark: Arc<AtomicBool>,
    io: Unparker,
}

impl Unpark for MarkedUnparker {
    fn unpark(&self) {
        // Release: pairs with the Acquire in `ask_os_or_jump`; before the unpark, so that a wait
        // which that one ends finds the mark.
        self.mark.store(true, Ordering::Release);
        self.io.unpark();
    }
}
