//! What `call_later` and `call_at` give.

use std::time::Duration;

use corio::EventLoop;

const SECOND: Duration = Duration::from_secs(1);

#[corio::test(virtual_time)]
async fn test_when() {
    let event_loop = EventLoop::current();
    let when = event_loop.time() + SECOND;
    let timer = event_loop.call_at(when, || ());
    assert_eq!(timer.when(), Some(when));
    timer.cancel();
    assert_eq!(timer.when(), Some(when), "also when it is cancelled");
}

#[corio::test(virtual_time)]
async fn test_timer() {
    let timer = EventLoop::current().call_later(SECOND, || panic!("it is cancelled"));
    assert!(!timer.is_cancelled());
    timer.cancel();
    assert!(timer.is_cancelled());
    corio::sleep(2 * SECOND).await;
}

/// What it says is said in debug mode and out of it.
#[corio::test(virtual_time)]
async fn test_timer_repr_debug() {
    let line = line!() + 1;
    let timer = EventLoop::current().call_later(SECOND, || ());
    let text = format!("{timer:?}");
    assert!(text.contains(&format!("timer_tests.rs:{line}")) && text.contains("when="), "{text}");
    assert!(!text.contains("cancelled"), "{text}");
    timer.cancel();
    assert!(format!("{timer:?}").contains("cancelled"), "{timer:?}");
}

/// By their moments; of equal ones the first that was asked for comes first.
#[corio::test(virtual_time)]
async fn test_timer_comparison() {
    let event_loop = EventLoop::current();
    let when = event_loop.time() + SECOND;
    let one = event_loop.call_at(when, || ());
    let two = event_loop.call_at(when, || ());
    let later = event_loop.call_at(when + SECOND, || ());
    assert!(one == one.clone() && one != two);
    assert!(one < two && two < later && later > one && one <= one.clone());
    let mut timers = [&later, &two, &one];
    timers.sort();
    assert_eq!(timers, [&one, &two, &later]);
}
