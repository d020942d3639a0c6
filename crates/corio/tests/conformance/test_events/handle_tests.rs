//! What `call_soon` gives.

use std::rc::Rc;

use corio::EventLoop;

use crate::support::{Seen, turn};

fn noop() {}

#[corio::test(virtual_time)]
async fn test_handle() {
    let call = EventLoop::current().call_soon(|| panic!("it is cancelled"));
    assert!(!call.is_cancelled());
    call.cancel();
    call.cancel();
    assert!(call.is_cancelled());
    turn().await;
}

#[corio::test(virtual_time)]
async fn test_callback_with_exception() {
    let event_loop = EventLoop::current();
    let seen = Seen::new();
    let push = seen.clone();
    event_loop.set_exception_handler(Some(Rc::new(move |_, context| {
        assert!(context.message.as_ref().unwrap().contains("Exception in callback"));
        assert!(context.handle.is_some() && context.location.is_some());
        push.push(context.panic_message().unwrap().to_owned());
    })));
    event_loop.call_soon(|| panic!("ValueError"));
    turn().await;
    assert_eq!(seen.all(), ["ValueError"]);
}

#[corio::test(virtual_time)]
async fn test_handle_repr() {
    let call = EventLoop::current().call_soon(noop);
    let text = format!("{call:?}");
    assert!(text.contains("noop"), "{text}");
    assert!(text.contains("handle_tests.rs"), "{text}");
    call.cancel();
    let text = format!("{call:?}");
    assert!(text.contains("cancelled"), "{text}");
}

/// Where it was asked for is said in debug mode and out of it.
#[corio::test(virtual_time)]
async fn test_handle_repr_debug() {
    let line = line!() + 1;
    let call = EventLoop::current().call_soon(noop);
    assert!(format!("{call:?}").contains(&format!("handle_tests.rs:{line}")), "{call:?}");
}
