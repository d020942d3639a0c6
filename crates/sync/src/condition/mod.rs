//! A condition: tasks that wait, without the lock, for another to say that something has changed.

mod relock;

use std::fmt;
use std::future::{Future, poll_fn};
use std::mem;
use std::panic::Location;
use std::pin::pin;
use std::task::Poll;

use corio_base::loom::sync::atomic::{AtomicBool, Ordering};
use corio_trace::WaitKind;

use crate::wait_list::{Decision, Rules, Section, Wait, WaitList};

pub use relock::ConditionGuard;

/// The only lane.
const QUEUE: usize = 0;

/// What a waiter was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Nothing yet.
    Nothing,
    /// Meant for one; who cannot use it hands it on.
    One,
    /// Meant for everybody who waited.
    All,
    /// Not let in: those who wait have another lock.
    OtherLock,
}

/// Whether somebody waits.
#[derive(Debug)]
struct Word {
    waited: AtomicBool,
}

/// Where the lock of those who wait is; says nothing while nobody waits.
#[derive(Debug)]
struct LockPlace(usize);

impl Rules for Word {
    type Data = LockPlace;
    type Slot = Told;

    fn kind(&self) -> WaitKind {
        WaitKind::Condition
    }

    fn left(section: &mut Section<'_, Self>, _: &mut Told) {
        unmark_if_empty(section);
    }

    fn pass_on(list: &WaitList<Self>, told: Told) {
        if told == Told::One {
            tell(list, 1, Told::One);
        }
    }
}

fn unmark_if_empty(section: &mut Section<'_, Word>) {
    if section.is_empty(QUEUE) {
        // Relaxed: written under the list's lock alone.
        section.rules().waited.store(false, Ordering::Relaxed);
    }
}

fn tell(list: &WaitList<Word>, count: usize, what: Told) -> usize {
    // Relaxed: who changed under the user's lock what a waiter waits for sees what that waiter did
    // before it gave this lock back; others need not see it at all.
    if !list.rules().waited.load(Ordering::Relaxed) {
        return 0;
    }
    let mut section = list.lock();
    let mut told = 0;
    while told < count && section.grant_first(QUEUE, |slot| *slot = what).is_some() {
        told += 1;
    }
    unmark_if_empty(&mut section);
    told
}

/// Where tasks that hold a lock wait for a change that others make under the same lock.
///
/// It goes with a [`Mutex`](crate::Mutex) or a [`Lock`](crate::Lock): waiting takes the guard, gives
/// the lock back, and ends with a new guard. What is waited for is looked at anew each time, because
/// others can have the lock first; [`Condition::wait_for`] does that.
///
/// Notifying does not need the lock. But a change that is made without it can fall between a
/// waiter's look and its wait, and is not noticed then.
///
/// ```
/// use corio_sync::{Condition, Mutex};
///
/// let (stock, changed) = (Mutex::new(0), Condition::new());
/// std::thread::scope(|scope| {
///     scope.spawn(|| corio_base::park::block_on(async {
///         let enough = changed.wait_for(stock.lock().await, |stock| **stock >= 3).await;
///         assert!(*enough >= 3);
///     }));
///     for _ in 0..3 {
///         *stock.blocking_lock() += 1;
///         changed.notify_all();
///     }
/// });
/// ```
pub struct Condition {
    list: WaitList<Word>,
}

impl Default for Condition {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(not(loom))]
impl Condition {
    /// A condition on which nobody waits.
    #[must_use]
    pub const fn new() -> Self {
        let word = Word { waited: AtomicBool::new(false) };
        Condition { list: WaitList::new(word, LockPlace(0)) }
    }
}

#[cfg(loom)]
impl Condition {
    /// A condition on which nobody waits.
    #[must_use]
    pub fn new() -> Self {
        let word = Word { waited: AtomicBool::new(false) };
        Condition { list: WaitList::new(word, LockPlace(0)) }
    }
}

impl Condition {
    /// Gives the lock of `guard` back, waits to be notified, and locks again.
    ///
    /// The lock is given back at the first poll, when the task is in the queue; no notification
    /// falls between the two.
    ///
    /// # Panics
    /// When polled, if others wait on this condition with another lock. A condition goes with one
    /// lock; make one for each.
    ///
    /// # Cancel safety
    /// Dropped, it holds nothing: neither the lock nor a place in the queue. A notification for one
    /// task that it had got goes to the next.
    #[track_caller]
    pub fn wait<G: ConditionGuard>(&self, guard: G) -> impl Future<Output = G> {
        self.wait_at(guard, Location::caller())
    }

    /// Waits until `predicate` holds; it is called with the guard, so under the lock, first at once
    /// and then after each notification.
    ///
    /// # Panics
    /// As for [`Condition::wait`].
    ///
    /// # Cancel safety
    /// As for [`Condition::wait`].
    #[track_caller]
    pub fn wait_for<G: ConditionGuard>(
        &self,
        mut guard: G,
        mut predicate: impl FnMut(&mut G) -> bool,
    ) -> impl Future<Output = G> {
        let place = Location::caller();
        async move {
            while !predicate(&mut guard) {
                guard = self.wait_at(guard, place).await;
            }
            guard
        }
    }

    async fn wait_at<G: ConditionGuard>(&self, guard: G, place: &'static Location<'static>) -> G {
        let lock_place = guard.lock_place();
        let mut wait = pin!(Wait::new(&self.list, place));
        let mut guard = Some(guard);
        let mut lock = None;
        let told = poll_fn(|context| {
            let poll = wait.as_mut().poll(context, |section| join(section, lock_place));
            if poll != Poll::Ready(Told::OtherLock) {
                // In the queue since the first poll, so now the lock may go.
                if let Some(guard) = guard.take() {
                    lock = Some(guard.unlock());
                }
            }
            poll
        })
        .await;
        let Some(lock) = lock else {
            panic!(
                "others wait on this condition with another lock; make a condition for each lock"
            );
        };
        let notification = Notification { list: &self.list, told };
        let guard = G::lock_again(lock, place).await;
        mem::forget(notification);
        guard
    }

    /// Notifies the one that has waited longest, and says whether there was one.
    pub fn notify_one(&self) -> bool {
        self.notify(1) == 1
    }

    /// Notifies up to `count` tasks, longest wait first, and says how many there were.
    ///
    /// Those who come later find nothing: a condition has no memory.
    pub fn notify(&self, count: usize) -> usize {
        tell(&self.list, count, Told::One)
    }

    /// Notifies everybody who waits, and says how many they were.
    pub fn notify_all(&self) -> usize {
        tell(&self.list, usize::MAX, Told::All)
    }

    /// How many wait, those not counted that were notified. It may be old when it is read.
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.list.lock().len(QUEUE)
    }
}

impl fmt::Debug for Condition {
    /// asyncio's content, but for the lock's state, which is the lock's: `Condition [waiters:2]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition [waiters:{}]", self.waiters())
    }
}

/// Goes into the queue, if that is for the same lock.
fn join(section: &mut Section<'_, Word>, lock_place: usize) -> Decision<Told> {
    if section.is_empty(QUEUE) {
        *section.data() = LockPlace(lock_place);
    } else if section.data().0 != lock_place {
        return Decision::Done(Told::OtherLock);
    }
    // Relaxed: see `tell`.
    section.rules().waited.store(true, Ordering::Relaxed);
    Decision::Wait { lane: QUEUE, slot: Told::Nothing }
}

/// A notification that was taken but not used yet. Dropped, it goes to the next.
struct Notification<'a> {
    list: &'a WaitList<Word>,
    told: Told,
}

impl Drop for Notification<'_> {
    fn drop(&mut self) {
        Word::pass_on(self.list, self.told);
    }
}
