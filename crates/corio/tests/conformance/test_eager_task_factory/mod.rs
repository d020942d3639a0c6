//! Tasks that begin while they are spawned.

mod base_task_counting_tests;
mod ceager_task_factory_loop_tests;
mod default_task_factory_eager_start;
mod eager_task_factory_loop_tests;

use std::rc::Rc;

use corio::EventLoop;
use corio::event_loop::eager_task_factory;

use crate::support::runtime;

/// Runs `test` on a loop of its own, whose tasks start eagerly.
fn on_an_eager_loop<T>(test: impl AsyncFnOnce(EventLoop) -> T) -> T {
    let runtime = runtime();
    let event_loop = runtime.event_loop();
    let factory = eager_task_factory();
    event_loop.set_task_factory(Some(factory.clone()));
    let result = event_loop.run_until_complete(test(event_loop.clone())).unwrap();
    assert!(Rc::ptr_eq(&event_loop.task_factory().unwrap(), &factory));
    result
}
