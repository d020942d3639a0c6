//! How late a sleep is, and an interval that does not drift.

use std::time::{Duration, Instant};

use crate::page::{Page, median};

const SOURCE: &str = include_str!("sleeps.rs");

/// Sleeps often and looks at the clock.
pub async fn stop(page: &mut Page) {
    page.stop("Sleep: never early, hardly late");
    page.code(SOURCE, "sleep");
    let mut late = Vec::new();
    // [sleep]
    for _ in 0..200 {
        let deadline = Instant::now() + Duration::from_millis(1);
        corio::sleep_until(deadline).await;
        late.push(Instant::now().duration_since(deadline)); // zero if early
    }
    // [end]
    let early = late.iter().filter(|late| late.is_zero()).count();
    let middle = median(&mut late);
    let last = late.last().copied().unwrap_or_default();
    page.result(format_args!("median {middle:.1?} late, at worst {last:.1?}, {early} early"));

    page.say("An interval keeps to its beat, however long the work between two ticks takes.");
    page.code(SOURCE, "interval");
    // [interval]
    let begun = Instant::now();
    let mut beat = corio::time::interval_at(begun, Duration::from_millis(10));
    for _ in 0..=20 {
        beat.tick().await; // the first one is due at once
        corio::sleep(Duration::from_millis(3)).await; // work
    }
    // [end]
    let took = begun.elapsed() - Duration::from_millis(3);
    page.result(format_args!("20 periods of 10 ms took {took:.2?}"));
}
