//! Where what goes wrong is told.

use std::cell::Cell;
use std::rc::Rc;

use corio::{EventLoop, context_var};

use crate::support::turn;

context_var! {
    static NAME: &'static str = "foo";
}

/// The handler is called in the context of the callback that panicked, as that has left it.
#[corio::test(virtual_time)]
async fn test_handle_exc_handler_correct_context() {
    let (called, event_loop) = (Rc::new(Cell::new(false)), EventLoop::current());
    let calling = called.clone();
    event_loop.set_exception_handler(Some(Rc::new(move |_, context| {
        assert_eq!(context.panic_message(), Some("oops"));
        calling.set(NAME.get() == "bar");
    })));
    event_loop.call_soon(|| {
        NAME.set("bar");
        panic!("oops");
    });
    turn().await;
    assert!(called.get());
}
