//! One loop runs at a time on a thread.

use corio::EventLoop;
use corio::event_loop::RunError;

use crate::support::runtime;

#[test]
fn test_running_loop_within_a_loop() {
    let (outer, inner) = (runtime(), runtime());
    let inner = inner.event_loop();
    outer
        .event_loop()
        .run_until_complete(async {
            let error = inner.run_forever().unwrap_err();
            assert!(matches!(error, RunError::AlreadyRunning(_)), "{error}");
            assert!(inner.run_until_complete(async {}).is_err());
            assert!(EventLoop::current() != inner);
        })
        .unwrap();
}
