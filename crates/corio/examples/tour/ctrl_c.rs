//! Ctrl-C.

use std::time::Duration;

use corio::cancel;

use crate::page::Page;

const SOURCE: &str = include_str!("ctrl_c.rs");

/// How long the walk waits for a key that need not be pressed.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Waits for Ctrl-C, though not for long.
pub async fn stop(page: &mut Page) {
    page.stop("Ctrl-C cancels main, which may clean up");
    page.code(SOURCE, "catch");
    page.say("Press Ctrl-C now, or wait a moment.");
    // [catch]
    let pressed = match cancel::catch(corio::sleep(PATIENCE)).await {
        Ok(()) => false,
        Err(cancelled) => {
            corio::sleep(Duration::from_millis(50)).await; // cleanup
            cancelled.suppress(); // without this, the program would end here
            true
        }
    };
    // [end]
    page.result(if pressed { "pressed, and nothing was lost" } else { "not pressed; on we go" });
}
