//! Queues that are shut down, each kind of them.

use std::rc::Rc;

use corio::spawn_local;
use corio::sync::queue::{PutError, TryGetError, TryPutError};

use crate::support::turn;

use super::each_queue;

/// Neither way in is open any more, and nothing is left to be got.
macro_rules! assert_shut_down {
    ($queue:expr) => {{
        assert_eq!($queue.put(9).await, Err(PutError(9)));
        assert_eq!($queue.try_put(9), Err(TryPutError::ShutDown(9)));
        assert!($queue.get().await.is_err());
        assert_eq!($queue.try_get(), Err(TryGetError::ShutDown));
    }};
}

#[corio::test(virtual_time)]
async fn test_format() {
    each_queue!(unbounded(), |queue: u32| {
        queue.shutdown(false);
        assert!(format!("{queue:?}").ends_with("Queue [maxsize:0, shutdown]"));
    });
}

#[corio::test(virtual_time)]
async fn test_shutdown_empty() {
    each_queue!(unbounded(), |queue: u32| {
        let queue = Rc::new(queue);
        let getting = queue.clone();
        let get = spawn_local(async move { getting.get().await });
        turn().await;

        queue.shutdown(false);
        assert_eq!(queue.len(), 0);
        queue.join().await;
        turn().await;
        assert!(get.is_finished());
        assert!(get.await.unwrap().is_err());
        assert_shut_down!(queue);
    });
}

#[corio::test(virtual_time)]
async fn test_shutdown_nonempty() {
    each_queue!(bounded(1), |queue: u32| {
        let queue = Rc::new(queue);
        queue.try_put(1).unwrap();
        let (joining, putting) = (queue.clone(), queue.clone());
        let join = spawn_local(async move { joining.join().await });
        let put = spawn_local(async move { putting.put(2).await });
        turn().await;
        assert!(!put.is_finished());

        queue.shutdown(false);
        assert_eq!(queue.len(), 1);
        turn().await;
        assert!(put.is_finished());
        assert_eq!(put.await.unwrap(), Err(PutError(2)));

        assert_eq!(queue.get().await, Ok(1), "what is in it can be got");
        turn().await;
        assert!(!join.is_finished());
        assert_shut_down!(queue);

        queue.task_done().unwrap();
        turn().await;
        assert!(join.is_finished());
        assert!(queue.task_done().is_err());
    });
}

#[corio::test(virtual_time)]
async fn test_shutdown_immediate() {
    each_queue!(unbounded(), |queue: u32| {
        let queue = Rc::new(queue);
        queue.try_put(1).unwrap();
        let joining = queue.clone();
        let join = spawn_local(async move { joining.join().await });

        queue.shutdown(true);
        assert_eq!(queue.len(), 0);
        turn().await;
        assert!(join.is_finished());
        assert_shut_down!(queue);
        assert!(queue.task_done().is_err(), "nothing is unfinished");
    });
}

#[corio::test(virtual_time)]
async fn test_shutdown_immediate_with_unfinished() {
    each_queue!(unbounded(), |queue: u32| {
        let queue = Rc::new(queue);
        queue.try_put(1).unwrap();
        queue.try_put(1).unwrap();
        let joining = queue.clone();
        let join = spawn_local(async move { joining.join().await });
        assert_eq!(queue.get().await, Ok(1));

        queue.shutdown(true);
        assert_eq!(queue.len(), 0);
        turn().await;
        assert!(!join.is_finished(), "one is being worked on");
        assert_shut_down!(queue);

        queue.task_done().unwrap();
        assert!(queue.task_done().is_err());
        turn().await;
        assert!(join.is_finished());
    });
}
