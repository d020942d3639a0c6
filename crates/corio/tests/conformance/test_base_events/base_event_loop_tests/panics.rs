//! Callbacks that panic, and handlers that are told.

use std::rc::Rc;
use std::time::Duration;

use corio::EventLoop;
use corio::event_loop::ExceptionContext;

use crate::support::{Seen, errors_logged, implements, runtime};

fn zero_error() {
    panic!("division by zero")
}

/// Runs a loop for a moment, after `prepare`.
fn run_briefly(prepare: impl FnOnce(&EventLoop)) {
    let runtime = runtime();
    let event_loop = runtime.event_loop();
    prepare(&event_loop);
    event_loop.run_until_complete(corio::sleep(Duration::from_secs(1))).unwrap();
}

#[test]
fn test_default_exc_handler_callback() {
    for later in [false, true] {
        let errors = errors_logged(|| {
            run_briefly(|event_loop| {
                if later {
                    event_loop.call_later(Duration::from_millis(10), zero_error);
                } else {
                    event_loop.call_soon(zero_error);
                }
            });
        });
        let [error] = &errors[..] else { panic!("one error: {errors:?}") };
        assert!(error.contains("Exception in callback"), "{error}");
        // A timer keeps its callback in a box, whose type is what is known.
        assert!(later || error.contains("zero_error"), "{error}");
        assert!(error.contains("division by zero") && error.contains("panics.rs"), "{error}");
    }
}

#[test]
fn test_set_exc_handler_invalid() {
    assert!(!implements!(&'static str: Fn(&EventLoop, &ExceptionContext)));
}

#[test]
fn test_set_exc_handler_custom() {
    let seen = Seen::new();
    let errors = errors_logged(|| {
        run_briefly(|event_loop| {
            let push = seen.clone();
            event_loop.set_exception_handler(Some(Rc::new(move |_, context| {
                push.push(context.panic_message().unwrap().to_owned());
            })));
            assert!(event_loop.exception_handler().is_some());
            event_loop.call_soon(zero_error);
        });
    });
    assert_eq!((seen.all().concat(), errors.len()), ("division by zero".to_owned(), 0));
    let errors = errors_logged(|| {
        run_briefly(|event_loop| {
            event_loop.set_exception_handler(Some(Rc::new(|_, _| panic!("it is taken back"))));
            event_loop.set_exception_handler(None);
            event_loop.call_soon(zero_error);
        });
    });
    assert!(errors.len() == 1 && errors[0].contains("division by zero"), "{errors:?}");
}

#[test]
fn test_set_exc_handler_broken() {
    let errors = errors_logged(|| {
        run_briefly(|event_loop| {
            event_loop.set_exception_handler(Some(Rc::new(|_, _| panic!("the handler's own"))));
            event_loop.call_soon(zero_error);
        });
    });
    let [error] = &errors[..] else { panic!("one error: {errors:?}") };
    assert!(error.contains("Unhandled error in exception handler"), "{error}");
    assert!(error.contains("the handler's own") && error.contains("division by zero"), "{error}");
}
