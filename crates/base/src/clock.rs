//! The one file that reads the OS clock, and its virtual override.
//!
//! Time is counted in nanoseconds from an anchor, a year before the process's first reading, in a
//! `u64`: 584 years, cheap to compare, and with a value for *never*. A thread may put a
//! [`VirtualClock`] over its readings; then time stands still until somebody advances it, which is
//! what a loop does when nothing is left to run (see [`held`] for what keeps it from doing so).

use std::cell::RefCell;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use rustix::time::ClockId;

/// A moment, in nanoseconds since the process's anchor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// The anchor itself; every moment before it counts as this one.
    pub const ZERO: Time = Time(0);
    /// Later than every other moment; a deadline here never comes.
    pub const NEVER: Time = Time(u64::MAX);

    /// The moment `nanos` after the anchor.
    #[inline]
    pub const fn from_nanos(nanos: u64) -> Time {
        Time(nanos)
    }

    /// Nanoseconds since the anchor.
    #[inline]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whether this is [`Time::NEVER`].
    #[inline]
    pub const fn is_never(self) -> bool {
        self.0 == u64::MAX
    }

    /// `instant` on this scale: [`Time::ZERO`] if it lies before the anchor, [`Time::NEVER`] if it
    /// lies beyond what 64 bits count.
    pub fn from_instant(instant: Instant) -> Time {
        Time::ZERO.saturating_add(instant.saturating_duration_since(anchor()))
    }

    /// This moment as an [`Instant`]; `None` if no `Instant` is that late.
    pub fn to_instant(self) -> Option<Instant> {
        if self.is_never() { None } else { anchor().checked_add(Duration::from_nanos(self.0)) }
    }

    /// This moment and `by` more; [`Time::NEVER`] if that is too far away to count.
    #[inline]
    pub fn saturating_add(self, by: Duration) -> Time {
        match u64::try_from(by.as_nanos()) {
            Ok(nanos) => Time(self.0.saturating_add(nanos)),
            Err(_) => Time::NEVER,
        }
    }

    /// How long after `earlier` this is; zero if it is not after it.
    #[inline]
    pub fn saturating_since(self, earlier: Time) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_never() {
            f.write_str("Time(never)")
        } else {
            write!(f, "Time({:?})", Duration::from_nanos(self.0))
        }
    }
}

/// How far before the first reading the anchor lies. Instants that a program took before it had a
/// loop, or counted back from now, keep their distances: an interval that began then stays in phase.
const BEFORE_FIRST_READING: Duration = Duration::from_secs(365 * 24 * 3600);

fn anchor() -> Instant {
    static ANCHOR: OnceLock<Instant> = OnceLock::new();
    *ANCHOR.get_or_init(|| {
        let now = Instant::now();
        now.checked_sub(BEFORE_FIRST_READING).unwrap_or(now)
    })
}

/// What the clock says on this thread: the virtual clock's time where one is installed, otherwise
/// the OS's monotonic clock. While a thread ends, it is the OS's.
#[inline]
pub fn now() -> Time {
    let installed = VIRTUAL.try_with(|slot| slot.borrow().as_ref().map(VirtualClock::now));
    match installed {
        Ok(Some(now)) => now,
        Ok(None) | Err(_) => Time::from_instant(Instant::now()),
    }
}

/// What the OS clock says, also where a virtual clock is installed: for bounds on work that no virtual
/// time passes for.
pub fn os_now() -> Time {
    Time::from_instant(Instant::now())
}

/// What the OS clock says to its coarse reading, some milliseconds late at most and several times cheaper than
/// [`os_now`]: for notes of when something began, in debug mode. Where the OS has none it is [`os_now`].
///
/// It counts real time also where a virtual clock is installed.
#[inline]
pub fn coarse_now() -> Time {
    #[cfg(target_os = "linux")]
    {
        Time::from_nanos(kernel_nanos(ClockId::MonotonicCoarse).wrapping_add(*behind()))
    }
    #[cfg(not(target_os = "linux"))]
    {
        os_now()
    }
}

/// A reading of the kernel's clock, in its own count.
#[cfg(target_os = "linux")]
#[inline]
fn kernel_nanos(clock: ClockId) -> u64 {
    let time = rustix::time::clock_gettime(clock);
    (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
}

/// How far the kernel's count is behind ours: [`Instant`] reads the same clock but does not show its
/// count.
#[cfg(target_os = "linux")]
#[inline]
fn behind() -> &'static u64 {
    static BEHIND: OnceLock<u64> = OnceLock::new();
    BEHIND.get_or_init(|| {
        let kernel = kernel_nanos(ClockId::Monotonic);
        os_now().as_nanos().wrapping_sub(kernel)
    })
}

/// [`now`], as an [`Instant`].
pub fn now_instant() -> Instant {
    now().to_instant().unwrap_or_else(Instant::now)
}

std::thread_local! {
    static VIRTUAL: RefCell<Option<VirtualClock>> = const { RefCell::new(None) };
}

/// The virtual clock installed on this thread, if any.
pub fn installed() -> Option<VirtualClock> {
    VIRTUAL.try_with(|slot| slot.borrow().clone()).ok().flatten()
}

/// A clock that moves only when told to. Clones are the same clock.
///
/// ```
/// use corio_base::clock::{self, VirtualClock};
/// use std::time::Duration;
///
/// let clock = VirtualClock::new();
/// let _installed = clock.install();
/// let before = clock::now();
/// clock.advance_to(before.saturating_add(Duration::from_secs(3600)));
/// assert_eq!(clock::now().saturating_since(before), Duration::from_secs(3600));
/// ```
#[derive(Clone, Debug)]
pub struct VirtualClock {
    nanos: Arc<AtomicU64>,
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl VirtualClock {
    /// A virtual clock that begins at the OS clock's present time.
    pub fn new() -> Self {
        let nanos = Time::from_instant(Instant::now()).as_nanos();
        VirtualClock { nanos: Arc::new(AtomicU64::new(nanos)) }
    }

    /// What this clock says.
    pub fn now(&self) -> Time {
        Time(self.nanos.load(Ordering::Acquire))
    }

    /// Moves the clock forward to `to`; a moment that has passed, or [`Time::NEVER`], changes
    /// nothing.
    pub fn advance_to(&self, to: Time) {
        if !to.is_never() {
            self.nanos.fetch_max(to.as_nanos(), Ordering::AcqRel);
        }
    }

    /// Puts this clock over this thread's readings until the guard is dropped. A thread that is
    /// ending keeps the OS clock's.
    pub fn install(&self) -> ClockGuard {
        let before = VIRTUAL.try_with(|slot| slot.borrow_mut().replace(self.clone()));
        ClockGuard { before: before.ok().flatten(), _not_send: std::marker::PhantomData }
    }
}

/// While it lives, the thread that made it reads a [`VirtualClock`]. Guards end in reverse order.
#[derive(Debug)]
#[must_use = "the clock is taken off again when the guard is dropped"]
pub struct ClockGuard {
    before: Option<VirtualClock>,
    _not_send: std::marker::PhantomData<*const ()>,
}

impl Drop for ClockGuard {
    fn drop(&mut self) {
        let before = self.before.take();
        // An error says that the thread ends: it has no virtual clock any more.
        let _ = VIRTUAL.try_with(|slot| *slot.borrow_mut() = before);
    }
}

static HOLDS: AtomicUsize = AtomicUsize::new(0);

/// Keeps every virtual clock of the process from jumping while work that no loop can see (a job on
/// another thread) is under way.
#[derive(Debug)]
#[must_use = "clocks may jump again when the hold is dropped"]
pub struct Hold(());

/// Takes a [`Hold`].
pub fn hold() -> Hold {
    HOLDS.fetch_add(1, Ordering::AcqRel);
    Hold(())
}

/// Whether anybody holds a [`Hold`].
pub fn held() -> bool {
    HOLDS.load(Ordering::Acquire) != 0
}

impl Drop for Hold {
    fn drop(&mut self) {
        HOLDS.fetch_sub(1, Ordering::AcqRel);
    }
}
