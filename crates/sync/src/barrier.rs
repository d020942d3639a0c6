//! A barrier: tasks wait for one another, and go on together once enough of them are there.
//!
//! ```text
//!                  trip              the last has left
//!     ┌─▶ Filling ──1──▶ Draining ─────────2────────┐
//!     │    │  │             │  │                    │
//!     │    │  └──3─reset────│──┴──reset─3──▶ Resetting
//!     │    │                │                    │  │
//!     │    └────4─abort─────┴──────abort─4───────┘  │
//!     │                  ▼                          │
//!     │               Broken ─────5─reset───────────┤
//!     └─────────────────────────────────────────────┘
//! ```
//!
//! One lane: in it are all who wait. While the barrier is Filling they are counted; the one who
//! makes their number complete lets the first of them go ([`trip`], edge 1). Let go is not gone:
//! until each of them was polled again or dropped ([`left_by_one`], edge 2) the barrier is Draining,
//! and who comes meanwhile waits for the next filling, in the same lane. `reset` (3) and `abort` (4)
//! let all go with an error. One who was let go learns only when it leaves whether it has passed: a
//! reset in between breaks it too, as in asyncio. Resetting ends like Draining; Broken ends by a
//! `reset` (5), which is Resetting as long as somebody has yet to leave, and Filling otherwise.
//!
//! Everything happens under the list's lock: nothing here is quick, as each task comes to wait.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_trace::WaitKind;
use pin_project_lite::pin_project;

use crate::wait_list::{Decision, Rules, Section, Wait, WaitList};

/// The only lane.
const QUEUE: usize = 0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Filling,
    Draining,
    Resetting,
    Broken,
}

/// What the lock guards.
#[derive(Debug)]
struct Data {
    state: State,
    /// How many were let go and have not left. While it is not 0 the barrier is not Filling.
    leaving: usize,
}

/// How a wait ends.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// Let go, with this number, and counted in `leaving`.
    LetGo(usize),
    /// The one who made the number complete; it has left at once.
    Passed(usize),
    /// Came to an aborted barrier.
    Refused,
}

struct Parties(usize);

impl Rules for Parties {
    type Data = Data;
    type Slot = Outcome;

    fn kind(&self) -> WaitKind {
        WaitKind::Barrier
    }

    // Who waits is counted by the lane's length, so nothing has to be put right.
    fn left(_: &mut Section<'_, Self>, _: &mut Outcome) {}

    fn pass_on(list: &WaitList<Self>, outcome: Outcome) {
        if let Outcome::LetGo(_) = outcome {
            // Nobody is there to be told.
            let _ = left_by_one(&mut list.lock());
        }
    }
}

/// Edge 1, from inside the barrier: if enough wait, the first of them go.
fn trip(section: &mut Section<'_, Parties>) {
    let parties = section.rules().0;
    if section.data().state == State::Filling && section.len(QUEUE) >= parties {
        let_go(section, parties);
        section.data().state = State::Draining;
    }
}

/// Lets the first `count` go, numbered in order.
fn let_go(section: &mut Section<'_, Parties>, count: usize) {
    for index in 0..count {
        section.grant_first(QUEUE, |outcome| *outcome = Outcome::LetGo(index));
    }
    section.data().leaving += count;
}

/// Edge 2: one of those who were let go leaves. Says what it is told.
fn left_by_one(section: &mut Section<'_, Parties>) -> Result<(), BrokenBarrier> {
    let data = section.data();
    let told = match data.state {
        State::Draining => Ok(()),
        State::Broken => Err(BrokenBarrier::Aborted),
        State::Resetting | State::Filling => Err(BrokenBarrier::Reset),
    };
    data.leaving -= 1;
    if data.leaving == 0 && data.state != State::Broken {
        data.state = State::Filling;
        // Enough for the next round may have come meanwhile.
        trip(section);
    }
    told
}

/// asyncio's barrier: a number of tasks wait until all of them are there, over and over again.
///
/// A task that gives up waiting does not break it: the barrier waits for another in its stead.
/// [`Barrier::reset`] breaks it for those who wait, [`Barrier::abort`] for everybody, until a reset.
///
/// ```
/// use corio_sync::Barrier;
///
/// let barrier = Barrier::new(2);
/// std::thread::scope(|scope| {
///     let meet = || corio_base::park::block_on(barrier.wait()).unwrap().index();
///     let other = scope.spawn(meet);
///     let sum = meet() + other.join().unwrap();
///     assert_eq!(sum, 1, "one is 0 and the other 1");
/// });
/// ```
pub struct Barrier {
    list: WaitList<Parties>,
}

/// As asyncio shows it: `Barrier [filling, waiters:0/2]`, or `Barrier [broken]`.
impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The lock is given back before foreign code (the formatter's) runs.
        let (state, waiters, parties) = (self.state(), self.n_waiting(), self.parties());
        match state {
            State::Filling => write!(f, "Barrier [filling, waiters:{waiters}/{parties}]"),
            State::Draining => write!(f, "Barrier [draining, waiters:{waiters}/{parties}]"),
            State::Resetting => write!(f, "Barrier [resetting, waiters:{waiters}/{parties}]"),
            State::Broken => f.write_str("Barrier [broken]"),
        }
    }
}

const EMPTY: Data = Data { state: State::Filling, leaving: 0 };

#[cfg(not(loom))]
impl Barrier {
    /// A barrier for `parties` tasks.
    ///
    /// # Panics
    /// If `parties` is 0: nobody would ever complete it. In a constant this does not compile.
    #[must_use]
    pub const fn new(parties: usize) -> Self {
        assert!(parties > 0, "a barrier of 0 parties lets nobody pass; use at least 1");
        Barrier { list: WaitList::new(Parties(parties), EMPTY) }
    }
}

#[cfg(loom)]
impl Barrier {
    /// A barrier for `parties` tasks.
    #[must_use]
    pub fn new(parties: usize) -> Self {
        Barrier { list: WaitList::new(Parties(parties), EMPTY) }
    }
}

impl Barrier {
    /// How many tasks it takes.
    #[must_use]
    pub fn parties(&self) -> usize {
        self.list.rules().0
    }

    /// How many wait to be complete. It may be old when it is read. Those who came while an earlier
    /// round was leaving are counted once that round has left.
    #[must_use]
    pub fn n_waiting(&self) -> usize {
        let mut section = self.list.lock();
        if section.data().state == State::Filling { section.len(QUEUE) } else { 0 }
    }

    /// Whether it was aborted, and not reset since.
    #[must_use]
    #[doc(alias = "broken")]
    pub fn is_broken(&self) -> bool {
        self.state() == State::Broken
    }

    fn state(&self) -> State {
        self.list.lock().data().state
    }

    /// Waits until all parties are there. Each gets a number of its own, from 0 in the order in which
    /// they came; the last one is the leader.
    ///
    /// # Errors
    /// [`BrokenBarrier`] if the barrier is aborted, or is aborted or reset meanwhile.
    ///
    /// # Cancel safety
    /// Dropped, it is not counted any more; the barrier is not broken. Dropped after its round was
    /// complete, the others of the round pass all the same.
    #[track_caller]
    pub fn wait(&self) -> BarrierWait<'_> {
        BarrierWait { wait: Wait::new(&self.list, Location::caller()) }
    }

    /// Begins anew: whoever waits gets an error, whoever comes after it is counted from 0.
    ///
    /// Also ends what [`Barrier::abort`] began. Those of a round that is complete who have not been
    /// polled since get the error too; those who came after that round go on waiting.
    pub fn reset(&self) {
        let mut section = self.list.lock();
        match section.data().state {
            State::Filling => {
                let waiting = section.len(QUEUE);
                let_go(&mut section, waiting);
            }
            State::Draining | State::Resetting | State::Broken => {}
        }
        let data = section.data();
        data.state = if data.leaving > 0 { State::Resetting } else { State::Filling };
    }

    /// Breaks it: whoever waits, and whoever comes before the next [`Barrier::reset`], gets an error.
    /// For when one of the parties knows that it will not come.
    pub fn abort(&self) {
        let mut section = self.list.lock();
        section.data().state = State::Broken;
        let waiting = section.len(QUEUE);
        let_go(&mut section, waiting);
    }
}

/// What a task is told that has passed a [`Barrier`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult {
    index: usize,
    parties: usize,
}

impl BarrierWaitResult {
    /// The task's number in this round, from 0 to one less than the parties; no two have the same.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Whether this is the one task of the round that has the highest number, being the last to come.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.index + 1 == self.parties
    }
}

/// Why a [`Barrier`] let nobody pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokenBarrier {
    /// [`Barrier::abort`] was called.
    Aborted,
    /// [`Barrier::reset`] was called while this task waited.
    Reset,
}

impl fmt::Display for BrokenBarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BrokenBarrier::Aborted => "barrier aborted; reset it before anybody waits again",
            BrokenBarrier::Reset => "the barrier was reset while this task waited; wait again",
        })
    }
}

impl Error for BrokenBarrier {}

pin_project! {
    /// Waits at a barrier; made by [`Barrier::wait`].
    #[derive(Debug)]
    #[must_use = "nobody is counted unless the future is polled"]
    pub struct BarrierWait<'a> {
        #[pin]
        wait: Wait<'a, Parties>,
    }
}

/// The last look, under the lock: what becomes of one who comes now.
fn arrive(section: &mut Section<'_, Parties>) -> Decision<Outcome> {
    let parties = section.rules().0;
    let before = section.len(QUEUE);
    match section.data().state {
        State::Broken => Decision::Done(Outcome::Refused),
        State::Filling if before + 1 == parties => {
            let_go(section, before);
            // A lone party has nobody to wait for.
            if before > 0 {
                section.data().state = State::Draining;
            }
            Decision::Done(Outcome::Passed(before))
        }
        // The number is given when the task is let go.
        _ => Decision::Wait { lane: QUEUE, slot: Outcome::Refused },
    }
}

impl Future for BarrierWait<'_> {
    type Output = Result<BarrierWaitResult, BrokenBarrier>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let wait = self.project().wait;
        let list = wait.list();
        let told = |index| BarrierWaitResult { index, parties: list.rules().0 };
        wait.poll(context, arrive).map(|outcome| match outcome {
            Outcome::LetGo(index) => left_by_one(&mut list.lock()).map(|()| told(index)),
            Outcome::Passed(index) => Ok(told(index)),
            Outcome::Refused => Err(BrokenBarrier::Aborted),
        })
    }
}
