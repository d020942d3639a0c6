//! Taking items out of asyncio's queue: [`Queue::get`] and [`Queue::try_get`].

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use corio::sync::queue::TryGetError;
use corio::sync::{Event, Queue};
use corio::{EventLoop, spawn_local, wait_for};

use crate::support::{Seen, join_all, turn};

#[corio::test(virtual_time)]
async fn test_blocking_get() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    let others = Seen::new();
    let other = others.clone();
    EventLoop::current().call_soon(move || other.push(()));
    assert_eq!(queue.get().await, Ok(1));
    assert_eq!(others.len(), 0, "at once: nobody else had a turn");
}

#[corio::test(virtual_time)]
async fn test_blocking_get_wait() {
    const LATER: Duration = Duration::from_millis(10);
    let (queue, started) = (Rc::new(Queue::unbounded()), Rc::new(Event::new()));
    let finished = Rc::new(Cell::new(false));
    let task = {
        let (queue, started, finished) = (queue.clone(), started.clone(), finished.clone());
        spawn_local(async move {
            started.set();
            let item = queue.get().await;
            finished.set(true);
            item
        })
    };
    started.wait().await;
    assert!(!finished.get());
    let begun = corio::time::now();
    let putting = queue.clone();
    EventLoop::current().call_later(LATER, move || putting.try_put(1).unwrap());
    assert_eq!(task.await.unwrap(), Ok(1));
    assert!(finished.get());
    assert_eq!(corio::time::now() - begun, LATER);
}

#[test]
fn test_nonblocking_get_exception() {
    let queue = Queue::<u32>::unbounded();
    assert_eq!(queue.try_get(), Err(TryGetError::Empty));
}

#[corio::test(virtual_time)]
async fn test_get_cancelled_race() {
    let queue = Rc::new(Queue::unbounded());
    let get = || {
        let queue = queue.clone();
        spawn_local(async move { queue.get().await })
    };
    let (first, mut second) = (get(), get());
    turn().await;
    first.task().cancel(());
    turn().await;
    assert!(first.is_finished() && first.task().is_cancelled());
    queue.put('a').await.unwrap();
    turn().await;
    assert_eq!(second.try_take().expect("woken").unwrap(), Ok('a'));
}

/// A producer that is faster and a consumer that is slower than the other do not wait for ever.
#[corio::test(virtual_time)]
async fn test_why_are_getters_waiting() {
    const ITEMS: u32 = 5;
    let (queue, seen) = (Rc::new(Queue::bounded(1)), Seen::new());
    let (putting, getting, got) = (queue.clone(), queue.clone(), seen.clone());
    let producer = spawn_local(async move {
        for item in 0..ITEMS {
            putting.put(item).await.unwrap();
        }
    });
    let consumer = spawn_local(async move {
        for _ in 0..ITEMS {
            got.push(getting.get().await.unwrap());
        }
    });
    join_all([producer, consumer]).await;
    assert_eq!(seen.all(), [0, 1, 2, 3, 4]);
    assert!(queue.is_empty());
}

#[corio::test(virtual_time)]
async fn test_cancelled_getters_not_being_held_in_self_getters() {
    let queue = Queue::<u32>::bounded(5);
    let limit = Duration::from_millis(100);
    assert!(wait_for(queue.get(), Some(limit)).await.is_err());
    assert_eq!(format!("{queue:?}"), "Queue [maxsize:5]", "no getters");
}
