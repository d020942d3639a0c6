//! Locks, permits and notifications, over the small traits of [`crate::primitives`].

use std::future::poll_fn;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::share;
use crate::peers::Peer;
use crate::primitives::{Event, Mutex, Notify, RwLock, Semaphore};

/// How many tasks want the contended mutex.
const CONTENDERS: u64 = 8;
/// How many wait for one event.
const WAITERS: u64 = 1000;

pub(crate) fn mutex<P: Peer, M: Mutex>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let mutex = black_box(M::new());
        let start = Instant::now();
        for _ in 0..ops {
            *mutex.lock().await += 1;
        }
        start.elapsed()
    })
}

pub(crate) fn mutex_contended<P: Peer, M: Mutex>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let mutex = Rc::new(M::new());
        let start = Instant::now();
        let contend = |index| {
            let mutex = Rc::clone(&mutex);
            P::spawn(async move {
                for _ in 0..share(ops, CONTENDERS, index) {
                    let mut count = mutex.lock().await;
                    P::yield_now().await;
                    *count += 1;
                }
            })
        };
        let tasks: Vec<_> = (0..CONTENDERS).map(contend).collect();
        for task in tasks {
            task.await;
        }
        start.elapsed()
    })
}

pub(crate) fn semaphore<P: Peer, S: Semaphore>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let semaphore = black_box(S::new(3));
        let start = Instant::now();
        for _ in 0..ops {
            drop(black_box(semaphore.acquire().await));
        }
        start.elapsed()
    })
}

pub(crate) fn rwlock_read<P: Peer, L: RwLock>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let lock = black_box(L::new());
        let start = Instant::now();
        for _ in 0..ops {
            black_box(*lock.read().await);
        }
        start.elapsed()
    })
}

pub(crate) fn rwlock_write<P: Peer, L: RwLock>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let lock = black_box(L::new());
        let start = Instant::now();
        for _ in 0..ops {
            *lock.write().await += 1;
        }
        start.elapsed()
    })
}

pub(crate) fn notify<P: Peer, N: Notify>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let notify = black_box(N::new());
        let start = Instant::now();
        for _ in 0..ops {
            notify.notify_one();
            notify.notified().await;
        }
        start.elapsed()
    })
}

pub(crate) fn notify_waiter<P: Peer, N: Notify>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let notify = black_box(N::new());
        let start = Instant::now();
        for _ in 0..ops {
            let mut notified = pin!(notify.notified());
            poll_fn(|cx| waits(notified.as_mut(), cx)).await;
            notify.notify_one();
            notified.await;
        }
        start.elapsed()
    })
}

pub(crate) fn broadcast_1000<P: Peer, E: Event>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let event = black_box(E::new());
        let mut waiters: Vec<_> = (0..WAITERS).map(|_| Box::pin(None)).collect();
        let start = Instant::now();
        for _ in 0..ops.div_ceil(WAITERS) {
            poll_fn(|cx| {
                for waiter in &mut waiters {
                    waiter.as_mut().set(Some(event.wait()));
                    let _ = waits(there(waiter), cx);
                }
                Poll::Ready(())
            })
            .await;
            event.set();
            for waiter in &mut waiters {
                there(waiter).await;
                waiter.as_mut().set(None);
            }
        }
        // Whole rounds only: fewer operations were asked for than were done.
        start.elapsed().mul_f64(ops as f64 / ops.next_multiple_of(WAITERS) as f64)
    })
}

fn there<F>(waiter: &mut Pin<Box<Option<F>>>) -> Pin<&mut F> {
    waiter.as_mut().as_pin_mut().expect("a future was put there")
}

/// Polls once what must not be ready yet.
fn waits<F: Future>(future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<()> {
    assert!(future.poll(cx).is_pending(), "it was to wait");
    Poll::Ready(())
}
