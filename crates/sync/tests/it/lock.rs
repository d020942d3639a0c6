//! The lock: one at a time, in order, however waiters come and go.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use corio_base::park::block_on;
use corio_sync::{Lock, LockGuard};

use crate::util::{Polled, waiting};

#[test]
fn strictly_in_order() {
    let lock = Lock::new();
    let mut guard = Polled::new(lock.lock()).ready();
    let mut waiters: Vec<_> = (0..100).map(|_| waiting(lock.lock())).collect();
    for at in 0..waiters.len() {
        drop(guard);
        assert!(lock.locked(), "on its way");
        assert!(lock.try_lock().is_err(), "nobody comes in between");
        assert!(waiters[at + 1..].iter_mut().all(|waiter| waiter.poll().is_pending()));
        assert_eq!(waiters[at].wakes(), 1);
        guard = waiters[at].ready();
    }
    drop(guard);
    assert!(!lock.locked());
}

#[test]
fn a_cancelled_waiter_hands_the_lock_on() {
    let lock = Lock::new();
    let guard = lock.try_lock().unwrap();
    let first = waiting(lock.lock());
    let second = waiting(lock.lock());
    let mut third = waiting(lock.lock());
    drop(second); // still waits
    drop(guard);
    assert_eq!((first.wakes(), third.wakes()), (1, 0));
    drop(first); // has it, and has not looked
    assert_eq!(third.wakes(), 1);
    drop(third.ready());
    assert!(!lock.locked());
}

#[test]
fn the_last_one_that_leaves_unlocks() {
    let lock = Lock::new();
    let guard = lock.try_lock().unwrap();
    let waiter = waiting(lock.lock());
    drop(guard);
    drop(waiter);
    assert!(!lock.locked());
    drop(lock.try_lock().unwrap());
}

#[test]
fn debug_says_what_asyncio_says() {
    let lock = Lock::new();
    assert_eq!(format!("{lock:?}"), "Lock [unlocked]");
    let guard = lock.try_lock().unwrap();
    assert_eq!(format!("{lock:?}"), "Lock [locked]");
    let _waiters = [waiting(lock.lock()), waiting(lock.lock())];
    assert_eq!(format!("{lock:?}"), "Lock [locked, waiters:2]");
    drop(guard);
}

#[test]
fn owned_guards() {
    let lock = Arc::new(Lock::new());
    let guard = block_on(lock.clone().lock_owned());
    assert!(lock.clone().try_lock_owned().is_err());
    let mut waiter = waiting(lock.clone().lock_owned());
    drop(guard);
    let guard = waiter.ready();
    assert!(Arc::ptr_eq(corio_sync::OwnedLockGuard::source(&guard), &lock));
    drop(guard);
    let guard = lock.try_lock().unwrap();
    assert!(std::ptr::eq(LockGuard::source(&guard), &*lock));
}

#[test]
fn threads_exclude_each_other() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 500;
    let (lock, count) = (Lock::new(), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for round in 0..ROUNDS {
                    if round % 3 == 0 {
                        // Waits, if the lock is held, and gives up.
                        if let Poll::Ready(guard) = Polled::new(lock.lock()).poll() {
                            drop(guard);
                        }
                    }
                    let _guard = block_on(lock.lock());
                    // Two steps: only the lock makes them one.
                    let seen = count.load(Ordering::Relaxed);
                    count.store(seen + 1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(count.into_inner(), THREADS * ROUNDS);
    assert!(!lock.locked());
}
