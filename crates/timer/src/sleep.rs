//! A future that is ready after some time: 24 bytes, movable between tasks, threads and executors.
//!
//! A sleep holds no links and no waker, only the number of its home and the key of its entry there,
//! so it needs no pinning and no unsafe code. It never blocks and starts no thread, but for the
//! fallback's, where its thread has no timers.
//!
//! ```text
//!   After ──1 start──▶ Counting ──3 look──▶ Filed ──4 look──▶ Elapsed
//!     │                 │    │                │ ▲              ▲   ▲
//!     │      5 poll_away│    │ 4 look         │ │ 1 start      │   │
//!     │                 ▼    └────────┐       ▼ │              │   │
//!     │               Asked ──6 poll_answer──▶ At ─┐           │   │
//!     │                               │     7      │ 2 start   │   │
//!     │ 2 start                       └────────────┼───────────┘   │
//!     └──────────────────▶ Yielded ◀───────────────┘               │
//!                             └───────────8 poll───────────────────┘
//! ```
//!
//! After: a delay, not polled yet. Counting: polled, its home knows the deadline after its next turn.
//! At: a deadline, not polled yet where it now is. Filed: its home has the deadline. Asked: it is
//! polled away from home and waits for its home to say the deadline, or for a whole delay to pass if
//! the home does not run meanwhile. Yielded: it had nothing to wait for. Edges 6 and 7 (`poll_away` of
//! a filed one) end in Elapsed if the deadline has passed by then, or that whole delay.
//! `reset` leads from every state to At or Filed, `reset_after` to After or Counting.
//!
//! A sleep that is made in debug mode is Recorded: it stays in a box beside the record of its wait, so
//! that the others have no place to keep for one.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use corio_base::loom::sync::Arc;
use corio_base::{Time, clock};
use corio_trace::WaitKind;
use corio_trace::book::PlacedLeaf;

use crate::current;
use crate::fallback::Fallback;
use crate::home::{self, Home, Polled, Reached};
use crate::mail::{self, Answer, Mail};
use crate::queue::{Key, TimerQueue};
use crate::timers::FALLBACK;

/// Waits until `delay` has passed since the first poll.
///
/// On a loop of its own the sleep counts from the loop's next look at its clock, which the loop takes
/// anyway: never early, and late by no more than the rest of that turn. A delay of zero lets
/// everything else that is ready run once; one too long for any [`Instant`] never ends.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// let before = Instant::now();
/// corio_base::park::block_on(corio_timer::sleep(Duration::from_millis(2)));
/// assert!(before.elapsed() >= Duration::from_millis(2));
/// ```
///
/// # Cancel safety
/// Dropping the sleep takes its timer off.
#[inline]
#[track_caller]
pub fn sleep(delay: Duration) -> Sleep {
    let delay_ns = nanos(delay);
    if corio_trace::enabled() {
        return Sleep::recorded(None, delay_ns, Location::caller());
    }
    Sleep { state: State::After { delay_ns } }
}

/// Waits until `deadline`. A deadline that has passed lets everything else that is ready run once;
/// one that passed only after its loop last looked at its clock is seen at the next look.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// let deadline = Instant::now() + Duration::from_millis(2);
/// corio_base::park::block_on(corio_timer::sleep_until(deadline));
/// assert!(Instant::now() >= deadline);
/// ```
///
/// # Cancel safety
/// Dropping the sleep takes its timer off.
#[inline]
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    let deadline = Time::from_instant(deadline);
    if corio_trace::enabled() {
        return Sleep::recorded(Some(deadline), 0, Location::caller());
    }
    Sleep::at(deadline)
}

/// [`sleep`], then `value`: asyncio's `sleep(delay, result)`.
///
/// ```
/// use std::time::Duration;
///
/// let answer = corio_base::park::block_on(corio_timer::sleep_with(Duration::ZERO, 42));
/// assert_eq!(answer, 42);
/// ```
///
/// # Cancel safety
/// Dropping the sleep drops the value.
#[inline]
#[track_caller]
pub fn sleep_with<T>(delay: Duration, value: T) -> SleepWith<T> {
    sleep(delay).with(value)
}

/// Nanoseconds of a delay; those of [`Time::NEVER`] if it is too long to count.
#[inline]
fn nanos(delay: Duration) -> u64 {
    delay
        .as_secs()
        .checked_mul(1_000_000_000)
        .and_then(|nanos| nanos.checked_add(u64::from(delay.subsec_nanos())))
        .unwrap_or(u64::MAX)
}

/// The future of [`sleep`] and [`sleep_until`].
///
/// May be polled in one place first and in another later: it wakes the task that polled it last.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    state: State,
}

/// The states in the picture above.
#[derive(Debug)]
enum State {
    After {
        delay_ns: u64,
    },
    At {
        deadline: Time,
    },
    Counting {
        delay_ns: u64,
        home: u64,
        key: Key,
    },
    Filed {
        deadline: Time,
        home: u64,
        key: Key,
    },
    Yielded {
        deadline: Time,
    },
    Elapsed {
        deadline: Time,
    },
    /// Asked or Recorded: what few are, and what has something to be dropped.
    Aside(Box<Aside>),
}

#[derive(Debug)]
enum Aside {
    Asked { answer: Arc<Answer>, latest: Key },
    Recorded(Recorded),
}

/// A sleep of debug mode.
#[derive(Debug)]
struct Recorded {
    /// In any other state.
    sleep: Sleep,
    leaf: PlacedLeaf,
}

const _: () = assert!(size_of::<Sleep>() <= 24);

impl Sleep {
    #[inline]
    pub(crate) fn at(deadline: Time) -> Sleep {
        Sleep { state: State::At { deadline } }
    }

    /// One whose wait is recorded, with a deadline or else a delay.
    #[cold]
    #[inline(never)]
    fn recorded(deadline: Option<Time>, delay_ns: u64, place: &'static Location<'static>) -> Sleep {
        let state = deadline.map_or(State::After { delay_ns }, |deadline| State::At { deadline });
        let recorded = Recorded { sleep: Sleep { state }, leaf: PlacedLeaf::new(place) };
        Sleep { state: State::Aside(Box::new(Aside::Recorded(recorded))) }
    }

    /// The same sleep, of which debug mode shows nothing: for the limit of a wait that is shown itself.
    pub fn unrecorded(mut self) -> Sleep {
        match self.as_recorded() {
            Some(recorded) => std::mem::replace(&mut recorded.sleep, Sleep::at(Time::NEVER)),
            None => self,
        }
    }

    /// The same sleep, which debug mode shows at `place`: for sleeps that are made on somebody's behalf.
    pub fn placed(mut self, place: &'static Location<'static>) -> Sleep {
        if let Some(recorded) = self.as_recorded() {
            recorded.leaf = PlacedLeaf::new(place);
        }
        self
    }

    fn as_recorded(&mut self) -> Option<&mut Recorded> {
        match &mut self.state {
            State::Aside(aside) => match &mut **aside {
                Aside::Recorded(recorded) => Some(recorded),
                Aside::Asked { .. } => None,
            },
            _ => None,
        }
    }

    /// Makes it yield `value` when it ends.
    #[inline]
    pub fn with<T>(self, value: T) -> SleepWith<T> {
        SleepWith { sleep: self, value: Some(value) }
    }

    /// When it ends or ended. `None`: never, or not known here: a delay that has not been polled, or
    /// whose loop has not looked at its clock since, or that waits on another thread's loop.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Aside(ref aside) => match &**aside {
                Aside::Recorded(recorded) => recorded.sleep.deadline(),
                Aside::Asked { .. } => None,
            },
            State::At { deadline }
            | State::Filed { deadline, .. }
            | State::Yielded { deadline }
            | State::Elapsed { deadline } => deadline.to_instant(),
            State::Counting { home, key, .. } => {
                let timers = current::get().filter(|timers| timers.id() == home)?;
                timers.with(|queue| queue.deadline(key))?.to_instant()
            }
            State::After { .. } => None,
        }
    }

    /// Whether it has ended, so that a poll is ready. `false` if only another thread's loop knows.
    pub fn is_elapsed(&self) -> bool {
        match self.state {
            State::Aside(ref aside) => match &**aside {
                Aside::Recorded(recorded) => recorded.sleep.is_elapsed(),
                Aside::Asked { .. } => false,
            },
            State::Elapsed { .. } | State::Yielded { .. } => true,
            State::Counting { home, key, .. } | State::Filed { home, key, .. } => home::reach(home)
                .is_some_and(|home| home.with(|queue| queue.value_mut(key).is_none())),
            State::After { .. } | State::At { .. } => false,
        }
    }

    /// Moves the end to `deadline`, earlier or later, also if it has ended. A task that waits for it
    /// goes on waiting. Moved to later on its own loop, this changes one number.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// let mut sleep = corio_timer::sleep(Duration::from_secs(3600));
    /// sleep.reset(Instant::now() + Duration::from_millis(2));
    /// corio_base::park::block_on(sleep);
    /// ```
    pub fn reset(&mut self, deadline: Instant) {
        self.reset_to(Time::from_instant(deadline));
    }

    pub(crate) fn reset_to(&mut self, deadline: Time) {
        if let Some(recorded) = self.as_recorded() {
            return recorded.sleep.reset_to(deadline);
        }
        if let State::Counting { home, key, .. } | State::Filed { home, key, .. } = self.state
            && home::reach(home).is_some_and(|home| home.reset(key, deadline))
        {
            self.state = State::Filed { deadline, home, key };
            return;
        }
        self.leave(true);
        self.state = State::At { deadline };
    }

    /// Makes it a new [`sleep`] of this delay, in place. If a task waits for it, the delay counts
    /// from now, and the task goes on waiting; if not, from the next poll.
    pub fn reset_after(&mut self, delay: Duration) {
        if let Some(recorded) = self.as_recorded() {
            return recorded.sleep.reset_after(delay);
        }
        let delay_ns = nanos(delay);
        if delay_ns != 0
            && let State::Counting { home, key, .. } | State::Filed { home, key, .. } = self.state
        {
            match home::reach(home) {
                Some(Reached::Fallback(_)) => {
                    return self.reset_to(clock::now().saturating_add(delay));
                }
                Some(Reached::Loop(timers))
                    if timers.with(|queue| queue.restart(key, delay_ns)) =>
                {
                    self.state = State::Counting { delay_ns, home, key };
                    return;
                }
                _ => {}
            }
        }
        self.leave(true);
        self.state = State::After { delay_ns };
    }

    /// Whether it has been polled since it was made or reset.
    pub(crate) fn is_started(&self) -> bool {
        match &self.state {
            State::After { .. } | State::At { .. } => false,
            State::Aside(aside) => match &**aside {
                Aside::Recorded(recorded) => recorded.sleep.is_started(),
                Aside::Asked { .. } => true,
            },
            _ => true,
        }
    }

    /// Edges 1 and 2: registers with the timers of this thread, or else with the fallback.
    #[inline]
    fn start(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(timers) = current::get() else {
            return self.start_without_loop(context);
        };
        match self.state {
            State::After { delay_ns } if delay_ns != 0 => {
                let key = timers.insert_after(delay_ns, context.waker().clone());
                self.state = State::Counting { delay_ns, home: timers.id(), key };
            }
            State::At { deadline } if deadline > timers.latest() => {
                let key = timers.insert(deadline, context.waker().clone());
                self.state = State::Filed { deadline, home: timers.id(), key };
            }
            State::At { deadline } => self.go_round(deadline, context),
            _ => self.go_round(Time::NEVER, context),
        }
        Poll::Pending
    }

    #[cold]
    fn start_without_loop(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let now = clock::now();
        let deadline = match self.state {
            State::After { delay_ns } => now.saturating_add(Duration::from_nanos(delay_ns)),
            State::At { deadline } => deadline,
            _ => unreachable!("a sleep starts once"),
        };
        if deadline <= now {
            self.go_round(deadline, context);
        } else {
            let key = Fallback::get().insert(deadline, context.waker().clone());
            self.state = State::Filed { deadline, home: FALLBACK, key };
        }
        Poll::Pending
    }

    /// Edge 2: nothing to wait for, so the task goes to the back of the queue, once.
    fn go_round(&mut self, deadline: Time, context: &mut Context<'_>) {
        self.state = State::Yielded { deadline };
        context.waker().wake_by_ref();
    }

    /// Edges 3 and 4: asks the home, if that can be reached from here.
    #[inline]
    fn look(&mut self, home: u64, key: Key, context: &mut Context<'_>) -> Poll<()> {
        let Some(reached) = home::reach(home) else {
            return self.poll_away(context);
        };
        match reached.poll(key, context.waker()) {
            Polled::Fired(deadline) => {
                self.state = State::Elapsed { deadline };
                Poll::Ready(())
            }
            Polled::Waiting(deadline) => {
                if let Some(deadline) = deadline {
                    self.state = State::Filed { deadline, home, key };
                }
                Poll::Pending
            }
        }
    }

    /// Edges 5 and 7: moves here from another thread's loop, or from one that is gone.
    #[cold]
    fn poll_away(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match self.state {
            State::Filed { deadline, home, key } => {
                // An error says that the home is gone, and the entry with it.
                let _ = mail::post(home, Mail::Cancel { key, wake: false });
                self.arrive(deadline, context)
            }
            State::Counting { delay_ns, home, key } => {
                let answer = Arc::new(Answer::new());
                let question = Mail::Ask { key, answer: Arc::clone(&answer) };
                if mail::post(home, question).is_err() {
                    // Nobody knows any more since when it counted: late, but not early.
                    let deadline = clock::now().saturating_add(Duration::from_nanos(delay_ns));
                    return self.arrive(deadline, context);
                }
                // A home that rests (its runtime lives, and nobody runs it) answers when it runs again,
                // which may be never. The fallback, which always runs and can be reached from
                // everywhere, ends the sleep when it is over whenever it began: late, but not early.
                let latest = clock::now().saturating_add(Duration::from_nanos(delay_ns));
                let latest = Fallback::get().insert(latest, context.waker().clone());
                self.state = State::Aside(Box::new(Aside::Asked { answer, latest }));
                self.poll_aside(context)
            }
            _ => unreachable!("only a registered sleep is away from home"),
        }
    }

    #[cold]
    fn poll_aside(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match self.as_recorded() {
            Some(recorded) => poll_recorded(recorded, context),
            None => self.poll_answer(context),
        }
    }

    /// Edge 6.
    fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let State::Aside(aside) = &self.state else { unreachable!("asked before") };
        let &Aside::Asked { ref answer, latest } = &**aside else { unreachable!("asked before") };
        if let Poll::Ready(deadline) = answer.poll(context) {
            self.leave(false);
            return self.arrive(deadline, context);
        }
        match Reached::Fallback(Fallback::get()).poll(latest, context.waker()) {
            // By the OS's clock: on a virtual one it may lie ahead, and is waited for here.
            Polled::Fired(deadline) => self.arrive(deadline, context),
            Polled::Waiting(_) => Poll::Pending,
        }
    }

    /// Starts here with a deadline that another home knew.
    fn arrive(&mut self, deadline: Time, context: &mut Context<'_>) -> Poll<()> {
        if deadline <= clock::now() {
            self.state = State::Elapsed { deadline };
            return Poll::Ready(());
        }
        self.state = State::At { deadline };
        self.start(context)
    }

    /// Takes the entry out of its home, wherever that is. With `wake`, a task that waits for it
    /// looks again. The caller sets the state.
    #[inline]
    fn leave(&mut self, wake: bool) {
        match &self.state {
            &State::Counting { home, key, .. } | &State::Filed { home, key, .. } => {
                let Some(reached) = home::reach(home) else {
                    return leave_away(home, key, wake);
                };
                // Woken or dropped here, outside of every borrow and lock.
                match reached.cancel(key) {
                    Some(waker) if wake => waker.wake(),
                    waker => drop(waker),
                }
            }
            State::Aside(aside) => leave_aside(aside, wake),
            _ => {}
        }
    }
}

#[cold]
fn leave_aside(aside: &Aside, wake: bool) {
    // One that is recorded leaves when it is dropped itself.
    if let &Aside::Asked { ref answer, latest } = aside {
        let waker = Reached::Fallback(Fallback::get()).cancel(latest);
        if wake {
            answer.withdraw();
        }
        drop(waker);
    }
}

#[cold]
fn leave_away(home: u64, key: Key, wake: bool) {
    // An error says that the home is gone, and has woken whoever waited.
    let _ = mail::post(home, Mail::Cancel { key, wake });
}

impl Future for Sleep {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match self.state {
            State::After { .. } | State::At { .. } => self.start(context),
            State::Counting { home, key, .. } | State::Filed { home, key, .. } => {
                self.look(home, key, context)
            }
            State::Aside(_) => self.poll_aside(context),
            // A task that is asked to unwind may be polled several times in one turn.
            State::Yielded { .. } if corio_base::current::is_again() => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            // Edge 8.
            State::Yielded { deadline } => {
                self.state = State::Elapsed { deadline };
                Poll::Ready(())
            }
            State::Elapsed { .. } => Poll::Ready(()),
        }
    }
}

fn poll_recorded(recorded: &mut Recorded, context: &mut Context<'_>) -> Poll<()> {
    let poll = Pin::new(&mut recorded.sleep).poll(context);
    match poll {
        Poll::Pending => recorded.leaf.wait(WaitKind::Sleep, 0, None),
        Poll::Ready(()) => recorded.leaf.clear(),
    }
    poll
}

impl Drop for Sleep {
    #[inline]
    fn drop(&mut self) {
        self.leave(false);
    }
}

/// The future of [`sleep_with`].
///
/// # Panics
/// If polled after it was ready.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct SleepWith<T> {
    sleep: Sleep,
    value: Option<T>,
}

/// The value is never pinned.
impl<T> Unpin for SleepWith<T> {}

impl<T> Future for SleepWith<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match Pin::new(&mut self.sleep).poll(context) {
            Poll::Ready(()) => Poll::Ready(
                self.value.take().expect("a sleep that was ready is polled again: fuse it first"),
            ),
            Poll::Pending => Poll::Pending,
        }
    }
}
