//! Attempts that begin one after the other, until one succeeds: happy eyeballs.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use corio_task::{Forward, Target};
use corio_timer::Sleep;
use corio_trace::action::Action;
use corio_trace::book::{Frame, FrameKind};
use corio_trace::disarm::{Enters, Leaves};
use corio_trace::{deeds, disarm};

/// Begins the attempts one after the other: the next when `delay` has passed, or as soon as one has
/// failed. The first that succeeds is the winner; the others are cancelled, and their cleanup awaited.
/// Without a delay an attempt begins only when the one before has failed.
///
/// The attempts are polled in the task that awaits this, so they may borrow.
///
/// ```
/// use std::time::Duration;
///
/// corio::run(async {
///     let attempt = |ms: u64, result: Result<&'static str, u8>| async move {
///         corio::sleep(Duration::from_millis(ms)).await;
///         result
///     };
///     let attempts = [attempt(500, Ok("slow")), attempt(1, Err(7)), attempt(1, Ok("quick"))];
///     let raced = corio::staggered_race(attempts, Some(Duration::from_millis(5))).await;
///     assert_eq!(raced.winner, Some((2, "quick")));
///     assert_eq!(raced.errors, [(1, 7)]);
/// });
/// ```
///
/// # Cancel safety
/// Dropping it drops the attempts.
#[track_caller]
pub fn staggered_race<I, T, E>(attempts: I, delay: Option<Duration>) -> StaggeredRace<I::Item, T, E>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>>,
{
    let mut waiting: Vec<_> =
        attempts.into_iter().map(|body| Box::pin(Target::new(body))).collect();
    waiting.reverse();
    let place = Location::caller();
    StaggeredRace {
        action: Action::new(place),
        _enters: Enters::new(),
        waiting,
        running: Vec::new(),
        _leaves: Leaves::new(),
        begun: 0,
        delay,
        sleep: None,
        frame: Frame::new(),
        place,
        raced: Some(Raced { winner: None, errors: Vec::new() }),
    }
}

/// What came of a [`staggered_race`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raced<T, E> {
    /// The number of the attempt that succeeded, from 0, and what it gave; `None`: none did.
    pub winner: Option<(usize, T)>,
    /// The attempts that failed before, in that order.
    pub errors: Vec<(usize, E)>,
}

impl<T, E> Raced<T, E> {
    /// The winner's value, or all errors, in the order in which they came.
    ///
    /// # Errors
    /// If no attempt succeeded.
    pub fn into_result(self) -> Result<T, Vec<E>> {
        match self.winner {
            Some((_, value)) => Ok(value),
            None => Err(self.errors.into_iter().map(|(_, error)| error).collect()),
        }
    }
}

/// The future of [`staggered_race`].
#[must_use = "nothing begins unless it is awaited"]
pub struct StaggeredRace<F, T, E> {
    // Dropped first: it speaks for all, or the race has begun, and those that were to come go rightly.
    action: Action<RaceDeed>,
    _enters: Enters,
    /// Those that have not begun, the next one last.
    waiting: Vec<Pin<Box<Target<F>>>>,
    running: Vec<(usize, Pin<Box<Target<F>>>)>,
    _leaves: Leaves,
    begun: usize,
    delay: Option<Duration>,
    sleep: Option<Sleep>,
    frame: Frame,
    place: &'static Location<'static>,
    raced: Option<Raced<T, E>>,
}

deeds! {
    /// What a [`StaggeredRace`] does.
    RaceDeed = "staggered_race";
}

impl<F, T, E> Unpin for StaggeredRace<F, T, E> {}

impl<F, T, E> StaggeredRace<F, T, E>
where
    F: Future<Output = Result<T, E>>,
{
    /// Begins the next attempt, if there is one and its time has come.
    fn begin_next(&mut self, context: &mut Context<'_>) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        let is_due = self.running.is_empty()
            || self.sleep.as_mut().is_some_and(|sleep| Pin::new(sleep).poll(context).is_ready());
        is_due && self.begin()
    }

    fn begin(&mut self) -> bool {
        let Some(attempt) = self.waiting.pop() else { return false };
        self.running.push((self.begun, attempt));
        self.begun += 1;
        self.sleep = self.delay.map(|delay| corio_timer::sleep(delay).placed(self.place));
        true
    }

    /// Polls all that run. `true`: one has failed, so the next may begin.
    fn poll_running(&mut self, context: &mut Context<'_>) -> bool {
        let Some(raced) = &mut self.raced else { return false };
        let mut has_failed = false;
        self.running.retain_mut(|(number, attempt)| {
            let Poll::Ready(result) = attempt.as_mut().poll_with(context, |_| None) else {
                return true;
            };
            match result {
                Ok(Ok(value)) if raced.winner.is_none() => raced.winner = Some((*number, value)),
                // A second success, or a loser's end.
                Ok(Ok(_)) | Err(_) => {}
                Ok(Err(error)) => {
                    raced.errors.push((*number, error));
                    has_failed = true;
                }
            }
            false
        });
        has_failed
    }

    fn has_winner(&self) -> bool {
        self.raced.as_ref().is_some_and(|raced| raced.winner.is_some())
    }
}

impl<F, T, E> Future for StaggeredRace<F, T, E>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Raced<T, E>;

    /// # Panics
    /// If polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.action.begun();
        assert!(this.raced.is_some(), "a race was polled after it had given its result");
        let place = this.place;
        let _entered = this.frame.enter(|| (FrameKind::Select, "staggered_race", place));
        loop {
            let had_winner = this.has_winner();
            let has_failed = this.poll_running(context);
            if this.has_winner() {
                let disarmed = disarm::guard();
                this.waiting.clear();
                drop(disarmed);
                if !had_winner && !this.running.is_empty() {
                    let request = Forward::new("another attempt was quicker");
                    for (_, attempt) in &mut this.running {
                        attempt.as_mut().request(&request);
                    }
                    continue;
                }
            } else if has_failed && this.begin() || this.begin_next(context) {
                continue;
            }
            if !this.running.is_empty() {
                return Poll::Pending;
            }
            if let Some(raced) = this.raced.take() {
                return Poll::Ready(raced);
            }
        }
    }
}

impl<F, T, E> fmt::Debug for StaggeredRace<F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaggeredRace")
            .field("waiting", &self.waiting.len())
            .field("running", &self.running.len())
            .finish_non_exhaustive()
    }
}
