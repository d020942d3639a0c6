//! Sleeps by themselves: values, debug text, what they are before they are polled.

use std::task::Poll;
use std::time::{Duration, Instant};

use corio_timer::{Sleep, sleep, sleep_until, sleep_with};

use crate::util::{Rig, poll_once};

#[test]
fn with_a_value() {
    let rig = Rig::new();
    let mut with = sleep_with(Duration::from_micros(10), String::from("done"));
    assert_eq!(poll_once(&mut with), Poll::Pending);
    rig.turn(0);
    rig.turn(10);
    assert_eq!(poll_once(&mut with), Poll::Ready(String::from("done")));
}

#[test]
#[should_panic(expected = "polled again")]
fn a_value_is_given_once() {
    let mut with = sleep_with(Duration::ZERO, 1);
    while poll_once(&mut with).is_pending() {}
    let _ = poll_once(&mut with);
}

#[test]
fn before_the_first_poll() {
    let deadline = Instant::now() + Duration::from_secs(1);
    let mut sleep: Sleep = sleep_until(deadline);
    assert_eq!(sleep.deadline(), Some(deadline));
    assert!(!sleep.is_elapsed());
    sleep.reset_after(Duration::from_secs(2));
    assert_eq!(sleep.deadline(), None, "a delay has no deadline before it is polled");
    assert!(format!("{sleep:?}").contains("2000000000"), "{sleep:?}");
}

#[test]
fn a_forgotten_sleep_fires_into_the_void() {
    let rig = Rig::new();
    let mut forgotten = std::mem::ManuallyDrop::new(sleep(Duration::from_micros(10)));
    rig.poll("a", &mut forgotten);
    rig.turn(0);
    assert_eq!(rig.turn(20), ["a"], "the wake is one for nothing");
    // In debug mode it has memory of its own.
    drop(std::mem::ManuallyDrop::into_inner(forgotten));
    assert!(rig.timers.is_empty());
    assert!(poll_once(&mut sleep(Duration::from_micros(1))).is_pending());
}
