//! Wakers that do what a waker should not: ask the task to end that is just being asked.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use corio_task::{Task, catch};
use futures::future::{join, select};

use crate::support::Loop;

/// Cancels its task once, when it is woken for the `fires`th time.
struct Hostile {
    wakes: AtomicUsize,
    fires: usize,
    task: Mutex<Option<Task>>,
    own: Mutex<Option<Waker>>,
}

impl Wake for Hostile {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.wakes.fetch_add(1, Ordering::SeqCst) == self.fires {
            let task = self.task.lock().unwrap().clone();
            let _ = task.map(|task| task.cancel("once more"));
        }
        let own = self.own.lock().unwrap().clone();
        own.inspect(Waker::wake_by_ref);
    }
}

/// Polls `future` with the hostile waker, whenever it is polled.
async fn polled_by<F: Future>(hostile: Arc<Hostile>, future: F) -> F::Output {
    let waker = Waker::from(hostile.clone());
    let mut future = pin!(future);
    poll_fn(|context| {
        *hostile.own.lock().unwrap() = Some(context.waker().clone());
        future.as_mut().poll(&mut Context::from_waker(&waker))
    })
    .await
}

async fn swallows() {
    catch(pending::<()>()).await.unwrap_err().suppress();
}

async fn postpones() {
    catch(pending::<()>()).await.unwrap_err().postpone();
}

async fn goes_on() {
    drop(catch(pending::<()>()).await.unwrap_err());
}

/// What stands in the tree: those that answer a request in each way, in pairs, and one after the other.
fn body(kind: usize, hostile: &Arc<Hostile>, home: &Loop) -> Pin<Box<dyn Future<Output = ()>>> {
    let one = |kind: usize| -> Pin<Box<dyn Future<Output = ()>>> {
        let child = home.spawn(pending::<()>());
        let hostile = hostile.clone();
        match kind {
            0 => Box::pin(polled_by(hostile, swallows())),
            1 => Box::pin(polled_by(hostile, postpones())),
            2 => Box::pin(polled_by(hostile, goes_on())),
            3 => Box::pin(polled_by(hostile, async move { drop(child.await) })),
            4 => Box::pin(polled_by(hostile, async move {
                select(child, pin!(swallows())).await;
            })),
            _ => Box::pin(polled_by(hostile, async {
                let _ = catch(postpones()).await.map_err(|guard| guard.suppress());
            })),
        }
    };
    let (first, second) = (one(kind % 6), one(kind / 6 % 6));
    match kind / 36 {
        0 => Box::pin(async move { join(first, second).await.0 }),
        1 => Box::pin(async move { drop(select(first, second).await) }),
        _ => Box::pin(async move { (first.await, second.await).0 }),
    }
}

#[test]
fn a_request_that_a_waker_makes_in_a_pass_is_delivered() {
    let runs = Cell::new(0);
    for kind in 0..36 * 3 {
        for fires in 0..6 {
            let home = Loop::new();
            let hostile = Arc::new(Hostile {
                wakes: AtomicUsize::new(0),
                fires,
                task: Mutex::default(),
                own: Mutex::default(),
            });
            let inner = body(kind, &hostile, &home);
            let handle = home.spawn(async move {
                inner.await;
                pending::<()>().await;
            });
            let task = handle.task();
            *hostile.task.lock().unwrap() = Some(task.clone());
            home.settle();
            task.cancel("x");
            home.settle();
            runs.set(runs.get() + 1);
            let unwinding = task.unwinding();
            let is_quiet = !task.is_done() && unwinding.guards == 0;
            assert!(
                !(is_quiet && task.cancelling() > 0),
                "body {kind}, wake {fires}: {} requests are left, and nobody is at them: {unwinding:?}",
                task.cancelling(),
            );
            hostile.task.lock().unwrap().take();
        }
    }
    assert_eq!(runs.get(), 36 * 3 * 6);
}
