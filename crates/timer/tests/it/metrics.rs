//! What timers count by themselves, driven by hand.

use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use corio_base::{Time, WakeBatch};
use corio_timer::{Timers, current, sleep};

#[test]
fn a_turn_is_as_late_as_the_first_of_its_timers() {
    let timers = Timers::new();
    let metrics = timers.metrics();
    let installed = current::install(timers.clone());
    let mut batch = WakeBatch::new();
    let mut context = Context::from_waker(Waker::noop());
    let mut near = pin!(sleep(Duration::from_nanos(100)));
    let mut far = pin!(sleep(Duration::from_nanos(300)));
    assert!(near.as_mut().poll(&mut context).is_pending());
    assert!(far.as_mut().poll(&mut context).is_pending());
    timers.turn(Time::from_nanos(1_000), &mut batch);
    assert_eq!((metrics.waiting(), metrics.fired_count(), metrics.lateness().count()), (2, 0, 0));
    // Due at 1100 and at 1300.
    assert_eq!(timers.turn(Time::from_nanos(1_850), &mut batch), 2);
    assert_eq!((metrics.waiting(), metrics.fired_count()), (0, 2));
    let late = metrics.lateness();
    assert_eq!((late.count(), late.last()), (1, Duration::from_nanos(750)));
    // Outlasts them, on any thread.
    drop((installed, timers));
    let fired = std::thread::spawn(move || metrics.fired_count()).join().unwrap();
    assert_eq!(fired, 2);
}
