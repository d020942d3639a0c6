//! Who waits for one descriptor.
//!
//! Each direction has one place for a waker in the descriptor's own memory, because nearly always
//! one task reads and one writes; an idle connection pays for nothing else. Whoever comes while the
//! place is taken goes to a list that is allocated then.
//!
//! Two sorts wait. A **future** has a [`WaiterId`], keeps its place until it is dropped, and any
//! number of them wait side by side. The **poll forms** (`poll_read_with(cx)`) have no object that
//! could be told from another, so all of them together are one waiter and the last waker wins, as
//! in tokio. A poll form never displaces a future: it moves it to the list.
//!
//! | field | who writes | under what |
//! |---|---|---|
//! | `first` | registering and dropping waiters; the reactor takes | the mutex |
//! | `owners` | as `first` | the mutex |
//! | `more` | as `first` | the mutex |
//!
//! Wakers are cloned before the lock is taken, and dropped and woken after it is given back: they
//! are foreign code.

use std::task::Waker;

use corio_base::WakeBatch;
use corio_base::loom::sync::{Mutex, MutexGuard};

use crate::ready::{Direction, Ready};
use crate::waiter_id::WaiterId;

#[derive(Debug)]
struct Waiter {
    id: WaiterId,
    waker: Waker,
}

#[derive(Debug)]
struct Inner {
    /// One place per direction.
    first: [Option<Waker>; 2],
    /// Whose waker is in `first`; says nothing while that is empty.
    owners: [WaiterId; 2],
    /// Those who found their place taken, in the order they came.
    #[expect(clippy::box_collection, reason = "8 bytes instead of 24 in every descriptor")]
    more: Option<Box<Vec<Waiter>>>,
}

/// The waiters of one descriptor.
#[derive(Debug)]
pub(crate) struct Waiters(Mutex<Inner>);

impl Waiters {
    /// Nobody.
    pub(crate) fn new() -> Self {
        Waiters(Mutex::new(Inner {
            first: [None, None],
            owners: [WaiterId::new(Direction::Read), WaiterId::new(Direction::Write)],
            more: None,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Stores `waker` for `id`, unless `is_over` says, under the lock, that the wait is over.
    ///
    /// **The race**: the descriptor becomes ready between the caller's look at the word and this
    /// call. The reactor sets the word first and takes the waiters then. So either it takes after
    /// this store and finds the waker, or it took before, and then `is_over`, asked after this lock
    /// was taken, sees what it had set.
    pub(crate) fn register(
        &self,
        id: &mut WaiterId,
        waker: &Waker,
        is_over: impl FnOnce() -> bool,
    ) -> bool {
        let waker = waker.clone();
        let mut inner = self.lock();
        if is_over() {
            drop(inner);
            return false;
        }
        id.number();
        let left_over = inner.store(*id, waker);
        drop(inner);
        drop(left_over);
        true
    }

    /// Moves the wakers of all directions in `ready` to `batch`.
    pub(crate) fn take(&self, ready: Ready, batch: &mut WakeBatch) {
        let mut inner = self.lock();
        for direction in [Direction::Read, Direction::Write] {
            if !ready.contains(Ready::of(direction)) {
                continue;
            }
            if let Some(waker) = inner.first[direction.index()].take() {
                batch.push(waker);
            }
            if let Some(more) = &mut inner.more {
                for waiter in more.extract_if(.., |waiter| waiter.id.direction() == direction) {
                    batch.push(waiter.waker);
                }
            }
        }
    }

    /// Forgets the future `id`.
    pub(crate) fn remove(&self, id: WaiterId) {
        let mut inner = self.lock();
        let gone = inner.remove(id);
        drop(inner);
        drop(gone);
    }

    /// Calls `f`, under the lock, if nobody waits. `f` MUST NOT run wakers.
    pub(crate) fn if_none(&self, f: impl FnOnce()) -> bool {
        self.with_interest(|interest| {
            let nobody = interest == Ready::EMPTY;
            if nobody {
                f();
            }
            nobody
        })
    }

    /// Calls `f`, under the lock, with the directions somebody waits for.
    ///
    /// Under the lock, because two threads that each tell the system what to watch for must do so
    /// in the order in which they found out. `f` MUST NOT run wakers.
    pub(crate) fn with_interest<R>(&self, f: impl FnOnce(Ready) -> R) -> R {
        let inner = self.lock();
        let mut interest = Ready::EMPTY;
        for direction in [Direction::Read, Direction::Write] {
            let listed = |waiter: &Waiter| waiter.id.direction() == direction;
            if inner.first[direction.index()].is_some()
                || inner.more.iter().any(|more| more.iter().any(listed))
            {
                interest |= Ready::of(direction);
            }
        }
        f(interest)
    }
}

impl Inner {
    /// Stores `waker`; gives back one that is to be dropped outside the lock.
    fn store(&mut self, id: WaiterId, waker: Waker) -> Option<Waker> {
        let place = id.direction().index();
        let taken = self.first[place].is_some();
        if !taken || self.owners[place] == id {
            self.owners[place] = id;
            // A future that was moved to the list comes back to the place when that is free.
            let listed = if taken { None } else { self.remove_listed(id) };
            let replaced = self.first[place].replace(waker);
            return replaced.or(listed);
        }
        if id.is_poll_form() {
            let owner = std::mem::replace(&mut self.owners[place], id);
            let moved = self.first[place].replace(waker);
            let waker = moved.expect("the place was taken");
            self.list().push(Waiter { id: owner, waker });
            return None;
        }
        let list = self.list();
        match list.iter_mut().find(|waiter| waiter.id == id) {
            Some(waiter) => Some(std::mem::replace(&mut waiter.waker, waker)),
            None => {
                list.push(Waiter { id, waker });
                None
            }
        }
    }

    fn remove(&mut self, id: WaiterId) -> Option<Waker> {
        let place = id.direction().index();
        if self.owners[place] == id && self.first[place].is_some() {
            return self.first[place].take();
        }
        self.remove_listed(id)
    }

    fn remove_listed(&mut self, id: WaiterId) -> Option<Waker> {
        let more = self.more.as_mut()?;
        let at = more.iter().position(|waiter| waiter.id == id)?;
        Some(more.remove(at).waker)
    }

    fn list(&mut self) -> &mut Vec<Waiter> {
        self.more.get_or_insert_default()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counted() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (count.clone(), Waker::from(count))
    }

    fn register(waiters: &Waiters, id: &mut WaiterId, waker: &Waker) {
        assert!(waiters.register(id, waker, || false));
    }

    fn wake_readers(waiters: &Waiters) -> usize {
        let mut batch = WakeBatch::new();
        waiters.take(Ready::READABLE, &mut batch);
        batch.wake_all()
    }

    #[test]
    fn futures_wait_side_by_side_and_poll_forms_share_one_place() {
        let waiters = Waiters::new();
        let (a, waker_a) = counted();
        let (b, waker_b) = counted();
        let (old, waker_old) = counted();
        let (new, waker_new) = counted();
        let (mut id_a, mut id_b) = (WaiterId::new(Direction::Read), WaiterId::new(Direction::Read));
        register(&waiters, &mut id_a, &waker_a);
        register(&waiters, &mut id_b, &waker_b);
        register(&waiters, &mut { WaiterId::poll_form(Direction::Read) }, &waker_old);
        register(&waiters, &mut { WaiterId::poll_form(Direction::Read) }, &waker_new);
        assert_ne!(id_a, id_b);
        assert_eq!(wake_readers(&waiters), 3);
        let counts = [a, b, old, new].map(|count| count.0.load(Ordering::Relaxed));
        assert_eq!(counts, [1, 1, 0, 1], "the last poll form wins, futures all wake");
    }

    #[test]
    fn a_future_that_waits_again_is_stored_once() {
        let waiters = Waiters::new();
        let (_, waker) = counted();
        let (mut first, mut second) =
            (WaiterId::new(Direction::Read), WaiterId::new(Direction::Read));
        for _ in 0..3 {
            register(&waiters, &mut first, &waker);
            register(&waiters, &mut second, &waker);
        }
        assert_eq!(wake_readers(&waiters), 2);
        assert_eq!(wake_readers(&waiters), 0);
    }

    #[test]
    fn a_listed_future_that_takes_the_free_place_leaves_the_list() {
        let waiters = Waiters::new();
        let (_, waker) = counted();
        let (mut first, mut second) =
            (WaiterId::new(Direction::Read), WaiterId::new(Direction::Read));
        register(&waiters, &mut first, &waker);
        register(&waiters, &mut second, &waker);
        waiters.remove(first);
        register(&waiters, &mut second, &waker);
        assert_eq!(wake_readers(&waiters), 1);
    }

    #[test]
    fn a_dropped_future_is_forgotten_and_its_waker_released() {
        let waiters = Waiters::new();
        let (count, waker) = counted();
        let (mut first, mut second) =
            (WaiterId::new(Direction::Read), WaiterId::new(Direction::Read));
        register(&waiters, &mut first, &waker);
        register(&waiters, &mut second, &waker);
        waiters.remove(second);
        waiters.remove(first);
        drop(waker);
        assert_eq!(Arc::strong_count(&count), 1);
        assert_eq!(wake_readers(&waiters), 0);
    }

    #[test]
    fn directions_are_independent() {
        let waiters = Waiters::new();
        let (_, waker) = counted();
        let mut id = WaiterId::new(Direction::Write);
        assert!(waiters.register(&mut id, &waker, || false));
        assert_eq!(waiters.with_interest(|interest| interest), Ready::WRITABLE);
        assert_eq!(wake_readers(&waiters), 0);
        let mut batch = WakeBatch::new();
        waiters.take(Ready::WRITABLE, &mut batch);
        assert_eq!(batch.wake_all(), 1);
    }
}
