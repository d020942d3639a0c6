//! asyncio's lock: [`Lock`].
//!
//! A cancelled task keeps a lock that was there when it was polled, and goes on to its next
//! suspension; asyncio's loses it. So those who are cancelled here have something to wait for
//! behind the lock, and give it back by being dropped there.

use std::future::pending;
use std::sync::Arc;

use corio::sync::{BoundedSemaphore, Condition, Event, Lock, OwnedLockGuard, Semaphore};
use corio::{EventLoop, JoinHandle, spawn_local};

use crate::support::{Seen, join_all, turn};

/// A task that takes the lock, writes its number down, and ends with the lock in its result.
fn locker(lock: &Arc<Lock>, seen: &Seen<u32>, number: u32) -> JoinHandle<OwnedLockGuard> {
    let (lock, seen) = (lock.clone(), seen.clone());
    spawn_local(async move {
        let guard = lock.lock_owned().await;
        seen.push(number);
        guard
    })
}

/// A task that takes the lock and keeps it until it is cancelled.
fn keeper(lock: &Arc<Lock>) -> JoinHandle<()> {
    let lock = lock.clone();
    spawn_local(async move {
        let _guard = lock.lock_owned().await;
        pending().await
    })
}

#[corio::test(virtual_time)]
async fn test_repr() {
    let lock = Lock::new();
    assert_eq!(format!("{lock:?}"), "Lock [unlocked]");
    let _guard = lock.lock().await;
    assert_eq!(format!("{lock:?}"), "Lock [locked]");
}

/// The constructors take what they take, and no loop; one value serves several loops.
#[test]
fn test_lock_doesnt_accept_loop_parameter() {
    let lock: fn() -> Lock = Lock::new;
    let _: fn() -> Condition = Condition::new;
    let _: fn() -> Event = Event::new;
    let _: fn(usize) -> Semaphore = Semaphore::new;
    let _: fn(usize) -> BoundedSemaphore = BoundedSemaphore::new;
    let lock = lock();
    for _ in 0..2 {
        corio::run(async {
            let _guard = lock.lock().await;
            assert!(lock.locked());
        });
        assert!(!lock.locked());
    }
}

/// Who takes hold of a lock without awaiting has nothing.
#[corio::test(virtual_time)]
async fn test_lock_by_with_statement() {
    let (lock, under) = (Lock::new(), Lock::new());
    let (semaphore, bounded) = (Semaphore::new(1), BoundedSemaphore::new(1));
    let condition = Condition::new();
    drop(lock.lock());
    drop(semaphore.acquire());
    drop(bounded.acquire());
    assert!(!lock.locked() && !semaphore.locked() && !bounded.locked());
    // A wait that is not polled gives the lock it was made with back, and stands in no queue.
    drop(condition.wait(under.lock().await));
    assert!(!under.locked());
    assert_eq!(condition.waiters(), 0);
}

#[corio::test(virtual_time)]
async fn test_acquire() {
    let (lock, seen) = (Arc::new(Lock::new()), Seen::new());
    let held = lock.clone().lock_owned().await;
    let mut first = locker(&lock, &seen, 1);
    let mut second = locker(&lock, &seen, 2);

    turn().await;
    assert!(seen.all().is_empty());

    drop(held);
    turn().await;
    assert_eq!(seen.all(), [1]);
    turn().await;
    assert_eq!(seen.all(), [1]);

    let third = locker(&lock, &seen, 3);
    drop(first.try_take().expect("done").unwrap());
    turn().await;
    assert_eq!(seen.all(), [1, 2]);

    drop(second.try_take().expect("done").unwrap());
    turn().await;
    assert_eq!(seen.all(), [1, 2, 3]);
    assert!(third.is_finished());
}

#[corio::test(virtual_time)]
async fn test_acquire_cancel() {
    let lock = Arc::new(Lock::new());
    let _held = lock.clone().lock_owned().await;
    let task = spawn_local(lock.clone().lock_owned());
    let cancelled = task.task();
    EventLoop::current().call_soon(move || {
        cancelled.cancel(());
    });
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(format!("{lock:?}"), "Lock [locked]", "and nobody waits");
}

/// One waiter is cancelled in the same turn in which the lock is released: the next one gets it.
#[corio::test(virtual_time)]
async fn test_cancel_race() {
    let lock = Arc::new(Lock::new());
    let (promise, blocker) = corio::eventual::<(), ()>();
    let first = {
        let lock = lock.clone();
        spawn_local(async move {
            let _guard = lock.lock_owned().await;
            blocker.await.unwrap();
        })
    };
    turn().await;
    assert!(lock.locked());
    let second = keeper(&lock);
    turn().await;
    assert_eq!(format!("{lock:?}"), "Lock [locked, waiters:1]");
    let third = locker(&lock, &Seen::new(), 3);
    turn().await;
    assert_eq!(format!("{lock:?}"), "Lock [locked, waiters:2]");

    promise.set_result(()).unwrap();
    second.task().cancel(());
    turn().await;
    assert!(first.is_finished());
    assert!(second.task().is_cancelled());
    // asyncio's says unlocked, although nobody could take it: it is on its way to the third.
    assert!(lock.locked() && lock.try_lock().is_err());
    assert_eq!(format!("{lock:?}"), "Lock [locked]");
    drop(third.await.unwrap());
    assert!(!lock.locked());
}

/// A lock that is released while its first waiter is cancelled is taken once, not twice.
#[corio::test(virtual_time)]
async fn test_cancel_release_race() {
    let lock = Arc::new(Lock::new());
    let (calls, locks) = (Seen::new(), Seen::new());
    let held = lock.clone().lock_owned().await;
    let lock_it = || {
        let (lock, calls, locks) = (lock.clone(), calls.clone(), locks.clone());
        spawn_local(async move {
            calls.push(());
            let guard = lock.lock_owned().await;
            // Here the first one is cancelled, with the lock in hand.
            turn().await;
            locks.push(());
            guard
        })
    };
    let (first, second, third) = (lock_it(), lock_it(), lock_it());
    turn().await;

    let cancelled = first.task();
    EventLoop::current().call_soon(move || {
        cancelled.cancel(());
        drop(held);
    });
    assert!(first.await.unwrap_err().is_cancelled());
    turn().await;
    assert_eq!(locks.len(), 1, "taken once");
    assert_eq!(calls.len(), 3);
    assert!(second.is_finished());

    third.task().cancel(());
    turn().await;
    assert!(third.task().is_cancelled());
}

/// A waiter that is cancelled as the lock comes to it hands it on.
#[corio::test(virtual_time)]
async fn test_finished_waiter_cancelled() {
    let (lock, seen) = (Arc::new(Lock::new()), Seen::new());
    let held = lock.clone().lock_owned().await;
    assert!(lock.locked());
    let second = keeper(&lock);
    turn().await;
    assert_eq!(format!("{lock:?}"), "Lock [locked, waiters:1]");

    let third = locker(&lock, &seen, 3);
    second.task().cancel(());
    drop(held);
    turn().await;
    assert!(lock.locked());
    assert!(second.task().is_cancelled());

    let guard = third.await.unwrap();
    assert_eq!(seen.all(), [3]);
    drop(guard);
}

/// What corio adds: the lock that had come is not lost, where nothing is waited for behind it.
#[corio::test(virtual_time)]
async fn a_lock_that_has_come_wins_over_a_cancel() {
    let (lock, seen) = (Arc::new(Lock::new()), Seen::new());
    let held = lock.clone().lock_owned().await;
    let (second, third) = (locker(&lock, &seen, 2), locker(&lock, &seen, 3));
    turn().await;
    second.task().cancel(());
    drop(held);
    let results = join_all([second]).await;
    assert!(results[0].is_ok());
    assert_eq!(seen.all(), [2]);
    drop(results);
    drop(third.await.unwrap());
    assert_eq!(seen.all(), [2, 3]);
}

/// Found only if the lock itself has no `release`.
trait NoRelease {
    fn release(&self) -> &'static str {
        "only a guard releases"
    }
}

impl NoRelease for Lock {}

/// There is nothing to call for somebody who does not hold the lock, and a guard releases it once.
#[corio::test(virtual_time)]
async fn test_release_not_acquired() {
    let lock = Lock::new();
    assert_eq!(lock.release(), "only a guard releases");
    drop(lock.lock().await);
    assert!(!lock.locked());
}

#[corio::test(virtual_time)]
async fn test_context_manager() {
    let lock = Lock::new();
    assert!(!lock.locked());
    {
        let _guard = lock.lock().await;
        assert!(lock.locked());
    }
    assert!(!lock.locked());
}
