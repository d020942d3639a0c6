//! What is done around every poll while the switch of [`corio_trace`] is on: the one place that writes the
//! tasks' records.
//!
//! ```text
//!   spawn ──▶ open: the task's page ──▶ in the book
//!   poll  ──▶ watched: page entered, pulse started ──▶ the poll ──▶ what it waits for, how long it took;
//!             a line in the log if that was long
//!   end   ──▶ the page goes
//! ```
//!
//! Tasks that were there before the switch was turned get pages when their loop polls next, marked as
//! late. Everything here is cold: with the switch off a poll pays the one load that asks for it.
//!
//! **Time** is read from the coarse clock, once a poll: it steps by some milliseconds, which is good enough
//! to find polls of a hundred. Where less than [`PRECISE_BELOW_NANOS`] counts as slow, every poll is
//! measured with the precise clock; otherwise one in [`MEASURED_EVERY`], for the lengths of polls and the
//! time that tasks take.
#![expect(unsafe_code, reason = "passes on the claim that a task may be polled")]

use std::cell::{Cell, OnceCell};
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use corio_base::clock::{self, Time};
use corio_trace::book::{self, TaskBirth, TaskPage};
use corio_trace::pulse::{self, Around, Pulse};
use corio_trace::{
    Event, Outcome, emit, forget_last_wait, lives_are_told, polls_are_told, report_slow_call,
    report_slow_poll, slow_poll_nanos, take_last_wait,
};

use crate::bound::{self, Raw, header};
use crate::call;
use crate::home::HomeLocal;
use crate::more;
use crate::runnable::{self, Ran, Runnable};
use crate::task::{Task, TaskInfo};

/// One poll in so many is measured with the precise clock: two readings cost some 80 ns, so that is less than 3
/// a poll. A prime, so that tasks which take turns are all measured in their turn.
const MEASURED_EVERY: u64 = 31;
/// Below this a limit for slow polls is not judged by the coarse clock, whose steps are 4 ms on most
/// systems and 10 on some.
const PRECISE_BELOW_NANOS: u64 = 10_000_000;
/// A poll of this length is counted as what it is, a shorter one as what it stands for.
const LONG_NANOS: u64 = 8_000_000;
/// What the coarse clock must say for a poll that was long in any case.
const LONG_AND_A_STEP_NANOS: u64 = 12_000_000;

/// What a home knows of the watching of its tasks.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Registered at the first poll that is watched.
    pulse: OnceCell<Arc<Pulse>>,
    /// For which turning of the switch the home's tasks are in the book.
    known: Cell<u32>,
}

impl Watch {
    /// Where the home's thread says what it polls; `None` while that thread ends.
    fn pulse(&self, number: usize) -> Option<&Arc<Pulse>> {
        if self.pulse.get().is_none() {
            let pulse = Pulse::register_here(number)?;
            return Some(self.pulse.get_or_init(|| pulse));
        }
        self.pulse.get()
    }

    /// The next poll does not begin where the last one ended.
    #[cold]
    pub(crate) fn refresh(&self) {
        if let Some(pulse) = self.pulse.get() {
            pulse.refresh();
        }
    }

    /// The home closes.
    pub(crate) fn close(&self, number: usize) {
        if self.pulse.get().is_some() {
            pulse::unregister(number);
        }
    }

    /// Tasks that were there before the switch was turned come into the book.
    #[inline]
    fn know_all(&self, local: &HomeLocal) {
        let turned_on = corio_trace::turned_on();
        if self.known.get() != turned_on {
            self.known.set(turned_on);
            self.refresh();
            open_all(local);
        }
    }
}

#[cold]
#[inline(never)]
fn open_all(local: &HomeLocal) {
    let mut slot = 0;
    while let Some((at, task)) = local.registry.next_from(slot) {
        if !bound::is_done(task) {
            open(task, true);
        }
        slot = at + 1;
    }
}

/// The task's page, opened if there is none. For whoever has the task to himself.
#[inline]
fn open<'a>(task: Raw, late: bool) -> &'a TaskPage {
    match more::get(header(task)) {
        Some(more) if more.page().is_open() => more.page(),
        _ => open_new(task, late, false),
    }
}

#[inline(never)]
fn open_new<'a>(task: Raw, late: bool, is_unshared: bool) -> &'a TaskPage {
    let header = header(task);
    let had_more = more::get(header).is_some();
    let more = match is_unshared {
        true => more::get_or_new_unshared(header),
        false => more::get_or_new(header),
    };
    let page = more.page();
    if !page.is_open() {
        let birth = TaskBirth {
            id: header.cold.id,
            parent: header.cold.parent,
            place: header.cold.location,
            type_name: (header.vtable.type_name)(),
            home: header.home.number(),
            late,
        };
        page.open_since(&birth, began(task));
        // After it was opened: who gives it a name meanwhile either finds it so, or is found here.
        if (had_more || !is_unshared)
            && let Some(name) = more.name()
        {
            page.set_name(header.cold.id, &name);
        }
    }
    page
}

/// When the poll began in which a task's home spawns it, or looks at it; else the time. One reading of the
/// clock takes as long as all the rest of a record.
pub(crate) fn began(task: Raw) -> Time {
    let pulse = header(task).home.local().and_then(|local| local.watch.pulse.get());
    pulse.and_then(|pulse| pulse.since()).unwrap_or_else(clock::coarse_now)
}

/// A task begins: it comes into the book.
#[cold]
#[inline(never)]
pub(crate) fn begin_page(task: Raw) {
    open_made(task);
}

/// The page of a task that was just made, and that no other thread knows.
fn open_made(task: Raw) {
    let is_open = more::get(header(task)).is_some_and(|more| more.page().is_open());
    if !is_open {
        open_new(task, false, true);
    }
}

/// A task begins: it comes into the book, and its beginning is told.
#[cold]
#[inline(never)]
pub(crate) fn announce(task: Raw) {
    open_made(task);
    if lives_are_told() {
        tell_of_beginning(TaskInfo::of(task));
    }
}

#[inline(never)]
fn tell_of_beginning(info: TaskInfo<'_>) {
    emit(&Event::TaskSpawned {
        id: info.id(),
        name: info.given_name().as_deref(),
        location: info.location(),
        parent: info.parent(),
    });
}

/// As [`Runnable::run`], watched.
#[inline(never)]
pub(crate) fn run(runnable: Runnable) -> Ran {
    let raw = runnable.raw();
    let Some(local) = header(raw).home.local() else { return run_unwatched(runnable) };
    local.watch.know_all(local);
    if bound::is_done(raw) {
        // An entry that was left behind: the task's page is gone, and no new one is opened.
        return run_unwatched(runnable);
    }
    if call::is_call(raw) {
        return run_call(runnable, raw, local);
    }
    // Here until the poll has been looked back at.
    let _task = Task::of(raw);
    watched(raw, Some(local), false, || runnable.run(), |&ran| ran)
}

#[cold]
#[inline(never)]
fn run_unwatched(runnable: Runnable) -> Ran {
    runnable.run()
}

/// As [`runnable::run_started`], watched, for a task that is polled as part of its spawn.
///
/// # Safety
/// As for that.
#[inline(never)]
pub(crate) unsafe fn run_started(raw: Raw, local: &HomeLocal) {
    announce(raw);
    let _task = Task::of(raw);
    // SAFETY: the caller's claim.
    let poll = || unsafe { runnable::run_started(raw) };
    watched(raw, Some(local), false, poll, |&ran| ran);
}

/// Calls `poll` of a free task, which is RUNNING, watched. `begun`: it was polled before; `ran`: what the poll
/// came to.
#[cold]
#[inline(never)]
pub(crate) fn poll_free<R>(
    task: Raw,
    begun: bool,
    poll: impl FnOnce() -> R,
    ran: impl FnOnce(&R) -> Ran,
) -> R {
    watched(task, header(task).home.local(), begun, poll, ran)
}

/// A call has its turn.
#[inline(never)]
fn run_call(runnable: Runnable, raw: Raw, local: &HomeLocal) -> Ran {
    let header = header(raw);
    let place = header.cold.location;
    let mut timed = Timed::begin(local, header.home.number(), pulse::CALL, place, false);
    let ran = runnable.run();
    let took = timed.as_mut().map_or(0, |timed| timed.end().nanos);
    drop(timed);
    if is_slow(took) && ran == Ran::Called {
        report_slow_call(place, Duration::from_nanos(took));
        local.watch.refresh();
    }
    ran
}

/// Calls `poll`, which polls a task that the caller has to himself and keeps a reference to. `local`: the
/// home's, on its thread; without it, on a pool's thread, the poll delays nobody, and is not measured.
// Always, as what it calls: the pieces of what is known of a poll then stay in registers, and are not
// moved about.
#[inline(always)]
fn watched<R>(
    task: Raw,
    local: Option<&HomeLocal>,
    late: bool,
    poll: impl FnOnce() -> R,
    ran: impl FnOnce(&R) -> Ran,
) -> R {
    let header = header(task);
    let id = header.cold.id;
    let page = open(task, late);
    let is_told = local.is_some() && polls_are_told();
    if is_told {
        emit(&Event::PollStarted { id });
    }
    // What was polled outside of any task left it, or a panic that was caught further in.
    forget_last_wait();
    book::forget_panicked();
    let mut timed = local.and_then(|local| {
        Timed::begin(local, header.home.number(), id, header.cold.location, is_told)
    });
    let entered = page.enter(id);
    if local.is_none() {
        entered.note_thread();
    }
    let result = poll();
    let ran = ran(&result);
    // A task that is still pending has not been given up yet.
    if ran == Ran::Pending {
        entered.set_wait(take_last_wait().as_ref());
    }
    let took = timed.as_mut().map(Timed::end);
    if entered.is_asked() {
        note_swallowed(task);
    }
    if let Some(Took { busy_nanos: busy @ 1.., .. }) = took {
        entered.add_busy(busy);
    }
    drop(entered);
    drop(timed);
    let is_slow = took.is_some_and(|took| is_slow(took.nanos));
    let is_end = ran == Ran::Panicked || ran != Ran::Pending && lives_are_told();
    if is_end || is_told || is_slow {
        tell(task, ran, took.map(|took| took.nanos), is_told);
        // What a logger took is not the next task's.
        local.inspect(|local| local.watch.refresh());
    }
    result
}

/// A task that was asked to end goes on for good, if it has swallowed all requests.
#[cold]
fn note_swallowed(raw: Raw) {
    let task = Task::of(raw);
    if task.cancelling() == 0
        && let Some(more) = more::get(header(raw))
    {
        more.page().forget_asked(task.id());
    }
}

/// Whatever a poll has to tell beyond the book.
#[cold]
#[inline(never)]
fn tell(task: Raw, ran: Ran, took: Option<u64>, is_told: bool) {
    let info = TaskInfo::of(task);
    let id = info.id();
    if ran == Ran::Panicked {
        more::get_or_new(header(task)).set_panicked(book::take_panicked());
    }
    let Some(nanos) = took else { return };
    let took = Duration::from_nanos(nanos);
    if is_told {
        emit(&Event::PollEnded { id, took });
    }
    if is_slow(nanos) {
        report_slow_poll(id, info.given_name().as_deref(), info.location(), took);
    }
    if !lives_are_told() {
        return;
    }
    let outcome = match ran {
        Ran::Pending | Ran::Stale | Ran::Called => return,
        Ran::Returned => Outcome::Returned,
        Ran::Panicked => Outcome::Panicked,
        Ran::Cancelled => Outcome::Cancelled,
    };
    emit(&Event::TaskEnded { id, outcome });
}

fn is_slow(nanos: u64) -> bool {
    nanos >= slow_poll_nanos()
}

/// What a poll took.
#[derive(Clone, Copy)]
struct Took {
    nanos: u64,
    /// What it adds to the time that its task took.
    busy_nanos: u64,
}

/// The measuring of a poll on a loop, which publishes it meanwhile; until it is dropped, also by a poll that
/// unwinds.
struct Timed<'a> {
    pulse: &'a Pulse,
    around: Around,
    begun: Option<Time>,
    is_measured: bool,
}

impl<'a> Timed<'a> {
    #[inline(always)]
    fn begin(
        local: &'a HomeLocal,
        home: usize,
        id: u64,
        place: &'static Location<'static>,
        is_told: bool,
    ) -> Option<Timed<'a>> {
        let pulse = local.watch.pulse(home)?;
        let is_measured = pulse.number().is_multiple_of(MEASURED_EVERY);
        let is_precise = is_measured || is_told || slow_poll_nanos() < PRECISE_BELOW_NANOS;
        let around = pulse.start(id, Some(place));
        let begun = if is_precise { Some(precise_now()) } else { None };
        Some(Timed { pulse, around, begun, is_measured })
    }

    /// The poll is over, for the clocks.
    #[inline(always)]
    fn end(&mut self) -> Took {
        let precise = self.begun.map(since);
        let coarse = self.pulse.took(&self.around);
        let nanos = precise.unwrap_or(coarse);
        let busy_nanos = if self.is_measured {
            measured(self.pulse, nanos)
        } else if coarse >= LONG_AND_A_STEP_NANOS {
            nanos
        } else {
            0
        };
        Took { nanos, busy_nanos }
    }
}

/// What a measured poll adds to its task's time.
// By itself: a reference to a `Timed` would keep that in memory.
#[cold]
#[inline(never)]
fn measured(pulse: &Pulse, nanos: u64) -> u64 {
    pulse.measured(nanos);
    if nanos < LONG_NANOS { nanos * MEASURED_EVERY } else { nanos }
}

#[cold]
#[inline(never)]
fn precise_now() -> Time {
    clock::os_now()
}

#[cold]
#[inline(never)]
fn since(begun: Time) -> u64 {
    clock::os_now().saturating_since(begun).as_nanos() as u64
}

impl Drop for Timed<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.pulse.leave(&self.around);
    }
}
