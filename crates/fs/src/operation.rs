//! One trip to the pool, as a future.
//!
//! Everything that is neither a read nor a write of an open file is one of these: made by the functions of
//! this crate, begun by the first poll, on the pool that is current there.

use std::fmt;
use std::io;
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use corio_blocking::{Job, Ready, current};
use corio_task::{JoinError, JoinHandle, Reason};
use corio_trace::action::report_undone_as;

use crate::error::{Name, PathError};

type Work<T> = Box<dyn FnOnce() -> io::Result<T> + Send>;

/// An operation on a file or a folder, done on another thread when this is awaited.
///
/// # Errors
/// The system's error, of its kind, with the operation and the path: see [`PathError`]. That the runtime is
/// ending, or its pool has ended, is an error as well.
///
/// # Cancel safety
/// An operation that has not begun on its thread when the awaiter is cancelled, or drops this, never
/// begins. One that has begun goes on to its end. If it changes something (`write`, `rename`,
/// `remove_file`), a cancelled awaiter waits for that, so that nothing changes behind its back later; if it
/// only looks (`read`, `metadata`), the awaiter unwinds at once. Dropping this waits for nothing.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Operation<T> {
    operation: &'static str,
    name: Name,
    place: &'static Location<'static>,
    step: Step<T>,
    /// A cancelled awaiter does not wait for its end.
    abandons: bool,
}

enum Step<T> {
    Begin(Work<T>),
    /// The pool's queue is bounded, and was full.
    Room(Work<T>, Ready),
    Runs(JoinHandle<io::Result<T>>),
    Over,
}

impl<T: Send + 'static> Operation<T> {
    /// One that changes something.
    #[track_caller]
    pub(crate) fn changing(
        operation: &'static str,
        name: Name,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Self {
        let (place, step) = (Location::caller(), Step::Begin(Box::new(work) as Work<T>));
        Operation { operation, name, place, step, abandons: false }
    }

    /// One that only looks.
    #[track_caller]
    pub(crate) fn looking(
        operation: &'static str,
        name: Name,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Self {
        let mut operation = Self::changing(operation, name, work);
        operation.abandons = true;
        operation
    }

    /// Gives the job to the pool, unless there is no room.
    fn begin(&self, work: Work<T>) -> Step<T> {
        let pool = current::pool();
        let job = Job::new().name(format!("{} {}", self.operation, self.name)).location(self.place);
        match job.try_spawn_on(&pool, work) {
            Ok(handle) => Step::Runs(handle),
            Err(full) => Step::Room(full.into_inner(), pool.ready()),
        }
    }

    fn finish(&self, result: Result<io::Result<T>, JoinError>) -> io::Result<T> {
        let error = match result {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error,
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            Err(error) => io::Error::other(format!("the blocking pool did not do it: {error}")),
        };
        Err(PathError::wrap(self.operation, &self.name, error))
    }
}

impl<T: Send + 'static> Future for Operation<T> {
    type Output = io::Result<T>;

    /// # Panics
    /// If polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let this = &mut *self;
        loop {
            this.step = match std::mem::replace(&mut this.step, Step::Over) {
                Step::Begin(work) => this.begin(work),
                Step::Room(work, mut ready) => match Pin::new(&mut ready).poll(context) {
                    Poll::Ready(()) => this.begin(work),
                    Poll::Pending => {
                        this.step = Step::Room(work, ready);
                        return Poll::Pending;
                    }
                },
                Step::Runs(handle) => {
                    this.step = Step::Runs(handle);
                    break;
                }
                Step::Over => panic!("an operation on a file was polled after it was ready"),
            };
        }
        let Step::Runs(handle) = &mut this.step else { unreachable!("the loop ends there") };
        let result = match this.abandons {
            true => handle.poll_unheld(context),
            false => Pin::new(handle).poll(context),
        };
        let result = ready!(result);
        this.step = Step::Over;
        Poll::Ready(this.finish(result))
    }
}

impl<T> Drop for Operation<T> {
    fn drop(&mut self) {
        match &self.step {
            Step::Begin(_) => {
                report_undone_as(format_args!("{} {}", self.operation, self.name), self.place);
            }
            Step::Runs(handle) => {
                let reason = Reason::from("nobody waits for the operation").located(self.place);
                handle.task().cancel(reason);
            }
            Step::Room(..) | Step::Over => {}
        }
    }
}

impl<T> fmt::Debug for Operation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation")
            .field("operation", &self.operation)
            .field("name", &self.name)
            .field("begun", &matches!(self.step, Step::Runs(_)))
            .finish()
    }
}
