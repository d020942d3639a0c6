//! Values that are counted when they are dropped: for the tests of every crate that owns what it is given, which
//! take this file in as a module of theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the drops of its [`Counted`]s.
#[derive(Clone)]
pub(crate) struct Drops(Arc<AtomicUsize>);

impl Drops {
    pub(crate) fn new() -> Self {
        Drops(Arc::default())
    }

    pub(crate) fn counted(&self) -> Counted {
        Counted(self.0.clone())
    }

    #[track_caller]
    pub(crate) fn assert(&self, expected: usize) {
        assert_eq!(self.0.load(Ordering::Acquire), expected, "drops");
    }
}

/// Counts its drop.
#[derive(Debug)]
pub(crate) struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}
