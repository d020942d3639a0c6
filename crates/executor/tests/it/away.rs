//! Mail from other threads, with the real park: bounded, and nothing may be lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};

use corio_base::park::ThreadPark;
use corio_executor::{Executor, JoinHandle, yield_now};

use crate::support::Drops;

const THREADS: usize = 4;
const ROUNDS: usize = 300;

#[test]
fn spawns_and_joins_from_threads() {
    let executor = Executor::new(ThreadPark::new());
    let handle = executor.handle();
    let done = std::thread::spawn(move || {
        let threads: Vec<_> = (0..THREADS)
            .map(|t| {
                let handle = handle.clone();
                std::thread::spawn(move || {
                    let mut sum = 0;
                    for n in 0..ROUNDS {
                        let task = handle.spawn(async move {
                            yield_now().await;
                            t * n
                        });
                        sum += corio_base::park::block_on(task).unwrap();
                    }
                    sum
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
    });
    let (sent, finished) = std::sync::mpsc::channel();
    let waiter = executor.handle();
    let last = std::thread::spawn(move || {
        let sum = done.join().unwrap();
        sent.send(sum).unwrap();
        // Ends the loop below.
        drop(waiter.spawn(async { STOP.wake() }));
    });
    executor.block_on(STOP.stopped());
    last.join().unwrap();
    let expected: usize = (0..THREADS).map(|t| (0..ROUNDS).map(|n| t * n).sum::<usize>()).sum();
    assert_eq!(finished.recv().unwrap(), expected);
    for _ in 0..3 {
        executor.block_on(yield_now());
    }
    assert_eq!(executor.core().tasks(), 0);
}

static STOP: Stop = Stop { waker: std::sync::Mutex::new(None), stopped: AtomicUsize::new(0) };

struct Stop {
    waker: std::sync::Mutex<Option<Waker>>,
    stopped: AtomicUsize,
}

impl Stop {
    fn wake(&self) {
        self.stopped.store(1, Ordering::Release);
        let waker = self.waker.lock().unwrap().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn stopped(&self) {
        std::future::poll_fn(|context| {
            let old = self.waker.lock().unwrap().replace(context.waker().clone());
            drop(old);
            if self.stopped.load(Ordering::Acquire) == 0 {
                return Poll::Pending;
            }
            let own = self.waker.lock().unwrap().take();
            drop(own);
            Poll::Ready(())
        })
        .await;
    }
}

/// Every wake from another thread is followed by a poll: a ping-pong that a lost one would stop.
#[test]
fn ping_pong_with_threads() {
    let executor = Executor::new(ThreadPark::new());
    let rounds = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<JoinHandle<usize>> = (0..THREADS)
        .map(|_| {
            let (to_thread, wakers) = std::sync::mpsc::channel::<(Waker, Arc<AtomicUsize>)>();
            std::thread::spawn(move || {
                for (waker, answer) in wakers {
                    answer.fetch_add(1, Ordering::Relaxed);
                    waker.wake();
                }
            });
            let (answer, rounds) = (Arc::new(AtomicUsize::new(0)), rounds.clone());
            let mut asked = 0;
            executor.spawn_local(std::future::poll_fn(move |context| {
                // What the thread wrote before its wake is seen.
                let answered = answer.load(Ordering::Relaxed);
                if answered == ROUNDS {
                    return Poll::Ready(answered);
                }
                if answered == asked {
                    asked += 1;
                    rounds.fetch_add(1, Ordering::Relaxed);
                    to_thread.send((context.waker().clone(), answer.clone())).unwrap();
                }
                Poll::Pending
            }))
        })
        .collect();
    let sum = executor.block_on(async {
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    });
    assert_eq!((sum, rounds.load(Ordering::Relaxed)), (THREADS * ROUNDS, THREADS * ROUNDS));
}

/// Aborts, detaches and drops from threads while the loop runs and ends.
#[test]
fn aborts_and_detaches_while_the_loop_ends() {
    let drops = Drops::new();
    for round in 0..50 {
        let executor = Executor::new(ThreadPark::new());
        let handle = executor.handle();
        std::thread::scope(|scope| {
            for t in 0..THREADS {
                let (handle, drops) = (handle.clone(), drops.clone());
                scope.spawn(move || {
                    for n in 0..10 {
                        let counted = drops.counted();
                        let task = handle.spawn(async move {
                            let _counted = counted;
                            std::future::pending::<()>().await;
                        });
                        match (t + n) % 3 {
                            0 => drop(task),
                            1 => task.abort(),
                            _ => {
                                task.abort();
                                let error = corio_base::park::block_on(task).unwrap_err();
                                assert!(error.is_cancelled());
                            }
                        }
                    }
                });
            }
            for _ in 0..round {
                executor.block_on(yield_now());
            }
            drop(executor);
        });
    }
    drops.assert(50 * THREADS * 10);
}
