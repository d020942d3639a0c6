//! [`Flow`]: when a protocol is to stop writing, and when it may go on.
//!
//! ```text
//!            1 grown: unsent > high
//!   resumed ────────────────────────▶ paused
//!      ▲                                │
//!      └────────────────────────────────┘
//!            2 shrunk: unsent ≤ low
//! ```
//!
//! Each edge is told to the protocol once, after the callback that brought it about has returned
//! ([`Flow::news`]): a pause that is over by then is not told, and neither is its end. Plain numbers;
//! called by the connections of both kinds. New marks count at once, for both edges (asyncio's second one waits
//! for the next bytes that go out).

use crate::link::HIGH_WATER_DEFAULT;

/// The low-water mark, where none is given, is so many times smaller than the high one.
const LOW_WATER_PART: usize = 4;

/// The marks and what was told of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    high: usize,
    low: usize,
    is_paused: bool,
    /// What the protocol believes.
    is_told: bool,
}

impl Flow {
    pub(super) fn new() -> Self {
        let (low, high) = limits(None, None);
        Flow { high, low, is_paused: false, is_told: false }
    }

    /// Edge 1, if there are too many.
    #[inline]
    pub(super) fn grown(&mut self, unsent: usize) {
        self.is_paused |= unsent > self.high;
    }

    /// Edge 2, if there are few enough.
    #[inline]
    pub(super) fn shrunk(&mut self, unsent: usize) {
        self.is_paused &= unsent > self.low;
    }

    pub(super) fn limits(&self) -> (usize, usize) {
        (self.low, self.high)
    }

    /// # Panics
    /// If the low mark is above the high one.
    #[track_caller]
    pub(super) fn set_limits(&mut self, high: Option<usize>, low: Option<usize>, unsent: usize) {
        (self.low, self.high) = limits(high, low);
        // At most one of the two: low is not above high.
        self.grown(unsent);
        self.shrunk(unsent);
    }

    /// Whether the protocol has to be told something.
    #[inline]
    pub(super) fn has_news(&self) -> bool {
        self.is_told != self.is_paused
    }

    /// Whether it has to be told to pause.
    #[inline]
    pub(super) fn has_to_pause(&self) -> bool {
        self.is_paused && !self.is_told
    }

    /// What the protocol has to be told, which counts as told then: `true`, to pause.
    #[inline]
    pub(super) fn news(&mut self) -> Option<bool> {
        if !self.has_news() {
            return None;
        }
        self.is_told = self.is_paused;
        Some(self.is_paused)
    }
}

/// The marks, where some or none are given: low, high.
#[track_caller]
fn limits(high: Option<usize>, low: Option<usize>) -> (usize, usize) {
    let high = match (high, low) {
        (Some(high), _) => high,
        (None, Some(low)) => low.saturating_mul(LOW_WATER_PART),
        (None, None) => HIGH_WATER_DEFAULT,
    };
    let low = low.unwrap_or(high / LOW_WATER_PART);
    assert!(
        low <= high,
        "the low-water mark {low} is above the high-water mark {high}: it has to be at or below it"
    );
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_edge_is_told_once() {
        let mut flow = Flow::new();
        flow.set_limits(Some(100), Some(20), 0);
        flow.grown(100);
        assert_eq!(flow.news(), None, "at the mark is not above it");
        flow.grown(101);
        flow.grown(500);
        assert_eq!((flow.news(), flow.news()), (Some(true), None));
        flow.shrunk(21);
        assert_eq!(flow.news(), None);
        flow.shrunk(20);
        assert_eq!((flow.news(), flow.news()), (Some(false), None));
    }

    #[test]
    fn a_pause_that_is_over_is_not_told() {
        let mut flow = Flow::new();
        flow.grown(HIGH_WATER_DEFAULT + 1);
        flow.shrunk(0);
        assert_eq!(flow.news(), None);
    }

    #[test]
    fn new_marks_count_at_once_for_both_edges() {
        let mut flow = Flow::new();
        flow.set_limits(Some(10), Some(5), 11);
        assert_eq!(flow.news(), Some(true));
        flow.set_limits(Some(20), Some(10), 11);
        assert_eq!(flow.news(), None, "still above the low mark");
        flow.set_limits(Some(20), Some(11), 11);
        assert_eq!(flow.news(), Some(false));
    }

    /// `TransportTests::test_flowcontrol_mixin_set_write_limits`
    #[test]
    fn test_flowcontrol_mixin_set_write_limits() {
        let set = |high, low| {
            let mut flow = Flow::new();
            flow.set_limits(high, low, 0);
            flow.limits()
        };
        assert_eq!(set(Some(1024), Some(128)), (128, 1024));
        assert_eq!(set(Some(256), None), (64, 256));
        assert_eq!(set(None, Some(16)), (16, 64));
        assert_eq!(set(None, None), (16 * 1024, 64 * 1024));
        assert_eq!(set(Some(0), None), (0, 0));
        let refused = std::panic::catch_unwind(|| set(Some(0), Some(1)));
        assert!(refused.is_err());
    }
}
