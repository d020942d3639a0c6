//! A virtual clock: a day that takes no time.

use std::io;
use std::time::{Duration, Instant};

use crate::page::Page;

const SOURCE: &str = include_str!("day.rs");

/// Runs a day of minutes on a runtime of its own, on a thread of its own.
///
/// # Errors
/// If that thread ended with a panic.
pub fn stop(page: &mut Page) -> io::Result<()> {
    page.stop("A virtual clock: a day in no time");
    page.say(
        "When nothing is left to run, a virtual clock jumps to the next deadline. Tests of hours",
    );
    page.say("write #[corio::test(virtual_time)]; here it is by hand, on a thread of its own:");
    page.code(SOURCE, "day");
    let begun = Instant::now();
    let day = std::thread::spawn(|| {
        // [day]
        let clock = corio::Clock::virtual_time();
        corio::Builder::new().clock(clock).run(async {
            let midnight = corio::time::now();
            let mut minute = corio::time::interval(Duration::from_secs(60));
            for _ in 0..=24 * 60 {
                minute.tick().await;
            }
            corio::time::now() - midnight
        })
        // [end]
    });
    let day = day.join().map_err(|_| io::Error::other("the day ended with a panic"))?;
    let took = begun.elapsed();
    page.result(format_args!("{} hours and 1441 ticks took {took:.1?}", day.as_secs() / 3600));
    Ok(())
}
