//! Timeouts: a limit for anything that waits.

use std::time::Duration;

use corio::cancel;

use crate::page::Page;

const SOURCE: &str = include_str!("timeouts.rs");

/// Gives an hour's sleep ten milliseconds, and a save all the time it needs.
pub async fn stop(page: &mut Page) {
    page.stop("Timeouts, and what must not be cut");
    page.code(SOURCE, "timeout");
    // [timeout]
    let hour = corio::sleep(Duration::from_secs(3600));
    let result = corio::timeout(Duration::from_millis(10), hour).await;
    // [end]
    match result {
        Ok(()) => page.result("a whole hour"),
        Err(elapsed) => page.result(elapsed),
    }

    page.say("A mask makes the unwinding wait, also that of a timeout around it.");
    page.code(SOURCE, "mask");
    let begun = corio::time::now();
    // [mask]
    let save = cancel::mask(corio::sleep(Duration::from_millis(30)));
    let result = corio::timeout(Duration::from_millis(10), save).await;
    // [end]
    let took = (corio::time::now() - begun).as_millis();
    page.result(format_args!("{} after {took} ms", if result.is_ok() { "saved" } else { "cut" }));
}
