//! asyncio's condition: [`Condition`], which goes with a lock of its user's.
//!
//! Waiting takes the guard and gives one back, so a lock that is not held cannot be waited with, and
//! a wait that is cancelled holds nothing.

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corio::cancel::catch;
use corio::sync::{Condition, Lock, Mutex, OwnedLockGuard};
use corio::{EventLoop, JoinHandle, spawn_local, timeout, wait_for};

use crate::support::{Seen, implements, join_all, turn};

/// A condition and its lock, as asyncio's has one.
#[derive(Clone, Debug, Default)]
struct Both {
    condition: Rc<Condition>,
    lock: Arc<Lock>,
}

impl Both {
    async fn acquire(&self) -> OwnedLockGuard {
        self.lock.clone().lock_owned().await
    }

    async fn wait(&self) -> OwnedLockGuard {
        self.condition.wait(self.acquire().await).await
    }

    async fn wait_for(&self, holds: impl FnMut() -> bool) -> OwnedLockGuard {
        let (guard, mut holds) = (self.acquire().await, holds);
        self.condition.wait_for(guard, |_| holds()).await
    }

    /// A task that waits, writes its number down, and ends with the lock in its result.
    fn waiter(&self, seen: &Seen<u32>, number: u32) -> JoinHandle<OwnedLockGuard> {
        let (both, seen) = (self.clone(), seen.clone());
        spawn_local(async move {
            let guard = both.wait().await;
            seen.push(number);
            guard
        })
    }
}

#[corio::test(virtual_time)]
async fn test_wait() {
    let (both, seen) = (Both::default(), Seen::new());
    let mut first = both.waiter(&seen, 1);
    let mut second = both.waiter(&seen, 2);
    let third = both.waiter(&seen, 3);
    turn().await;
    assert!(seen.all().is_empty());
    assert!(!both.lock.locked());

    let held = both.acquire().await;
    assert!(both.condition.notify_one());
    turn().await;
    assert!(seen.all().is_empty());
    assert!(both.lock.locked());

    drop(held);
    turn().await;
    assert_eq!(seen.all(), [1]);
    assert!(both.lock.locked());

    assert_eq!(both.condition.notify(2), 2);
    turn().await;
    assert_eq!(seen.all(), [1]);
    assert!(both.lock.locked());

    drop(first.try_take().expect("done").unwrap());
    turn().await;
    assert_eq!(seen.all(), [1, 2]);
    assert!(both.lock.locked());

    drop(second.try_take().expect("done").unwrap());
    turn().await;
    assert_eq!(seen.all(), [1, 2, 3]);
    assert!(both.lock.locked());
    assert!(third.is_finished());
}

/// asyncio's has to take the lock again before it can end.
#[corio::test(virtual_time)]
async fn test_wait_cancel() {
    let both = Both::default();
    let (held, waiting) = (both.acquire().await, both.clone());
    let wait = spawn_local(async move { waiting.condition.wait(held).await });
    let cancelled = wait.task();
    EventLoop::current().call_soon(move || {
        cancelled.cancel(());
    });
    assert!(wait.await.unwrap_err().is_cancelled());
    assert_eq!(both.condition.waiters(), 0);
    assert!(!both.lock.locked(), "cancelled, it holds nothing");
}

#[corio::test(virtual_time)]
async fn test_wait_cancel_contested() {
    let both = Both::default();
    let (held, waiting) = (both.acquire().await, both.clone());
    assert!(both.lock.locked());
    let wait = spawn_local(async move { waiting.condition.wait(held).await });
    turn().await;
    assert!(!both.lock.locked());

    // Notified, with the lock in other hands, and then cancelled as the lock comes free.
    let held = both.acquire().await;
    both.condition.notify_one();
    let cancelled = wait.task();
    EventLoop::current().call_soon(move || {
        cancelled.cancel(());
    });
    EventLoop::current().call_soon(move || drop(held));
    let guard = wait.await.expect("the lock that has come is kept");
    assert!(both.lock.locked());
    drop(guard);
    assert!(!both.lock.locked());
}

#[corio::test(virtual_time)]
async fn test_wait_cancel_after_notify() {
    let (both, waited) = (Both::default(), Rc::new(Cell::new(false)));
    let (inside, reached) = (both.clone(), waited.clone());
    let waiter = spawn_local(async move {
        let guard = inside.acquire().await;
        reached.set(true);
        inside.condition.wait(guard).await
    });
    turn().await;

    let held = both.acquire().await;
    both.condition.notify_one();
    turn().await;
    waiter.task().cancel(());
    turn().await;
    drop(held);
    turn().await;
    assert!(waiter.task().is_cancelled());
    assert!(waited.get());
    assert!(!both.lock.locked());
}

/// Only a guard can be waited with, so a wait without the lock does not compile.
#[test]
fn test_wait_unacquired() {
    assert!(implements!(OwnedLockGuard: corio::sync::ConditionGuard));
    assert!(implements!(corio::sync::LockGuard<'_>: corio::sync::ConditionGuard));
    assert!(!implements!(Lock: corio::sync::ConditionGuard));
    assert!(!implements!(&Lock: corio::sync::ConditionGuard));
    assert!(!implements!((): corio::sync::ConditionGuard));
}

#[corio::test(virtual_time)]
async fn test_wait_for() {
    let (both, seen, holds) = (Both::default(), Seen::new(), Rc::new(Cell::new(false)));
    let task = {
        let (both, seen, holds) = (both.clone(), seen.clone(), holds.clone());
        spawn_local(async move {
            let _guard = both.wait_for(|| holds.get()).await;
            seen.push(1);
        })
    };
    turn().await;
    assert!(seen.all().is_empty());

    let held = both.acquire().await;
    both.condition.notify_one();
    drop(held);
    turn().await;
    assert!(seen.all().is_empty());

    holds.set(true);
    let held = both.acquire().await;
    both.condition.notify_one();
    drop(held);
    turn().await;
    assert_eq!(seen.all(), [1]);
    assert!(task.is_finished());
}

/// As with `wait`, only a guard will do, also where there is nothing to wait for.
#[corio::test(virtual_time)]
async fn test_wait_for_unacquired() {
    assert!(!implements!(Arc<Lock>: corio::sync::ConditionGuard));
    let both = Both::default();
    let others = Seen::new();
    let other = others.clone();
    EventLoop::current().call_soon(move || other.push(()));
    let guard = both.wait_for(|| true).await;
    assert_eq!(others.len(), 0, "a predicate that holds is not waited for");
    assert!(both.lock.locked());
    drop(guard);
}

#[corio::test(virtual_time)]
async fn test_notify() {
    let (both, seen) = (Both::default(), Seen::new());
    let tasks = [1, 2, 3].map(|number| {
        let (both, seen) = (both.clone(), seen.clone());
        spawn_local(async move {
            let _guard = both.wait().await;
            seen.push(number);
        })
    });
    turn().await;
    assert!(seen.all().is_empty());

    let held = both.acquire().await;
    assert_eq!(both.condition.notify(1), 1);
    drop(held);
    turn().await;
    assert_eq!(seen.all(), [1]);

    let held = both.acquire().await;
    assert_eq!(both.condition.notify(1), 1);
    assert_eq!(both.condition.notify(2048), 1, "as many as there are");
    drop(held);
    turn().await;
    // Each lock is handed to the next as it is given back.
    turn().await;
    assert_eq!(seen.all(), [1, 2, 3]);
    assert!(tasks.iter().all(JoinHandle::is_finished));
}

/// Who notifies needs no lock, as in std: without one it tells those who wait already, or nobody.
#[corio::test(virtual_time)]
async fn test_notify_all_unacquired() {
    let (both, seen) = (Both::default(), Seen::new());
    assert_eq!(both.condition.notify_all(), 0);
    let task = both.waiter(&seen, 1);
    turn().await;
    assert!(seen.all().is_empty(), "nothing is remembered");
    assert!(!both.lock.locked());
    assert_eq!(both.condition.notify_all(), 1);
    drop(task.await.unwrap());
}

/// The condition shows who waits, the lock whether it is held: the two together what asyncio's shows.
#[corio::test(virtual_time)]
async fn test_repr() {
    let (both, seen) = (Both::default(), Seen::new());
    assert!(format!("{both:?}").contains("Lock [unlocked]"), "{both:?}");
    assert!(format!("{both:?}").contains("Condition [waiters:0]"), "{both:?}");
    let held = both.acquire().await;
    assert!(format!("{both:?}").contains("Lock [locked]"), "{both:?}");
    drop(held);
    let first = both.waiter(&seen, 1);
    turn().await;
    assert!(format!("{both:?}").contains("Condition [waiters:1]"), "{both:?}");
    let second = both.waiter(&seen, 2);
    turn().await;
    assert!(format!("{both:?}").contains("Condition [waiters:2]"), "{both:?}");
    both.condition.notify_all();
    drop(first.await.unwrap());
    drop(second.await.unwrap());
}

#[corio::test(virtual_time)]
async fn test_context_manager() {
    let both = Both::default();
    assert!(!both.lock.locked());
    {
        let _guard = both.acquire().await;
        assert!(both.lock.locked());
    }
    assert!(!both.lock.locked());
}

/// Either kind of lock will do, held by borrow or by its own.
#[corio::test(virtual_time)]
async fn test_explicit_lock() {
    let condition = Condition::new();
    let (lock, mutex) = (Arc::new(Lock::new()), Arc::new(Mutex::new(7)));

    let guard = condition.wait_for(lock.lock().await, |_| true).await;
    assert!(lock.locked());
    drop(guard);
    let guard = condition.wait_for(lock.clone().lock_owned().await, |_| true).await;
    assert!(lock.locked());
    drop(guard);
    assert!(!lock.locked());

    let guard = condition.wait_for(mutex.lock().await, |guard| **guard == 7).await;
    assert!(mutex.try_lock().is_err());
    drop(guard);
    let guard = condition.wait_for(mutex.clone().lock_owned().await, |guard| **guard == 7).await;
    assert!(mutex.try_lock().is_err());
    drop(guard);
    assert!(mutex.try_lock().is_ok());
}

/// asyncio's primitives belong to the loop that first waits with them; these belong to none.
#[test]
fn test_ambiguous_loops() {
    let (condition, stock) = (Condition::new(), Mutex::new(0));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            corio::run(async {
                *condition.wait_for(stock.lock().await, |stock| **stock == 1).await
            })
        });
        corio::run(async {
            *stock.lock().await += 1;
            condition.notify_all();
        });
        assert_eq!(waiting.join().unwrap(), 1);
    });
}

#[corio::test(virtual_time)]
async fn test_timeout_in_block() {
    let both = Both::default();
    let guard = both.acquire().await;
    let begun = corio::time::now();
    let limit = Duration::from_millis(500);
    assert!(wait_for(both.condition.wait(guard), Some(limit)).await.is_err());
    assert_eq!(corio::time::now() - begun, limit);
    assert_eq!(both.condition.waiters(), 0);
}

/// A task that waits for what never comes, says what it caught, and goes on unwinding.
fn catching(both: &Both, wake: &Rc<Cell<bool>>, caught: &Seen<String>) -> JoinHandle<()> {
    let (both, wake, caught) = (both.clone(), wake.clone(), caught.clone());
    spawn_local(async move {
        let body = async {
            let _guard = both.wait_for(|| wake.get()).await;
            pending::<()>().await;
        };
        let Err(cancelled) = catch(body).await else { panic!("it was to be cancelled") };
        caught.push(cancelled.message().unwrap_or_default().to_owned());
        cancelled.resume().await
    })
}

#[corio::test(virtual_time)]
async fn test_cancelled_error_wakeup() {
    let (both, caught) = (Both::default(), Seen::new());
    let task = catching(&both, &Rc::default(), &caught);
    turn().await;
    task.task().cancel("foo");
    let error = task.await.unwrap_err();
    assert_eq!(error.reason().unwrap().message(), Some("foo"));
    assert_eq!(caught.all(), ["foo"]);
    assert!(!both.lock.locked());
}

#[corio::test(virtual_time)]
async fn test_cancelled_error_re_aquire() {
    let (both, caught, wake) = (Both::default(), Seen::new(), Rc::new(Cell::new(false)));
    let task = catching(&both, &wake, &caught);
    turn().await;
    let held = both.acquire().await;
    wake.set(true);
    both.condition.notify_one();
    turn().await;
    // It waits for the lock now; cancelled there, it goes on to what is behind it.
    assert_eq!(format!("{:?}", both.lock), "Lock [locked, waiters:1]");
    task.task().cancel("foo");
    drop(held);
    let error = task.await.unwrap_err();
    assert_eq!(error.reason().unwrap().message(), Some("foo"));
    assert_eq!(caught.all(), ["foo"]);
    assert!(!both.lock.locked());
}

const END: i32 = -1;

/// A task that takes one from the stock whenever there is something, until the stock is [`END`].
fn consumer(both: &Both, stock: &Rc<Cell<i32>>) -> JoinHandle<()> {
    let (both, stock) = (both.clone(), stock.clone());
    spawn_local(async move {
        let mut guard = both.acquire().await;
        loop {
            guard = both.condition.wait_for(guard, |_| stock.get() != 0).await;
            if stock.get() == END {
                return;
            }
            stock.set(stock.get() - 1);
        }
    })
}

/// One of two consumers is cancelled about when it is notified: nothing that was put stays there.
async fn cancelled_about_a_wakeup(turns_before: usize, turns_after: usize) {
    let (both, stock) = (Both::default(), Rc::new(Cell::new(0)));
    let (first, second) = (consumer(&both, &stock), consumer(&both, &stock));
    turn().await;
    let held = both.acquire().await;
    stock.set(1);
    both.condition.notify_one();
    for _ in 0..turns_before {
        turn().await;
    }
    first.task().cancel(());
    for _ in 0..turns_after {
        turn().await;
    }
    let emptied = both.condition.wait_for(held, |_| stock.get() == 0);
    // Nobody notifies of it, so it may well elapse.
    drop(timeout(Duration::from_millis(10), emptied).await);
    assert_eq!(stock.get(), 0);

    let held = both.acquire().await;
    stock.set(END);
    both.condition.notify_all();
    drop(held);
    let results = join_all([first, second]).await;
    assert!(results[0].as_ref().unwrap_err().is_cancelled());
    assert!(results[1].is_ok());
}

#[corio::test(virtual_time)]
async fn test_cancelled_wakeup() {
    cancelled_about_a_wakeup(0, 0).await;
}

#[corio::test(virtual_time)]
async fn test_cancelled_wakeup_relock() {
    cancelled_about_a_wakeup(1, 0).await;
    // Dropped while the lock is in other hands, it hands the notification on.
    cancelled_about_a_wakeup(0, 1).await;
    cancelled_about_a_wakeup(1, 1).await;
}
