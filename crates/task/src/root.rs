//! The task of a future that lives on the stack of whoever waits for it.
//!
//! What a loop is run *for* is a task like the others: it has its turn in the queue, a number, and a
//! waker that may go anywhere. Its future stays where it is and need not be `'static`, because the
//! task does not outlive the call. Most such futures are waited for once in a program, some are ready
//! at their first poll and a million follow: so the block of a task that nobody has seen (no waker,
//! no handle left) is kept for the next one.
#![expect(unsafe_code, reason = "a task whose future borrows, ended before the borrow is")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use crate::bound::{self, Raw, flags, header};
use crate::cell::{self, TaskCell};
use crate::flags::Flags;
use crate::header::Polled;
use crate::home::Home;
use crate::join::{JoinError, JoinHandle};
use crate::ledger::Ledger;
use crate::more;
use crate::runnable::{self, Runnable};
use crate::spawn::Spawn;
use crate::task::TaskInfo;
use crate::watch;

/// On the waiter's stack: the future, and where its output goes.
struct Frame<'a, F: Future> {
    future: Pin<&'a mut F>,
    output: Option<F::Output>,
}

/// The future of the task: the way to the frame. Of one size and alignment for every `F`, so that
/// blocks can be used again, and without a destructor.
pub(crate) struct RootFuture<'a, F: Future>(NonNull<Frame<'a, F>>);

impl<F: Future> Future for RootFuture<'_, F> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: `Home::run_root` keeps the frame until the task has ended, and looks at it only
        // while the task is not polled.
        let frame = unsafe { &mut *self.0.as_ptr() };
        match frame.future.as_mut().poll(context) {
            Poll::Ready(output) => {
                frame.output = Some(output);
                Poll::Ready(())
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Home {
    /// Runs `future` as a task of this home, which is called what `spawn` says; a place serves for one
    /// without a name. `drive` runs the loop until that task is done; if it
    /// returns before, or panics, the task is cancelled.
    ///
    /// With `at_once` the task is polled before `drive` is called, and `drive` is not called if that
    /// ends it: for loops that have nothing else to run first.
    ///
    /// # Errors
    /// Why there is no output: the future panicked, or its task was aborted.
    #[inline]
    pub fn run_root<F: Future>(
        &self,
        spawn: impl Into<Spawn>,
        future: Pin<&mut F>,
        at_once: bool,
        drive: impl FnOnce(TaskInfo<'_>),
    ) -> Result<F::Output, JoinError> {
        let mut frame = Frame { future, output: None };
        let frame_ptr = NonNull::from(&mut frame);
        let task = self.begin_root(spawn.into(), RootFuture(frame_ptr), at_once);
        // SAFETY: RUNNING was set by `begin_root`, for this poll, and the frame is there.
        if at_once && let Some(output) = unsafe { self.first_poll(task, frame_ptr) } {
            return Ok(output);
        }
        // SAFETY: a RootFuture's output is (); the reference and the bit are given by `begin_root`.
        let mut guard = Guard { home: self, handle: unsafe { JoinHandle::<()>::new(task) } };
        if !guard.handle.is_finished() {
            drive(guard.handle.info());
        }
        let result = guard.end();
        // SAFETY: the task has ended.
        result.map(|()| taken(unsafe { &mut *frame_ptr.as_ptr() }))
    }

    /// The first poll, without the way through the task's table. `None`: the task goes on, or has
    /// ended as tasks do, by panic or because somebody has a reference to it.
    ///
    /// # Safety
    /// RUNNING is set for this poll, and the frame is the task's.
    #[inline]
    unsafe fn first_poll<F: Future>(
        &self,
        task: Raw,
        mut frame: NonNull<Frame<'_, F>>,
    ) -> Option<F::Output> {
        // SAFETY: the caller's claim; nobody else is at the frame while the task is being polled.
        let frame = unsafe { frame.as_mut() };
        let poll = |context: &mut Context<'_>| {
            catch_unwind(AssertUnwindSafe(|| frame.future.as_mut().poll(context)))
        };
        // SAFETY: the task is there: its home has a reference.
        let ended = match unsafe { runnable::enter(task, poll) } {
            Ok(Poll::Pending) => {
                self.register(task);
                if !flags(task).pause() {
                    let _ = runnable::run_asked(task);
                }
                return None;
            }
            Ok(Poll::Ready(output)) => {
                if self.retire_root(task) {
                    return Some(output);
                }
                frame.output = Some(output);
                Ok(())
            }
            Err(payload) => Err(JoinError::panicked(header(task).cold.id, payload)),
        };
        let polled = if ended.is_ok() { Polled::Returned } else { Polled::Panicked };
        self.register(task);
        // SAFETY: not polled any more, and a RootFuture has no destructor.
        unsafe { TaskCell::<RootFuture<'_, F>>::store(task, ended) };
        bound::finish(task, polled);
        None
    }

    /// A task of `future`: being polled (`at_once`, not registered), or in the queue. One reference is
    /// the home's, one, with the HANDLE bit, the caller's.
    #[inline]
    fn begin_root<F: Future>(&self, spawn: Spawn, future: RootFuture<'_, F>, at_once: bool) -> Raw {
        let local = self.local();
        // Counted from here on, also while, or though, it is not entered among the tasks.
        local.registry.came();
        let flags = if at_once { Flags::RUNNING_ROOT } else { Flags::INITIAL };
        let task = match local.idle_root.take() {
            Some(block) => {
                let (cold, more) = spawn.describe(self.next_id());
                // SAFETY: nobody else has the block (`retire_root`); layouts of all root futures are
                // the same; the old content has no destructor.
                unsafe { TaskCell::rewrite(block, future, |h| h.renew(cold, more, flags)) };
                block
            }
            None => {
                // SAFETY: `run_root` ends the task before what the future borrows goes.
                unsafe { spawn.begin(self, flags, future) }
            }
        };
        if !at_once {
            self.queue_root(task);
        }
        task
    }

    /// Apart, so that a root that is polled at once is not in its way.
    #[inline(never)]
    fn queue_root(&self, task: Raw) {
        self.register(task);
        if corio_trace::enabled() {
            watch::begin_page(task);
        }
        // SAFETY: born SCHEDULED: this is the one entry.
        header(task).home.ready(unsafe { Runnable::new(task) });
    }

    /// Enters the task among the home's. One that is ready at its first poll never gets that far: in
    /// that poll only its own code could look for it.
    #[inline]
    fn register(&self, task: Raw) {
        // SAFETY: on the home's thread.
        unsafe { header(task).slot.set(self.local().registry.enter(task)) };
    }

    /// After a poll that returned: keeps the block for the next root if nobody else has the task.
    /// `false`: somebody has.
    #[inline]
    fn retire_root(&self, task: Raw) -> bool {
        let local = self.local();
        // SAFETY: on the home's thread.
        let refs = unsafe { header(task).refs.get() };
        if refs != 2
            || more::get(header(task)).is_some()
            || flags(task).is_queued()
            || !Ledger(&header(task).word).is_at_rest()
        {
            return false;
        }
        local.registry.ended();
        if let Some(other) = local.idle_root.replace(Some(task)) {
            // Two loops of one home cannot run at a time, but a root may run within a root's drop.
            free_idle(other);
        }
        true
    }
}

/// Frees a block that [`Home::run_root`] kept.
pub(crate) fn free_idle(block: Raw) {
    // SAFETY: nobody else has it, and neither a future nor an output is in it.
    unsafe { cell::free(block) }
}

fn taken<F: Future>(frame: &mut Frame<'_, F>) -> F::Output {
    match frame.output.take() {
        Some(output) => output,
        None => unreachable!("a root that returned has left its output"),
    }
}

/// Ends the task before its frame goes, in any case.
struct Guard<'a> {
    home: &'a Home,
    handle: JoinHandle<()>,
}

impl Guard<'_> {
    fn end(&mut self) -> Result<(), JoinError> {
        if !self.handle.is_finished() {
            self.home.cancel(&self.handle);
        }
        match self.handle.try_take() {
            Some(result) => result,
            // Only a task that is being polled further up the stack cannot be ended, and polls catch
            // every panic. Were it otherwise, the frame would dangle.
            None => std::process::abort(),
        }
    }
}

impl Drop for Guard<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.handle.is_finished() {
            // `drive` is being unwound by a panic of the driver or of a foreign waker.
            drop(self.end());
        }
    }
}
