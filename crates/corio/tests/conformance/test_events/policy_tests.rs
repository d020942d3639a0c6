//! Which loop a thread has. There is no policy: who wants a loop makes one.

use corio::EventLoop;

use crate::support::runtime;

/// None is made because somebody asks for it.
#[test]
fn test_get_event_loop() {
    assert!(EventLoop::try_current().is_none());
    let panic = std::panic::catch_unwind(EventLoop::current).unwrap_err();
    let text = *panic.downcast::<String>().unwrap();
    assert!(text.contains("EventLoop::current"), "{text}");
}

#[corio::test]
async fn test_get_event_loop_thread() {
    assert!(EventLoop::try_current().is_some());
    let there = corio::to_thread(|| EventLoop::try_current().is_some()).await.unwrap();
    assert!(!there, "a loop is its own thread's");
}

#[test]
fn test_new_event_loop() {
    let (one, two) = (runtime(), runtime());
    assert!(one.event_loop() != two.event_loop());
    assert!(EventLoop::try_current().is_none());
}

#[test]
fn test_set_event_loop() {
    let runtime = runtime();
    let entered = runtime.enter();
    assert!(EventLoop::current() == runtime.event_loop());
    drop(entered);
    assert!(EventLoop::try_current().is_none());
}
