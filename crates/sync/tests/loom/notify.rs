//! Models of notifications: the seat, the list, and what crosses between them.

use std::pin::pin;
use std::task::{Context, Waker};

use corio_base::loom::sync::Arc;
use corio_base::loom::sync::atomic::{AtomicUsize, Ordering};
use corio_base::loom::thread;
use corio_sync::Notify;

use super::{block_on, wakes};

/// Told while it sits down: it is ready, or woken.
#[test]
fn notify_one_against_sitting_down() {
    loom::model(|| {
        let shared = Arc::new((Notify::new(), AtomicUsize::new(0)));
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                // Relaxed: the notification has to carry it.
                shared.1.store(1, Ordering::Relaxed);
                shared.0.notify_one();
            })
        };
        block_on(shared.0.notified());
        assert_eq!(shared.1.load(Ordering::Relaxed), 1);
        other.join().unwrap();
    });
}

/// Told while it gives up: the notification is there in the end, and no waker is left.
#[test]
fn notify_one_against_a_drop_in_the_seat() {
    loom::model(|| {
        let notify = Arc::new(Notify::new());
        let (count, waker) = wakes();
        let mut notified = Box::pin(notify.notified());
        assert!(notified.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let other = {
            let notify = Arc::clone(&notify);
            thread::spawn(move || notify.notify_one())
        };
        drop(notified);
        other.join().unwrap();
        let mut next = pin!(notify.notified());
        assert!(next.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        drop(waker);
        assert_eq!(std::sync::Arc::strong_count(&count), 1, "a waker is left");
    });
}

/// Told while it is polled with another waker: ready, or that waker is woken.
#[test]
fn notify_one_against_another_waker_in_the_seat() {
    loom::model(|| {
        let shared = Arc::new((Notify::new(), AtomicUsize::new(0)));
        let (count, waker) = wakes();
        let mut notified = pin!(shared.0.notified());
        assert!(notified.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                // Relaxed: the notification has to carry it.
                shared.1.store(1, Ordering::Relaxed);
                shared.0.notify_one();
            })
        };
        let again = notified.as_mut().poll(&mut Context::from_waker(&waker));
        if again.is_ready() {
            assert_eq!(shared.1.load(Ordering::Relaxed), 1);
        }
        other.join().unwrap();
        if again.is_pending() {
            assert_eq!(count.count(), 1, "neither seen nor woken");
            assert!(notified.poll(&mut Context::from_waker(&waker)).is_ready());
        }
    });
}

/// Two come, one for the seat and one for the list, and two are told.
#[test]
fn two_notifications_for_two() {
    loom::model(|| {
        let notify = Arc::new(Notify::new());
        let waiter = {
            let notify = Arc::clone(&notify);
            thread::spawn(move || block_on(notify.notified()))
        };
        let other = {
            let notify = Arc::clone(&notify);
            // The second may find the permit of the first: then one is for two, so one waits for
            // nobody.
            thread::spawn(move || notify.notify_one())
        };
        let mut mine = Box::pin(notify.notified());
        let poll = mine.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if poll.is_ready() {
            notify.notify_one();
        }
        // Given up, with its notification or without.
        drop(mine);
        other.join().unwrap();
        waiter.join().unwrap();
    });
}

/// All are told while one comes who is meant, for the seat or for the list.
#[test]
fn notify_waiters_against_coming() {
    for list in [false, true] {
        loom::model(move || {
            let notify = Arc::new(Notify::new());
            let mut before = pin!(notify.notified());
            if list {
                assert!(before.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            }
            let notified = notify.notified();
            let other = {
                let notify = Arc::clone(&notify);
                thread::spawn(move || notify.notify_waiters())
            };
            block_on(notified);
            other.join().unwrap();
            assert!(before.poll(&mut Context::from_waker(Waker::noop())).is_ready());
        });
    }
}

/// The one in the seat is polled with another waker, which makes it leave for the list, while both
/// who wait are told: neither misses it.
#[test]
fn telling_both_against_another_waker_in_the_seat() {
    for all in [false, true] {
        loom::model(move || {
            let notify = Arc::new(Notify::new());
            let (mut first, mut second) = (pin!(notify.notified()), pin!(notify.notified()));
            let (old, new) = (wakes(), wakes());
            let later = wakes();
            assert!(first.as_mut().poll(&mut Context::from_waker(&old.1)).is_pending());
            assert!(second.as_mut().poll(&mut Context::from_waker(&later.1)).is_pending());
            let other = {
                let notify = Arc::clone(&notify);
                thread::spawn(move || match all {
                    true => notify.notify_waiters(),
                    false => (0..2).for_each(|_| notify.notify_one()),
                })
            };
            let again = first.as_mut().poll(&mut Context::from_waker(&new.1));
            other.join().unwrap();
            assert_eq!(later.0.count(), 1);
            assert!(second.poll(&mut Context::from_waker(&later.1)).is_ready());
            if again.is_pending() {
                assert_eq!(new.0.count(), 1, "neither seen nor woken");
                assert!(first.poll(&mut Context::from_waker(&new.1)).is_ready());
            }
        });
    }
}
