//! Numbers whose precision is a context variable: each task has its own.

use std::time::Duration;

use corio::{Builder, Clock, context_var, gather, sleep, spawn};

context_var! {
    /// How many digits a quotient has.
    static PRECISION: usize = 28;
}

/// A quotient below one, with so many digits as the context says.
fn divide(x: f64, y: f64) -> String {
    format!("{:.*}", PRECISION.get(), x / y)
}

async fn fractions(delay: Duration, precision: usize, x: f64, y: f64) -> (String, String) {
    let before = PRECISION.set(precision);
    let a = divide(x, y);
    sleep(delay).await;
    let b = divide(x, y * y);
    PRECISION.reset(before).unwrap();
    assert_eq!(PRECISION.get(), 28);
    (a, b)
}

#[test]
fn test_asyncio_task_decimal_context() {
    let (r1, r2) = Builder::new().clock(Clock::virtual_time()).run(async {
        let tenth = Duration::from_millis(100);
        let first = spawn(fractions(tenth, 3, 1.0, 3.0));
        let second = spawn(fractions(2 * tenth, 6, 1.0, 3.0));
        gather((first, second)).await.unwrap()
    });
    assert_eq!(r1, ("0.333".to_owned(), "0.111".to_owned()));
    assert_eq!(r2, ("0.333333".to_owned(), "0.111111".to_owned()));
    assert_eq!(PRECISION.get(), 28);
}
