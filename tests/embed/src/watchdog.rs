//! A test that hangs shall fail instead.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// More than the slowest test needs on a loaded machine, by some hundred times.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs `test` on a thread of its own, and hands on what becomes of it.
///
/// # Panics
/// With the panic of `test`; if it has not ended after a minute.
pub fn bounded<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = mpsc::channel();
    let runner = thread::spawn(move || {
        // The receiver is gone only if the limit has passed.
        let _ = send.send(test());
    });
    match receive.recv_timeout(LIMIT) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => panic!("the test has not ended after {LIMIT:?}"),
        Err(RecvTimeoutError::Disconnected) => match runner.join() {
            Err(payload) => std::panic::resume_unwind(payload),
            Ok(()) => unreachable!("a test that returns has sent its result"),
        },
    }
}
