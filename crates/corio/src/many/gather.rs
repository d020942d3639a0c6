//! asyncio's `gather`: the values of several tasks, in the order of the tasks.
//!
//! At first a gathering looks at every member that is left whenever it is woken, one flag for each. Where
//! members end one by one that is a waste; when it has cost [`LOOKS_PER_MEMBER_MAX`] looks for each
//! member, those that are left get [wakers of their own](super::arrivals).

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use corio_task::Hold;
use corio_trace::book::{Frame, FrameKind};

use super::arrivals::Arrivals;
use super::crowd::{Crowd, IntoCrowd, TryCrowd};
use super::mode::{Everything, Mode, Tried, Values};

/// A look costs some 2 ns, a waker of one's own some 60.
const LOOKS_PER_MEMBER_MAX: usize = 30;

/// Awaits several tasks, and gives their values in the order of the handles.
///
/// The first that panics or is cancelled decides the result; the others run on, detached. So does an
/// empty gathering, with no values. [`Gather::return_exceptions`] waits for all and gives each result.
///
/// ```
/// corio::run(async {
///     let squares = (1..4).map(|n| corio::spawn(async move { n * n })).collect::<Vec<_>>();
///     assert_eq!(corio::gather(squares).await.unwrap(), [1, 4, 9]);
///
///     let (text, number) = (corio::spawn(async { "a" }), corio::spawn(async { 1 }));
///     assert_eq!(corio::gather((text, number)).await.unwrap(), ("a", 1));
/// });
/// ```
///
/// If the awaiter is cancelled, so are all the tasks, and unwinding waits for all of them.
///
/// # Errors
/// Why the first one without a value has none.
///
/// # Cancel safety
/// Dropped, it detaches the tasks.
#[track_caller]
pub fn gather<I: IntoCrowd>(handles: I) -> Gather<I::Crowd, Values> {
    Gather::new(handles.into_crowd(), Location::caller())
}

/// As [`gather`], for tasks that return a `Result`: the first error, too, decides the result.
///
/// ```
/// corio::run(async {
///     let numbers = ["1", "2", "x"].map(|text| corio::spawn(async move { text.parse::<i32>() }));
///     let error = corio::try_gather(numbers).await.unwrap_err();
///     assert_eq!(error.to_string(), "invalid digit found in string");
/// });
/// ```
///
/// # Errors
/// The first error, or why the first one without a result has none.
///
/// # Cancel safety
/// Dropped, it detaches the tasks.
#[track_caller]
pub fn try_gather<I>(handles: I) -> Gather<I::Crowd, Tried>
where
    I: IntoCrowd,
    I::Crowd: TryCrowd,
{
    Gather::new(handles.into_crowd(), Location::caller())
}

/// The future of [`gather`] and [`try_gather`].
#[must_use = "the tasks run, but nobody gets their values unless this is awaited"]
pub struct Gather<C, M> {
    crowd: C,
    /// Those that have not ended.
    left: Vec<usize>,
    hold: Hold,
    /// Woken at the end of any that is left; `None`: nobody is yet.
    waker: Option<Waker>,
    arrivals: Option<Arc<Arrivals>>,
    arrived: Vec<usize>,
    looks: usize,
    /// A request was passed on: it waits for all.
    is_asked: bool,
    /// The one that decides the result.
    decided: Option<usize>,
    is_over: bool,
    frame: Frame,
    /// Where it was made.
    place: &'static Location<'static>,
    mode: PhantomData<fn() -> M>,
}

impl<C, M> Unpin for Gather<C, M> {}

impl<C: Crowd, M> Gather<C, M> {
    fn new(crowd: C, place: &'static Location<'static>) -> Self {
        let left = (0..crowd.count()).collect();
        Gather {
            crowd,
            left,
            hold: Hold::new(),
            waker: None,
            arrivals: None,
            arrived: Vec::new(),
            looks: 0,
            is_asked: false,
            decided: None,
            is_over: false,
            frame: Frame::new(),
            place,
            mode: PhantomData,
        }
    }
}

impl<C: Crowd> Gather<C, Values> {
    /// Waits for all, and gives every result: a value, or why there is none.
    ///
    /// ```
    /// corio::run(async {
    ///     let tasks = [corio::spawn(async { 1 }), corio::spawn(async { panic!("oops") })];
    ///     let results = corio::gather(tasks).return_exceptions().await;
    ///     assert_eq!(*results[0].as_ref().unwrap(), 1);
    ///     assert!(results[1].as_ref().unwrap_err().is_panic());
    /// });
    /// ```
    pub fn return_exceptions(self) -> Gather<C, Everything> {
        Gather::new(self.crowd, self.place)
    }
}

impl<C: Crowd, M: Mode<C>> Gather<C, M> {
    /// Finds out who has ended, and sees to it that the context is woken for the others.
    fn look(&mut self, context: &mut Context<'_>) {
        if self.arrivals.is_some() {
            return self.look_at_arrived(context);
        }
        let is_known = self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        if !is_known {
            self.waker = Some(context.waker().clone());
        }
        self.looks += self.left.len();
        let (crowd, decided) = (&mut self.crowd, &mut self.decided);
        self.left.retain(|&at| {
            let member = crowd.member(at);
            let has_ended = if is_known { member.look() } else { member.poll_end(context) };
            if has_ended && decided.is_none() && M::decides(crowd, at) {
                *decided = Some(at);
            }
            !has_ended
        });
        if self.looks > LOOKS_PER_MEMBER_MAX * self.crowd.count() && self.left.len() > 1 {
            self.give_wakers(context);
        }
    }

    /// Those that are left get wakers of their own.
    #[cold]
    fn give_wakers(&mut self, context: &mut Context<'_>) {
        let arrivals = Arrivals::new();
        for &at in &self.left {
            let waker = arrivals.waker(at);
            if self.crowd.member(at).poll_end(&mut Context::from_waker(&waker)) {
                // Ended since it was looked at, on another thread.
                waker.wake();
            }
        }
        self.arrivals = Some(arrivals);
        self.look_at_arrived(context);
    }

    fn look_at_arrived(&mut self, context: &mut Context<'_>) {
        let Some(arrivals) = &self.arrivals else { return };
        arrivals.register(context.waker());
        arrivals.take(&mut self.arrived);
        for at in self.arrived.drain(..) {
            // `left` is in order.
            let Ok(found) = self.left.binary_search(&at) else { continue };
            if self.crowd.member(at).look() {
                self.left.remove(found);
                if self.decided.is_none() && M::decides(&self.crowd, at) {
                    self.decided = Some(at);
                }
            }
        }
    }

    /// Passes requests on. `true`: there were some.
    fn pass_on(&mut self) -> bool {
        let requests = self.hold.new_requests();
        for request in &requests {
            for &at in &self.left {
                self.crowd.member(at).forward(request);
            }
        }
        self.is_asked |= !requests.is_empty();
        !requests.is_empty()
    }

    fn was_cancelled(&mut self) -> bool {
        (0..self.crowd.count()).any(|at| self.crowd.member(at).is_cancelled())
    }
}

impl<C: Crowd, M: Mode<C>> Future for Gather<C, M> {
    type Output = M::Output;

    /// # Panics
    /// If polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        assert!(!this.is_over, "a gathering was polled after it had given its result");
        let place = this.place;
        let _entered = this.frame.enter(|| (FrameKind::Join, "gather", place));
        this.look(context);
        let is_decided = this.decided.is_some() && !this.is_asked;
        if !this.left.is_empty() && !is_decided {
            let hold = std::mem::take(&mut this.hold);
            let _waits: Poll<()> = hold.poll(context, |_| Poll::Pending);
            this.hold = hold;
            this.pass_on();
            return Poll::Pending;
        }
        if this.is_asked && this.was_cancelled() && this.hold.unwind() {
            return Poll::Pending;
        }
        this.hold.release();
        this.is_over = true;
        // Those that run on after a failure: it was the one to be told of.
        for &at in &this.left {
            this.crowd.member(at).let_go();
        }
        let decided = this.decided.and_then(|at| M::decided(&mut this.crowd, at));
        Poll::Ready(decided.unwrap_or_else(|| M::all(&mut this.crowd)))
    }
}

impl<C: fmt::Debug, M> fmt::Debug for Gather<C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").field("crowd", &self.crowd).field("left", &self.left).finish()
    }
}
