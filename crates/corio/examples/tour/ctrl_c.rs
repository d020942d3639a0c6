//! Ctrl-C.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::page::Page;

const SOURCE: &str = include_str!("ctrl_c.rs");

/// How long the walk waits for a key that need not be pressed.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Waits for Ctrl-C, though not for long.
///
/// # Errors
/// If signals cannot be watched.
pub async fn stop(page: &mut Page) -> io::Result<()> {
    page.stop("Ctrl-C is an event like any other");
    page.code(SOURCE, "race");
    page.say("Press Ctrl-C now, or wait a moment.");
    // [race]
    let mut ctrl_c = pin!(corio::signal::ctrl_c());
    let mut patience = pin!(corio::sleep(PATIENCE));
    let pressed = poll_fn(|context| {
        if let Poll::Ready(result) = ctrl_c.as_mut().poll(context) {
            return Poll::Ready(result.map(|()| true));
        }
        patience.as_mut().poll(context).map(|()| Ok(false))
    });
    let pressed = pressed.await?;
    // [end]
    page.result(if pressed { "pressed, and nothing was lost" } else { "not pressed; on we go" });
    Ok(())
}
