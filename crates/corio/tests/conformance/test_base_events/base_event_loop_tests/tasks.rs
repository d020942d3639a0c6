//! Tasks, and who makes them.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use corio::EventLoop;
use corio::task::Spawn;

use crate::support::implements;

#[corio::test(virtual_time)]
async fn test_set_task_factory() {
    let event_loop = EventLoop::current();
    assert!(!implements!(&'static str: Fn(Spawn) -> Spawn));
    assert!(event_loop.task_factory().is_none());
    event_loop.set_task_factory(Some(Rc::new(|spawn| spawn)));
    assert!(event_loop.task_factory().is_some());
    event_loop.set_task_factory(None);
    assert!(event_loop.task_factory().is_none());
}

#[corio::test(virtual_time)]
async fn test_create_task() {
    let event_loop = EventLoop::current();
    let made = Rc::new(Cell::new(0));
    let counts = made.clone();
    event_loop.set_task_factory(Some(Rc::new(move |spawn| {
        counts.set(counts.get() + 1);
        spawn
    })));
    let task = event_loop.create_task(async { 5 });
    assert_eq!((made.get(), task.await.unwrap()), (1, 5));
}

#[corio::test(virtual_time)]
async fn test_create_task_error_closes_coro() {
    let event_loop = EventLoop::current();
    event_loop.set_task_factory(Some(Rc::new(|_| panic!("no task"))));
    let held = Rc::new(());
    let holds = held.clone();
    let future = async move { drop(holds) };
    let refused = catch_unwind(AssertUnwindSafe(|| drop(event_loop.create_task(future))));
    assert_eq!(refused.unwrap_err().downcast_ref(), Some(&"no task"));
    assert_eq!(Rc::strong_count(&held), 1, "the future is dropped");
    event_loop.set_task_factory(None);
}

#[corio::test(virtual_time)]
async fn test_create_named_task_with_default_factory() {
    let event_loop = EventLoop::current();
    let task = event_loop.create_task_with(Spawn::new().name("test_task"), async {});
    assert_eq!(task.info().name(), "test_task");
    task.await.unwrap();
}

#[corio::test(virtual_time)]
async fn test_create_named_task_with_custom_factory() {
    let event_loop = EventLoop::current();
    event_loop.set_task_factory(Some(Rc::new(|spawn| spawn)));
    let task = event_loop.create_task_with(Spawn::new().name("test_task"), async {});
    assert_eq!(task.info().name(), "test_task");
    task.await.unwrap();
}
