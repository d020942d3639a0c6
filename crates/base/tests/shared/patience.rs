//! What is bound to come about, and nothing tells of it: for the tests of every crate that has such a thing,
//! which take this file in as a module of theirs.

use std::time::{Duration, Instant};

/// Nothing takes this long, unless it hangs.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// How long others have the processor before the next look.
const PAUSE: Duration = Duration::from_millis(1);

/// Waits until `is_so`, by looking.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONG, "not within {LONG:?}: {what}");
        std::thread::sleep(PAUSE);
    }
}
