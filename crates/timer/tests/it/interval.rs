//! Ticks on a virtual clock.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use corio_base::budget::READY_PER_POLL_MAX;
use corio_base::current;
use corio_timer::{Interval, MissedTickBehavior, interval, interval_at};
use futures_core::Stream;

use crate::util::Rig;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn poll(rig: &Rig, interval: &mut Interval) -> Poll<Instant> {
    let waker = rig.waker("tick");
    interval.poll_tick(&mut Context::from_waker(&waker))
}

/// Ticks that come when somebody asks at these milliseconds, until nothing is ready.
fn check(behavior: MissedTickBehavior, asked_at: &[u64], expected: &[u64]) {
    let rig = Rig::new();
    let mut interval = interval(ms(50));
    interval.set_missed_tick_behavior(behavior);
    assert_eq!(interval.missed_tick_behavior(), behavior);
    let mut ticks = Vec::new();
    for &now in asked_at {
        rig.turn(now * 1_000);
        while let Poll::Ready(tick) = poll(&rig, &mut interval) {
            ticks.push((tick - rig.instant(0)).as_millis() as u64);
        }
        rig.turn(now * 1_000);
    }
    assert_eq!(ticks, expected, "{behavior:?}, asked at {asked_at:?}");
}

#[test]
fn missed_ticks() {
    use MissedTickBehavior::{Burst, Delay, Skip};
    let late: &[u64] = &[0, 50, 170, 200, 220, 250, 270];
    check(Burst, late, &[0, 50, 100, 150, 200, 250]);
    check(Delay, late, &[0, 50, 100, 220, 270]);
    check(Skip, late, &[0, 50, 100, 200, 250]);
    let in_time: &[u64] = &[0, 49, 50, 100, 103, 150];
    for behavior in [Burst, Delay, Skip] {
        check(behavior, in_time, &[0, 50, 100, 150]);
    }
}

#[test]
fn starts_when_told() {
    let rig = Rig::new();
    let mut interval = interval_at(rig.instant(30_000), ms(50));
    assert_eq!(interval.period(), ms(50));
    assert!(poll(&rig, &mut interval).is_pending());
    assert_eq!(rig.turn(29_999), [""; 0]);
    assert_eq!(rig.turn(30_000), ["tick"]);
    assert_eq!(poll(&rig, &mut interval), Poll::Ready(rig.instant(30_000)));
}

#[test]
fn resets() {
    let rig = Rig::new();
    let mut interval = interval(ms(50));
    assert!(poll(&rig, &mut interval).is_ready(), "the first comes at once");
    assert!(poll(&rig, &mut interval).is_pending());
    rig.turn(20_000);
    interval.reset();
    assert_eq!(rig.next(), Some(70_000), "a period from now, without another poll");
    interval.reset_after(ms(5));
    assert_eq!(rig.next(), Some(25_000));
    interval.reset_at(rig.instant(40_000));
    assert_eq!(rig.next(), Some(40_000));
    interval.reset_immediately();
    rig.turn(20_000);
    assert_eq!(poll(&rig, &mut interval), Poll::Ready(rig.instant(20_000)));
    assert!(poll(&rig, &mut interval).is_pending());
    rig.turn(20_000);
    assert_eq!(rig.next(), Some(70_000), "and on from there");
}

#[test]
fn is_a_stream() {
    let rig = Rig::new();
    let mut interval = interval(ms(50));
    let waker = rig.waker("tick");
    let mut context = Context::from_waker(&waker);
    let first = Pin::new(&mut interval).poll_next(&mut context);
    assert_eq!(first, Poll::Ready(Some(rig.instant(0))));
    assert_eq!(interval.size_hint(), (usize::MAX, None));
}

#[test]
fn a_burst_gives_way() {
    let rig = Rig::new();
    let mut interval = interval(Duration::from_nanos(1));
    rig.turn(1_000_000);
    let _in_a_poll = current::enter_without_task();
    let mut ticks = 0;
    while poll(&rig, &mut interval).is_ready() {
        ticks += 1;
    }
    assert_eq!(ticks, READY_PER_POLL_MAX, "a thousand million are due");
    assert_eq!(rig.woken(), ["tick"], "the task comes back after the others");
}

#[test]
fn an_endless_period_ticks_once() {
    let rig = Rig::new();
    let mut interval = interval(Duration::MAX);
    assert!(poll(&rig, &mut interval).is_ready());
    assert!(poll(&rig, &mut interval).is_pending());
    rig.turn(5);
    assert_eq!(rig.next(), None);
}

#[test]
#[should_panic(expected = "an interval's period is 0 ns")]
fn a_period_of_zero() {
    interval(Duration::ZERO);
}
