//! The right to run a task once. The only place of corio where spawned futures are polled.
#![expect(unsafe_code, reason = "calls the task's functions with the proof that it is a Runnable")]

use std::fmt;
use std::mem::ManuallyDrop;
use std::task::Context;

use corio_base::current;
use corio_base::loom::sync::atomic::Ordering;

use crate::awaiting;
use crate::bound::{self, Raw, flags, header};
use crate::call;
use crate::callbacks;
use crate::flags::Start;
use crate::free::{self, State};
use crate::header::{Flavour, Polled};
use crate::join::JoinError;
use crate::more;
use crate::quietly;
use crate::scope::frame;
use crate::scope::pass::{self, Next};
use crate::scope::reason::Reason;
use crate::scope::site;
use crate::scope::tree::Waking;
use crate::task::{Task, TaskInfo};
use crate::unseen;
use crate::waker;
use crate::watch;

/// What became of a task that was [run](Runnable::run).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ran {
    /// It waits for a wake, or is in the queue again.
    Pending,
    /// It has ended: its future returned.
    Returned,
    /// It has ended: its future panicked, or its destructor did.
    Panicked,
    /// It has ended: it was aborted.
    Cancelled,
    /// It had ended before; nothing was polled.
    Stale,
    /// It was no task but a [`Call`](crate::Call), which is over.
    Called,
}

impl Ran {
    fn of(polled: Polled) -> Ran {
        match polled {
            Polled::Pending => Ran::Pending,
            Polled::Returned => Ran::Returned,
            Polled::Panicked => Ran::Panicked,
            Polled::Cancelled => Ran::Cancelled,
        }
    }
}

/// A bound task that is ready, on its home's thread. There is one at a time.
///
/// Dropping it without running drops the task's future and ends the task as cancelled.
pub struct Runnable(Raw);

impl Runnable {
    /// # Safety
    /// On the home's thread, SCHEDULED was just set for this entry, and no other one exists.
    #[inline]
    pub(crate) unsafe fn new(task: Raw) -> Self {
        Runnable(task)
    }

    #[inline]
    pub(crate) fn into_raw(self) -> Raw {
        ManuallyDrop::new(self).0
    }

    /// What the task is called.
    pub fn info(&self) -> TaskInfo<'_> {
        TaskInfo::of(self.0)
    }

    /// The task itself.
    pub fn task(&self) -> Task {
        Task::of(self.0)
    }

    pub(crate) fn raw(&self) -> Raw {
        self.0
    }

    /// As [`Runnable::run`], for loops that find the switch of [`corio_trace`] on: the task is in the book
    /// while it is polled, and a poll that takes long is reported.
    pub fn run_watched(self) -> Ran {
        watch::run(self)
    }

    /// Polls the task once, or ends it if it was aborted.
    ///
    /// A panic of the future, or of its destructor, ends the task and goes to its handle.
    // Always: the loop calls it, and what is around it in a turn stays in registers.
    #[inline(always)]
    pub fn run(self) -> Ran {
        let task = self.into_raw();
        match flags(task).start() {
            // SAFETY: RUNNING is set, by this runnable, which is the only one.
            Start::Poll => unsafe { run_started(task) },
            other => run_otherwise(task, other),
        }
    }
}

/// A bound task that was taken from the queue is not just to be polled.
#[cold]
#[inline(never)]
fn run_otherwise(task: Raw, start: Start) -> Ran {
    match start {
        Start::Poll => unreachable!("polled by its runnable"),
        Start::Pass { begun } => run_passes(task, begun, false),
        Start::Cancel => {
            bound::cancel(task);
            Ran::Cancelled
        }
        Start::Skip => {
            bound::unqueued(task);
            Ran::Stale
        }
        Start::Busy => {
            // SAFETY: SCHEDULED is still set, for the entry that this runnable was.
            header(task).home.ready(unsafe { Runnable::new(task) });
            Ran::Pending
        }
    }
}

/// Polls a bound task once.
///
/// # Safety
/// RUNNING is set, for this poll.
#[inline(always)]
pub(crate) unsafe fn run_started(task: Raw) -> Ran {
    // SAFETY: the caller's claim: the future is there, and nobody else is at it.
    let polled = unsafe { poll(task) };
    match polled {
        Polled::Pending if flags(task).pause() => {}
        Polled::Pending => return run_asked(task),
        ended => bound::finish(task, ended),
    }
    Ran::of(polled)
}

/// A request came while a bound task was polled, of which RUNNING is still set: it is polled again in
/// the same turn.
#[cold]
#[inline(never)]
pub(crate) fn run_asked(task: Raw) -> Ran {
    run_passes(task, true, true)
}

/// Polls a bound task with requests, of which RUNNING is set, until it ends or waits.
#[cold]
#[inline(never)]
fn run_passes(task: Raw, begun: bool, goes_on: bool) -> Ran {
    if call::is_call(task) {
        return call::run(task);
    }
    let is_queued = || flags(task).is_queued();
    // SAFETY: RUNNING is set by the caller.
    let outcome = unsafe { passes(task, begun, goes_on, is_queued, |w| serve(task, w)) };
    match outcome {
        Passed::Waiting { asked, again } => {
            if !asked {
                flags(task).answered();
            }
            flags(task).stop();
            if again {
                bound::wake_by_ref(task);
            }
            Ran::Pending
        }
        Passed::Ended(ended) => {
            bound::finish(task, ended);
            Ran::of(ended)
        }
    }
}

/// Wakes before a pass, which serves these wakes, too: they do not queue the task.
fn serve(task: Raw, wakers: Waking) {
    let began = flags(task).begin_serving();
    site::wake(wakers);
    if began && flags(task).end_serving() {
        // SAFETY: SCHEDULED was clear: there is no other entry.
        header(task).home.ready(unsafe { Runnable::new(task) });
    }
}

/// What the passes of one turn came to.
enum Passed {
    /// The body waits. `asked`: requests are left; `again`: poll it in the next turn in any case.
    Waiting { asked: bool, again: bool },
    /// The output is stored.
    Ended(Polled),
}

impl Passed {
    fn ran(&self) -> Ran {
        match self {
            Passed::Waiting { .. } => Ran::Pending,
            Passed::Ended(ended) => Ran::of(*ended),
        }
    }
}

/// Polls the future of a task with requests, as [`pass`] says. `goes_on`: it was polled in this turn
/// already. `serve` wakes before a poll.
///
/// # Safety
/// The future is there and the caller alone is at it.
unsafe fn passes(
    task: Raw,
    begun: bool,
    goes_on: bool,
    is_woken: impl Fn() -> bool,
    serve: impl Fn(Waking),
) -> Passed {
    if !begun && let Some(reason) = pass::first_reason(task) {
        // SAFETY: the caller's claim.
        return unsafe { unwind(task, reason) };
    }
    let mut wakers = awaiting::far_waits(task);
    pass::begin_run(task, !wakers.is_empty());
    for round in 0..pass::PASSES_PER_TURN_MAX {
        wakers.extend(pass::begin(task));
        if !wakers.is_empty() {
            serve(std::mem::take(&mut wakers));
        }
        // SAFETY: the caller's claim, twice.
        let polled = unsafe {
            let poll = |context: &mut Context<'_>| {
                frame::within(None, true, |_| (header(task).vtable.poll)(task, context))
            };
            // What gave way for a turn has not had it at the second poll of one.
            if round == 0 && !goes_on { enter(task, poll) } else { enter_again(task, poll) }
        };
        match polled {
            Polled::Pending => {}
            Polled::Panicked | Polled::Cancelled => return Passed::Ended(polled),
            Polled::Returned => {
                let Some(reason) = pass::unwound(task) else { return Passed::Ended(polled) };
                let error = JoinError::cancelled(header(task).cold.id, Some(reason));
                // SAFETY: the output is stored, and nobody has been told of it: nobody ever will be.
                unsafe {
                    if more::get(header(task)).is_some_and(|more| more.failure().is_some()) {
                        quietly(|| unseen::report(task));
                    }
                    (header(task).vtable.replace_output)(task, error);
                }
                return Passed::Ended(Polled::Cancelled);
            }
        }
        let next;
        (next, wakers) = pass::end(task, is_woken());
        match next {
            Next::Again => {}
            Next::Take(reason) => {
                site::wake(wakers);
                // SAFETY: the caller's claim; the poll is over.
                return unsafe { unwind(task, reason) };
            }
            Next::Rest { asked, revive } => {
                site::wake(wakers);
                return Passed::Waiting { asked, again: revive };
            }
        }
    }
    site::wake(wakers);
    Passed::Waiting { asked: true, again: true }
}

/// Drops the future of a task that takes a request.
///
/// # Safety
/// The future is there and the caller alone is at it.
unsafe fn unwind(task: Raw, reason: Reason) -> Passed {
    let error = JoinError::cancelled(header(task).cold.id, Some(reason));
    // SAFETY: the caller's claim.
    Passed::Ended(unsafe { (header(task).vtable.cancel)(task, error) })
}

/// Polls the future with the task as the current one.
///
/// # Safety
/// The future is there and the caller alone is at it.
#[inline]
unsafe fn poll(task: Raw) -> Polled {
    // SAFETY: the caller's claim, twice.
    unsafe { enter(task, |context| (header(task).vtable.poll)(task, context)) }
}

/// Calls `poll` with the task as the current one and with its waker.
///
/// # Safety
/// The task is there until `poll` returns.
#[inline]
pub(crate) unsafe fn enter<R>(task: Raw, poll: impl FnOnce(&mut Context<'_>) -> R) -> R {
    // SAFETY: the task is there until the poll is over; the waker is lent, not given.
    let waker = unsafe { waker::borrowed(task) };
    let mut context = Context::from_waker(&waker);
    // SAFETY: a task, there until the poll is over.
    let _current = unsafe { current::enter(task.as_ptr().cast()) };
    poll(&mut context)
}

/// As [`enter`], for a poll that goes on with the one before.
///
/// # Safety
/// As for [`enter`].
unsafe fn enter_again<R>(task: Raw, poll: impl FnOnce(&mut Context<'_>) -> R) -> R {
    // SAFETY: as in `enter`.
    let waker = unsafe { waker::borrowed(task) };
    let mut context = Context::from_waker(&waker);
    // SAFETY: as in `enter`.
    let _current = unsafe { current::enter_again(task.as_ptr().cast()) };
    poll(&mut context)
}

impl Drop for Runnable {
    fn drop(&mut self) {
        if call::is_call(self.0) {
            return call::drop_entry(self.0);
        }
        bound::cancel_alive(self.0);
        bound::unqueue(self.0);
    }
}

impl fmt::Debug for Runnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Runnable").field(&self.info()).finish()
    }
}

/// A free task that is ready, on any thread. There is one at a time.
///
/// Dropping it without running drops the task's future and ends the task as cancelled.
pub struct FreeRunnable(Raw);

// SAFETY: a free task's future and output are Send, and the word gives the runnable exclusion.
unsafe impl Send for FreeRunnable {}
// SAFETY: `&FreeRunnable` offers what `TaskInfo` does, which is written once.
unsafe impl Sync for FreeRunnable {}

impl FreeRunnable {
    /// # Safety
    /// SCHEDULED was just set for this entry and no other one exists.
    pub(crate) unsafe fn new(task: Raw) -> Self {
        debug_assert!(header(task).flavour == Flavour::Free);
        FreeRunnable(task)
    }

    /// What the task is called.
    pub fn info(&self) -> TaskInfo<'_> {
        TaskInfo::of(self.0)
    }

    /// The task itself.
    pub fn task(&self) -> Task {
        Task::of(self.0)
    }

    /// Polls the task once, or ends it if it was aborted. Woken during the poll, it goes to its
    /// home's [`submit`](crate::Schedule::submit) again.
    pub fn run(self) -> Ran {
        let task = ManuallyDrop::new(self).0;
        let state = State(&header(task).word);
        // SAFETY: RUNNING is set from here on, by this runnable, which is the only one; so are the
        // claims of the calls below.
        match state.start_poll() {
            free::Start::Cancel => {
                end_cancelled(task, None);
                waker::release(task);
                return Ran::Cancelled;
            }
            free::Start::Revoked => {
                waker::release(task);
                return Ran::Stale;
            }
            free::Start::Poll => {
                let begun = mark_begun(task);
                // SAFETY: as above.
                let poll = || unsafe { poll(task) };
                let polled = if corio_trace::enabled() {
                    watch::poll_free(task, begun, poll, |&polled| Ran::of(polled))
                } else {
                    poll()
                };
                if polled != Polled::Pending {
                    finish_free(task, polled);
                    waker::release(task);
                    return Ran::of(polled);
                }
            }
            free::Start::Pass => {
                let begun = mark_begun(task);
                let is_woken = || state.is_scheduled();
                // SAFETY: as above.
                let poll =
                    || unsafe { passes(task, begun, false, is_woken, |w| serve_free(&state, w)) };
                let passed = if corio_trace::enabled() {
                    watch::poll_free(task, begun, poll, Passed::ran)
                } else {
                    poll()
                };
                match passed {
                    Passed::Ended(ended) => {
                        finish_free(task, ended);
                        waker::release(task);
                        return Ran::of(ended);
                    }
                    Passed::Waiting { asked, again } => {
                        if !asked {
                            pass::if_unasked(task, || state.answered());
                        }
                        if again {
                            // RUNNING is set: it is submitted at the poll's end.
                            let _ = state.wake();
                        }
                    }
                }
            }
        }
        // A reference to the home: once `end_poll` has given the task up, another thread may end
        // and free it.
        let home = header(task).home.clone_away();
        if state.end_poll() {
            // SAFETY: SCHEDULED is set and RUNNING clear: this is the one entry.
            home.schedule().submit(unsafe { FreeRunnable::new(task) });
        }
        Ran::Pending
    }
}

/// As [`serve`], for a free task.
fn serve_free(state: &State<'_>, wakers: Waking) {
    let was_scheduled = state.is_scheduled();
    site::wake(wakers);
    if !was_scheduled {
        state.served();
    }
}

/// A free task is polled. `true`: it was before.
fn mark_begun(task: Raw) -> bool {
    let begun = &header(task).flags;
    // SAFETY: RUNNING is set by the caller: nobody else is at a free task's flags.
    unsafe {
        let before = begun.get();
        begun.set(1);
        before == 1
    }
}

/// Drops a free task's future, with RUNNING set, and ends it.
fn end_cancelled(task: Raw, reason: Option<Reason>) {
    let error = JoinError::cancelled(header(task).cold.id, reason);
    // SAFETY: RUNNING is set by the caller, who had the runnable or revoked the task.
    let ended = unsafe { (header(task).vtable.cancel)(task, error) };
    finish_free(task, ended);
}

/// A free task was asked to end, or aborted, and is not to be queued for it: it is, or it runs. A job that
/// has not begun ends here, so that it does not wait for a thread in order to do nothing; one that runs
/// is told through its home.
pub(crate) fn asked(task: Raw) {
    let header = header(task);
    let schedule = header.home.schedule();
    if schedule.has_turns() {
        return;
    }
    let state = State(&header.word);
    if state.revoke() {
        // The task's own reference stays, for the entry in the queue.
        end_cancelled(task, pass::first_reason(task));
    } else if !state.is_complete() {
        schedule.asked(&Task::of(task));
    }
}

/// Publishes the end of a free task whose output is stored. The caller gives up the task's own reference,
/// or leaves it to the queue entry.
fn finish_free(task: Raw, ended: Polled) {
    let header = header(task);
    // Relaxed: `complete` publishes it with the output.
    header.done.store(ended as u8, Ordering::Relaxed);
    let completed = State(&header.word).complete();
    if completed.drop_output {
        // SAFETY: the output is stored and the handle, which could take it, is gone; the task's own
        // reference stays for the caller.
        unsafe { unseen::drop_output(task) };
    }
    if completed.wake_joiner {
        // SAFETY: JOINER was set at completion: the slot is the completer's.
        if let Some(joiner) = unsafe { header.joiner.replace(None) } {
            waker::wake_any(joiner);
        }
    }
    if let Some(more) = more::get(header) {
        more.page().close();
        if more.has_callbacks() {
            callbacks::flush(task);
        }
    }
}

impl Drop for FreeRunnable {
    fn drop(&mut self) {
        // Whether it was to be polled or cancelled, it is cancelled now.
        if State(&header(self.0).word).start_poll() != free::Start::Revoked {
            end_cancelled(self.0, None);
        }
        waker::release(self.0);
    }
}

impl fmt::Debug for FreeRunnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FreeRunnable").field(&self.info()).finish()
    }
}
