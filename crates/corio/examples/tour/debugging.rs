//! Debug mode, which finds a bug.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use corio::debug;

use crate::page::Page;

const SOURCE: &str = include_str!("debugging.rs");

/// How often the walk looks whether the log has something, and how many times: corio looks once a second.
const LOOK_EVERY: Duration = Duration::from_millis(20);
const LOOKS_MAX: usize = 500;

/// Two tasks that wait for each other, and what is said of them.
///
/// # Errors
/// What the terminal says.
pub async fn stop(page: &mut Page) -> std::io::Result<()> {
    page.stop("Debug mode names the bug");
    page.say("Why does this not end? CORIO_DEBUG=1 turns debug mode on, or the program does:");
    page.code(SOURCE, "bug");
    // Another logger may be there already; then its lines are its own.
    let _ = log::set_logger(&LOG);
    log::set_max_level(log::LevelFilter::Warn);
    let was_on = debug::is_enabled();
    // [bug]
    debug::set(true);
    let fork = Arc::new(corio::sync::Mutex::new("fork"));
    let knife = Arc::new(corio::sync::Mutex::new("knife"));
    let guests = [("Ada", &fork, &knife), ("Bob", &knife, &fork)].map(|(name, one, other)| {
        let (one, other) = (one.clone(), other.clone());
        corio::task::Builder::new().name(name).spawn(async move {
            let one = one.lock().await;
            corio::yield_now().await;
            let other = other.lock().await;
            drop((one, other));
        })
    });
    // [end]
    page.say("The log, a moment later (each guest has what the other one wants):");
    page.result(log_says().await);
    page.say("Where does one of them stand? guests[0].task().print_stack(None, &mut out):");
    let mut stack = Vec::new();
    guests[0].task().print_stack(None, &mut stack)?;
    page.result(String::from_utf8_lossy(&stack).trim_end());
    guests.iter().for_each(corio::JoinHandle::abort);
    debug::set(was_on);
    page.say("A program that runs with CORIO_INSPECT=1 (feature `inspect`) is asked from outside:");
    page.say(
        "`corio ps PID`, `corio pstree PID`, `corio top PID`. docs/debugging.md has every kind of",
    );
    page.say("bug with a program, with what corio prints, and with the fix.");
    Ok(())
}

/// What the log was told first, within some seconds.
async fn log_says() -> String {
    for _ in 0..LOOKS_MAX {
        let said = LOG.0.lock().unwrap_or_else(PoisonError::into_inner).first().cloned();
        if let Some(said) = said {
            return said;
        }
        corio::sleep(LOOK_EVERY).await;
    }
    String::from("nothing")
}

/// A logger that keeps what it is told.
struct Keeps(Mutex<Vec<String>>);

static LOG: Keeps = Keeps(Mutex::new(Vec::new()));

impl log::Log for Keeps {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}: {}", record.level(), record.target(), record.args());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn flush(&self) {}
}
