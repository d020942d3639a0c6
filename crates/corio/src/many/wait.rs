//! asyncio's `wait`: until the first, all, or the first that fails of several tasks have ended.
//!
//! At first it looks at every handle whenever it is woken. Where many end one by one that is a waste:
//! after [`LOOKS_MAX`] looks those that are left get [wakers of their own](super::arrivals).

use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use corio_task::{JoinError, JoinHandle};
use corio_timer::Sleep;
use corio_trace::book::{Frame, FrameKind};

use super::arrivals::Arrivals;

/// A look at a handle costs less than a tenth of a waker of its own. Few waits for few tasks, and none
/// for the first one, come so far.
const LOOKS_MAX: u32 = 30;

/// Waits until tasks have ended: all of them, unless said otherwise. Takes the handles of those that
/// have out of `handles`, in their order; the rest stays there.
///
/// ```
/// use std::time::Duration;
///
/// corio::run(async {
///     let mut tasks: Vec<_> = [30, 1]
///         .map(|ms| corio::spawn(corio::sleep(Duration::from_millis(ms))))
///         .into();
///     let done = corio::wait(&mut tasks).first_completed().await.unwrap();
///     assert_eq!((done.len(), tasks.len()), (1, 1));
/// });
/// ```
///
/// Neither a timeout nor a cancel of the awaiter does anything to the tasks.
///
/// # Errors
/// [`EmptyWait`], if there is nothing to wait for: it would never end, or at once, and both were a
/// surprise.
///
/// # Cancel safety
/// Dropped, it has taken nothing.
#[track_caller]
pub fn wait<T>(handles: &mut Vec<JoinHandle<T>>) -> Wait<'_, T> {
    Wait {
        handles,
        enough: None,
        count: usize::MAX,
        limit: None,
        sleep: None,
        looks: 0,
        one_by_one: None,
        frame: Frame::new(),
        place: Location::caller(),
    }
}

/// Whether this end is enough.
type IsEnough<T> = fn(Result<&T, &JoinError>) -> bool;

/// The future of [`wait`].
#[must_use = "nothing is waited for unless it is awaited"]
pub struct Wait<'a, T> {
    handles: &'a mut Vec<JoinHandle<T>>,
    /// Whether the end of one is enough; without it none is, and no result counts as looked at.
    enough: Option<IsEnough<T>>,
    /// How many ends are enough.
    count: usize,
    limit: Option<Duration>,
    sleep: Option<Sleep>,
    /// How often it has looked at all.
    looks: u32,
    one_by_one: Option<OneByOne>,
    frame: Frame,
    /// Where it was made.
    place: &'static Location<'static>,
}

/// The handles have wakers of their own.
struct OneByOne {
    arrivals: Arc<Arrivals>,
    arrived: Vec<usize>,
    /// Who has ended, and how many that are.
    has_ended: Vec<bool>,
    ended: usize,
}

impl<T> Wait<'_, T> {
    /// Looks at all. `true`: enough have ended.
    fn look(&mut self, context: &mut Context<'_>) -> bool {
        let mut ended = 0;
        let mut is_enough = false;
        for handle in self.handles.iter_mut() {
            if handle.poll_end(context) {
                ended += 1;
                is_enough |= is_decisive(handle, self.enough);
            }
        }
        is_enough || ended >= self.count.min(self.handles.len())
    }

    /// Looks at those that have woken it, and, the first time, at all. `true`: enough have ended.
    #[cold]
    fn look_one_by_one(&mut self, context: &mut Context<'_>) -> bool {
        let needed = self.count.min(self.handles.len());
        let OneByOne { arrivals, arrived, has_ended, ended } =
            self.one_by_one.get_or_insert_with(|| {
                let arrivals = Arrivals::new();
                let mut arrived = Vec::new();
                for (at, handle) in self.handles.iter_mut().enumerate() {
                    if handle.poll_end(&mut Context::from_waker(&arrivals.waker(at))) {
                        arrived.push(at);
                    }
                }
                let has_ended = vec![false; self.handles.len()];
                OneByOne { arrivals, arrived, has_ended, ended: 0 }
            });
        // Registered first: who ends after the look wakes.
        arrivals.register(context.waker());
        arrivals.take(arrived);
        let mut is_enough = false;
        for at in arrived.drain(..) {
            let handle = &mut self.handles[at];
            if !has_ended[at] && handle.is_finished() {
                has_ended[at] = true;
                *ended += 1;
                is_enough |= is_decisive(handle, self.enough);
            }
        }
        is_enough || *ended >= needed
    }

    /// Until one has ended: asyncio's `FIRST_COMPLETED`.
    pub fn first_completed(mut self) -> Self {
        self.count = 1;
        self
    }

    /// Until one has panicked, or all have ended. One that was cancelled does not count.
    pub fn first_panic(mut self) -> Self {
        self.enough = Some(|result| result.is_err_and(JoinError::is_panic));
        self
    }

    /// But no longer than `limit`; then it takes what has ended by then, which may be nothing.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }
}

impl<T, E> Wait<'_, Result<T, E>> {
    /// Until one has returned an error or panicked, or all have ended: asyncio's `FIRST_EXCEPTION`. One
    /// that was cancelled does not count.
    pub fn first_error(mut self) -> Self {
        self.enough = Some(|result| match result {
            Ok(output) => output.is_err(),
            Err(error) => error.is_panic(),
        });
        self
    }
}

/// Whether the end of this one is enough.
fn is_decisive<T>(handle: &mut JoinHandle<T>, enough: Option<IsEnough<T>>) -> bool {
    let Some(enough) = enough else { return false };
    // Without a result: it was taken by hand.
    handle.try_result().done().is_some_and(enough)
}

impl<T> Future for Wait<'_, T> {
    type Output = Result<Vec<JoinHandle<T>>, EmptyWait>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.handles.is_empty() {
            return Poll::Ready(Err(EmptyWait(())));
        }
        let place = this.place;
        let _entered = this.frame.enter(|| (FrameKind::Join, "wait", place));
        let mut is_enough = if this.looks < LOOKS_MAX {
            this.looks += 1;
            this.look(context)
        } else {
            this.look_one_by_one(context)
        };
        if !is_enough && let Some(limit) = this.limit {
            let sleep = || corio_timer::sleep(limit).placed(place);
            let sleep = this.sleep.get_or_insert_with(sleep);
            is_enough = Pin::new(sleep).poll(context).is_ready();
        }
        if !is_enough {
            return Poll::Pending;
        }
        Poll::Ready(Ok(this.handles.extract_if(.., |handle| handle.is_finished()).collect()))
    }
}

impl<T> fmt::Debug for Wait<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("handles", &self.handles).field("limit", &self.limit).finish()
    }
}

/// [`wait`] was given no tasks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EmptyWait(());

impl fmt::Display for EmptyWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0 tasks to wait for: look whether any is left before you `wait`")
    }
}

impl fmt::Debug for EmptyWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmptyWait")
    }
}

impl Error for EmptyWait {}
