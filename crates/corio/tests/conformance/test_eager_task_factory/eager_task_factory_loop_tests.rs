//! A loop whose tasks all start eagerly.

use std::cell::Cell;
use std::future::ready;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use corio::task::{Spawn, all, current};
use corio::time::sleep_with;
use corio::{context_var, eventual, sleep, staggered_race};

use super::on_an_eager_loop;
use crate::support::Seen;

const TENTH: Duration = Duration::from_millis(100);

#[test]
fn test_eager_task_factory_set() {
    on_an_eager_loop(async |event_loop| {
        assert!(event_loop.task_factory().is_some());
        let task = event_loop.create_task(async {});
        assert!(task.is_finished());
        task.await.unwrap();
    });
}

#[test]
fn test_await_future_during_eager_step() {
    let message = on_an_eager_loop(async |event_loop| {
        let (promise, future) = eventual::<_, String>();
        let task = event_loop.create_task(async move { promise.set_result("my message") });
        assert!(task.is_finished());
        future.await.unwrap()
    });
    assert_eq!(message, "my message");
}

/// A task that has ended is not cancelled any more.
#[test]
fn test_cancellation_after_eager_completion() {
    let value = on_an_eager_loop(async |event_loop| {
        let task = event_loop.create_task(async { "finished without blocking" });
        assert!(!task.task().cancel("too late"));
        let ended = task.task();
        let value = task.await.unwrap();
        assert!(!ended.is_cancelled());
        value
    });
    assert_eq!(value, "finished without blocking");
}

#[test]
fn test_cancellation_after_eager_step_blocks() {
    on_an_eager_loop(async |event_loop| {
        let task = event_loop.create_task(sleep(TENTH));
        assert!(task.task().cancel("cancellation message"));
        assert!(task.task().cancelling() > 0);
        let error = task.await.unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(error.reason().unwrap().message(), Some("cancellation message"));
    });
}

#[test]
fn test_current_task() {
    on_an_eager_loop(async |event_loop| {
        let main = current();
        let captured = Seen::new();
        let captures = captured.clone();
        let task = event_loop.create_task(async move {
            captures.push(current().unwrap());
            sleep(TENTH).await;
            captures.push(current().unwrap());
        });
        assert_eq!(captured.all(), [task.task()]);
        assert_eq!(current(), main);
        let same = task.task();
        task.await.unwrap();
        assert_eq!(captured.all(), [same.clone(), same]);
    });
}

#[test]
fn test_all_tasks_with_eager_completion() {
    on_an_eager_loop(async |event_loop| {
        let captured = Seen::new();
        let captures = captured.clone();
        let task = event_loop.create_task(async move { captures.push(all()) }).task();
        assert!(captured.all()[0].contains(&task));
        assert!(!all().contains(&task));
    });
}

#[test]
fn test_all_tasks_with_blocking() {
    on_an_eager_loop(async |event_loop| {
        let captured = Seen::new();
        let captures = captured.clone();
        let (promise1, future1) = eventual::<(), String>();
        let (promise2, future2) = eventual::<(), String>();
        let task = event_loop.create_task(async move {
            captures.push(all());
            future1.await.unwrap();
            promise2.set_result(()).unwrap();
        });
        assert!(captured.all()[0].contains(&task.task()));
        assert!(all().contains(&task.task()));
        promise1.set_result(()).unwrap();
        future2.await.unwrap();
        assert!(!all().contains(&task.task()));
    });
}

/// A task has its copy of the context from its first step on.
#[test]
fn test_context_vars() {
    context_var! { static NUMBER: u32 = 0; }
    on_an_eager_loop(async |event_loop| {
        let steps = Rc::new(Cell::new(0));
        let stepped = steps.clone();
        NUMBER.set(1);
        let task = event_loop.create_task(async move {
            assert_eq!(NUMBER.get(), 1);
            NUMBER.set(2);
            assert_eq!(NUMBER.get(), 2);
            stepped.set(1);
            sleep(TENTH).await;
            assert_eq!(NUMBER.get(), 2);
            NUMBER.set(3);
            assert_eq!(NUMBER.get(), 3);
            stepped.set(2);
        });
        assert_eq!((steps.get(), NUMBER.get()), (1, 1));
        task.await.unwrap();
        assert_eq!((steps.get(), NUMBER.get()), (2, 1));
    });
}

#[test]
fn test_staggered_race_with_eager_tasks_no_delay() {
    type Runner = Pin<Box<dyn Future<Output = Result<&'static str, &'static str>>>>;
    on_an_eager_loop(async |_| {
        let runners: [Runner; 3] = [
            Box::pin(ready(Err("no good"))),
            Box::pin(async { Ok(sleep_with(10 * TENTH, "sleep1").await) }),
            Box::pin(async { Ok(sleep_with(Duration::ZERO, "sleep0").await) }),
        ];
        let raced = staggered_race(runners, None).await;
        assert_eq!(raced.winner, Some((1, "sleep1")));
        assert_eq!(raced.errors, [(0, "no good")]);
    });
}

/// What the spawner says of its task goes before what the factory says of all.
#[test]
fn test_eager_start_false() {
    on_an_eager_loop(async |event_loop| {
        let names = Seen::new();
        let writes = names.clone();
        let spawn = Spawn::new().eager_start(false).name("example");
        let task = event_loop.create_task_with(spawn, async move {
            writes.push(current().unwrap().name());
        });
        assert!(!task.is_finished());
        assert_eq!(names.len(), 0);
        task.await.unwrap();
        assert_eq!(names.all(), ["example"]);
    });
}
