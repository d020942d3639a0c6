//! Waiting until all that was put is worked off, with each kind of queue.

use std::cell::Cell;
use std::rc::Rc;

use corio::spawn_local;
use corio::sync::queue::TaskDoneTooOften;

use crate::support::{Seen, join_all};

use super::each_queue;

#[test]
fn test_task_done_underflow() {
    each_queue!(unbounded(), |queue: u32| {
        let error = queue.task_done().unwrap_err();
        assert_eq!(error, queue.task_done().unwrap_err());
        let _: TaskDoneTooOften = error;
        assert!(error.to_string().contains("once for each item"), "{error}");
    });
}

/// Two workers take the items; when `join` ends, all of them are counted.
#[corio::test(virtual_time)]
async fn test_task_done() {
    each_queue!(unbounded(), |queue: u32| {
        let queue = Rc::new(queue);
        for item in 0..100 {
            queue.try_put(item).unwrap();
        }
        let (sum, running) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(true)));
        let workers = [(); 2].map(|()| {
            let (queue, sum, running) = (queue.clone(), sum.clone(), running.clone());
            spawn_local(async move {
                while running.get() {
                    sum.set(sum.get() + queue.get().await.unwrap());
                    queue.task_done().unwrap();
                }
            })
        });
        queue.join().await;
        assert_eq!(sum.get(), (0..100).sum::<u32>());

        running.set(false);
        for _ in &workers {
            queue.try_put(0).unwrap();
        }
        for ended in join_all(workers).await {
            ended.unwrap();
        }
    });
}

/// Nothing unfinished: no wait, however often.
#[corio::test(virtual_time)]
async fn test_join_empty_queue() {
    each_queue!(unbounded(), |queue: u32| {
        let others = Seen::new();
        let other = others.clone();
        corio::EventLoop::current().call_soon(move || other.push(()));
        queue.join().await;
        queue.join().await;
        assert_eq!(others.len(), 0);
    });
}

#[corio::test(virtual_time)]
async fn test_format() {
    each_queue!(unbounded(), |queue: u32| {
        assert!(format!("{queue:?}").ends_with("Queue [maxsize:0]"));
        for item in 0..2 {
            queue.try_put(item).unwrap();
            queue.try_get().unwrap();
        }
        assert!(format!("{queue:?}").ends_with("Queue [maxsize:0, tasks:2]"));
    });
}
