//! asyncio's `as_completed`: handles, given back in the order in which their tasks end.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use corio_task::JoinHandle;
use corio_timer::Sleep;
use corio_trace::book::{Frame, FrameKind};
use futures_core::Stream;

use super::arrivals::Arrivals;
use crate::timeout::Elapsed;

/// Gives the handles back in the order in which their tasks end; awaiting such a handle is ready at
/// once.
///
/// ```
/// use std::time::Duration;
///
/// corio::run(async {
///     let tasks = [3, 1, 2].map(|ms| {
///         corio::spawn(async move {
///             corio::sleep(Duration::from_millis(ms)).await;
///             ms
///         })
///     });
///     let mut done = corio::as_completed(tasks);
///     let mut order = Vec::new();
///     while let Some(task) = done.next().await {
///         order.push(task.await.unwrap());
///     }
///     assert_eq!(order, [1, 2, 3]);
/// });
/// ```
///
/// A cancel of the awaiter does nothing to the tasks.
///
/// # Cancel safety
/// Nothing is lost between two calls of [`AsCompleted::next`]. Dropped, it detaches the tasks that are
/// left.
#[track_caller]
pub fn as_completed<T>(handles: impl IntoIterator<Item = JoinHandle<T>>) -> AsCompleted<T> {
    let handles: Vec<_> = handles.into_iter().map(Some).collect();
    AsCompleted {
        left: handles.len(),
        handles,
        arrivals: Arrivals::new(),
        arrived: Vec::new(),
        ready: VecDeque::new(),
        has_begun: false,
        frame: Frame::new(),
        place: Location::caller(),
    }
}

/// The stream of [`as_completed`].
#[must_use = "the tasks run, but nobody gets their values unless this is awaited"]
pub struct AsCompleted<T> {
    handles: Vec<Option<JoinHandle<T>>>,
    /// How many were not given back.
    left: usize,
    arrivals: Arc<Arrivals>,
    arrived: Vec<usize>,
    /// The numbers of those that have ended, in order.
    ready: VecDeque<usize>,
    has_begun: bool,
    frame: Frame,
    /// Where it was made.
    place: &'static Location<'static>,
}

impl<T> AsCompleted<T> {
    /// The next one that ends; `None`, when all were given.
    ///
    /// # Cancel safety
    /// Dropping it loses no handle.
    pub async fn next(&mut self) -> Option<JoinHandle<T>> {
        poll_fn(|context| self.poll_item(context)).await
    }

    /// Gives the whole of it so much time: when that is over, each handle that is left comes as an error
    /// instead, once.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// corio::run(async {
    ///     let tasks = [1, 3600].map(|s| corio::spawn(corio::sleep(Duration::from_secs(s))));
    ///     let mut done = corio::as_completed(tasks).timeout(Duration::from_millis(1));
    ///     assert!(done.next().await.unwrap().is_err());
    ///     assert!(done.next().await.unwrap().is_err());
    ///     assert!(done.next().await.is_none());
    ///     assert_eq!(done.into_pending().len(), 2);
    /// });
    /// ```
    pub fn timeout(self, limit: Duration) -> AsCompletedWithin<T> {
        let sleep = corio_timer::sleep(limit).placed(self.place);
        AsCompletedWithin { all: self, limit, sleep, late: None }
    }

    /// The handles that were not given back.
    pub fn into_pending(self) -> Vec<JoinHandle<T>> {
        self.handles.into_iter().flatten().collect()
    }

    /// How many were not given back.
    pub fn len(&self) -> usize {
        self.left
    }

    /// Whether all were given back.
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<JoinHandle<T>>> {
        let place = self.place;
        let _entered = self.frame.enter(|| (FrameKind::Join, "as_completed", place));
        if !self.has_begun {
            self.begin();
        }
        loop {
            if let Some(handle) = self.ready.pop_front().and_then(|at| self.handles[at].take()) {
                self.left -= 1;
                return Poll::Ready(Some(handle));
            }
            if self.left == 0 {
                return Poll::Ready(None);
            }
            // Registered first: who ends after the look wakes.
            self.arrivals.register(context.waker());
            self.arrivals.take(&mut self.arrived);
            if self.arrived.is_empty() {
                return Poll::Pending;
            }
            let handles = &self.handles;
            let has_ended = |&at: &usize| handles[at].as_ref().is_some_and(JoinHandle::is_finished);
            self.ready.extend(self.arrived.drain(..).filter(has_ended));
        }
    }

    /// Each gets its waker. Those that have ended are ready, in the order they were given.
    fn begin(&mut self) {
        self.has_begun = true;
        for (at, handle) in self.handles.iter_mut().enumerate() {
            let waker = self.arrivals.waker(at);
            if handle
                .as_mut()
                .is_some_and(|handle| handle.poll_end(&mut Context::from_waker(&waker)))
            {
                self.ready.push_back(at);
            }
        }
    }
}

impl<T> Stream for AsCompleted<T> {
    type Item = JoinHandle<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(context)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted").field("left", &self.left).finish_non_exhaustive()
    }
}

/// The stream of [`AsCompleted::timeout`].
#[must_use = "the tasks run, but nobody gets their values unless this is awaited"]
pub struct AsCompletedWithin<T> {
    all: AsCompleted<T>,
    limit: Duration,
    sleep: Sleep,
    /// The time is over: how many errors have yet to be given.
    late: Option<usize>,
}

impl<T> AsCompletedWithin<T> {
    /// The next one that ends, or an error in its stead; `None`, when there were as many as tasks.
    ///
    /// # Cancel safety
    /// Dropping it loses no handle.
    pub async fn next(&mut self) -> Option<Result<JoinHandle<T>, Elapsed>> {
        poll_fn(|context| self.poll_item(context)).await
    }

    /// The handles that were not given back.
    pub fn into_pending(self) -> Vec<JoinHandle<T>> {
        self.all.into_pending()
    }

    fn poll_item(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<JoinHandle<T>, Elapsed>>> {
        if self.late.is_none() {
            match self.all.poll_item(context) {
                Poll::Ready(item) => return Poll::Ready(item.map(Ok)),
                Poll::Pending if Pin::new(&mut self.sleep).poll(context).is_pending() => {
                    return Poll::Pending;
                }
                Poll::Pending => self.late = Some(self.all.len()),
            }
        }
        Poll::Ready(match &mut self.late {
            Some(late) if *late > 0 => {
                *late -= 1;
                Some(Err(Elapsed::after(self.limit)))
            }
            _ => None,
        })
    }
}

impl<T> Stream for AsCompletedWithin<T> {
    type Item = Result<JoinHandle<T>, Elapsed>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(context)
    }
}

impl<T> fmt::Debug for AsCompletedWithin<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompletedWithin")
            .field("all", &self.all)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
