//! Wakers that panic take nobody with them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Wake, Waker};

use corio_base::WakeBatch;

use crate::wakes::Wakes;

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker panics");
    }
}

#[test]
fn several_wakers_that_panic_lose_no_other() {
    let (wakes, waker) = Wakes::new();
    let mut batch = WakeBatch::new();
    for _ in 0..3 {
        batch.push(Waker::from(Arc::new(Panics)));
        batch.push(waker.clone());
    }
    let woken = catch_unwind(AssertUnwindSafe(|| batch.wake_all()));
    assert!(woken.is_err(), "the first panic comes through");
    assert_eq!(wakes.count(), 3);
    assert!(batch.is_empty());
}

#[test]
fn a_batch_dropped_by_a_panic_wakes_all_in_spite_of_others() {
    let (wakes, waker) = Wakes::new();
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut batch = WakeBatch::new();
        batch.push(Waker::from(Arc::new(Panics)));
        batch.push(waker.clone());
        panic!("half-way");
    }));
    assert!(result.is_err());
    assert_eq!(wakes.count(), 1);
}
