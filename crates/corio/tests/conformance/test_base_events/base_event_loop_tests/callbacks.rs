//! What is called soon, later, or at a moment.

#![expect(non_snake_case, reason = "the names are CPython's")]

use std::rc::Rc;
use std::time::Duration;

use corio::EventLoop;

use crate::support::{Seen, implements, runtime, turn};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

#[corio::test(virtual_time)]
async fn test__add_callback_handle() {
    let seen = Seen::new();
    let push = seen.clone();
    EventLoop::current().call_soon(move || push.push(()));
    assert_eq!(seen.len(), 0, "it is in the queue");
    turn().await;
    assert_eq!(seen.len(), 1);
}

#[corio::test(virtual_time)]
async fn test__add_callback_cancelled_handle() {
    let seen = Seen::new();
    let push = seen.clone();
    EventLoop::current().call_soon(move || push.push(())).cancel();
    turn().await;
    assert_eq!(seen.len(), 0);
}

#[corio::test(virtual_time)]
async fn test_call_soon() {
    let seen = Seen::new();
    let push = seen.clone();
    let call = EventLoop::current().call_soon(move || push.push(()));
    assert!(!call.is_cancelled());
    assert_eq!(seen.len(), 0);
    turn().await;
    assert_eq!(seen.len(), 1);
}

#[test]
fn test_call_soon_non_callable() {
    assert!(!implements!(i32: FnOnce()));
}

#[corio::test(virtual_time)]
async fn test_call_later() {
    let event_loop = EventLoop::current();
    let seen = Seen::new();
    let push = seen.clone();
    let begun = event_loop.time();
    let timer = event_loop.call_later(10 * SECOND, move || push.push(()));
    assert_eq!(timer.when(), Some(begun + 10 * SECOND));
    turn().await;
    assert_eq!(seen.len(), 0);
    corio::sleep(10 * SECOND).await;
    assert_eq!(seen.len(), 1);
}

/// No delay is negative; a moment may have passed.
#[corio::test(virtual_time)]
async fn test_call_later_negative_delays() {
    let event_loop = EventLoop::current();
    corio::sleep(SECOND).await;
    let seen = Seen::new();
    for (name, ago) in [("a", MS), ("b", 2 * MS)] {
        let push = seen.clone();
        event_loop.call_at(event_loop.time() - ago, move || push.push(name));
    }
    turn().await;
    assert_eq!(seen.all(), ["a", "b"]);
}

#[corio::test(virtual_time)]
async fn test_time_and_call_at() {
    let event_loop = EventLoop::current();
    let when = event_loop.time() + 100 * MS;
    let seen = Seen::new();
    let push = seen.clone();
    let inside = event_loop.clone();
    event_loop.call_at(when, move || push.push(inside.time()));
    corio::sleep(SECOND).await;
    assert_eq!(seen.all(), [when], "no earlier, and on a virtual clock no later");
}

/// Only its thread has a loop: others have a `Handle`.
#[test]
fn test_check_thread() {
    assert!(!implements!(EventLoop: Send));
    assert!(!implements!(EventLoop: Sync));
    assert!(implements!(corio::Handle: Send));
}

#[test]
fn test__run_once() {
    let runtime = runtime();
    let event_loop = runtime.event_loop();
    let begun = event_loop.time();
    let cancelled = event_loop.call_later(5 * SECOND, || panic!("it is cancelled"));
    let stops = event_loop.clone();
    let kept = event_loop.call_later(10 * SECOND, move || stops.stop());
    cancelled.cancel();
    event_loop.run_forever().unwrap();
    assert_eq!(event_loop.time() - begun, 10 * SECOND, "it did not wait for the cancelled one");
    assert!(!kept.is_cancelled());
}

/// What a timer asks for is called in the turn after.
#[corio::test(virtual_time)]
async fn test__run_once_schedule_handle() {
    let event_loop = EventLoop::current();
    let seen = Seen::new();
    let (push, inside) = (seen.clone(), event_loop.clone());
    event_loop.call_at(event_loop.time(), move || {
        let late = push.clone();
        inside.call_soon(move || late.push("asked for by the timer"));
        push.push("timer");
    });
    turn().await;
    assert_eq!(seen.all(), ["timer"]);
    turn().await;
    assert_eq!(seen.all(), ["timer", "asked for by the timer"]);
}

/// A cancelled timer leaves nothing behind, be it one or a thousand.
#[corio::test(virtual_time)]
async fn test__run_once_cancelled_event_cleanup() {
    let event_loop = EventLoop::current();
    let kept = Rc::new(());
    for count in [1, 1000] {
        let timers: Vec<_> = (0..count)
            .map(|_| {
                let kept = kept.clone();
                event_loop.call_later(3600 * SECOND, move || drop(kept))
            })
            .collect();
        assert_eq!(Rc::strong_count(&kept), count + 1);
        timers.iter().for_each(|timer| timer.cancel());
        assert_eq!(Rc::strong_count(&kept), 1);
    }
}
