//! How long waits and locks may last before debug mode calls them a mistake.
//!
//! Settings of the process, which may be made at any time; the watchdog goes by them at its next look, of
//! which it makes one a second at most. [`Duration::MAX`] is never.

use std::time::Duration;

use corio_trace::Limit;

/// From when on a loop is reported that nothing in sight can wake, while debug mode is on; 10 s unless said
/// otherwise.
///
/// Every task waits for what only another task could do, there is no timer, and no descriptor is
/// registered. A thread of the program's own may still send to a channel or set an event: a program that
/// rests until one does sets a limit that is longer than its rests. Or it is told of a few: one that has
/// ended by itself is not told of again, nor is any that is up to ten times as long.
///
/// ```
/// use corio::debug;
/// use std::time::Duration;
///
/// debug::set_hang_limit(Duration::from_secs(60));
/// assert_eq!(debug::hang_limit(), Duration::from_secs(60));
/// ```
pub fn set_hang_limit(limit: Duration) {
    Limit::Hang.set(limit);
}

/// From when on a loop is reported that nothing in sight can wake.
pub fn hang_limit() -> Duration {
    Limit::Hang.get()
}

/// From when on a lock is reported that is held while others wait for it, while debug mode is on; 10 s unless
/// said otherwise. A lock that nobody waits for may be held for as long as one likes.
///
/// ```
/// use corio::debug;
/// use std::time::Duration;
///
/// debug::set_lock_held_limit(Duration::from_secs(1));
/// assert_eq!(debug::lock_held_limit(), Duration::from_secs(1));
/// ```
pub fn set_lock_held_limit(limit: Duration) {
    Limit::LockHeld.set(limit);
}

/// From when on a lock is reported that is held while others wait for it.
pub fn lock_held_limit() -> Duration {
    Limit::LockHeld.get()
}

/// From when on a lock, a permit or the like is reported that was granted to a future which nobody polls, so
/// that nobody else gets it, while debug mode is on; 5 s unless said otherwise.
///
/// ```
/// use corio::debug;
/// use std::time::Duration;
///
/// debug::set_grant_limit(Duration::from_secs(2));
/// assert_eq!(debug::grant_limit(), Duration::from_secs(2));
/// ```
pub fn set_grant_limit(limit: Duration) {
    Limit::Grant.set(limit);
}

/// From when on something is reported that was granted to a future which nobody polls.
pub fn grant_limit() -> Duration {
    Limit::Grant.get()
}

/// From when on a task is reported that was asked to end and has not, while debug mode is on; 10 s unless
/// said otherwise.
///
/// ```
/// use corio::debug;
/// use std::time::Duration;
///
/// debug::set_cancel_limit(Duration::from_secs(30));
/// assert_eq!(debug::cancel_limit(), Duration::from_secs(30));
/// ```
pub fn set_cancel_limit(limit: Duration) {
    Limit::Cancel.set(limit);
}

/// From when on a task is reported that was asked to end and has not.
pub fn cancel_limit() -> Duration {
    Limit::Cancel.get()
}
