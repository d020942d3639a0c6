//! The mutex's `word`: RECORDED, of who sits in the seat, and NOTED, of who holds it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::Waker;

use corio_base::loom::sync::Arc;
use corio_base::loom::thread;
use corio_sync::{Mutex, OwnedMutexGuard};
use corio_trace::book::model::records;

use super::{beside, block_on, explore, granted, next_wait, poll, wakes};

/// A mutex that is held, and `lock`, which was woken in vain and sits in the seat, recorded; so often, if `owed`,
/// that it is handed the mutex next time.
fn seat<F: Future>(
    mutex: &StdArc<Mutex<()>>,
    mut lock: Pin<&mut F>,
    owed: bool,
) -> OwnedMutexGuard<()> {
    let mut held = mutex.clone().try_lock_owned().unwrap();
    assert!(poll(lock.as_mut(), Waker::noop()).is_pending());
    for _ in 0..if owed { 2 } else { 1 } {
        drop(held);
        assert_eq!(granted(), [true], "woken");
        held = mutex.clone().try_lock_owned().unwrap();
        assert!(poll(lock.as_mut(), Waker::noop()).is_pending(), "woken in vain");
        assert_eq!(granted(), [false], "it waits anew");
    }
    held
}

/// Given back while the one that was woken in vain sits down: it has the mutex, or is woken and its record says so.
#[test]
fn given_back_against_sitting_down() {
    explore(|| {
        let mutex = StdArc::new(Mutex::new(()));
        let held = mutex.clone().try_lock_owned().unwrap();
        let mut lock = Box::pin(mutex.lock());
        assert!(poll(lock.as_mut(), Waker::noop()).is_pending());
        drop(held);
        let held = mutex.clone().try_lock_owned().unwrap();
        let (other, gate) = beside(move || drop(held));
        let (count, waker) = wakes();
        gate.pass();
        let again = poll(lock.as_mut(), &waker);
        gate.pass();
        let next = next_wait();
        other.join().unwrap();
        if again.is_pending() {
            let marks = vec![true, false];
            assert_eq!((count.count(), granted()), (1, marks), "neither seen nor told");
            assert!(poll(lock.as_mut(), &waker).is_ready());
        }
        assert_eq!(granted(), [false], "marked in place of one that was ready");
        drop(next);
        drop(lock);
        drop(again);
        assert!(!mutex.locked());
    });
}

/// Given back while the one in the seat is polled for another reason: it has the mutex, or is woken and its record
/// says so.
#[test]
fn given_back_against_another_poll_in_the_seat() {
    for owed in [false, true] {
        explore(move || {
            let mutex = StdArc::new(Mutex::new(()));
            let mut lock = Box::pin(mutex.lock());
            let held = seat(&mutex, lock.as_mut(), owed);
            let (other, gate) = beside(move || drop(held));
            let (count, waker) = wakes();
            gate.pass();
            let again = poll(lock.as_mut(), &waker);
            gate.pass();
            let next = next_wait();
            other.join().unwrap();
            if again.is_pending() {
                let marks = vec![true, false];
                assert_eq!((count.count(), granted()), (1, marks), "neither seen nor told");
                assert!(poll(lock.as_mut(), &waker).is_ready());
            }
            assert_eq!(granted(), [false], "marked in place of one that was ready");
            drop(next);
            drop(lock);
            drop(again);
            assert!(!mutex.locked());
        });
    }
}

/// Given back while the one in the seat gives up, and its number is another wait's then: that one is not marked.
#[test]
fn given_back_against_a_drop_in_the_seat() {
    for owed in [false, true] {
        explore(move || {
            let mutex = StdArc::new(Mutex::new(()));
            let mut lock = Box::pin(mutex.lock());
            let held = seat(&mutex, lock.as_mut(), owed);
            let (other, gate) = beside(move || drop(held));
            gate.pass();
            drop(lock);
            gate.pass();
            let next = next_wait();
            other.join().unwrap();
            assert_eq!(granted(), [false], "marked in place of one that has gone");
            drop(next);
            assert!(!mutex.locked());
        });
    }
}

/// Three lock and unlock: the notes of who holds it go with the locks, whoever comes to wait meanwhile.
#[test]
fn notes_of_three_who_hold_it() {
    explore(|| {
        let mutex = Arc::new(Mutex::new(()));
        let guard = mutex.try_lock().unwrap();
        let spawn = || {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || drop(block_on(mutex.lock())))
        };
        let (one, other) = (spawn(), spawn());
        drop(guard);
        one.join().unwrap();
        other.join().unwrap();
        assert!(!mutex.locked());
        assert_eq!(records(), [], "before the mutex goes");
    });
}
