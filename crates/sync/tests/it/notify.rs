//! Notifications: kept, handed on, meant for all.

use std::sync::atomic::{AtomicUsize, Ordering};

use corio_base::park::block_on;
use corio_sync::Notify;

use crate::util::{Polled, waiting};

#[test]
fn one_is_kept_and_no_more() {
    let notify = Notify::new();
    notify.notify_one();
    notify.notify_one();
    assert_eq!(format!("{notify:?}"), "Notify [notified]");
    block_on(notify.notified());
    let _second = waiting(notify.notified());
    assert_eq!(format!("{notify:?}"), "Notify [idle, waiters:1]");
}

#[test]
fn in_order() {
    let notify = Notify::new();
    let mut waiters: Vec<_> = (0..3).map(|_| waiting(notify.notified())).collect();
    for at in 0..3 {
        notify.notify_one();
        waiters[at].ready();
        waiters[at].ready(); // and stays so
        assert!(waiters[at + 1..].iter_mut().all(|waiter| waiter.poll().is_pending()));
    }
    assert_eq!(format!("{notify:?}"), "Notify [idle]");
}

#[test]
fn a_notification_that_is_not_taken_goes_to_the_next() {
    let notify = Notify::new();
    let (first, mut second) = (waiting(notify.notified()), waiting(notify.notified()));
    notify.notify_one();
    drop(first);
    second.ready();
    let alone = waiting(notify.notified());
    notify.notify_one();
    drop(alone);
    assert_eq!(format!("{notify:?}"), "Notify [notified]");
}

#[test]
fn all_who_asked_before_are_meant() {
    let notify = Notify::new();
    let mut polled = waiting(notify.notified());
    let mut not_polled = Polled::new(notify.notified());
    let dropped = waiting(notify.notified());
    notify.notify_waiters();
    drop(dropped); // meant for itself alone
    let mut late = waiting(notify.notified());
    polled.ready();
    not_polled.ready();
    assert!(late.poll().is_pending());
    drop(late);
    // Nobody waits: nothing is kept but for those who asked.
    let mut asked = Polled::new(notify.notified());
    notify.notify_waiters();
    assert_eq!(format!("{notify:?}"), "Notify [idle]");
    asked.ready();
    drop(waiting(notify.notified()));
}

#[test]
fn enabled_without_a_waker() {
    let notify = Notify::new();
    let mut enabled = Box::pin(notify.notified());
    assert!(!enabled.as_mut().enable());
    assert!(!enabled.as_mut().enable());
    notify.notify_one();
    assert!(enabled.as_mut().enable());
    let mut other = waiting(notify.notified());
    // `enable` found it, but nobody was told: it goes on.
    drop(enabled);
    other.ready();

    notify.notify_one();
    let mut enabled = Box::pin(notify.notified());
    assert!(enabled.as_mut().enable());
    block_on(enabled.as_mut());
    drop(enabled);
    assert_eq!(format!("{notify:?}"), "Notify [idle]");

    let mut enabled = Box::pin(notify.notified());
    assert!(!enabled.as_mut().enable());
    let mut polled = waiting(enabled);
    notify.notify_one();
    assert_eq!(polled.wakes(), 1, "the waker of the poll, not of `enable`");
    polled.ready();
}

#[test]
fn no_notification_is_lost_among_threads() {
    const ROUNDS: usize = 2000;
    let (notify, items) = (Notify::new(), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    items.fetch_add(1, Ordering::SeqCst);
                    notify.notify_one();
                }
            });
        }
        let mut taken = 0;
        let mut round = 0;
        while taken < 2 * ROUNDS {
            round += 1;
            if round % 7 == 0 {
                // Gives up, or takes one; what that was for is looked at below.
                let _ = Polled::new(notify.notified()).poll();
            } else if items.load(Ordering::SeqCst) == 0 {
                block_on(notify.notified());
            }
            taken += items.swap(0, Ordering::SeqCst);
        }
    });
}

#[test]
fn a_poll_for_another_reason_keeps_the_place() {
    let notify = Notify::new();
    let (mut first, mut second) = (waiting(notify.notified()), waiting(notify.notified()));
    let mut third = waiting(notify.notified());
    assert!(first.poll().is_pending(), "it left the seat, which nobody takes while others wait");
    assert!(second.poll().is_pending());
    notify.notify_one();
    assert_eq!([first.wakes(), second.wakes(), third.wakes()], [1, 0, 0]);
    first.ready();
    notify.notify_one();
    second.ready();
    notify.notify_one();
    third.ready();
}
