//! Traces of a loop: what it does, who is woken, and why.

use std::pin::pin;
use std::task::Context;
use std::time::Duration;

use corio_timer::timers::FIRE_PER_TURN_MAX;
use corio_timer::{Timers, current, sleep, sleep_until};

use crate::util::Rig;

fn us(us: u64) -> Duration {
    Duration::from_micros(us)
}

#[test]
fn a_sleep_counts_from_the_look_after_its_first_poll() {
    let rig = Rig::new();
    let mut a = sleep(us(100));
    assert_eq!(rig.turn(50), [""; 0], "not polled: nobody knows of it");
    assert_eq!(rig.timers.len(), 0);
    assert!(!rig.poll("a", &mut a));
    assert_eq!(a.deadline(), None, "the loop has not looked at its clock since");
    assert_eq!(
        rig.timers.next_deadline(),
        corio_base::Time::ZERO,
        "and must not wait before it has"
    );
    assert_eq!(rig.turn(60), [""; 0], "the look");
    assert_eq!(a.deadline(), Some(rig.instant(160)));
    assert_eq!(rig.next(), Some(160), "the wait is exact");
    assert_eq!(rig.turn(159), [""; 0], "not early");
    assert_eq!(rig.turn(160), ["a"], "not late");
    assert!(a.is_elapsed());
    assert!(rig.poll("a", &mut a));
    assert_eq!(a.deadline(), Some(rig.instant(160)), "known also afterwards");
    assert!(rig.poll("a", &mut a), "and it stays ready");
    assert_eq!(rig.next(), None);
}

#[test]
fn in_order_of_deadlines_then_of_polls() {
    let rig = Rig::new();
    let mut c = sleep(us(30));
    let mut a = sleep(us(10));
    let mut b1 = sleep(us(20));
    let mut b2 = sleep_until(rig.instant(20));
    rig.poll("c", &mut c);
    rig.poll("a", &mut a);
    rig.poll("b2", &mut b2);
    rig.poll("b1", &mut b1);
    rig.turn(0);
    assert_eq!(rig.turn(100), ["a", "b2", "b1", "c"], "b2 had its deadline first");
}

#[test]
fn a_cancelled_sleep_leaves_nothing() {
    let rig = Rig::new();
    let waker = rig.waker("a");
    {
        let mut fresh = pin!(sleep(us(10)));
        assert!(fresh.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(rig.timers.len(), 1);
    }
    assert_eq!(rig.timers.len(), 0, "cancelled before the loop looked");
    assert!(!rig.timers.has_fresh());
    let mut filed = sleep(us(10));
    rig.poll("a", &mut filed);
    rig.turn(5);
    drop(filed);
    assert_eq!(rig.timers.len(), 0, "cancelled when filed");
    assert_eq!(rig.next(), None, "no wait for what is gone");
    assert_eq!(rig.turn(100), [""; 0]);
}

#[test]
fn zero_and_past_go_round_once() {
    let rig = Rig::new();
    rig.turn(1_000);
    for mut sleep in
        [sleep(Duration::ZERO), sleep_until(rig.instant(1_000)), sleep_until(rig.instant(3))]
    {
        assert!(!rig.poll("a", &mut sleep), "others first");
        assert_eq!(rig.woken(), ["a"], "woken by its own poll, to the back of the queue");
        assert_eq!(rig.timers.len(), 0, "nothing is registered");
        assert!(rig.poll("a", &mut sleep), "one turn, not two");
    }
}

#[test]
fn the_last_task_that_polled_is_woken() {
    let rig = Rig::new();
    let mut sleep = sleep(us(10));
    rig.poll("first", &mut sleep);
    rig.poll("second", &mut sleep);
    rig.turn(0);
    rig.poll("third", &mut sleep);
    assert_eq!(rig.turn(10), ["third"]);
}

#[test]
fn resets() {
    let rig = Rig::new();
    let mut a = sleep(us(100));
    rig.poll("a", &mut a);
    rig.turn(0);
    a.reset(rig.instant(300));
    assert_eq!(rig.next(), Some(300), "pushed back, without another poll");
    assert_eq!(rig.turn(250), [""; 0]);
    a.reset(rig.instant(260));
    assert_eq!(rig.next(), Some(260), "pulled forward");
    assert_eq!(rig.turn(260), ["a"], "the waiting task goes on waiting through resets");

    a.reset_after(us(40));
    assert!(!a.is_elapsed(), "it had fired; now it is new");
    assert!(!rig.poll("a", &mut a));
    rig.turn(270);
    assert_eq!(rig.next(), Some(310), "counts from the look after its poll");
    a.reset_after(us(100));
    rig.turn(280);
    assert_eq!(rig.next(), Some(380), "counts from now, as a task waits");
    assert_eq!(rig.turn(380), ["a"]);
    assert!(rig.poll("a", &mut a));

    a.reset(rig.instant(400));
    assert!(!rig.poll("a", &mut a), "elapsed, and used again");
    a.reset_after(Duration::ZERO);
    assert_eq!(rig.woken(), ["a"], "nothing to wait for any more: the task looks again");
    assert_eq!(rig.timers.len(), 0);
}

#[test]
fn a_fresh_sleep_can_be_reset() {
    let rig = Rig::new();
    let mut a = sleep(us(100));
    rig.poll("a", &mut a);
    a.reset(rig.instant(20));
    assert_eq!(rig.next(), Some(20));
    a.reset_after(us(50));
    rig.turn(7);
    assert_eq!(rig.next(), Some(57));
}

#[test]
fn beyond_any_instant_is_never() {
    let rig = Rig::new();
    let endless = [Duration::MAX, Duration::from_secs(u64::MAX), Duration::from_nanos(u64::MAX)];
    for (delay, now) in endless.into_iter().zip([100, 200, 300]) {
        let mut a = sleep(delay);
        assert!(!rig.poll("a", &mut a));
        rig.turn(now);
        assert!(!rig.poll("a", &mut a));
        assert_eq!((rig.next(), a.deadline()), (None, None));
        a.reset_after(us(1));
        rig.turn(now);
        assert_eq!(rig.turn(now + 1), ["a"], "called back from never");
    }
    let mut late = sleep(Duration::from_secs(500 * 365 * 24 * 3600));
    rig.poll("late", &mut late);
    rig.turn(400);
    assert!(rig.next().is_some(), "500 years are counted");
}

#[test]
fn a_turn_fires_a_bounded_number() {
    let rig = Rig::new();
    let count = FIRE_PER_TURN_MAX + 10;
    let mut sleeps: Vec<_> = (0..count).map(|_| sleep(us(5))).collect();
    for sleep in &mut sleeps {
        rig.poll("a", sleep);
    }
    rig.turn(0);
    assert_eq!(rig.turn(10).len(), FIRE_PER_TURN_MAX);
    assert_eq!(rig.next(), Some(5), "the rest is due: the loop does not wait");
    assert_eq!(rig.turn(10).len(), 10);
}

#[test]
fn a_virtual_day_of_sleeps() {
    let rig = Rig::new();
    let mut sleeps: Vec<_> = (1..=24).map(|hour| sleep(Duration::from_secs(hour * 3600))).collect();
    for sleep in &mut sleeps {
        rig.poll("hour", sleep);
    }
    rig.turn(0);
    let mut jumps = 0;
    while let Some(next) = rig.next() {
        assert_eq!(rig.turn(next), ["hour"], "every jump finds one, none is for nothing");
        jumps += 1;
    }
    assert_eq!(jumps, 24);
}

#[test]
fn timers_that_end_wake_who_waits() {
    let rig = Rig::new();
    let inner = Timers::new();
    let mut a = sleep(us(100));
    let mut b = sleep_until(rig.instant(50));
    {
        let _installed = current::install(inner.clone());
        rig.poll("a", &mut a);
        rig.poll("b", &mut b);
    }
    assert_eq!(rig.timers.len(), 0, "they are the inner loop's");
    drop(inner);
    let mut woken = rig.woken();
    woken.sort_unstable();
    assert_eq!(woken, ["a", "b"], "their loop is gone, so they look where they are now");
    rig.turn(10);
    assert!(!rig.poll("a", &mut a) && !rig.poll("b", &mut b));
    rig.turn(10);
    assert_eq!(rig.turn(50), ["b"], "a deadline that was known holds");
    assert_eq!(rig.turn(109), [""; 0], "one that was not counts anew: late, not early");
    assert_eq!(rig.turn(110), ["a"]);
}

#[test]
fn a_sleep_of_an_outer_loop_is_fetched_by_letter() {
    /// In microseconds; long, so that the fallback does not end the sleep meanwhile.
    const HOUR: u64 = 3_600_000_000;
    let outer = Rig::new();
    let inner = Timers::new();
    let mut a = sleep(us(HOUR));
    outer.poll("a", &mut a);
    outer.turn(10);
    let mut batch = corio_base::WakeBatch::new();
    let _installed = current::install(inner.clone());
    assert!(!outer.poll("a2", &mut a), "asks its home");
    assert_eq!(inner.len(), 0, "the deadline is not known here yet");
    assert_eq!(outer.turn(20), ["a2"], "answered: the task looks again");
    assert_eq!(outer.timers.len(), 0, "the entry moved out");
    assert!(!outer.poll("a2", &mut a));
    assert_eq!(inner.next_deadline(), outer.at(HOUR + 10), "here it is, as it was");
    assert_eq!(inner.turn(outer.at(HOUR + 10), &mut batch), 1);
    batch.wake_all();
    assert_eq!(outer.woken(), ["a2"]);
    assert!(outer.poll("a2", &mut a));
}

#[test]
fn a_waker_may_do_anything_when_it_is_dropped() {
    #[expect(dead_code, reason = "dropped, never read")]
    struct DropsASleep(corio_timer::Sleep);
    impl std::task::Wake for DropsASleep {
        fn wake(self: std::sync::Arc<Self>) {}
    }
    let rig = Rig::new();
    let mut inner = sleep(us(10));
    rig.poll("inner", &mut inner);
    let waker = std::sync::Arc::new(DropsASleep(inner)).into();
    let mut outer = sleep(us(20));
    let mut context = Context::from_waker(&waker);
    assert!(std::pin::Pin::new(&mut outer).poll(&mut context).is_pending());
    drop(waker);
    assert_eq!(rig.timers.len(), 2);
    rig.poll("other", &mut outer);
    assert_eq!(rig.timers.len(), 1, "the replaced waker was the last to own the inner sleep");
}
