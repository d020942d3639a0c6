//! `sleep(0)` counted in turns.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use corio::EventLoop;
use corio::time::{now, sleep_with};

#[corio::test(virtual_time)]
async fn test_sleep_zero() {
    let begun = now();
    let result = Rc::new(Cell::new(0));
    let counts = result.clone();
    EventLoop::current().call_soon(move || counts.set(counts.get() + 1));
    assert_eq!(result.get(), 0);
    let number = sleep_with(Duration::ZERO, 10).await;
    assert_eq!(result.get(), 1, "counted by the call, one turn");
    result.set(result.get() + number);
    assert_eq!(result.get(), 11);
    assert_eq!(now(), begun);
}
