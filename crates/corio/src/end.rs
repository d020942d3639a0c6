//! The end of a run: what is left is asked to end, and given the time to.
//!
//! ```text
//!   the tasks that are left ──cancel──▶ the loop runs on ──all have ended──▶ new ones? from the top
//!                                            │                                   └─none─▶ the pool is closed
//!                                            │                                                  │
//!                                            │               threads? the loop runs on, as above┘
//!                                            │                   └─none─▶ over
//!                                            └──the grace is over──▶ reported; dropped with the loop
//! ```
//!
//! The pool's threads come last: the cleanup of a task may need one. While they end, the loop runs: a job
//! may wait for something that it has the loop do.
//!
//! Called when nothing runs on this thread, before the loop closes.

use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use corio_base::{ambient, clock};
use corio_blocking::{Pool, StuckJob};
use corio_executor::{Core, Handle, Task};
use corio_task::TaskState;
use corio_timer::Sleep;
use corio_trace::emit::TARGET_LOOP;
use corio_trace::targets;

use crate::event_loop::{EventLoop, ExceptionContext};
use crate::runtime::Inner;

/// How many of the tasks that did not end are named.
const NAMED_MAX: usize = 16;

/// What the tasks are told.
const REASON: &str = "the run has ended";

/// Cancels every task of the loop and runs it until all have ended, and the jobs of its pool, and those of one
/// that was set in its place and that nobody else has; for `grace` at most.
#[track_caller]
pub(crate) fn cancel_all(inner: &Inner, event_loop: &EventLoop, grace: Duration) {
    let core = inner.executor.core();
    let handle = inner.executor.handle();
    let mut left =
        Left { core, handle: &handle, own: &inner.pool, set: None, hold: None, asked: Vec::new() };
    if core.is_closed() || (!left.ask_all() && !left.are_there_threads()) {
        return;
    }
    let _clock = inner.clock();
    let over = Arc::new(Over::default());
    let _timer = {
        let _active = ambient::activate(core.id());
        begin(grace, &over)
    };
    // A virtual clock stands still for a job, which need not end for that.
    let at_latest = clock::installed().map(|_| clock::os_now().saturating_add(grace));
    let is_over = || over.is_over() || at_latest.is_some_and(|at| clock::os_now() >= at);
    wake_at_the_threads_end(&inner.pool, &handle);
    inner.executor.run_while(&mut || !is_over() && left.is_there_any(event_loop));
    report(&core.all_tasks(), grace, Location::caller());
    inner.excuse();
    // Closed also where the tasks took all of the grace.
    inner.pool.close();
    report_jobs(&inner.pool, grace, Location::caller());
    if let Some(set) = left.set {
        report_jobs(&set, grace, Location::caller());
    }
}

/// The tasks that were asked and have not ended yet, among others that have; and the threads that may
/// send more.
struct Left<'a> {
    core: &'a Rc<Core>,
    handle: &'a Handle,
    /// The runtime's own pool.
    own: &'a Pool,
    /// The one that was set in its place, once nobody else has it.
    set: Option<Pool>,
    /// A virtual clock stands still for the jobs of that one, too: the driver does not know it any more.
    hold: Option<clock::Hold>,
    asked: Vec<Task>,
}

impl Left<'_> {
    /// Asks all that have not ended. They are asked once: when this is called again, those have.
    fn ask_all(&mut self) -> bool {
        self.asked = self.core.all_tasks();
        for task in &self.asked {
            // How it ends is told of from here.
            task.mark_retrieved();
            task.cancel(REASON);
        }
        !self.asked.is_empty()
    }

    fn is_there_any(&mut self, event_loop: &EventLoop) -> bool {
        while let Some(task) = self.asked.last() {
            if !task.is_done() {
                return true;
            }
            if task.info().state() == TaskState::Panicked || task.failure().is_some() {
                report_error(task, event_loop);
            }
            self.asked.pop();
        }
        self.ask_all() || self.are_there_threads()
    }

    /// Asks the jobs to end, when no task is left that may need one for its cleanup. What a job still has
    /// the loop do is asked to end as well, so that no job waits for a loop that has gone.
    fn are_there_threads(&mut self) -> bool {
        self.own.close();
        if self.set.is_none() {
            self.set = corio_blocking::current::take_last(self.core.id(), self.own);
            if let Some(set) = &self.set {
                self.hold = Some(clock::hold());
                set.close();
                wake_at_the_threads_end(set, self.handle);
            }
        }
        let is_set_at_work = self.set.as_ref().is_some_and(|set| !set.has_left());
        if !is_set_at_work {
            self.hold = None;
        }
        !self.own.has_left() || is_set_at_work
    }
}

/// Has the loop look again when the last thread of the pool has left.
fn wake_at_the_threads_end(pool: &Pool, handle: &Handle) {
    let waker = Waker::from(Arc::new(TurnsLoop(handle.clone())));
    // Looked at by the loop, which begins with a turn.
    let _ = pool.poll_left(&mut Context::from_waker(&waker));
}

/// Has the loop take a turn.
struct TurnsLoop(Handle);

impl Wake for TurnsLoop {
    fn wake(self: Arc<Self>) {
        let _ = self.0.call(|| {});
    }
}

/// A task has panicked, or failed, instead of ending as it was asked to.
#[cold]
fn report_error(task: &Task, event_loop: &EventLoop) {
    let mut context = ExceptionContext::new("unhandled exception during corio::run() shutdown");
    context.task = Some(task.clone());
    context.location = Some(task.info().location());
    context.error = task.failure().map(|failure| String::from(failure).into());
    event_loop.call_exception_handler(&context);
}

/// Set when the grace is over.
#[derive(Default)]
struct Over(AtomicBool);

impl Over {
    fn is_over(&self) -> bool {
        // Relaxed: it publishes nothing; who sets it from another thread unparks the loop after.
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Over {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Begins the grace. Who is to be told only looks: the loop, whose driver fires the timer, asks after
/// each turn.
fn begin(grace: Duration, over: &Arc<Over>) -> Sleep {
    let waker = Waker::from(over.clone());
    let mut sleep = corio_timer::sleep(grace).unrecorded();
    match Pin::new(&mut sleep).poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(()) => waker.wake(),
        Poll::Pending => {}
    }
    sleep
}

/// Says which jobs did not end.
fn report_jobs(pool: &Pool, grace: Duration, place: &Location<'_>) {
    let stuck = pool.running();
    if stuck.is_empty() {
        return;
    }
    let mut names: Vec<String> = stuck.iter().take(NAMED_MAX).map(StuckJob::to_string).collect();
    if stuck.len() > NAMED_MAX {
        names.push(format!("and {} more", stuck.len() - NAMED_MAX));
    }
    corio_trace::report_error(
        TARGET_LOOP,
        format_args!(
            "{} jobs on other threads did not end within {grace:?} at the end of the run at {place}, and \
             are left to themselves: {}",
            stuck.len(),
            names.join("; "),
        ),
    );
}

/// Says which tasks did not end.
fn report(left: &[Task], grace: Duration, place: &Location<'_>) {
    if left.is_empty() {
        return;
    }
    let mut names: Vec<String> =
        left.iter().take(NAMED_MAX).map(|task| format!("{:?}", task.info())).collect();
    if left.len() > NAMED_MAX {
        names.push(format!("and {} more", left.len() - NAMED_MAX));
    }
    corio_trace::report_error(
        TARGET_LOOP,
        format_args!(
            "{} tasks did not end within {grace:?} after they were cancelled at the end of the run at \
             {place}, and are dropped: {}",
            left.len(),
            names.join("; "),
        ),
    );
}

/// A loop ends with tasks that nobody asked to: says which, and where they wait; in debug mode also what
/// should have been done.
pub(crate) fn report_destroyed(left: &[Task], place: &Location<'_>) {
    if left.is_empty() {
        return;
    }
    for task in left.iter().take(NAMED_MAX) {
        corio_trace::report_error(
            targets::TASK,
            format_args!("Task was destroyed but it is pending!\ntask: {task:?}"),
        );
    }
    if left.len() > NAMED_MAX {
        let more = left.len() - NAMED_MAX;
        corio_trace::report_error(
            targets::TASK,
            format_args!("Tasks were destroyed but they are pending! {more} more than were named"),
        );
    }
    corio_trace::report_warning(
        targets::LOOP,
        format_args!(
            "ResourceWarning: unclosed event loop of the runtime made at {place}, with {} tasks: end it \
             with `shutdown_timeout`, which asks them first, or with `shutdown_background`",
            left.len(),
        ),
    );
}
