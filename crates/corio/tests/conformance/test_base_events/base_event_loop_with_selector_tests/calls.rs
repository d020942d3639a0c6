//! What can be called.

use std::future::Ready;

use crate::support::implements;

/// A coroutine is no callback: it would never be awaited.
#[test]
fn test_call_coroutine() {
    assert!(!implements!(Ready<()>: FnOnce()));
}
