//! The engine of what is read and written as a stream of bytes: an open file, a standard stream.
//!
//! ```text
//!     caller ── poll_read, poll_write ──▶ State ── begins ──▶ Turn ── on the pool ──▶ Target
//!                                           ▲                   │
//!                                           └──── wakes ────────┘
//! ```
//!
//! A system call on a file cannot be waited for: the kernel says of a file that it is always ready, and
//! then takes its time. So a thread of the pool makes it. As a trip there takes some 10 µs, bytes are taken
//! along: a read fills a buffer for the next ones, and writes go into a buffer that the job which is under
//! way takes when it is done with the last.
//!
//! What is under way is a [`Turn`], which outlives a cancelled or dropped caller, and gives the file
//! back whichever way it ends: also if the pool has no room for it, or is closed before its turn came.

pub(crate) mod futures;
pub(crate) mod state;
mod turn;

use std::fmt;
use std::io::{self, SeekFrom};
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use corio_base::WakeBatch;
use corio_blocking::Pool;
use corio_trace::{Wait, WaitKind};

use crate::error::{Name, PathError};
use state::{Attempt, Problem, Read, Seek, Stage, State, Write};
use turn::{Turn, Work};

pub(crate) use turn::Exclusive;

/// The log's target of what nobody could be told.
pub(crate) const TARGET: &str = "corio::fs";

/// What bytes are read from and written to, by system calls that may block.
pub(crate) trait Target: Send + Sync + 'static {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;
    fn seek(&self, to: SeekFrom) -> io::Result<u64>;
}

pub(crate) struct Inner<T: Target> {
    pub(crate) target: T,
    pub(crate) name: Name,
    /// Where it was opened: shown of whoever waits for it.
    pub(crate) place: &'static Location<'static>,
    /// Whose threads it uses.
    pool: fn() -> Pool,
    state: Mutex<State>,
}

impl<T: Target> Inner<T> {
    pub(crate) fn new(
        target: T,
        name: Name,
        pool: fn() -> Pool,
        place: &'static Location<'static>,
    ) -> Arc<Self> {
        Arc::new(Inner { target, name, place, pool, state: Mutex::new(State::new()) })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and wakes those whom that concerns, without the lock.
    fn change<R>(&self, change: impl FnOnce(&mut State, &mut WakeBatch) -> R) -> R {
        let mut wakers = WakeBatch::new();
        let result = change(&mut self.state(), &mut wakers);
        wakers.wake_all();
        result
    }

    fn error(&self, problem: Problem) -> io::Error {
        let Problem { operation, error, lost } = problem;
        PathError::wrap_lost(operation, &self.name, error, lost)
    }

    /// Tells the log what no caller can be told.
    #[cold]
    fn report(&self, problem: Problem) {
        let error = self.error(problem);
        corio_trace::report_error(
            TARGET,
            format_args!("{error}; no handle is left that could be told: `close` would have been"),
        );
    }
}

/// A handle to an [`Inner`]; clones are further ones.
pub(crate) struct Engine<T: Target>(Arc<Inner<T>>);

impl<T: Target> Engine<T> {
    pub(crate) fn new(inner: Arc<Inner<T>>) -> Self {
        inner.state().handles += 1;
        Engine(inner)
    }

    pub(crate) fn inner(&self) -> &Arc<Inner<T>> {
        &self.0
    }

    /// Attempts, and has the caller woken if it has to wait.
    fn poll_attempt<R>(
        &self,
        context: &mut Context<'_>,
        mut attempt: impl FnMut(&mut State) -> Attempt<R>,
    ) -> Poll<io::Result<R>> {
        let mut first = attempt(&mut self.0.state());
        if matches!(first, Attempt::Wait) {
            // Outside the lock: a clone is foreign code. So what changed meanwhile is looked at again.
            let waker = context.waker().clone();
            let mut state = self.0.state();
            first = attempt(&mut state);
            let spare = match first {
                Attempt::Wait => state.wait(waker),
                Attempt::Done(_) | Attempt::Failed(_) => Some(waker),
            };
            drop(state);
            drop(spare);
        }
        match first {
            Attempt::Done(value) => Poll::Ready(Ok(value)),
            Attempt::Failed(problem) => Poll::Ready(Err(self.0.error(problem))),
            Attempt::Wait => {
                let (object, place) = (Arc::as_ptr(&self.0) as *const () as usize, self.0.place);
                corio_trace::record(&Wait { kind: WaitKind::Blocking, object, owner: None, place });
                Poll::Pending
            }
        }
    }

    /// Reads: `take` is shown what there is, and says how much of it it took. `wanted` is how much the
    /// caller could take.
    pub(crate) fn poll_read(
        &self,
        context: &mut Context<'_>,
        wanted: usize,
        take: &mut dyn FnMut(&[u8]) -> usize,
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut start = None;
            let polled = self.poll_attempt(context, |state| match state.read(take) {
                Read::Attempt(attempt) => attempt,
                Read::Start(input) => {
                    start = Some(input);
                    Attempt::Done(0)
                }
            });
            match start {
                None => return polled,
                // Again after it: the caller has to be woken, or the pool has refused it at once.
                Some(input) => self.spawn(Work::Read(input, wanted)),
            }
        }
    }

    /// Reads into `buffer`.
    pub(crate) fn poll_read_into(
        &self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.poll_read(context, buffer.len(), &mut |input| {
            let taken = buffer.len().min(input.len());
            buffer[..taken].copy_from_slice(&input[..taken]);
            taken
        })
    }

    pub(crate) fn poll_write(
        &self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut start = false;
        let polled = self.poll_attempt(context, |state| match state.write(bytes) {
            Write::Attempt(attempt) => attempt,
            Write::Start(taken) => {
                start = true;
                Attempt::Done(taken)
            }
        });
        if start {
            self.spawn(Work::Write);
        }
        polled
    }

    /// How many bytes were taken so far: see [`Engine::poll_flush`].
    pub(crate) fn accepted(&self) -> u64 {
        self.0.state().accepted()
    }

    /// Waits until the first `bytes` that were taken have been written.
    pub(crate) fn poll_flush(&self, context: &mut Context<'_>, bytes: u64) -> Poll<io::Result<()>> {
        self.poll_attempt(context, |state| state.flush(bytes))
    }

    pub(crate) fn poll_seek(
        &self,
        context: &mut Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        loop {
            let mut start = false;
            let polled = self.poll_attempt(context, |state| match state.seek(to) {
                Seek::Attempt(attempt) => attempt,
                Seek::Start => {
                    start = true;
                    Attempt::Done(0)
                }
            });
            if !start {
                return polled;
            }
            self.spawn(Work::Seek(to));
        }
    }

    /// Waits for the file to be the caller's alone.
    pub(crate) fn poll_begin(&self, context: &mut Context<'_>) -> Poll<io::Result<Exclusive<T>>> {
        ready!(self.poll_attempt(context, State::begin))?;
        Poll::Ready(Ok(Exclusive::new(self.0.clone())))
    }

    /// Waits until nothing that was written is on its way.
    pub(crate) fn poll_written(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_attempt(context, |state| {
            let bytes = state.accepted();
            state.flush(bytes)
        })
    }

    /// As [`Engine::poll_begin`], but only where something was read ahead; else until the position is in
    /// nobody's use.
    pub(crate) fn poll_begin_if_ahead(
        &self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Option<Exclusive<T>>>> {
        let is_begun = ready!(self.poll_attempt(context, |state| match state.begin() {
            Attempt::Done(()) => Attempt::Done(state.unread() > 0),
            Attempt::Failed(problem) => Attempt::Failed(problem),
            Attempt::Wait => Attempt::Wait,
        }))?;
        let exclusive = Exclusive::new(self.0.clone());
        Poll::Ready(Ok(is_begun.then_some(exclusive)))
    }

    fn spawn(&self, work: Work) {
        Turn::new(self.0.clone(), work).spawn();
    }
}

impl<T: Target> Clone for Engine<T> {
    fn clone(&self) -> Self {
        Engine::new(self.0.clone())
    }
}

impl<T: Target> Drop for Engine<T> {
    fn drop(&mut self) {
        let unheard = {
            let mut state = self.0.state();
            state.handles -= 1;
            state.report()
        };
        if let Some(problem) = unheard {
            self.0.report(problem);
        }
    }
}

impl<T: Target> fmt::Debug for Engine<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage: Stage = self.0.state().stage();
        f.debug_struct("File").field("name", &self.0.name).field("stage", &stage).finish()
    }
}
