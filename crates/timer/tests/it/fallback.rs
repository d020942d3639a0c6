//! Threads without timers: real time, a few milliseconds of it.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use corio_base::park::block_on;
use corio_timer::{interval, sleep, sleep_until};

use crate::util::{Wakes, poll_once};

#[test]
fn sleeps_anywhere() {
    let begin = Instant::now();
    block_on(sleep(Duration::from_millis(2)));
    let took = begin.elapsed();
    assert!(took >= Duration::from_millis(2), "early: {took:?}");
    let deadline = Instant::now() + Duration::from_millis(2);
    block_on(sleep_until(deadline));
    assert!(Instant::now() >= deadline);
    block_on(sleep(Duration::ZERO));
}

#[test]
fn a_later_one_does_not_hold_up_an_earlier_one() {
    let mut late = sleep(Duration::from_secs(3600));
    assert!(poll_once(&mut late).is_pending());
    let begin = Instant::now();
    block_on(sleep(Duration::from_millis(1)));
    assert!(begin.elapsed() < Duration::from_secs(60), "the thread waited for the later one");
    assert!(!late.is_elapsed());
    assert!(late.deadline().is_some(), "the fallback reads the clock at once");
}

#[test]
fn resets_reach_the_thread() {
    let (wakes, waker) = Wakes::new();
    let mut sleep = sleep(Duration::from_secs(3600));
    let mut context = Context::from_waker(&waker);
    assert!(std::pin::Pin::new(&mut sleep).poll(&mut context).is_pending());
    let begin = Instant::now();
    sleep.reset(begin + Duration::from_secs(7200));
    sleep.reset_after(Duration::from_millis(1));
    while wakes.count() == 0 {
        assert!(begin.elapsed() < Duration::from_secs(20), "the task was not woken");
        thread::yield_now();
    }
    assert!(begin.elapsed() >= Duration::from_millis(1));
    assert!(sleep.is_elapsed());
    assert!(poll_once(&mut sleep).is_ready());
}

#[test]
fn from_many_threads() {
    let threads: Vec<_> = (0..8u64)
        .map(|n| {
            thread::spawn(move || {
                for round in 0..10 {
                    let delay = Duration::from_micros((n * 37 + round * 53) % 900);
                    let begin = Instant::now();
                    block_on(sleep(delay));
                    assert!(begin.elapsed() >= delay);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn a_waker_that_panics_harms_nobody_else() {
    struct Panics;
    impl std::task::Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics (part of the test)");
        }
    }
    let waker = Waker::from(Arc::new(Panics));
    let mut bad = sleep(Duration::from_micros(100));
    assert!(std::pin::Pin::new(&mut bad).poll(&mut Context::from_waker(&waker)).is_pending());
    block_on(sleep(Duration::from_millis(1)));
    block_on(sleep(Duration::from_millis(1)));
    assert!(bad.is_elapsed());
}

#[test]
fn ticks_anywhere() {
    let ticks = block_on(async {
        let mut interval = interval(Duration::from_micros(700));
        [interval.tick().await, interval.tick().await, interval.tick().await]
    });
    assert_eq!(ticks[2] - ticks[0], Duration::from_micros(1_400));
    assert!(Instant::now() >= ticks[2]);
}
