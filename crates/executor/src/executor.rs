//! A loop and what it waits on.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::panic::Location;
use std::pin::pin;
use std::rc::Rc;

use corio_base::{Park, Parked, Wait, clock};
use corio_task::{JoinError, JoinHandle, TaskInfo};
use corio_trace::metrics::RuntimeMetrics;

use crate::core::Core;
use crate::entered;
use crate::handle::Handle;
use crate::shared::Local;

/// A loop that waits in a [`Park`]: the reactor and the timers, a plain thread, or a fake.
///
/// ```
/// use corio_base::park::ThreadPark;
/// use corio_executor::Executor;
///
/// let executor = Executor::new(ThreadPark::new());
/// let text = String::from("borrowed");
/// let length = executor.block_on(async { text.len() });
/// assert_eq!(length, 8);
/// ```
pub struct Executor<P: Park> {
    core: Rc<Core>,
    park: RefCell<P>,
}

impl<P: Park> Executor<P> {
    /// A loop on the calling thread.
    pub fn new(mut park: P) -> Self {
        let core = Core::new(park.unparker());
        core.set_park_keeps_time(park.keep_time(core.busy()));
        entered::put(core.id(), core.clone());
        Executor { core, park: RefCell::new(park) }
    }

    /// The loop without what it waits on.
    pub fn core(&self) -> &Rc<Core> {
        &self.core
    }

    /// A handle for other threads.
    pub fn handle(&self) -> Handle {
        self.core.handle()
    }

    /// How the loop is doing: see [`Handle::metrics`].
    pub fn metrics(&self) -> RuntimeMetrics {
        self.core.metrics()
    }

    /// Begins a task on this loop; it runs when the loop does.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        self.core.spawn_local(future)
    }

    /// Runs the loop until `future`, which may borrow and need not be `Send`, has its output. The
    /// loop's other tasks run meanwhile, and stay where they are afterwards.
    ///
    /// # Panics
    /// With the future's panic, if it panics. If called inside a loop of this thread: it would stop
    /// that loop. If the future's task is aborted.
    #[track_caller]
    #[inline]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match self.try_block_on(future) {
            Ok(output) => output,
            Err(error) => match error.try_into_panic() {
                Ok(payload) => std::panic::resume_unwind(payload),
                Err(error) => panic!("block_on has no output to return: {error}"),
            },
        }
    }

    /// As [`Executor::block_on`], with a panic or an abort of the future as an error.
    ///
    /// # Errors
    /// Why there is no output.
    ///
    /// # Panics
    /// If called inside a loop of this thread.
    #[track_caller]
    #[inline]
    pub fn try_block_on<F: Future>(&self, future: F) -> Result<F::Output, JoinError> {
        let place = Location::caller();
        let _entered = entered::enter_running(self.core.id(), place);
        let core = &*self.core;
        // A loop with nothing to run polls the future at once: it is first in the queue anyway. Not in debug mode,
        // where turns are watched; a loop that is closed has no turns.
        let at_once = !core.has_work() && (!corio_trace::enabled() || core.is_closed());
        core.refresh_watch();
        core.home().run_root(place, pin!(future), at_once, |root| {
            if at_once {
                core.polled_apart();
            }
            run_until_done(core, root, &mut *self.park.borrow_mut());
        })
    }
}

impl<P: Park> Executor<P> {
    /// Runs the loop for as long as `goes_on` says, which is asked after each turn. Looks at the world
    /// before the first one, without waiting for it: so there is one turn at least, and what is due by
    /// now has its part in it.
    ///
    /// # Panics
    /// If called inside a loop of this thread.
    #[track_caller]
    pub fn run_while(&self, goes_on: &mut dyn FnMut() -> bool) {
        let _entered = entered::enter_running(self.core.id(), Location::caller());
        let park = &mut *self.park.borrow_mut();
        let _at_work = self.core.at_work();
        // Reads the clock anew as well, for debug mode.
        look(&self.core, park);
        loop {
            self.core.turn();
            if !goes_on() {
                return;
            }
            rest(&self.core, self.core.local(), park);
        }
    }

    /// As [`Executor::try_block_on`], for loops that may be told to stop: `goes_on` is asked after each
    /// turn. When the future has its output, the loop takes one more turn, in which what its last poll
    /// has made ready has its part. `None`: it was stopped first; the future is dropped.
    ///
    /// # Panics
    /// If called inside a loop of this thread.
    #[track_caller]
    pub fn run_until_complete<F: Future>(
        &self,
        future: F,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Option<Result<F::Output, JoinError>> {
        let place = Location::caller();
        let _entered = entered::enter_running(self.core.id(), place);
        let core = &*self.core;
        let mut is_stopped = false;
        let _at_work = core.at_work();
        let result = core.home().run_root(place, pin!(future), false, |root| {
            let park = &mut *self.park.borrow_mut();
            look(core, park);
            core.turn();
            while !root.is_done() && goes_on() {
                rest(core, core.local(), park);
                core.turn();
            }
            is_stopped = !root.is_done();
            if !is_stopped && goes_on() {
                look(core, park);
                core.turn();
            }
        });
        if is_stopped { None } else { Some(result) }
    }

    /// Closes the loop before this is dropped: ends every task where it waits, and refuses what comes
    /// from now on. A second time, it does nothing.
    ///
    /// # Panics
    /// If the loop runs.
    pub fn close(&self) {
        assert!(
            self.park.try_borrow_mut().is_ok(),
            "a loop is closed after it has run: stop it first",
        );
        entered::close(self.core.id());
    }
}

/// The loop, for as long as `root` has not ended. One function for all futures.
#[inline(never)]
fn run_until_done(core: &Core, root: TaskInfo<'_>, park: &mut dyn Park) {
    let local = core.local();
    assert!(
        !core.is_closed(),
        "a loop that is closed was asked to run a future that is not ready: make a new runtime",
    );
    let _at_work = core.at_work();
    loop {
        core.turn_of(local);
        if root.is_done() {
            return;
        }
        if local.ready.is_empty() || core.look_is_due() {
            rest(core, local, park);
        }
    }
}

/// Between two turns: looks at the world if it is time to, waits for it if there is nothing else. Apart, so
/// that the turns have the registers to themselves.
#[inline(never)]
fn rest(core: &Core, local: &Local, park: &mut dyn Park) {
    if core.has_work_of(local) {
        if core.look_is_due() {
            look(core, park);
        }
    } else if core.fall_asleep() {
        let _asleep = Asleep(core);
        let parked = park_for(core, park, Wait::Forever);
        core.waited(local, away_nanos(&parked));
        report(parked);
    }
}

/// A park, which is over also when a waker that it runs panics: a loop left asleep would never fall
/// asleep again, and spin.
struct Asleep<'a>(&'a Core);

impl Drop for Asleep<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.park_ends();
    }
}

/// Looks at the world without waiting for it.
#[cold]
fn look(core: &Core, park: &mut dyn Park) {
    let parked = park_for(core, park, Wait::Poll);
    core.looked(away_nanos(&parked));
    report(parked);
}

fn away_nanos(parked: &io::Result<Parked>) -> u64 {
    parked.as_ref().map_or(0, |parked| parked.away_nanos)
}

fn report(parked: io::Result<Parked>) {
    if let Err(error) = parked {
        crate::traced::park_failed(&error);
    }
}

/// Parks, and notes when the loop rests, unless what it parks on does.
#[inline]
fn park_for(core: &Core, park: &mut dyn Park, wait: Wait) -> io::Result<Parked> {
    let parked = match core.park_keeps_time() {
        true => ask(core, park, wait),
        false => ask_timed(core, park, wait),
    };
    core.refresh_watch();
    parked
}

/// As [`ask`], of a park that reads no clock: notes when the loop rests.
#[inline(never)]
fn ask_timed(core: &Core, park: &mut dyn Park, wait: Wait) -> io::Result<Parked> {
    let busy = core.busy();
    if wait == Wait::Poll {
        let parked = ask(core, park, wait);
        busy.look(clock::os_now);
        return parked;
    }
    busy.rest(clock::os_now);
    let parked = ask(core, park, wait);
    busy.begin(clock::os_now);
    parked
}

#[inline]
fn ask(core: &Core, park: &mut dyn Park, wait: Wait) -> io::Result<Parked> {
    if corio_trace::enabled() { crate::traced::park(core, park, wait) } else { park.park(wait) }
}

impl<P: Park> Drop for Executor<P> {
    fn drop(&mut self) {
        // What the tasks' destructors spawn finds its loop, and ends with it.
        entered::close(self.core.id());
    }
}

impl<P: Park> fmt::Debug for Executor<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("core", &self.core).finish_non_exhaustive()
    }
}
