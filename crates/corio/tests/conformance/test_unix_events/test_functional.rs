//! What can be watched.

use std::os::fd::{AsFd, OwnedFd};

use crate::support::implements;

/// A descriptor is a value of a type: no number or text is taken for one.
#[test]
fn test_add_reader_invalid_argument() {
    assert!(!implements!(i32: AsFd));
    assert!(!implements!(&'static str: AsFd));
    assert!(implements!(OwnedFd: AsFd));
}
