//! How many tasks have to stand in the queue: all, or none where they start eagerly and do not wait.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;

use corio::event_loop::eager_task_factory;
use corio::{JoinHandle, TaskGroup, gather, spawn_local};

use crate::support::runtime;

/// Counts the tasks that have not ended when they are spawned.
#[derive(Clone, Default)]
struct Counter {
    spawned: Rc<Cell<u32>>,
    waiting: Rc<Cell<u32>>,
}

impl Counter {
    fn note<T>(&self, task: JoinHandle<T>) -> JoinHandle<T> {
        self.spawned.set(self.spawned.get() + 1);
        self.waiting.set(self.waiting.get() + u32::from(!task.is_finished()));
        task
    }
}

type Work<T> = Pin<Box<dyn Future<Output = T>>>;

/// Runs what `make` makes as a task on both kinds of loop, and gives how many tasks had to wait on the
/// lazy one and on the eager one.
fn count<T: 'static>(make: impl Fn(Counter) -> Work<T>) -> (Counted<T>, Counted<T>) {
    let [lazy, eager] = [false, true].map(|is_eager| {
        let runtime = runtime();
        let event_loop = runtime.event_loop();
        event_loop.set_task_factory(is_eager.then(eager_task_factory));
        let counter = Counter::default();
        let work = make(counter.clone());
        let main = async { counter.note(spawn_local(work)).await.unwrap() };
        let value = event_loop.run_until_complete(main).unwrap();
        Counted { value, spawned: counter.spawned.get(), waiting: counter.waiting.get() }
    });
    (lazy, eager)
}

#[derive(Debug, PartialEq)]
struct Counted<T> {
    value: T,
    spawned: u32,
    waiting: u32,
}

/// Itself, and 5 + 25 + 125 + 625 others.
const TASKS: u32 = 781;

fn awaitable_chain(depth: u32) -> Work<u32> {
    Box::pin(async move { if depth == 0 { 0 } else { 1 + awaitable_chain(depth - 1).await } })
}

#[test]
fn test_awaitables_chain() {
    let (lazy, eager) = count(|_| awaitable_chain(100));
    assert_eq!(lazy, Counted { value: 100, spawned: 1, waiting: 1 });
    assert_eq!(eager, Counted { value: 100, spawned: 1, waiting: 0 });
}

fn recursive_taskgroups(counter: Counter, width: u32, depth: u32) -> Work<()> {
    Box::pin(async move {
        if depth == 0 {
            return;
        }
        TaskGroup::scope(|group| async move {
            for _ in 0..width {
                let child = recursive_taskgroups(counter.clone(), width, depth - 1);
                counter.note(group.spawn_local(child));
            }
        })
        .await
        .unwrap();
    })
}

#[test]
fn test_recursive_taskgroups() {
    let (lazy, eager) = count(|counter| recursive_taskgroups(counter, 5, 4));
    assert_eq!(lazy, Counted { value: (), spawned: TASKS, waiting: TASKS });
    assert_eq!(eager, Counted { value: (), spawned: TASKS, waiting: 0 });
}

fn recursive_gather(counter: Counter, width: u32, depth: u32) -> Work<()> {
    Box::pin(async move {
        if depth == 0 {
            return;
        }
        let child =
            |_| counter.note(spawn_local(recursive_gather(counter.clone(), width, depth - 1)));
        gather((0..width).map(child).collect::<Vec<_>>()).await.unwrap();
    })
}

#[test]
fn test_recursive_gather() {
    let (lazy, eager) = count(|counter| recursive_gather(counter, 5, 4));
    assert_eq!(lazy, Counted { value: (), spawned: TASKS, waiting: TASKS });
    assert_eq!(eager, Counted { value: (), spawned: TASKS, waiting: 0 });
}
