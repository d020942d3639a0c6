//! The seat of `Notify`: TOLD_ONE_RECORDED and TOLD_ALL_RECORDED.

use std::pin::pin;
use std::task::Waker;

use corio_base::loom::sync::Arc;
use corio_base::loom::thread::JoinHandle;
use corio_sync::Notify;

use super::{Gate, beside, explore, granted, next_wait, poll, wakes};

fn tell(notify: &Arc<Notify>, all: bool) -> (JoinHandle<()>, Gate) {
    let notify = Arc::clone(notify);
    beside(move || match all {
        true => notify.notify_waiters(),
        false => notify.notify_one(),
    })
}

/// Told while it sits down: it is ready, or it is woken, and its record says so if it alone was told.
#[test]
fn a_notification_against_sitting_down() {
    explore(|| {
        let notify = Arc::new(Notify::new());
        let (other, gate) = tell(&notify, false);
        let (count, waker) = wakes();
        let mut notified = pin!(notify.notified());
        gate.pass();
        let first = poll(notified.as_mut(), &waker);
        other.join().unwrap();
        if first.is_pending() {
            assert_eq!((count.count(), granted()), (1, vec![true]), "neither seen nor told");
            assert!(poll(notified.as_mut(), &waker).is_ready());
        }
        assert_eq!(granted(), [], "before the future goes");
    });
}

/// Told while it is polled for another reason, with another waker.
#[test]
fn a_notification_against_another_poll() {
    for all in [false, true] {
        explore(move || {
            let notify = Arc::new(Notify::new());
            let mut notified = pin!(notify.notified());
            assert!(poll(notified.as_mut(), Waker::noop()).is_pending());
            let (other, gate) = tell(&notify, all);
            let (count, waker) = wakes();
            gate.pass();
            let again = poll(notified.as_mut(), &waker);
            gate.pass();
            let next = next_wait();
            other.join().unwrap();
            if again.is_pending() {
                let marks = vec![!all, false];
                assert_eq!((count.count(), granted()), (1, marks), "neither seen nor told");
                assert!(poll(notified.as_mut(), &waker).is_ready());
            }
            assert_eq!(granted(), [false], "marked in place of one that was ready");
            drop(next);
            assert_eq!(granted(), [], "before the future goes");
        });
    }
}

/// Told while it goes, and its number is another wait's then: that one is not marked.
#[test]
fn a_notification_against_a_drop_in_the_seat() {
    for all in [false, true] {
        explore(move || {
            let notify = Arc::new(Notify::new());
            let mut notified = Box::pin(notify.notified());
            assert!(poll(notified.as_mut(), Waker::noop()).is_pending());
            let (other, gate) = tell(&notify, all);
            gate.pass();
            drop(notified);
            gate.pass();
            let next = next_wait();
            other.join().unwrap();
            assert_eq!(granted(), [false], "marked in place of one that has gone");
            drop(next);
            let later = poll(pin!(notify.notified()), Waker::noop());
            assert_eq!(later.is_ready(), !all, "one that was for it alone is passed on");
        });
    }
}
