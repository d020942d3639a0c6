//! What a task's handle is.

use corio::{Eventual, JoinHandle};

use crate::support::implements;

/// A task's handle is awaited as what is given later is: both are futures.
#[test]
fn test_future_subclass() {
    assert!(implements!(JoinHandle<i32>: Future));
    assert!(implements!(Eventual<i32, String>: Future));
}
