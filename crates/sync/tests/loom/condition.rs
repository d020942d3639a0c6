//! Models of the condition: no notification falls between the look and the wait, none is lost.

use std::pin::pin;
use std::task::{Context, Waker};

use corio_base::loom::sync::Arc;
use corio_base::loom::thread;
use corio_sync::{Condition, Mutex};

use super::{Future, block_on, wakes};

/// The change is made under the lock, the notification after it.
#[test]
fn notify_against_wait() {
    loom::model(|| {
        let shared = Arc::new((Mutex::new(false), Condition::new()));
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                *block_on(shared.0.lock()) = true;
                shared.1.notify_one();
            })
        };
        let guard = block_on(shared.0.lock());
        assert!(*block_on(shared.1.wait_for(guard, |done| **done)));
        other.join().unwrap();
    });
}

/// Notified while it gives up: the next one gets it.
#[test]
fn notify_against_cancel() {
    loom::model(|| {
        let shared = Arc::new((Mutex::new(()), Condition::new()));
        let mut first = Box::pin(shared.1.wait(shared.0.try_lock().unwrap()));
        assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let mut second = pin!(shared.1.wait(shared.0.try_lock().unwrap()));
        let (count, waker) = wakes();
        assert!(second.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || assert!(shared.1.notify_one()))
        };
        drop(first);
        other.join().unwrap();
        assert_eq!(count.count(), 1, "the notification was lost");
        assert!(second.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
    });
}
