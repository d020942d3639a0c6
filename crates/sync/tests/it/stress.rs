//! Futures that travel: polled by one thread and then by another, each time with a new waker, and
//! dropped by a third, while others give what they wait for.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use corio_sync::{Condition, Lock, Mutex, Notify, Queue, RwLock, Semaphore, channel};

const THREADS: u64 = 3;
const STEPS: usize = if cfg!(miri) { 50 } else { 4_000 };

type Traveller<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A waker that nobody hears, and that is a new one each time.
struct Deaf;

impl Wake for Deaf {
    fn wake(self: Arc<Self>) {}
}

/// Threads make futures by `make`, pass them on to one another, poll and drop them; at the end each
/// that is left is dropped.
fn travel<'a>(make: impl Fn(&mut fastrand::Rng) -> Traveller<'a> + Sync) {
    let bag: StdMutex<Vec<Traveller<'a>>> = StdMutex::new(Vec::new());
    let step = |rng: &mut fastrand::Rng| {
        let mut bag_now = bag.lock().unwrap();
        let mut one = match bag_now.len() {
            0 => None,
            len if len < 6 && rng.bool() => None,
            len => Some(bag_now.swap_remove(rng.usize(..len))),
        };
        drop(bag_now);
        let mut traveller = one.take().unwrap_or_else(|| make(rng));
        if rng.u8(..8) == 0 {
            return;
        }
        let waker = Waker::from(Arc::new(Deaf));
        for _ in 0..rng.u8(1..3) {
            if traveller.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                return;
            }
        }
        bag.lock().unwrap().push(traveller);
    };
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let step = &step;
            scope.spawn(move || {
                let mut rng = fastrand::Rng::with_seed(thread);
                (0..STEPS).for_each(|_| step(&mut rng));
            });
        }
    });
    drop(bag);
}

/// Gives the others a chance once.
async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut paused, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[test]
fn locks() {
    let (mutex, lock, inside) = (Mutex::new(0u64), Lock::new(), AtomicUsize::new(0));
    let count = AtomicU64::new(0);
    let condition = Condition::new();
    let enter = || assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0, "alone");
    let leave = || assert_eq!(inside.fetch_sub(1, Ordering::Relaxed), 1);
    travel(|rng| match rng.u8(..4) {
        0 => Box::pin(async {
            let mut guard = mutex.lock().await;
            *guard += 1;
            count.fetch_add(1, Ordering::Relaxed);
            pause().await;
        }),
        1 => Box::pin(async {
            let guard = lock.lock().await;
            enter();
            leave();
            pause().await;
            drop(guard);
        }),
        2 => Box::pin(async {
            let mut guard = condition.wait(mutex.lock().await).await;
            *guard += 1;
            count.fetch_add(1, Ordering::Relaxed);
        }),
        _ => Box::pin(async {
            condition.notify_one();
        }),
    });
    assert!(!mutex.locked() && !lock.locked());
    assert_eq!(condition.waiters(), 0);
    assert_eq!(mutex.into_inner(), count.into_inner());
}

#[test]
fn permits() {
    let (semaphore, rw_lock) = (Semaphore::new(3), RwLock::new(0u64));
    travel(|rng| match rng.u8(..4) {
        0 => Box::pin(async {
            let writer = rw_lock.write().await;
            let reader = writer.downgrade();
            pause().await;
            drop(reader);
        }),
        1 => Box::pin(async {
            let reader = rw_lock.read().await;
            pause().await;
            assert_eq!(*reader, 0);
        }),
        many => {
            let acquire = semaphore.acquire_many(usize::from(many));
            Box::pin(async {
                let mut permit = acquire.await.unwrap();
                let part = permit.split(1);
                pause().await;
                drop(part);
            })
        }
    });
    assert_eq!(semaphore.available_permits(), 3);
    assert!(!semaphore.locked() && rw_lock.try_write().is_ok());
}

#[test]
fn items() {
    let (queue, notify) = (Queue::bounded(2), Notify::new());
    let (sender, receiver) = channel::bounded(2);
    let (sent, got) = (AtomicU64::new(0), AtomicU64::new(0));
    travel(|rng| match rng.u8(..7) {
        0 => Box::pin(async {
            queue.put(1).await.unwrap();
            sent.fetch_add(1, Ordering::Relaxed);
        }),
        1 => Box::pin(async {
            got.fetch_add(queue.get().await.unwrap(), Ordering::Relaxed);
        }),
        2 => Box::pin(async {
            sender.send(1).await.unwrap();
            sent.fetch_add(1, Ordering::Relaxed);
        }),
        3 => Box::pin(async {
            got.fetch_add(receiver.recv().await.unwrap(), Ordering::Relaxed);
        }),
        4 => Box::pin(notify.notified()),
        5 => Box::pin(async { notify.notify_one() }),
        _ => Box::pin(async { notify.notify_waiters() }),
    });
    while let Ok(item) = queue.try_get() {
        got.fetch_add(item, Ordering::Relaxed);
    }
    while let Ok(message) = receiver.try_recv() {
        got.fetch_add(message, Ordering::Relaxed);
    }
    assert_eq!(sent.into_inner(), got.into_inner());
    notify.notify_one();
    assert_eq!(format!("{notify:?}"), "Notify [notified]");
    // Every place is there again.
    (0..2).for_each(|_| sender.try_send(1).unwrap());
    assert!(sender.try_send(1).is_err());
}
