//! Who borrows a token.

use std::sync::atomic::{AtomicU64, Ordering};

/// Somebody who borrows from a [`CapacityLimiter`](super::CapacityLimiter), one token at a time.
///
/// Either [unique](Borrower::new), or a number that the program gives: a task's id, a connection's.
///
/// ```
/// use corio_sync::Borrower;
///
/// assert_ne!(Borrower::new(), Borrower::new());
/// assert_eq!(Borrower::from(7), Borrower::from(7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Borrower(Name);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Name {
    Unique(u64),
    Given(u64),
}

impl Borrower {
    /// One like no other.
    #[expect(clippy::new_without_default, reason = "a default that is unequal to itself misleads")]
    #[must_use]
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Relaxed: a number nobody else has is all it takes.
        Borrower(Name::Unique(NEXT.fetch_add(1, Ordering::Relaxed)))
    }
}

impl From<u64> for Borrower {
    fn from(number: u64) -> Self {
        Borrower(Name::Given(number))
    }
}
