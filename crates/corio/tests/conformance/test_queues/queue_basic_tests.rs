//! asyncio's queue at rest: [`Queue`].

use std::rc::Rc;

use corio::spawn_local;
use corio::sync::Queue;

use crate::support::turn;

/// asyncio's shows the items, too; these are the user's, and their `Debug` is not run under the
/// queue's lock: how many there are must do.
async fn shows_numbers(show: impl Fn(&Queue<u32>) -> String) {
    let queue = Rc::new(Queue::unbounded());
    assert_eq!(show(&queue), "Queue [maxsize:0]");
    let waiting = queue.clone();
    let getter = spawn_local(async move { waiting.get().await });
    turn().await;
    assert_eq!(show(&queue), "Queue [maxsize:0, getters:1]");
    queue.try_put(0).unwrap();
    assert_eq!(getter.await.unwrap(), Ok(0));

    let queue = Rc::new(Queue::bounded(1));
    queue.try_put(1).unwrap();
    let waiting = queue.clone();
    let putter = spawn_local(async move { waiting.put(2).await });
    turn().await;
    assert_eq!(show(&queue), "Queue [maxsize:1, items:1, putters:1, tasks:1]");
    assert_eq!(queue.try_get(), Ok(1));
    putter.await.unwrap().unwrap();

    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    assert_eq!(show(&queue), "Queue [maxsize:0, items:1, tasks:1]");
}

#[corio::test(virtual_time)]
async fn test_repr() {
    shows_numbers(|queue| format!("{queue:?}")).await;
}

/// There is one form; no address is in it.
#[corio::test(virtual_time)]
async fn test_str() {
    shows_numbers(|queue| format!("{queue:#?}")).await;
}

#[corio::test(virtual_time)]
async fn test_empty() {
    let queue = Queue::unbounded();
    assert!(queue.is_empty());
    queue.put(1).await.unwrap();
    assert!(!queue.is_empty());
    assert_eq!(queue.get().await, Ok(1));
    assert!(queue.is_empty());
}

#[corio::test(virtual_time)]
async fn test_full() {
    assert!(!Queue::<u32>::unbounded().is_full());
    let queue = Queue::bounded(1);
    assert!(!queue.is_full());
    queue.put(1).await.unwrap();
    assert!(queue.is_full());
}

#[corio::test(virtual_time)]
async fn test_order() {
    let queue = Queue::unbounded();
    for item in [1, 3, 2] {
        queue.put(item).await.unwrap();
    }
    for item in [1, 3, 2] {
        assert_eq!(queue.get().await, Ok(item));
    }
}
