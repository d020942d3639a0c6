//! A loop driven by hand: a virtual clock, timers, and wakers that write down their names.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use corio_base::clock::{ClockGuard, VirtualClock};
use corio_base::{Time, WakeBatch};
use corio_timer::current::{self, InstallGuard};
use corio_timer::{Sleep, Timers};

pub(crate) use crate::wakes::Wakes;

pub(crate) type Log = Arc<Mutex<Vec<&'static str>>>;

struct Named {
    name: &'static str,
    log: Log,
}

impl Wake for Named {
    fn wake(self: Arc<Self>) {
        self.log.lock().unwrap().push(self.name);
    }
}

pub(crate) struct Rig {
    pub(crate) timers: Rc<Timers>,
    clock: VirtualClock,
    zero: Time,
    log: Log,
    batch: RefCell<WakeBatch>,
    _installed: InstallGuard,
    _clock: ClockGuard,
}

impl Rig {
    pub(crate) fn new() -> Rig {
        let clock = VirtualClock::new();
        let timers = Timers::new();
        let rig = Rig {
            zero: clock.now(),
            _clock: clock.install(),
            _installed: current::install(Rc::clone(&timers)),
            clock,
            timers,
            log: Log::default(),
            batch: RefCell::new(WakeBatch::new()),
        };
        rig.turn(0);
        rig
    }

    /// The moment `us` microseconds after the rig's beginning.
    pub(crate) fn at(&self, us: u64) -> Time {
        self.zero.saturating_add(Duration::from_micros(us))
    }

    pub(crate) fn instant(&self, us: u64) -> Instant {
        self.at(us).to_instant().unwrap()
    }

    pub(crate) fn waker(&self, name: &'static str) -> Waker {
        Waker::from(Arc::new(Named { name, log: Arc::clone(&self.log) }))
    }

    /// Polls `sleep` as the task `name`.
    pub(crate) fn poll(&self, name: &'static str, sleep: &mut Sleep) -> bool {
        let waker = self.waker(name);
        Pin::new(sleep).poll(&mut Context::from_waker(&waker)).is_ready()
    }

    /// Moves the clock to `us`, turns, wakes, and says who was woken since the last call.
    pub(crate) fn turn(&self, us: u64) -> Vec<&'static str> {
        self.clock.advance_to(self.at(us));
        let mut batch = self.batch.borrow_mut();
        self.timers.turn(self.clock.now(), &mut batch);
        batch.wake_all();
        self.woken()
    }

    pub(crate) fn woken(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }

    /// When the loop would wake up, in microseconds; `None`: never.
    pub(crate) fn next(&self) -> Option<u64> {
        let next = self.timers.next_deadline();
        (!next.is_never()).then(|| next.saturating_since(self.zero).as_micros() as u64)
    }
}

/// Polls once, with a waker that does nothing.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}
