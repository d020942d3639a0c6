//! Errors and panics of tasks that nobody will see: what asyncio calls an exception that was never
//! retrieved.
//!
//! ```text
//!   ends with a panic, or (Fallible) with an Err ──▶ its output is there, unseen
//!      │ awaited, taken                └─ the last who could take it goes: drop_output
//!      ▼                                     │ looked at, or marked as retrieved ──▶ silence
//!   the handle's owner has it                └────────────▶ Schedule::unseen ──▶ the log
//! ```
//!
//! Every way in which an output is dropped untaken leads through [`drop_output`]: the task ends after its
//! handle went, or the handle goes after the task's end, at home or away. So nothing is missed, and a task
//! whose output is taken pays nothing.
//!
//! A panic is seen whatever the task's type. That an output is an `Err` is seen only where its type says
//! so: the future is wrapped as a [`Fallible`], or a [`Failing`](crate::failing::Failing), which keep the
//! error's words when it comes.
#![expect(unsafe_code, reason = "looks at an output of a type that only the task's table knows")]

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_base::loom::sync::atomic::Ordering;
use corio_trace::targets;
use pin_project_lite::pin_project;

use crate::bound::{Raw, header};
use crate::header::Polled;
use crate::more;
use crate::quietly;
use crate::task::{TaskInfo, current_raw};

/// A task's error or panic that nobody has retrieved, for [`Schedule::unseen`](crate::Schedule::unseen).
///
/// Shown as asyncio shows it: `Task exception was never retrieved`, the task, and what it was. Where a
/// shield around the task was given up before, it is an `exception in shielded future`.
pub struct Unseen<'a> {
    task: TaskInfo<'a>,
    what: What,
}

enum What {
    /// The words of the panic.
    Panicked(String),
    /// What the error said of itself.
    Failed(Box<str>),
}

impl<'a> Unseen<'a> {
    /// The message that says what this is about.
    pub const MESSAGE: &'static str = "Task exception was never retrieved";

    /// What is said of one whose [shield](crate::Task::mark_shielded) was given up: of a panic, and of an
    /// error.
    pub const IN_SHIELD: [&'static str; 2] =
        ["panic exception in shielded future", "error exception in shielded future"];

    /// The message that says what this is about: [`Unseen::MESSAGE`], or one of [`Unseen::IN_SHIELD`].
    pub fn message(&self) -> &'static str {
        match self.task.is_shielded() {
            true => Self::IN_SHIELD[usize::from(!self.is_panic())],
            false => Self::MESSAGE,
        }
    }

    /// The task that ended so.
    pub fn task(&self) -> TaskInfo<'a> {
        self.task
    }

    /// Whether it panicked; otherwise it returned an error.
    pub fn is_panic(&self) -> bool {
        matches!(self.what, What::Panicked(_))
    }

    /// What it panicked with, or the error as `Debug` shows it.
    pub fn words(&self) -> &str {
        match &self.what {
            What::Panicked(words) => words,
            What::Failed(words) => words,
        }
    }

    /// Writes it into the log, as an error on the target `corio::task`.
    pub fn log(&self) {
        corio_trace::report_error(targets::TASK, format_args!("{self}"));
    }
}

impl fmt::Display for Unseen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (message, task) = (self.message(), self.task);
        let (state, name, future) = (task.state(), task.name(), task.type_name());
        let place = task.location();
        writeln!(f, "{message}")?;
        writeln!(f, "future: <Task {state} name={name:?} future={future} spawned at {place}>")?;
        match &self.what {
            What::Panicked(words) => write!(f, "panicked with: {words:?}")?,
            What::Failed(words) => write!(f, "error: {words}")?,
        }
        // Known in debug mode: what the panic went through within the task.
        let stack = task.task().stack();
        let mut frames = stack.iter().skip(1).peekable();
        if frames.peek().is_some() {
            f.write_str("\nstack (most recent call last):")?;
        }
        frames.try_for_each(|frame| write!(f, "\n  {frame}"))
    }
}

impl fmt::Debug for Unseen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unseen").field("task", &self.task).field("words", &self.words()).finish()
    }
}

/// Drops an output that nobody took, and reports what was bad in it.
///
/// # Safety
/// The output is there, and the caller alone is at it and has, or borrows, a reference to the task.
#[inline]
pub(crate) unsafe fn drop_output(task: Raw) {
    let header = header(task);
    // Relaxed: the caller is at the output, so it has synchronized with whoever stored both.
    let panicked = header.done.load(Ordering::Relaxed) == Polled::Panicked as u8;
    if panicked || more::get(header).is_some() {
        // SAFETY: the caller's claim.
        quietly(|| unsafe { report(task) });
    }
    // SAFETY: the caller's claim.
    quietly(|| unsafe { (header.vtable.drop_output)(task) });
}

/// Reports an output that is about to be dropped, if it is bad and nobody has seen it.
///
/// # Safety
/// As for [`drop_output`].
#[cold]
#[inline(never)]
pub(crate) unsafe fn report(task: Raw) {
    let header = header(task);
    let more = more::get(header);
    if more.is_some_and(more::More::is_retrieved) {
        return;
    }
    // SAFETY: the caller's claim.
    let words = unsafe { (header.vtable.look_at_error)(task).as_ref() };
    let what = match words.map(|error| error.message()) {
        Some(Some(words)) => What::Panicked(words),
        // Cancelled: that is an end like any other.
        Some(None) => return,
        None => match more.and_then(more::More::failure) {
            Some(words) => What::Failed(words),
            None => return,
        },
    };
    let home = header.home.clone_away();
    home.schedule().unseen(&Unseen { task: TaskInfo::of(task), what });
}

/// Somebody looks at the output where it lies: it counts as retrieved. The caller has a reference.
pub(crate) fn seen(task: Raw, is_error: bool) {
    let header = header(task);
    if is_error {
        more::get_or_new(header).mark_retrieved();
    } else if let Some(more) = more::get(header) {
        more.mark_retrieved();
    }
}

pin_project! {
    /// A task's future that may fail: the error it returns is reported if nobody takes it.
    ///
    /// To be spawned as it is: within another future nobody knows what became of the error.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited"]
    pub struct Fallible<F> {
        #[pin]
        future: F,
    }
}

impl<F> Fallible<F> {
    /// `future`, to be spawned.
    pub fn new<T, E>(future: F) -> Self
    where
        F: Future<Output = Result<T, E>>,
        E: fmt::Debug,
    {
        Fallible { future }
    }
}

impl<F, T, E> Future for Fallible<F>
where
    F: Future<Output = Result<T, E>>,
    E: fmt::Debug,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.project().future.poll(context);
        if let Poll::Ready(Err(error)) = &polled {
            note(error);
        }
        polled
    }
}

/// Keeps the words of an error that the current task ends with: whoever drops it later knows no more how
/// to ask for them.
#[cold]
#[inline(never)]
pub(crate) fn note(error: &dyn fmt::Debug) {
    if let Some(task) = current_raw() {
        more::get_or_new(header(task)).set_failure(format!("{error:?}").into());
    }
}
