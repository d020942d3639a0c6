//! Starting the watchdog: once a process, and anew in a forked child.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use corio_trace::slow::TARGET_SLOW;

use crate::config::Config;
use crate::watch;

/// The process that has a watchdog: 0 until one has. A forked child finds its parent's number, for the
/// thread has stayed with the parent.
static STARTED_IN: AtomicU32 = AtomicU32::new(0);

/// Starts the watchdog.
///
/// It looks at the loops that publish what they poll, which they do in debug mode; with debug mode off, or
/// every loop parked, it sleeps without ever being woken.
///
/// # Errors
/// [`StartError`] if there is one already, or its thread cannot be started.
pub fn start(config: Config) -> Result<(), StartError> {
    claim()?;
    let started =
        thread::Builder::new().name("corio-watchdog".to_owned()).spawn(move || watch::run(&config));
    match started {
        Ok(_) => Ok(()),
        Err(error) => {
            STARTED_IN.store(0, Ordering::Relaxed);
            Err(StartError::Thread(error))
        }
    }
}

/// Starts the watchdog as `CORIO_WATCHDOG_SIGNAL` says, unless it runs already.
///
/// Called by the facade when a loop begins to run in debug mode; cheap where nothing is to be done. What is
/// wrong (the variable's value, no more threads) is logged to `corio::slow`, as an error: a program is
/// not to fail because nobody watches it.
pub fn ensure_started() {
    if is_running() {
        return;
    }
    let config = Config::from_env().unwrap_or_else(|error| {
        let (variable, default) = (crate::VARIABLE, Config::new());
        corio_trace::report_error(TARGET_SLOW, format_args!("{variable}: {error}"));
        default
    });
    match start(config) {
        Ok(()) | Err(StartError::AlreadyRunning) => {}
        Err(error) => corio_trace::report_error(TARGET_SLOW, format_args!("{error}")),
    }
}

/// Whether this process has a watchdog.
pub fn is_running() -> bool {
    STARTED_IN.load(Ordering::Relaxed) == std::process::id()
}

/// Makes this process the one that has a watchdog; of several threads one succeeds.
fn claim() -> Result<(), StartError> {
    let here = std::process::id();
    // Relaxed: the word guards no data.
    let claimed = STARTED_IN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |started_in| {
        (started_in != here).then_some(here)
    });
    claimed.map(drop).map_err(|_| StartError::AlreadyRunning)
}

/// The watchdog was not started.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// There is one a process, and this one has it.
    AlreadyRunning,
    /// Its thread could not be started.
    Thread(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::AlreadyRunning => f.write_str(
                "the watchdog runs already: start it before the first runtime in debug mode does",
            ),
            StartError::Thread(error) => write!(
                f,
                "the watchdog's thread cannot be started ({error}): raise the limit on threads (ulimit -u)"
            ),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StartError::AlreadyRunning => None,
            StartError::Thread(error) => Some(error),
        }
    }
}
