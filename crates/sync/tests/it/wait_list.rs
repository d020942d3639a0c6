//! What the list does for every primitive: wakers and their misdeeds, records, bounds on memory.

use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};

use corio_sync::{Lock, Locking, Semaphore};

use crate::util::{Polled, waiting};

fn assert_send_sync<T: Send + Sync>(_: &T) {}

#[test]
fn futures_cross_threads() {
    let (lock, semaphore) = (Arc::new(Lock::new()), Arc::new(Semaphore::new(1)));
    assert_send_sync(&lock);
    assert_send_sync(&lock.lock());
    assert_send_sync(&lock.try_lock());
    assert_send_sync(&semaphore.acquire());
    assert_send_sync(&semaphore.clone().acquire_owned());
}

#[test]
fn what_there_is_is_small() {
    // A place in the queue, and what a primitive without data adds to its own words.
    assert!(size_of::<Locking<'_>>() <= 104, "{}", size_of::<Locking<'_>>());
    assert!(size_of::<Lock>() <= 48, "{}", size_of::<Lock>());
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics, as this test wants");
    }
}

#[test]
fn a_waker_that_panics_harms_nobody() {
    let semaphore = Semaphore::new(0);
    let bad = Waker::from(Arc::new(Panics));
    let mut waiters: Vec<_> = (0..4).map(|_| Polled::new(semaphore.acquire())).collect();
    for (at, waiter) in waiters.iter_mut().enumerate() {
        let poll = if at % 2 == 0 { waiter.poll_with(&bad) } else { waiter.poll() };
        assert!(poll.is_pending());
    }
    semaphore.add_permits(4);
    for (at, waiter) in waiters.iter_mut().enumerate() {
        assert_eq!(waiter.wakes(), at % 2);
        waiter.ready().unwrap().forget();
    }
}

/// Comes back to the lock whenever it is woken or dropped.
struct ComesBack(Weak<Lock>);

impl ComesBack {
    fn come_back(&self) {
        if let Some(lock) = self.0.upgrade() {
            drop(lock.try_lock());
            let _ = waiting_or_not(&lock);
        }
    }
}

fn waiting_or_not(lock: &Lock) -> bool {
    Polled::new(lock.lock()).poll().is_pending()
}

impl Wake for ComesBack {
    fn wake(self: Arc<Self>) {
        self.come_back();
    }
}

impl Drop for ComesBack {
    fn drop(&mut self) {
        self.come_back();
    }
}

#[test]
fn a_waker_that_comes_back_finds_no_lock_taken() {
    let lock = Arc::new(Lock::new());
    let waker = || Waker::from(Arc::new(ComesBack(Arc::downgrade(&lock))));
    let guard = lock.try_lock().unwrap();
    let mut first = Polled::new(lock.lock());
    let mut second = Polled::new(lock.lock());
    for _ in 0..3 {
        // The waker before is dropped: replaced in the node.
        assert!(first.poll_with(&waker()).is_pending());
        assert!(second.poll_with(&waker()).is_pending());
    }
    drop(second); // dropped while it waits
    drop(guard); // woken
    drop(first); // dropped with its grant
    assert!(!lock.locked());
}

#[test]
fn wakers_are_let_go() {
    let lock = Lock::new();
    let guard = lock.try_lock().unwrap();
    let mut waiter = waiting(lock.lock());
    assert!(waiter.poll().is_pending());
    assert_eq!(waiter.wakers_out(), 1, "one that wakes the same is not cloned again");
    let other = Polled::new(std::future::pending::<()>());
    assert!(waiter.poll_with(Waker::noop()).is_pending());
    assert_eq!((waiter.wakers_out(), other.wakers_out()), (0, 0));
    drop(guard);
    assert_eq!(waiter.wakes(), 0, "the last waker counts");
    drop(waiter.ready());
}

#[test]
fn a_leaked_waiter_does_not_hang_the_drop() {
    let lock = Lock::new();
    let guard = lock.try_lock().unwrap();
    waiting(lock.lock()).keep();
    drop(guard);
    assert!(lock.locked(), "granted to the one that nobody polls");
}
