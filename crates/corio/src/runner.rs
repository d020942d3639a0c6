//! Runs of a program: several on one loop, and what comes after the last one.
//!
//! ```text
//!   run ──▶ main, watched by Ctrl-C ──┬─ its value ──────────▶ returned
//!                                     ├─ its panic ──────────▶ resumed
//!                                     ├─ cancelled by Ctrl-C ▶ close; the process dies of SIGINT
//!                                     └─ cancelled otherwise ▶ a panic that says by whom
//!   close ──▶ what is left is cancelled and awaited ──▶ the loop closes
//! ```

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::panic::{Location, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Wake, Waker};

use corio_executor::{JoinError, Task};
use corio_signal::interrupt::{self, Interrupts};
use corio_task::{Context, Reason};

use crate::builder::Builder;
use crate::end;
use crate::event_loop::EventLoop;
use crate::handle::Handle;
use crate::runtime::Runtime;

/// A runtime for several runs, which share one loop and one context, with the care for their end and for
/// Ctrl-C that [`crate::run`] takes.
///
/// Dropping it closes it; inside a loop that runs on this thread, where nothing can be waited for, tasks
/// are dropped where they wait instead.
///
/// ```
/// let runner = corio::Runner::new()?;
/// let task = runner.run(async { corio::spawn(async { 6 * 7 }) });
/// assert_eq!(runner.run(task).unwrap(), 42);
/// runner.close();
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Runner {
    runtime: Runtime,
    /// What main's sets left; `None`: nothing, so a run begins as any task does. Programs that use no
    /// variables thus do not pay for there being some.
    context: RefCell<Option<Context>>,
    /// What was left has been asked to end.
    ended: Cell<bool>,
}

impl Runner {
    /// A runner of the default runtime; [`Builder::runner`] makes others.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn new() -> io::Result<Runner> {
        Builder::new().runner()
    }

    pub(crate) fn of(runtime: Runtime) -> Runner {
        Runner { runtime, context: RefCell::new(None), ended: Cell::new(false) }
    }

    /// Runs `main`, and leaves the tasks that it leaves for the next run.
    ///
    /// If `main` ends cancelled by Ctrl-C, the runner is closed and the process dies of `SIGINT`; see
    /// [`crate::run`].
    ///
    /// # Panics
    /// With the panic of `main`; if it was cancelled by something else than Ctrl-C; if called inside a
    /// runtime; if the loop was [closed](EventLoop::close).
    #[track_caller]
    pub fn run<F: Future>(&self, main: F) -> F::Output {
        let place = Location::caller();
        let run = self.begin();
        match run.main(main) {
            Ok(output) => output,
            Err(ended) => {
                if ended.by_ctrl_c {
                    self.end_of_run();
                }
                ended.raise(place)
            }
        }
    }

    /// As [`Runner::run`], with a panic or a cancellation of `main`, also by Ctrl-C, as an error.
    ///
    /// # Errors
    /// Why `main` has no output.
    ///
    /// # Panics
    /// If called inside a runtime.
    #[track_caller]
    pub fn try_run<F: Future>(&self, main: F) -> Result<F::Output, JoinError> {
        self.begin().main(main).map_err(|ended| ended.error)
    }

    /// Runs `future` and does not care about Ctrl-C, nor about the runner's context.
    ///
    /// # Panics
    /// As [`Runtime::block_on`].
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Cancels every task that is left, awaits their cleanup, and closes the loop: see
    /// [`crate::run`]. What is used after is a compile error.
    ///
    /// # Panics
    /// If called inside a runtime: it would wait.
    #[track_caller]
    pub fn close(self) {
        // Also with no task left, when it would not wait: a mistake is to show on the first day.
        if let Some(outer) = corio_executor::running_since() {
            let place = Location::caller();
            panic!(
                "Runner::close at {place} would wait inside the loop that runs on this thread since \
                 {outer}, and stop it: drop the runner there, which waits for nothing",
            );
        }
        self.end_of_run();
    }

    /// The context that all runs share: what one's `main` sets, the next ones see.
    pub fn context(&self) -> Context {
        self.context.borrow_mut().get_or_insert_with(Context::copy).clone()
    }

    /// The runtime's handle, for other threads.
    pub fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// The loop as asyncio's programs know it: asyncio's `get_loop`.
    pub fn event_loop(&self) -> EventLoop {
        self.runtime.event_loop()
    }

    /// As [`Runner::run`], and closes the runner after.
    #[track_caller]
    pub(crate) fn run_once<F: Future>(self, main: F) -> F::Output {
        let place = Location::caller();
        let run = self.begin();
        let result = run.main(main);
        self.end_of_run();
        drop(run);
        drop(self);
        match result {
            Ok(output) => output,
            Err(ended) => ended.raise(place),
        }
    }

    /// As [`Runner::try_run`], and closes the runner after.
    #[track_caller]
    pub(crate) fn try_run_once<F: Future>(self, main: F) -> Result<F::Output, JoinError> {
        let run = self.begin();
        let result = run.main(main);
        self.end_of_run();
        drop(run);
        drop(self);
        result.map_err(|ended| ended.error)
    }

    /// The tasks that are left end.
    #[track_caller]
    fn end_of_run(&self) {
        self.ended.set(true);
        let runtime = &self.runtime;
        end::cancel_all(runtime.inner(), &runtime.event_loop(), runtime.grace());
    }

    fn begin(&self) -> Run<'_> {
        // A run inside a run is refused when it begins; until then it must not take Ctrl-C either.
        let is_inside = corio_executor::running_since().is_some();
        let interrupts = if is_inside || !self.runtime.has_reactor() {
            None
        } else {
            // A process out of descriptors goes without.
            interrupt::arm().ok().flatten()
        };
        Run { runner: self, interrupts: RefCell::new(interrupts) }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        // What has had its grace does not get it again.
        if !self.ended.get() && corio_executor::running_since().is_none() {
            self.end_of_run();
        }
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").field("runtime", &self.runtime).finish_non_exhaustive()
    }
}

/// One run. It answers Ctrl-C until it is dropped.
struct Run<'a> {
    runner: &'a Runner,
    interrupts: RefCell<Option<Interrupts>>,
}

/// Why a run has no output.
struct Ended {
    error: JoinError,
    by_ctrl_c: bool,
}

impl Run<'_> {
    #[track_caller]
    fn main<F: Future>(&self, main: F) -> Result<F::Output, Ended> {
        let reason = Reason::from("interrupted by Ctrl-C");
        let context = self.runner.context.borrow().clone();
        let task = Cell::new(None);
        let watched = async {
            task.set(corio_task::current());
            self.watch(&reason);
            match &context {
                None => main.await,
                Some(context) => {
                    let mut main = pin!(main);
                    poll_fn(|task| context.run(|| main.as_mut().poll(task))).await
                }
            }
        };
        let result = {
            // From the first poll of main on, which the loop would not clock.
            let _at_work = self.runner.runtime.inner().at_work();
            self.runner.runtime.try_block_on(watched)
        };
        if context.is_none() {
            let set = task.take().map(|task| task.context());
            *self.runner.context.borrow_mut() = set.filter(|context| !context.is_empty());
        }
        let interrupts = self.interrupts.borrow();
        let came = interrupts.as_ref().is_some_and(Interrupts::came);
        if let Some(interrupts) = &*interrupts {
            interrupts.end_at_the_next();
        }
        result.map_err(|error| {
            let first = error.reason().map(Reason::location);
            Ended { by_ctrl_c: came && first == Some(reason.location()), error }
        })
    }

    /// In the first poll of main's task: Ctrl-C cancels that from here on.
    fn watch(&self, reason: &Reason) {
        let mut interrupts = self.interrupts.borrow_mut();
        let (Some(interrupts), Some(main)) = (&mut *interrupts, corio_task::current()) else {
            return;
        };
        let cancels = Arc::new(CancelsMain { main, reason: reason.clone() });
        let waker = Waker::from(cancels.clone());
        match interrupts.poll(&mut TaskContext::from_waker(&waker)) {
            Poll::Ready(Ok(())) => cancels.wake(),
            // Without descriptors Ctrl-C goes unseen the first time, and ends the process the second.
            Poll::Ready(Err(_)) | Poll::Pending => {}
        }
    }
}

/// What the first Ctrl-C wakes, on the loop's thread.
struct CancelsMain {
    main: Task,
    reason: Reason,
}

impl Wake for CancelsMain {
    fn wake(self: Arc<Self>) {
        // Also woken when the loop ends, and for what a run before this one has left in the pipe.
        if interrupt::has_come() {
            self.main.cancel(self.reason.clone());
        }
    }
}

impl Ended {
    /// For those who have nobody to give an error to.
    fn raise(self, place: &Location<'_>) -> ! {
        if self.by_ctrl_c {
            interrupt::die();
        }
        match self.error.try_into_panic() {
            Ok(payload) => resume_unwind(payload),
            Err(error) => {
                let by = error.reason().map_or_else(
                    || "dropped by an abort, or by the end of its runtime".to_owned(),
                    |reason| format!("asked for at {}", reason.location()),
                );
                panic!(
                    "the run at {place} has no output to return: {error} ({by}); `try_run` gives this \
                     as an error",
                )
            }
        }
    }
}
