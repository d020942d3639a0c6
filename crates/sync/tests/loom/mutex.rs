//! Models of the mutex: exclusion, and no wake lost while others pass, give up or are handed it.

use std::pin::pin;
use std::task::{Context, Waker};

use corio_base::loom::sync::Arc;
use corio_base::loom::thread;
use corio_sync::Mutex;

use super::{Future, StdArc, block_on, wakes};

type Shared = Arc<Mutex<loom::cell::UnsafeCell<u32>>>;

fn shared() -> Shared {
    Arc::new(Mutex::new(loom::cell::UnsafeCell::new(0)))
}

/// Loom checks that no other access is under way; the value is not touched.
fn touch(mutex: &Shared) {
    block_on(mutex.lock()).with_mut(|_| ());
}

#[test]
fn three_exclude_each_other() {
    loom::model(|| {
        let mutex = shared();
        let spawn = || {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || touch(&mutex))
        };
        let (one, other) = (spawn(), spawn());
        touch(&mutex);
        one.join().unwrap();
        other.join().unwrap();
        assert!(!mutex.locked());
    });
}

/// A barger passes the one that was woken, which sits down then and is called from the seat.
#[test]
fn passed_and_called_from_the_seat() {
    loom::model(|| {
        let mutex = shared();
        let other = {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || {
                touch(&mutex);
                touch(&mutex);
            })
        };
        touch(&mutex);
        touch(&mutex);
        other.join().unwrap();
        assert!(!mutex.locked());
    });
}

/// Given back while the first in the queue gives up, woken or owed or neither.
#[test]
fn unlock_against_cancel() {
    for owed in [false, true] {
        loom::model(move || {
            let mutex = shared();
            let mut guard = mutex.try_lock().unwrap();
            let mut first = Box::pin(mutex.lock());
            let mut last = Box::pin(mutex.lock());
            let noop = &mut Context::from_waker(Waker::noop());
            assert!(first.as_mut().poll(noop).is_pending());
            // Passed that often, it is owed the mutex.
            for _ in 0..if owed { 2 } else { 0 } {
                drop(guard);
                guard = mutex.try_lock().unwrap();
                assert!(first.as_mut().poll(noop).is_pending());
            }
            assert!(last.as_mut().poll(noop).is_pending());
            let contender = {
                let mutex = Arc::clone(&mutex);
                thread::spawn(move || touch(&mutex))
            };
            drop(guard);
            drop(first);
            // Woken now, or by the contender when it has done; else loom finds a deadlock.
            drop(block_on(last));
            contender.join().unwrap();
            assert!(!mutex.locked());
        });
    }
}

/// The one that was woken gives up on another thread, while a barger comes and goes.
#[test]
fn a_woken_one_leaves_while_one_passes() {
    loom::model(|| {
        let mutex = shared();
        let guard = mutex.try_lock().unwrap();
        let mut last = pin!(mutex.lock());
        let (count, waker) = wakes();
        let leaver = {
            let mutex = Arc::clone(&mutex);
            let (queued, is_queued) = loom::sync::mpsc::channel();
            let thread = thread::spawn(move || {
                let mut first = Box::pin(mutex.lock());
                let poll = first.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                queued.send(()).unwrap();
                assert!(poll.is_pending());
            });
            is_queued.recv().unwrap();
            thread
        };
        assert!(last.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(guard);
        drop(mutex.try_lock());
        leaver.join().unwrap();
        assert!(count.count() >= 1, "the wake was lost");
        assert!(last.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
    });
}

/// Given back while the one in the seat, owed the mutex or not, gives up or is polled for another reason.
#[test]
fn unlock_against_the_seat() {
    for (gives_up, owed) in [(false, false), (false, true), (true, false), (true, true)] {
        loom::model(move || {
            let mutex = StdArc::new(Mutex::new(()));
            let mut held = mutex.clone().try_lock_owned().unwrap();
            let mut first = Box::pin(mutex.lock());
            let noop = &mut Context::from_waker(Waker::noop());
            assert!(first.as_mut().poll(noop).is_pending());
            for _ in 0..if owed { 2 } else { 1 } {
                drop(held);
                held = mutex.clone().try_lock_owned().unwrap();
                assert!(first.as_mut().poll(noop).is_pending(), "woken in vain: in the seat");
            }
            let mut last = Box::pin(mutex.lock());
            assert!(last.as_mut().poll(noop).is_pending());
            let unlocker = thread::spawn(move || drop(held));
            if gives_up {
                drop(first);
            } else {
                // With another waker, which must get the wake.
                drop(block_on(first));
            }
            drop(block_on(last));
            unlocker.join().unwrap();
            assert!(!mutex.locked());
        });
    }
}
