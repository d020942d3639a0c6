//! The condition: over both locks, order, cancelled waits, the wrong lock.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use corio_base::park::block_on;
use corio_sync::{Condition, Lock, Mutex};

use crate::util::{Polled, waiting};

#[test]
fn waiting_gives_the_lock_back_and_takes_it_again() {
    let (lock, condition) = (Lock::new(), Condition::new());
    let mut wait = Polled::new(condition.wait(lock.try_lock().unwrap()));
    assert!(lock.locked(), "until the first poll");
    assert!(wait.poll().is_pending());
    assert!(!lock.locked());
    assert_eq!(
        (condition.waiters(), format!("{condition:?}")),
        (1, "Condition [waiters:1]".into())
    );

    let guard = lock.try_lock().unwrap();
    assert!(condition.notify_one());
    assert!(!condition.notify_one(), "nobody waits any more");
    assert_eq!(wait.wakes(), 1);
    assert!(wait.poll().is_pending(), "the lock is held");
    drop(guard);
    assert_eq!(wait.wakes(), 2);
    let guard = wait.ready();
    assert!(lock.locked());
    drop(guard);
    assert!(!lock.locked());
}

#[test]
fn those_who_waited_longest_are_notified_first() {
    let (mutex, condition) = (Mutex::new(()), Condition::new());
    let mut waits: Vec<_> =
        (0..5).map(|_| waiting(condition.wait(mutex.try_lock().unwrap()))).collect();
    assert_eq!(condition.notify(2), 2);
    let wakes = |waits: &[Polled<_>]| waits.iter().map(Polled::wakes).collect::<Vec<_>>();
    assert_eq!(wakes(&waits), [1, 1, 0, 0, 0]);
    assert_eq!(condition.notify(0), 0);
    assert_eq!(condition.notify_all(), 3);
    assert_eq!(condition.notify_all(), 0);
    for wait in &mut waits {
        drop(wait.ready());
    }
    // No memory of what came before.
    drop(waiting(condition.wait(mutex.try_lock().unwrap())));
}

#[test]
fn a_predicate_is_looked_at_under_the_lock() {
    let (mutex, condition) = (Mutex::new(0), Condition::new());
    let seen = Cell::new(0);
    let enough = |number: &mut corio_sync::MutexGuard<'_, i32>| {
        seen.set(seen.get() + 1);
        **number >= 2
    };
    let mut wait = waiting(condition.wait_for(mutex.try_lock().unwrap(), enough));
    for (number, calls) in [(1, 2), (2, 3)] {
        *mutex.try_lock().unwrap() = number;
        condition.notify_one();
        assert_eq!(wait.poll().is_ready(), number == 2);
        assert_eq!(seen.get(), calls);
    }
    drop(wait);
    // What holds already is not waited for.
    assert_eq!(*Polled::new(condition.wait_for(mutex.try_lock().unwrap(), enough)).ready(), 2);
}

#[test]
fn a_dropped_wait_holds_nothing() {
    let (lock, condition) = (Lock::new(), Condition::new());
    // Never polled.
    drop(condition.wait(lock.try_lock().unwrap()));
    assert!(!lock.locked());
    // In the queue.
    drop(waiting(condition.wait(lock.try_lock().unwrap())));
    assert!(!lock.locked());
    assert_eq!(condition.notify_all(), 0);
    // Notified, and in the queue of the lock.
    let mut wait = waiting(condition.wait(lock.try_lock().unwrap()));
    let guard = lock.try_lock().unwrap();
    condition.notify_one();
    assert!(wait.poll().is_pending());
    drop(wait);
    drop(guard);
    assert!(!lock.locked());
}

#[test]
fn a_dropped_wait_hands_its_notification_on() {
    for polled_again in [false, true] {
        let (lock, condition) = (Lock::new(), Condition::new());
        let mut first = waiting(condition.wait(lock.try_lock().unwrap()));
        let mut second = waiting(condition.wait(lock.try_lock().unwrap()));
        let guard = lock.try_lock().unwrap();
        condition.notify_one();
        if polled_again {
            // Has taken the notification, and waits for the lock.
            assert!(first.poll().is_pending());
        }
        drop(first);
        assert_eq!(second.wakes(), 1);
        drop(guard);
        drop(second.ready());
        assert!(!lock.locked());
    }
}

/// What all were told is nobody's to hand on: who came later was not meant.
#[test]
fn a_notification_for_all_is_not_handed_on() {
    let (mutex, condition) = (Mutex::new(()), Condition::new());
    let first = waiting(condition.wait(mutex.try_lock().unwrap()));
    condition.notify_all();
    let mut later = waiting(condition.wait(mutex.try_lock().unwrap()));
    drop(first);
    assert_eq!(later.wakes(), 0);
    assert!(later.poll().is_pending());
}

#[test]
fn owned_guards_wait_too() {
    let (lock, mutex) = (Arc::new(Lock::new()), Arc::new(Mutex::new(7)));
    let condition = Condition::new();
    let mut wait = waiting(condition.wait(lock.clone().try_lock_owned().unwrap()));
    condition.notify_one();
    drop(wait.ready());
    let mut wait = waiting(condition.wait(mutex.clone().try_lock_owned().unwrap()));
    condition.notify_one();
    assert_eq!(*wait.ready(), 7);
    assert_eq!((Arc::strong_count(&lock), Arc::strong_count(&mutex)), (1, 1));
}

#[test]
fn another_lock_than_the_others_is_a_panic() {
    let (one, other, condition) = (Lock::new(), Lock::new(), Condition::new());
    let mut wait = waiting(condition.wait(one.try_lock().unwrap()));
    let mut wrong = Polled::new(condition.wait(other.try_lock().unwrap()));
    let result = catch_unwind(AssertUnwindSafe(|| wrong.poll().is_ready()));
    let message = *result.unwrap_err().downcast::<&str>().unwrap();
    assert!(message.contains("make a condition for each lock"), "{message}");
    drop(wrong);
    assert!(!other.locked());
    // The others are not disturbed, and later another lock is in order.
    condition.notify_one();
    drop(wait.ready());
    let mut wait = waiting(condition.wait(other.try_lock().unwrap()));
    condition.notify_one();
    drop(wait.ready());
}

/// A queue of one place, by two conditions over one mutex.
#[test]
fn threads_hand_over_numbers() {
    const NUMBERS: usize = 2000;
    let place = Mutex::new(None);
    let (filled, emptied) = (Condition::new(), Condition::new());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            block_on(async {
                for number in 0..NUMBERS {
                    let guard = place.lock().await;
                    let mut place = emptied.wait_for(guard, |place| place.is_none()).await;
                    *place = Some(number);
                    filled.notify_one();
                }
            });
        });
        block_on(async {
            for number in 0..NUMBERS {
                let guard = place.lock().await;
                let mut place = filled.wait_for(guard, |place| place.is_some()).await;
                assert_eq!(place.take(), Some(number));
                emptied.notify_one();
            }
        });
    });
}
