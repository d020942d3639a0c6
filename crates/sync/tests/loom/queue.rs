//! Models of the queue: nobody sleeps beside an item or beside room, nothing is lost.

use std::task::{Context, Waker};

use corio_base::loom::sync::Arc;
use corio_base::loom::thread;
use corio_sync::Queue;

use super::block_on;

/// Items go through a queue of one, both sides waiting.
#[test]
fn putter_and_getter_wait_by_turns() {
    loom::model(|| {
        let queue = Arc::new(Queue::bounded(1));
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                for item in 0..2 {
                    block_on(queue.put(item)).unwrap();
                }
            })
        };
        assert_eq!(block_on(queue.get()), Ok(0));
        assert_eq!(block_on(queue.get()), Ok(1));
        other.join().unwrap();
    });
}

/// A getter gives up while an item comes: the next getter has it.
#[test]
fn put_against_a_getter_that_gives_up() {
    loom::model(|| {
        let queue = Arc::new(Queue::unbounded());
        let mut goes = Box::pin(queue.get());
        assert!(goes.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let stays = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || block_on(queue.get()))
        };
        let putter = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.try_put(7).unwrap())
        };
        drop(goes);
        putter.join().unwrap();
        assert_eq!(stays.join().unwrap(), Ok(7));
        assert!(queue.is_empty());
    });
}

/// Shut down while somebody waits: nobody goes on waiting.
#[test]
fn shutdown_against_get() {
    loom::model(|| {
        let queue = Arc::new(Queue::<u8>::unbounded());
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.shutdown(true))
        };
        assert!(block_on(queue.get()).is_err());
        block_on(queue.join());
        other.join().unwrap();
    });
}
