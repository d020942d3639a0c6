//! A task without its result: what it is called, and a way to end it.
#![expect(unsafe_code, reason = "counted pointers; what they show is written once")]

use std::fmt;
use std::hash::{Hash, Hasher};
use std::io;
use std::marker::PhantomData;
use std::panic::Location;
use std::ptr::NonNull;

use corio_base::current;
use corio_trace::Wait;

use crate::bound::{Raw, header};
use crate::callbacks::{self, CallbackId};
use crate::context::Context;
use crate::free::{Asked, State};
use crate::header::{Flavour, Polled};
use crate::more;
use crate::scope::reason::Reason;
use crate::scope::tree::{TASK, Tree};
use crate::scope::{self, Forward, site};
use crate::spawn::Spawn;
use crate::stack::{self, StackFrame};
use crate::waker;
use crate::watch;

/// The task that is being polled on this thread; `None` outside any.
#[doc(alias = "current_task")]
pub fn current() -> Option<Task> {
    current_raw().map(Task::of)
}

/// The current task, lent for as long as its poll lasts.
pub(crate) fn current_raw() -> Option<Raw> {
    NonNull::new(current::task().cast_mut().cast())
}

/// A task of any type: cheap to clone, equal to its clones, on any thread.
pub struct Task(Raw);

// SAFETY: counted; what it shows is written once, what it does is atomic or by mail.
unsafe impl Send for Task {}
// SAFETY: as above.
unsafe impl Sync for Task {}

impl Task {
    /// A reference of its own to a task that the caller has, or borrows, one to.
    pub(crate) fn of(task: Raw) -> Task {
        waker::add_ref(task);
        Task(task)
    }

    /// What the task is called.
    pub fn info(&self) -> TaskInfo<'_> {
        TaskInfo::of(self.0)
    }

    /// Its number; no other task of the process has it.
    pub fn id(&self) -> u64 {
        self.info().id()
    }

    /// Drops the task's future at its next turn in the queue, without asking it.
    pub fn abort(&self) {
        waker::abort(self.0);
    }

    /// Asks the task to unwind, and says whether there was somebody to ask: `false` if it has ended.
    ///
    /// The request is delivered where the task waits next: to the innermost
    /// [`catch`](crate::catch) that is being awaited, or, without one, by dropping the task's future. A
    /// task that has not begun ends without running at all. One that is awaiting another task passes
    /// the request on to that one, and waits for it to end. What was ready when the request came is
    /// not lost: a task that returns without having waited has its value returned.
    ///
    /// Each call is counted until it is suppressed or [taken back](Task::uncancel).
    #[track_caller]
    pub fn cancel(&self, reason: impl Into<Reason>) -> bool {
        self.request(reason.into(), scope::next_origin())
    }

    /// Passes a request on that came to somebody who waits for this task. `false`: the task has ended,
    /// or is being unwound by this request already; then do not wait for it on its account.
    pub fn forward(&self, request: &Forward) -> bool {
        self.request(request.reason.clone(), request.origin)
    }

    fn request(&self, reason: Reason, origin: u64) -> bool {
        if self.is_done() {
            return false;
        }
        let issued = more::get_or_new(header(self.0)).with_new_tree(|tree| {
            if tree.has(origin) {
                return false;
            }
            tree.issue(TASK, reason, origin, false);
            true
        });
        if issued {
            if corio_trace::enabled() {
                self.note_asked();
            }
            waker::ask(self.0);
        }
        issued
    }

    /// The book learns since when the task is to end.
    #[cold]
    fn note_asked(&self) {
        if let Some(more) = more::get(header(self.0)) {
            more.page().note_asked(self.id());
        }
    }

    /// Whether there is a request to the task that was neither suppressed nor taken back; a job that was
    /// aborted while it runs counts as asked. What a job goes by, which is never polled again.
    pub fn is_asked(&self) -> bool {
        let header = header(self.0);
        match header.flavour {
            Flavour::Free => match State(&header.word).asked() {
                Asked::No => false,
                Asked::ByForce => true,
                Asked::Perhaps => self.cancelling() > 0,
            },
            Flavour::Bound => self.cancelling() > 0,
        }
    }

    /// How many requests to the task were neither suppressed nor taken back.
    pub fn cancelling(&self) -> u32 {
        self.with_tree(|tree| tree.cancelling).unwrap_or(0)
    }

    /// Takes one request to the task back, and says how many are left. With the last one, requests that
    /// were not delivered yet are withdrawn.
    pub fn uncancel(&self) -> u32 {
        site::change(self, |tree, wakers| tree.uncancel(wakers)).unwrap_or(0)
    }

    /// Says that somebody looks after how the task ends: neither a panic nor an error of it is reported
    /// when nobody takes it. What those do who wait for many tasks, and report for all of them.
    pub fn mark_retrieved(&self) {
        more::get_or_new(header(self.0)).mark_retrieved();
    }

    /// Says that whoever awaited it under a shield has gone: a panic or an error of it that nobody takes is
    /// told of as an `exception in shielded future`.
    pub fn mark_shielded(&self) {
        more::get_or_new(header(self.0)).mark_shielded();
    }

    /// What the error said of itself that a [fallible](crate::Fallible) task has returned.
    pub fn failure(&self) -> Option<Box<str>> {
        more::get(header(self.0))?.failure()
    }

    /// Calls `with` with the task's scopes, under their lock, if there ever were any.
    pub(crate) fn with_tree<R>(&self, with: impl FnOnce(&mut Tree) -> R) -> Option<R> {
        more::get(header(self.0))?.with_tree(with)
    }

    pub(crate) fn raw(&self) -> Raw {
        self.0
    }

    pub(crate) fn is(&self, task: Raw) -> bool {
        self.0 == task
    }

    pub(crate) fn wake(&self) {
        waker::wake_by_ref(self.0);
    }

    /// Whether the task has ended.
    #[doc(alias = "done")]
    pub fn is_done(&self) -> bool {
        waker::is_done(self.0)
    }

    /// Whether the task has ended without a result and without a panic: cancelled, aborted, or its home
    /// was closed.
    #[doc(alias = "cancelled")]
    pub fn is_cancelled(&self) -> bool {
        self.state() == TaskState::Cancelled
    }

    /// How far the task has come.
    pub fn state(&self) -> TaskState {
        self.info().state()
    }

    /// The name it was given, or `Task-` and its number.
    #[doc(alias = "get_name")]
    pub fn name(&self) -> String {
        self.info().name()
    }

    /// Gives it another name.
    pub fn set_name(&self, name: impl Into<Box<str>>) {
        let more = more::get_or_new(header(self.0));
        more.set_name(name.into());
        // After the name is there: who opens the page meanwhile either finds it, or is found here.
        if more.page().is_open()
            && let Some(name) = more.name()
        {
            more.page().set_name(self.id(), &name);
        }
    }

    /// The type of its future.
    #[doc(alias = "get_coro")]
    pub fn type_name(&self) -> &'static str {
        self.info().type_name()
    }

    /// Where it was spawned.
    pub fn location(&self) -> &'static Location<'static> {
        self.info().location()
    }

    /// The number of the task that spawned it, if one did.
    pub fn parent(&self) -> Option<u64> {
        self.info().parent()
    }

    /// Where the task stands, from the outermost frame on: the task's future, what encloses its waits
    /// ([`FrameKind`]), and the waits themselves. Of several things at once each is there, below what
    /// encloses it: [`StackFrame::depth`] tells a tree.
    ///
    /// A future keeps no frames while it waits, so this is what the task has told [`corio_trace::book`], in
    /// debug mode; otherwise its own future is all there is. A task that has ended has none; of one
    /// that panicked it is where the panic went through.
    ///
    /// [`FrameKind`]: corio_trace::book::FrameKind
    #[doc(alias = "get_stack")]
    pub fn stack(&self) -> Vec<StackFrame> {
        stack::of(self)
    }

    /// Writes [`Task::stack`] as people read it, at most `limit` frames: the newest, of a task that has
    /// panicked the oldest.
    ///
    /// ```
    /// # fn show(task: &corio_task::Task) -> std::io::Result<()> {
    /// task.print_stack(None, &mut std::io::stderr())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What `to` says.
    pub fn print_stack(&self, limit: Option<usize>, to: &mut dyn io::Write) -> io::Result<()> {
        stack::print(self, limit, to)
    }

    /// The context it runs in, the very one: what is set in it is seen by the task, and the other way
    /// round.
    #[doc(alias = "get_context")]
    pub fn context(&self) -> Context {
        more::get_or_new(header(self.0)).own().context()
    }

    /// Has `callback` called when the task has ended: in the next turn of its loop, never at once, after
    /// those that were added before, in a copy of the context that is current now. If the task has ended
    /// already, that turn is the next one.
    ///
    /// A panic of the callback goes to [`Schedule::call_panicked`](crate::Schedule::call_panicked). A loop
    /// that is closed before calls it no more, and drops it.
    #[track_caller]
    pub fn add_done_callback(&self, callback: impl FnOnce(&Task) + Send + 'static) -> CallbackId {
        callbacks::add(self.0, Spawn::new(), Box::new(callback))
    }

    /// As [`Task::add_done_callback`], with the context that `callback` is called in.
    #[track_caller]
    pub fn add_done_callback_in(
        &self,
        context: Context,
        callback: impl FnOnce(&Task) + Send + 'static,
    ) -> CallbackId {
        callbacks::add(self.0, Spawn::new().context(context), Box::new(callback))
    }

    /// Takes a callback back and drops it. `false`: its turn has come, or it was taken back before.
    pub fn remove_done_callback(&self, id: CallbackId) -> bool {
        callbacks::remove(self.0, id)
    }
}

impl Clone for Task {
    fn clone(&self) -> Self {
        Task::of(self.0)
    }
}

impl Drop for Task {
    #[inline]
    fn drop(&mut self) {
        waker::release(self.0);
    }
}

impl PartialEq for Task {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Task {}

impl Hash for Task {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let info = self.info();
        write!(f, "<Task {} name={:?} future={}", info.state(), info.name(), info.type_name())?;
        if let Some(wait) = info.wait() {
            write!(f, " wait_for=<{} at {}>", wait.kind, wait.place)?;
        }
        write!(f, " spawned at {}", info.location())?;
        match more::get(header(self.0)).map_or(0, |more| more.with_callbacks(|c| c.len())) {
            0 => f.write_str(">"),
            count => write!(f, " callbacks={count}>"),
        }
    }
}

/// How far a task has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskState {
    /// It runs, is ready to, or waits.
    Pending,
    /// As `Pending`, with requests to unwind that were neither suppressed nor taken back.
    Cancelling,
    /// It has ended with a result.
    Finished,
    /// It has ended with a panic.
    Panicked,
    /// It has ended with neither.
    Cancelled,
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TaskState::Pending => "pending",
            TaskState::Cancelling => "cancelling",
            TaskState::Finished => "finished",
            TaskState::Panicked => "panicked",
            TaskState::Cancelled => "cancelled",
        })
    }
}

/// What a task is called and where it comes from: what people read.
#[derive(Clone, Copy)]
pub struct TaskInfo<'a> {
    task: Raw,
    _lent: PhantomData<&'a ()>,
}

impl TaskInfo<'_> {
    /// The task itself.
    pub fn task(&self) -> Task {
        Task::of(self.task)
    }

    pub(crate) fn of<'a>(task: Raw) -> TaskInfo<'a> {
        TaskInfo { task, _lent: PhantomData }
    }

    /// The task's number; no other task of the process has it.
    pub fn id(&self) -> u64 {
        header(self.task).cold.id
    }

    /// Whether the task has ended.
    #[inline]
    #[doc(alias = "done")]
    pub fn is_done(&self) -> bool {
        waker::is_done(self.task)
    }

    /// How far the task has come.
    pub fn state(&self) -> TaskState {
        match waker::ended(self.task) {
            Some(Polled::Returned) => TaskState::Finished,
            Some(Polled::Panicked) => TaskState::Panicked,
            Some(Polled::Cancelled) => TaskState::Cancelled,
            Some(Polled::Pending) | None => {
                let tree = |more: &more::More| more.with_tree(|tree| tree.cancelling);
                match more::get(header(self.task)).and_then(tree) {
                    None | Some(0) => TaskState::Pending,
                    Some(_) => TaskState::Cancelling,
                }
            }
        }
    }

    /// The name it was given, or `Task-` and its number.
    #[doc(alias = "get_name")]
    pub fn name(&self) -> String {
        match self.given_name() {
            Some(name) => name.into(),
            None => format!("Task-{}", self.id()),
        }
    }

    /// The name it was given, if it was given one.
    pub fn given_name(&self) -> Option<Box<str>> {
        more::get(header(self.task))?.name()
    }

    /// Where it was spawned.
    pub fn location(&self) -> &'static Location<'static> {
        header(self.task).cold.location
    }

    /// The number of the task that spawned it, if one did.
    pub fn parent(&self) -> Option<u64> {
        match header(self.task).cold.parent {
            0 => None,
            id => Some(id),
        }
    }

    /// Whether somebody awaited it under a shield and has [gone](Task::mark_shielded).
    pub(crate) fn is_shielded(&self) -> bool {
        more::get(header(self.task)).is_some_and(more::More::is_shielded)
    }

    /// The type of its future, without what corio wraps around it.
    #[doc(alias = "get_coro")]
    pub fn type_name(&self) -> &'static str {
        corio_trace::shown_type((header(self.task).vtable.type_name)())
    }

    /// What it waits for, in debug mode; of several things one. Nothing after its end.
    pub fn wait(&self) -> Option<Wait> {
        let more = more::get(header(self.task)).filter(|_| !self.is_done())?;
        more.page().wait(self.id())
    }

    /// For debug mode: the task was just made, and its spawner has it to himself. It comes into the
    /// book, and its beginning is told.
    pub fn announce(&self) {
        watch::announce(self.task);
    }

    /// How large its future is, in bytes.
    pub fn future_size(&self) -> usize {
        header(self.task).vtable.future_size
    }
}

impl fmt::Debug for TaskInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} spawned at {}", self.name(), self.location())
    }
}
