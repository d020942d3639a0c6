//! Putting items into asyncio's queue, and who loses them when somebody is cancelled: nobody.

use std::future::pending;
use std::rc::Rc;

use corio::sync::Queue;
use corio::sync::queue::{QueueShutDown, TryPutError};
use corio::{JoinHandle, spawn_local};

use crate::support::turn;

fn getter(queue: &Rc<Queue<u32>>) -> JoinHandle<Result<u32, QueueShutDown>> {
    let queue = queue.clone();
    spawn_local(async move { queue.get().await })
}

fn putter(queue: &Rc<Queue<u32>>, item: u32) -> JoinHandle<()> {
    let queue = queue.clone();
    spawn_local(async move { queue.put(item).await.unwrap() })
}

#[corio::test(virtual_time)]
async fn test_blocking_put() {
    let queue = Queue::unbounded();
    queue.put(1).await.unwrap();
    assert_eq!(queue.get().await, Ok(1));
}

#[test]
fn test_nonblocking_put() {
    let queue = Queue::unbounded();
    queue.try_put(1).unwrap();
    assert_eq!(queue.try_get(), Ok(1));
}

#[corio::test(virtual_time)]
async fn test_get_cancel_drop_one_pending_reader() {
    let queue = Rc::new(Queue::unbounded());
    let reader = getter(&queue);
    turn().await;
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    reader.task().cancel(());
    let result = match reader.await {
        Ok(result) => result,
        Err(_) => getter(&queue).await.unwrap(),
    };
    assert_eq!(result, Ok(1), "2 would mean that 1 was lost");
}

/// A reader whose item was there keeps it, and is not cancelled (asyncio's gives it to the next). One
/// that is dropped before it has taken it hands it on.
#[corio::test(virtual_time)]
async fn test_get_cancel_drop_many_pending_readers() {
    let queue = Rc::new(Queue::unbounded());
    let [first, second, third] = [(); 3].map(|()| getter(&queue));
    turn().await;
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    first.task().cancel(());
    assert_eq!(first.await.unwrap(), Ok(1));
    assert_eq!(second.await.unwrap(), Ok(2));
    queue.try_put(3).unwrap();
    assert_eq!(third.await.unwrap(), Ok(3));

    let [first, second, third] = [(); 3].map(|()| getter(&queue));
    turn().await;
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(third.await.unwrap(), Ok(2));
    assert_eq!(second.await.unwrap(), Ok(1));
}

#[corio::test(virtual_time)]
async fn test_put_cancel_drop() {
    let queue = Rc::new(Queue::bounded(1));
    queue.try_put(1).unwrap();
    let writer = putter(&queue, 2);
    turn().await;
    assert_eq!(queue.try_get(), Ok(1));
    writer.task().cancel(());
    if writer.await.is_err() {
        putter(&queue, 2).await.unwrap();
    }
    assert_eq!(queue.try_get(), Ok(2));
    assert_eq!(queue.len(), 0);
}

#[test]
fn test_nonblocking_put_exception() {
    let queue = Queue::bounded(1);
    queue.try_put(1).unwrap();
    let refused = queue.try_put(2).unwrap_err();
    assert_eq!(refused, TryPutError::Full(2));
    assert_eq!(refused.into_inner(), 2, "and comes back");
}

#[corio::test(virtual_time)]
async fn test_put_cancelled() {
    let queue = Rc::new(Queue::unbounded());
    let mut task = putter(&queue, 1);
    assert_eq!(queue.get().await, Ok(1));
    assert!(task.try_take().expect("done").is_ok());
}

#[corio::test(virtual_time)]
async fn test_cancelled_puts_not_being_held_in_self_putters() {
    let queue = Rc::new(Queue::bounded(1));
    queue.try_put(1).unwrap();
    let task = putter(&queue, 1);
    turn().await;
    assert_eq!(format!("{queue:?}"), "Queue [maxsize:1, items:1, putters:1, tasks:1]");
    task.task().cancel(());
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(format!("{queue:?}"), "Queue [maxsize:1, items:1, tasks:1]");
}

/// Room was made for the putter when it is cancelled: it is in no list any more, and that is no
/// error. It has put its item, and is cancelled at the next thing it waits for.
#[corio::test(virtual_time)]
async fn test_cancelled_put_silence_value_error_exception() {
    let queue = Rc::new(Queue::bounded(1));
    queue.try_put(1).unwrap();
    let putting = queue.clone();
    let task = spawn_local(async move {
        putting.put(2).await.unwrap();
        pending::<()>().await;
    });
    turn().await;
    assert_eq!(queue.try_get(), Ok(1));
    task.task().cancel(());
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(queue.try_get(), Ok(2));
    assert!(queue.is_empty());
}
