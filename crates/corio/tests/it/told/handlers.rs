//! Callbacks that panic, and handlers that do.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use corio::event_loop::ExceptionContext;
use corio::{Builder, EventLoop};
use log::Level;

use super::{alone, line, silence};

fn run(main: impl AsyncFnOnce(EventLoop)) {
    Builder::new().debug(true).run(async {
        main(EventLoop::current()).await;
    });
}

fn explodes() {
    panic!("oops")
}

#[test]
fn a_callback_that_panics_is_logged_with_its_name_and_place() {
    alone("handlers::a_callback_that_panics_is_logged_with_its_name_and_place", || {
        run(async |event_loop| {
            let check = |call: &str, asked: u32| {
                let text = line(Level::Error, "loop");
                let name = "told::handlers::explodes";
                let begins = format!("Exception in callback it::{name} at {}:{asked}:", file!());
                assert!(text.starts_with(&begins), "{call}: {text}");
                assert!(text.contains(&format!("\nhandle: it::{name}")), "{call}: {text}");
                assert!(text.ends_with("panicked with: \"oops\""), "{call}: {text}");
            };
            event_loop.call_soon(explodes);
            let asked = line!() - 1;
            corio::yield_now().await;
            check("call_soon", asked);
            event_loop.call_later(Duration::ZERO, explodes);
            let asked = line!() - 1;
            corio::sleep(Duration::from_millis(1)).await;
            check("call_later", asked);
            // One that panics leaves nothing behind for the next.
            event_loop.call_later(Duration::ZERO, || {});
            event_loop.call_soon(explodes);
            let asked = line!() - 1;
            corio::sleep(Duration::from_millis(1)).await;
            check("call_soon", asked);
        });
        silence();
    });
}

#[test]
fn a_handler_that_panics_is_told_of() {
    alone("handlers::a_handler_that_panics_is_told_of", || {
        run(async |event_loop| {
            event_loop.set_exception_handler(Some(Rc::new(|_, _| panic!("in the handler"))));
            event_loop.call_soon(explodes);
            corio::yield_now().await;
            let text = line(Level::Error, "loop");
            assert!(text.starts_with("Unhandled error in exception handler"), "{text}");
            assert!(text.contains("in the handler") && text.contains("oops"), "{text}");
            event_loop.set_exception_handler(None);
        });
        silence();
    });
}

/// An error that panics when it is asked for its words.
#[derive(Debug)]
struct Mute;

impl fmt::Display for Mute {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("no words")
    }
}

impl std::error::Error for Mute {}

#[test]
fn the_default_handler_survives_what_it_is_told() {
    alone("handlers::the_default_handler_survives_what_it_is_told", || {
        run(async |event_loop| {
            let context = || {
                let mut context = ExceptionContext::new("told by hand");
                context.error = Some(Box::new(Mute));
                context
            };
            event_loop.call_exception_handler(&context());
            let text = line(Level::Error, "loop");
            assert_eq!(text, "Exception in default exception handler\npanicked with: \"no words\"");
            event_loop.set_exception_handler(Some(Rc::new(|event_loop, context| {
                event_loop.default_exception_handler(context);
                panic!("in the handler")
            })));
            event_loop.call_exception_handler(&context());
            let lines = super::lines();
            assert_eq!(lines.len(), 2, "{lines:#?}");
            assert!(lines[0].2.starts_with("Exception in default exception handler\n"));
            assert!(lines[1].2.starts_with("Unhandled error in exception handler"));
            assert!(
                lines[1].2.contains("panics when it is shown, with \"no words\""),
                "{lines:#?}"
            );
            event_loop.set_exception_handler(None);
        });
        silence();
    });
}

#[test]
fn without_a_message_there_is_one_all_the_same() {
    alone("handlers::without_a_message_there_is_one_all_the_same", || {
        run(async |event_loop| {
            event_loop.call_exception_handler(&ExceptionContext::default());
            assert_eq!(line(Level::Error, "loop"), "Unhandled exception in event loop");
        });
    });
}

/// A handler may use the loop that tells it.
#[test]
fn a_handler_may_spawn_and_set_another_one() {
    alone("handlers::a_handler_may_spawn_and_set_another_one", || {
        run(async |event_loop| {
            let told: Rc<RefCell<Vec<&str>>> = Rc::default();
            let tells = told.clone();
            event_loop.set_exception_handler(Some(Rc::new(move |event_loop, _| {
                let tells = tells.clone();
                event_loop.set_exception_handler(None);
                drop(corio::spawn_local(async move { tells.borrow_mut().push("spawned") }));
            })));
            event_loop.call_soon(explodes);
            corio::yield_now().await;
            corio::yield_now().await;
            assert_eq!(told.take(), ["spawned"]);
            assert!(event_loop.exception_handler().is_none());
        });
        silence();
    });
}
