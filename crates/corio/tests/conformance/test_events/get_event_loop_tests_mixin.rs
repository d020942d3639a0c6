//! The loop that runs, asked for by what it runs.

use corio::EventLoop;

use crate::support::runtime;

#[test]
fn test_get_running_loop_already_running() {
    let (outer, inner) = (runtime(), runtime());
    let event_loop = outer.event_loop();
    event_loop
        .run_until_complete(async {
            assert!(EventLoop::current() == outer.event_loop());
            assert!(inner.event_loop().run_until_complete(async {}).is_err());
            assert!(EventLoop::current() == outer.event_loop(), "still");
        })
        .unwrap();
    assert!(EventLoop::try_current().is_none());
}

#[test]
fn test_get_event_loop_returns_running_loop() {
    let runtime = runtime();
    let event_loop = runtime.event_loop();
    assert!(EventLoop::try_current().is_none());
    let found = event_loop.run_until_complete(async { EventLoop::current() }).unwrap();
    assert!(found == event_loop && !found.is_running());
}

/// Another loop that was made, and entered, is not it.
#[test]
fn test_get_event_loop_returns_running_loop2() {
    let (one, two) = (runtime(), runtime());
    let _entered = two.enter();
    let found = one.event_loop().run_until_complete(async { EventLoop::current() }).unwrap();
    assert!(found == one.event_loop());
    assert!(EventLoop::current() == two.event_loop());
}
