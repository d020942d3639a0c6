//! The one switch: whether this process watches its runtimes.
//!
//! Every poll and every wait asks [`enabled`], so it is one relaxed load. What the environment says
//! comes first, whatever the program says after it holds: [`init_from_env`] (called when a runtime
//! is built) and [`set_enabled`] both read `CORIO_DEBUG`, the first of them all, once a process.
//!
//! **Turned off and on again**, the book may say what was true before and is no more: nobody has told it
//! meanwhile. So each turning on has a number, which tasks keep that were recorded since, and a moment. What is
//! older is not believed where a program would be blamed for it.

use std::ffi::OsStr;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
use std::sync::{Mutex, OnceLock, PoisonError};

use corio_base::clock::{self, Time};

use crate::book;

/// The environment variable that sets the switch before the program does.
pub const VARIABLE: &str = "CORIO_DEBUG";

static ENABLED: AtomicBool = AtomicBool::new(false);

/// How often it was turned on, from 1 on.
static TURNED_ON: AtomicU32 = AtomicU32::new(1);

/// When it was turned on last, in nanoseconds of the coarse clock; 0: the program has not done so.
static TURNED_ON_AT: AtomicU64 = AtomicU64::new(0);

/// Whether it was ever on: what is done in pairs is done in pairs from then on, whatever it says.
static WAS_ON: AtomicBool = AtomicBool::new(false);

/// Who turns it has this: of two who turn it on, one is the first.
static TURNING: Mutex<()> = Mutex::new(());

/// What the environment said, applied to [`ENABLED`] when it was read.
static ENVIRONMENT: OnceLock<Result<(), BadDebugValue>> = OnceLock::new();

/// Whether runtimes of this process are watched: one relaxed load.
#[inline]
pub fn enabled() -> bool {
    // Relaxed: the switch guards no data. A thread that sees it late misses an event or emits one
    // more, and both are harmless.
    ENABLED.load(Ordering::Relaxed)
}

/// Turns the switch, for all threads, at any time.
///
/// ```
/// corio_trace::set_enabled(true);
/// assert!(corio_trace::enabled());
/// corio_trace::set_enabled(false);
/// assert!(!corio_trace::enabled());
/// ```
pub fn set_enabled(on: bool) {
    // Read first, so that a runtime built later does not put the environment's word over this one.
    // An unusable value is that runtime's error, not ours.
    let _ = init_from_env();
    if turn(on)
        && let Some(begin) = WHEN_ENABLED.get()
    {
        begin();
    }
}

/// Turns it; says whether it was off and is on.
fn turn(on: bool) -> bool {
    let _turning = TURNING.lock().unwrap_or_else(PoisonError::into_inner);
    let is_turned_on = on && !enabled();
    if is_turned_on {
        // Relaxed, all of them: published by the store below.
        TURNED_ON.fetch_add(1, Ordering::Relaxed);
        TURNED_ON_AT.store(clock::coarse_now().as_nanos(), Ordering::Relaxed);
        WAS_ON.store(true, Ordering::Relaxed);
        book::forget_all_asked();
    }
    // Release: pairs with the fence in `turned_on`.
    ENABLED.store(on, Ordering::Release);
    is_turned_on
}

/// What begins when the switch is turned on.
static WHEN_ENABLED: OnceLock<fn()> = OnceLock::new();

/// Calls `begin` now, if the switch is on, and whenever it is turned on. For whoever watches what is
/// recorded then, such as a watchdog; it must return soon. The first one of the process stays.
pub fn when_enabled(begin: fn()) {
    let begin = WHEN_ENABLED.get_or_init(|| begin);
    if enabled() {
        begin();
    }
}

/// How often the switch was turned on: what began before the last time is not in the book yet, or not as it is.
/// Who has found the switch on finds that turning's number, or a later one's. Never 0.
#[inline]
pub fn turned_on() -> u32 {
    // Acquire: pairs with the Release in `turn`.
    fence(Ordering::Acquire);
    TURNED_ON.load(Ordering::Relaxed).max(1)
}

/// When the program turned the switch on last, on the coarse clock; [`Time::ZERO`] if it was on from the
/// beginning, or never. What was recorded before may be over.
pub fn turned_on_at() -> Time {
    // Acquire: as in `turned_on`.
    fence(Ordering::Acquire);
    Time::from_nanos(TURNED_ON_AT.load(Ordering::Relaxed))
}

/// Whether the switch was ever on, as far as this thread has seen: one relaxed load.
#[inline]
pub(crate) fn was_on() -> bool {
    // Relaxed: as in `enabled`.
    WAS_ON.load(Ordering::Relaxed)
}

/// Sets the switch to what `CORIO_DEBUG` says: `1` is on, `0` is off; empty or unset changes
/// nothing.
///
/// Only the first call of the process reads the environment; later ones repeat its result.
///
/// # Errors
/// [`BadDebugValue`] if the variable holds anything else. The switch is then left alone.
pub fn init_from_env() -> Result<(), BadDebugValue> {
    ENVIRONMENT
        .get_or_init(|| {
            if let Some(value) = std::env::var_os(VARIABLE)
                && let Some(on) = parse(&value)?
            {
                // Relaxed, both: as in `enabled`; there is nothing from before.
                WAS_ON.store(on, Ordering::Relaxed);
                ENABLED.store(on, Ordering::Relaxed);
            }
            Ok(())
        })
        .clone()
}

fn parse(value: &OsStr) -> Result<Option<bool>, BadDebugValue> {
    match value.to_str() {
        Some("1") => Ok(Some(true)),
        Some("0") => Ok(Some(false)),
        Some("") => Ok(None),
        _ => Err(BadDebugValue { value: value.to_string_lossy().into_owned() }),
    }
}

/// `CORIO_DEBUG` holds something that is neither `1` nor `0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadDebugValue {
    value: String,
}

impl BadDebugValue {
    /// What the variable holds.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for BadDebugValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{VARIABLE} is {:?}: set it to 1 (debug mode on) or 0 (off), or unset it",
            self.value
        )
    }
}

impl std::error::Error for BadDebugValue {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_takes_one_and_zero_and_names_both_otherwise() {
        assert_eq!(parse(OsStr::new("1")), Ok(Some(true)));
        assert_eq!(parse(OsStr::new("0")), Ok(Some(false)));
        assert_eq!(parse(OsStr::new("")), Ok(None));
        for bad in ["2", "true", "yes", " 1", "01", "ö"] {
            let error = parse(OsStr::new(bad)).expect_err(bad);
            assert_eq!(error.value(), bad);
            let text = error.to_string();
            assert!(text.contains("CORIO_DEBUG") && text.contains(bad), "{text}");
            assert!(text.contains("1 (debug mode on) or 0 (off)"), "{text}");
        }
    }
}
