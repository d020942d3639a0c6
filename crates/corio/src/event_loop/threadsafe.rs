//! Coroutines from other threads, whose results are waited for by blocking.
//!
//! ```text
//!   another thread                          the loop's thread
//!
//!   run_coroutine_threadsafe ─── a call ──▶ begin: a task is made
//!          │ Asked                                │ 1 leave_asked
//!          ▼                                      ▼
//!   result: blocks ◀──────────────────────── Begun, with the handle, or Failed
//!   cancel ─ Asked: 2 leave_asked, Failed; Begun: cancels the task
//! ```
//!
//! **The race** of a cancel with the task's beginning: both change the state under its lock. A cancel
//! that comes first leaves word, and no task is made; else it finds the task's handle.

use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use corio_base::park::ThreadPark;
use corio_base::quiet::drop_quietly;
use corio_base::{Park, Unparker, Wait, WakerCell, clock};
use corio_executor::{JoinError, JoinHandle, Spawn};
use corio_task::Reason;

use crate::handle::Handle;

use super::EventLoop;

/// Why there is no result.
#[derive(Debug)]
pub enum ThreadsafeError {
    /// It did not come in time. The task runs on: [`ThreadsafeFuture::cancel`] ends it.
    Timeout {
        /// How long was waited.
        after: Duration,
    },
    /// Asked for on the loop's own thread, which would wait for itself: await it there.
    OnLoopThread,
    /// The loop is closed: no task was made.
    LoopClosed,
    /// No task was made, because the loop's task factory panicked, with these words.
    NotMade(String),
    /// The task was cancelled, or it panicked.
    Join(JoinError),
    /// It was cancelled before a task was made.
    Cancelled(Reason),
    /// The result was taken before.
    Taken,
}

impl ThreadsafeError {
    /// Whether the coroutine was cancelled.
    pub fn is_cancelled(&self) -> bool {
        match self {
            ThreadsafeError::Join(error) => error.is_cancelled(),
            ThreadsafeError::Cancelled(_) => true,
            _ => false,
        }
    }
}

impl fmt::Display for ThreadsafeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ThreadsafeError::Timeout { after } => {
                write!(f, "no result after {after:?}; the task runs on: cancel it, or ask again")
            }
            ThreadsafeError::OnLoopThread => f.write_str(
                "the loop's own thread would wait for itself: await the future there instead",
            ),
            ThreadsafeError::LoopClosed => f.write_str("the event loop is closed"),
            ThreadsafeError::NotMade(words) => {
                write!(f, "no task was made: the loop's task factory panicked with {words:?}")
            }
            ThreadsafeError::Join(error) => error.fmt(f),
            ThreadsafeError::Cancelled(reason) => write!(f, "cancelled before it began: {reason}"),
            ThreadsafeError::Taken => f.write_str("the result was taken before"),
        }
    }
}

impl std::error::Error for ThreadsafeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ThreadsafeError::Join(error) => Some(error),
            _ => None,
        }
    }
}

enum State<T> {
    /// The call is under way; edges 1 and 2 lead out of it.
    Asked,
    /// The task is made; the handle is for the future.
    Begun(JoinHandle<T>),
    /// No task is, or will be, made.
    Failed(ThreadsafeError),
    /// The future has the handle, or has given the result.
    Taken,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    /// Of whoever waits for the state to leave `Asked`.
    waker: WakerCell,
}

impl<T> Shared<T> {
    /// Locks, also what a panic left locked: nothing here is left half done.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From `Asked` on, if it is there still. What does not fit any more is dropped outside the lock.
    fn leave_asked(&self, next: State<T>) -> bool {
        let mut state = self.lock();
        if !matches!(*state, State::Asked) {
            drop(state);
            drop(next);
            return false;
        }
        *state = next;
        drop(state);
        self.waker.wake();
        true
    }
}

/// Asks the loop to make the task, and does not go without having changed the state.
struct Ask<T>(Arc<Shared<T>>);

impl<T> Drop for Ask<T> {
    fn drop(&mut self) {
        self.0.leave_asked(State::Failed(ThreadsafeError::LoopClosed));
    }
}

/// The result of a coroutine that another thread's loop runs: see
/// [`Handle::run_coroutine_threadsafe`]. Dropped, the task runs on.
///
/// It can also be awaited, in any executor: asyncio's `wrap_future`.
///
/// # Cancel safety
/// Dropping a `&mut ThreadsafeFuture` that is being awaited loses nothing.
#[must_use = "dropping it detaches the task"]
pub struct ThreadsafeFuture<T> {
    shared: Arc<Shared<T>>,
    /// Taken over from the shared state when there was one.
    handle: Option<JoinHandle<T>>,
    home: Handle,
}

impl<T: Send + 'static> ThreadsafeFuture<T> {
    pub(crate) fn begin<F>(home: Handle, place: &'static Location<'static>, future: F) -> Self
    where
        F: Future<Output = T> + Send + 'static,
    {
        let shared = Arc::new(Shared { state: Mutex::new(State::Asked), waker: WakerCell::new() });
        let ask = Ask(shared.clone());
        home.call(place, move || {
            if !matches!(*ask.0.lock(), State::Asked) {
                return;
            }
            let made = catch_unwind(AssertUnwindSafe(|| {
                EventLoop::current().create_task_with(Spawn::from(place), future)
            }));
            let next = match made {
                Ok(handle) => State::Begun(handle),
                Err(payload) => State::Failed(ThreadsafeError::NotMade(words(payload))),
            };
            // Cancelled meanwhile: by the factory itself, or another thread.
            if let State::Begun(handle) = &next {
                let task = handle.task();
                if !ask.0.leave_asked(next) {
                    task.cancel("cancelled while it was made");
                }
            } else {
                ask.0.leave_asked(next);
            }
        });
        ThreadsafeFuture { shared, handle: None, home }
    }

    /// Blocks this thread until there is a result, for `timeout` at most; `None`: as long as it takes.
    ///
    /// ```
    /// let background = corio::Builder::new().start()?;
    /// let mut answer = background.handle().run_coroutine_threadsafe(async { 6 * 7 });
    /// assert_eq!(answer.result(None).unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`ThreadsafeError`] says. After [`ThreadsafeError::Timeout`] it may be asked again.
    pub fn result(&mut self, timeout: Option<Duration>) -> Result<T, ThreadsafeError> {
        let mut park = ThreadPark::new();
        let waker = Waker::from(Arc::new(Unparks(park.unparker())));
        let mut context = Context::from_waker(&waker);
        let deadline = timeout.map(|timeout| clock::now().saturating_add(timeout));
        loop {
            if let Poll::Ready(result) = Pin::new(&mut *self).poll(&mut context) {
                return result;
            }
            if self.home.is_here() {
                return Err(ThreadsafeError::OnLoopThread);
            }
            if let (Some(deadline), Some(after)) = (deadline, timeout)
                && clock::now() >= deadline
            {
                return Err(ThreadsafeError::Timeout { after });
            }
            // A thread's parker does not fail.
            let _ = park.park(deadline.map_or(Wait::Forever, Wait::Until));
        }
    }

    /// Asks the task to unwind, or sees to it that none is made. `false`: it has ended.
    #[track_caller]
    pub fn cancel(&self, reason: impl Into<Reason>) -> bool {
        let reason = reason.into();
        if let Some(handle) = &self.handle {
            return handle.task().cancel(reason);
        }
        let refused = State::Failed(ThreadsafeError::Cancelled(reason.clone()));
        if self.shared.leave_asked(refused) {
            return true;
        }
        let task = match &*self.shared.lock() {
            State::Begun(handle) => Some(handle.task()),
            _ => None,
        };
        task.is_some_and(|task| task.cancel(reason))
    }

    /// Whether there is a result, or will be none.
    pub fn is_done(&self) -> bool {
        match (&self.handle, &*self.shared.lock()) {
            (Some(handle), _) | (None, State::Begun(handle)) => handle.is_finished(),
            (None, State::Asked) => false,
            (None, _) => true,
        }
    }
}

impl<T: Send + 'static> Future for ThreadsafeFuture<T> {
    type Output = Result<T, ThreadsafeError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.handle.is_none() {
            this.shared.waker.register(context.waker());
            let mut state = this.shared.lock();
            if matches!(*state, State::Asked) {
                return Poll::Pending;
            }
            let taken = std::mem::replace(&mut *state, State::Taken);
            drop(state);
            match taken {
                State::Begun(handle) => this.handle = Some(handle),
                State::Failed(error) => return Poll::Ready(Err(error)),
                State::Asked | State::Taken => return Poll::Ready(Err(ThreadsafeError::Taken)),
            }
        }
        let Some(handle) = &mut this.handle else { return Poll::Pending };
        let polled = Pin::new(handle).poll(context);
        if polled.is_ready() {
            this.handle = None;
        }
        polled.map(|result| result.map_err(ThreadsafeError::Join))
    }
}

impl<T> fmt::Debug for ThreadsafeFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadsafeFuture").field("handle", &self.handle).finish_non_exhaustive()
    }
}

fn words(payload: Box<dyn std::any::Any + Send>) -> String {
    let words = match payload.downcast_ref::<&'static str>() {
        Some(text) => (*text).to_owned(),
        None => payload.downcast_ref::<String>().cloned().unwrap_or_else(|| "a value".to_owned()),
    };
    drop_quietly(payload);
    words
}

/// Ends a thread's park.
struct Unparks(Unparker);

impl Wake for Unparks {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
