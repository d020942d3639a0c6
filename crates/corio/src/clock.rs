//! Which clock a runtime goes by.

use corio_base::clock::VirtualClock;

/// Which clock a runtime goes by.
///
/// ```
/// use corio::{Builder, Clock};
/// use std::time::{Duration, Instant};
///
/// let begun = Instant::now();
/// Builder::new().clock(Clock::virtual_time()).run(async {
///     corio::sleep(Duration::from_secs(24 * 60 * 60)).await;
/// });
/// assert!(begun.elapsed() < Duration::from_secs(60));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Clock {
    pub(crate) virtual_clock: Option<VirtualClock>,
}

impl Clock {
    /// The operating system's monotonic clock.
    pub fn system() -> Self {
        Clock { virtual_clock: None }
    }

    /// A clock that stands still while anything can run and jumps to the next deadline when nothing
    /// can: no task is ready, no other thread has sent anything, the OS has no event, and no job runs
    /// on another thread. It begins at the present time.
    pub fn virtual_time() -> Self {
        Clock { virtual_clock: Some(VirtualClock::new()) }
    }

    /// A given virtual clock, to be looked at or advanced from outside.
    pub fn with_virtual(clock: VirtualClock) -> Self {
        Clock { virtual_clock: Some(clock) }
    }
}
