//! A pause before another attempt, where the system says "not now" and tells nobody when.

use std::ops::RangeInclusive;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use corio_timer::{Sleep, sleep};

/// A pause under way.
pub(crate) struct Pause {
    sleep: Pin<Box<Sleep>>,
    length: Duration,
}

impl Pause {
    /// The pause that follows one of `before` (zero: there was none): twice as long, in these bounds.
    pub(crate) fn after(before: Duration, bounds: &RangeInclusive<Duration>) -> Pause {
        let length = (before * 2).clamp(*bounds.start(), *bounds.end());
        Pause { sleep: Box::pin(sleep(length)), length }
    }

    /// Ready with its length when it is over.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Duration> {
        self.sleep.as_mut().poll(context).map(|_| self.length)
    }
}
