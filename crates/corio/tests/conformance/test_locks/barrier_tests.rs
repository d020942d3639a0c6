//! asyncio's barrier: [`Barrier`].
//!
//! Here the last to come leaves first, and `reset` and `abort` are no coroutines.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;

use corio::sync::{Barrier, BrokenBarrier};
use corio::{JoinHandle, spawn_local};

use crate::support::{Seen, join_all, turn};

/// How many tasks the barriers take where the number says nothing.
const N: usize = 5;

fn barrier(parties: usize) -> Rc<Barrier> {
    Rc::new(Barrier::new(parties))
}

fn tasks<F: Future + 'static>(count: usize, make: impl Fn() -> F) -> Vec<JoinHandle<F::Output>> {
    (0..count).map(|_| spawn_local(make())).collect()
}

/// Runs `count` of them to their ends.
async fn run<F: Future + 'static>(count: usize, make: impl Fn() -> F) -> Vec<F::Output> {
    join_all(tasks(count, make)).await.into_iter().map(Result::unwrap).collect()
}

#[track_caller]
fn assert_at_rest(barrier: &Barrier) {
    let shown = format!("Barrier [filling, waiters:0/{}]", barrier.parties());
    assert_eq!(format!("{barrier:?}"), shown);
    assert_eq!(barrier.n_waiting(), 0);
    assert!(!barrier.is_broken());
}

/// To make a wait is not to wait.
#[corio::test(virtual_time)]
async fn test_barrier() {
    let barrier = Barrier::new(N);
    assert_at_rest(&barrier);
    drop(barrier.wait());
    assert_at_rest(&barrier);
}

/// Parties below 0 cannot be written; 0 of them are refused with the remedy.
#[test]
fn test_barrier_parties() {
    let refused = std::panic::catch_unwind(|| Barrier::new(0)).unwrap_err();
    let text = refused.downcast_ref::<&'static str>().copied().unwrap_or_default();
    assert!(text.contains("0 parties") && text.contains("at least 1"), "{text}");
    assert_eq!(Barrier::new(N).parties(), N);
}

#[corio::test(virtual_time)]
async fn test_context_manager() {
    let barrier = barrier(3);
    let mut indices = run(3, || {
        let barrier = barrier.clone();
        async move { barrier.wait().await.unwrap().index() }
    })
    .await;
    indices.sort_unstable();
    assert_eq!(indices, [0, 1, 2]);
    assert_at_rest(&barrier);
}

#[corio::test(virtual_time)]
async fn test_filling_task_by_task() {
    let barrier = barrier(3);
    let mut waiting = Vec::new();
    for expected in [1, 2] {
        let inside = barrier.clone();
        waiting.push(spawn_local(async move { inside.wait().await.map(drop) }));
        turn().await;
        assert_eq!(barrier.n_waiting(), expected);
    }
    assert_eq!(format!("{barrier:?}"), "Barrier [filling, waiters:2/3]");
    let last = barrier.clone();
    waiting.push(spawn_local(async move { last.wait().await.map(drop) }));
    turn().await;
    for task in waiting {
        task.await.unwrap().unwrap();
    }
    assert_at_rest(&barrier);
}

#[corio::test(virtual_time)]
async fn test_filling_tasks_wait_twice() {
    let (barrier, seen) = (barrier(N), Seen::new());
    run(N, || {
        let (barrier, seen) = (barrier.clone(), seen.clone());
        async move {
            barrier.wait().await.unwrap();
            seen.push(1);
            barrier.wait().await.unwrap();
            seen.push(2);
        }
    })
    .await;
    assert_eq!(seen.all(), [1, 1, 1, 1, 1, 2, 2, 2, 2, 2], "nobody before all are there");
    assert_at_rest(&barrier);
}

#[corio::test(virtual_time)]
async fn test_filling_tasks_check_return_value() {
    let (barrier, seen) = (barrier(N), Seen::new());
    let mut indices = run(N, || {
        let (barrier, seen) = (barrier.clone(), seen.clone());
        async move {
            barrier.wait().await.unwrap();
            seen.push(1);
            let passed = barrier.wait().await.unwrap();
            seen.push(2);
            passed.index()
        }
    })
    .await;
    assert_eq!(seen.all().iter().filter(|round| **round == 1).count(), N);
    assert_eq!(seen.len(), 2 * N);
    indices.sort_unstable();
    assert_eq!(indices, [0, 1, 2, 3, 4]);
    assert_at_rest(&barrier);
}

#[corio::test(virtual_time)]
async fn test_draining_state() {
    let (barrier, seen) = (barrier(N), Seen::new());
    run(N, || {
        let (barrier, seen) = (barrier.clone(), seen.clone());
        async move {
            barrier.wait().await.unwrap();
            seen.push(format!("{barrier:?}").contains("draining"));
        }
    })
    .await;
    assert_eq!(seen.all(), [true, true, true, true, false], "the last to leave ends it");
    assert_at_rest(&barrier);
}

/// Those who come back while the others leave are counted for the next round.
#[corio::test(virtual_time)]
async fn test_blocking_tasks_while_draining() {
    const BACK_AT_ONCE: usize = 2;
    let (both, rest) = (barrier(N), barrier(N - BACK_AT_ONCE));
    let back = Rc::new(Cell::new(BACK_AT_ONCE));
    let results = run(N, || {
        let (both, rest, back) = (both.clone(), rest.clone(), back.clone());
        async move {
            both.wait().await.unwrap();
            if back.get() > 0 {
                back.set(back.get() - 1);
            } else {
                rest.wait().await.unwrap();
            }
            both.wait().await.unwrap();
        }
    })
    .await;
    assert_eq!(results.len(), N);
    assert_at_rest(&both);
    assert_at_rest(&rest);
}

#[corio::test(virtual_time)]
async fn test_filling_tasks_cancel_one() {
    let (barrier, seen) = (barrier(3), Seen::new());
    let spawn = || {
        let (barrier, seen) = (barrier.clone(), seen.clone());
        spawn_local(async move {
            barrier.wait().await.unwrap();
            seen.push(());
        })
    };
    let first = spawn();
    turn().await;
    assert_eq!(barrier.n_waiting(), 1);
    let second = spawn();
    turn().await;
    assert_eq!(barrier.n_waiting(), 2);

    first.task().cancel(());
    turn().await;
    assert_eq!(barrier.n_waiting(), 1, "one that gives up breaks nothing");
    assert!(first.await.unwrap_err().is_cancelled());

    let third = spawn();
    turn().await;
    assert_eq!(barrier.n_waiting(), 2);
    for task in [second, third, spawn()] {
        task.await.unwrap();
    }
    assert_eq!(seen.len(), 3);
    assert_at_rest(&barrier);
}

#[corio::test(virtual_time)]
async fn test_reset_barrier_while_tasks_waiting() {
    let barrier = barrier(N);
    let waiting = tasks(N - 1, || {
        let barrier = barrier.clone();
        async move { barrier.wait().await.unwrap_err() }
    });
    turn().await;
    let resetting = barrier.clone();
    spawn_local(async move { resetting.reset() });
    for task in waiting {
        assert_eq!(task.await.unwrap(), BrokenBarrier::Reset);
    }
    assert_at_rest(&barrier);
}

/// Those of a complete round who have not left yet are broken by a reset.
#[corio::test(virtual_time)]
async fn test_reset_barrier_when_tasks_half_draining() {
    const REST: usize = N / 2;
    let (barrier, left, broken) = (barrier(N), Rc::new(Cell::new(0)), Seen::new());
    run(N, || {
        let (barrier, left, broken) = (barrier.clone(), left.clone(), broken.clone());
        async move {
            if let Err(error) = barrier.wait().await {
                broken.push(error);
                return;
            }
            left.set(left.get() + 1);
            if N - left.get() == REST {
                barrier.reset();
                assert_eq!(format!("{barrier:?}"), "Barrier [resetting, waiters:0/5]");
            }
        }
    })
    .await;
    assert_eq!(broken.all(), [BrokenBarrier::Reset; REST]);
    assert_at_rest(&barrier);
}

/// And those who came for the next round are not.
#[corio::test(virtual_time)]
async fn test_reset_barrier_when_tasks_half_draining_half_blocking() {
    const BLOCKED: usize = N / 2;
    let (barrier, left) = (barrier(N), Rc::new(Cell::new(0)));
    let (in_round, blocked) = (Seen::new(), Seen::new());
    run(N, || {
        let (barrier, left) = (barrier.clone(), left.clone());
        let (in_round, blocked) = (in_round.clone(), blocked.clone());
        async move {
            if let Err(error) = barrier.wait().await {
                in_round.push(error);
                barrier.wait().await.unwrap();
                return;
            }
            left.set(left.get() + 1);
            if left.get() > BLOCKED {
                barrier.reset();
                barrier.wait().await.unwrap();
            } else if let Err(error) = barrier.wait().await {
                blocked.push(error);
            }
        }
    })
    .await;
    assert_eq!(in_round.all(), [BrokenBarrier::Reset; BLOCKED]);
    assert_eq!(blocked.all(), []);
    assert_at_rest(&barrier);
}

#[corio::test(virtual_time)]
async fn test_reset_barrier_while_tasks_waiting_and_waiting_again() {
    let (barrier, broken, passed) = (barrier(N), Seen::new(), Seen::new());
    let mut all = tasks(N - 1, || {
        let (barrier, broken, passed) = (barrier.clone(), broken.clone(), passed.clone());
        async move {
            broken.push(barrier.wait().await.unwrap_err());
            barrier.wait().await.unwrap();
            passed.push(());
        }
    });
    let resetting = barrier.clone();
    spawn_local(async move { resetting.reset() });
    turn().await;
    let (last, done) = (barrier.clone(), passed.clone());
    all.push(spawn_local(async move {
        last.wait().await.unwrap();
        done.push(());
    }));
    for task in all {
        task.await.unwrap();
    }
    assert_eq!(broken.all(), [BrokenBarrier::Reset; N - 1]);
    assert_eq!(passed.len(), N);
    assert_at_rest(&barrier);
}

/// Who came while the others left is of the next round as soon as the last has left, so a reset by the
/// last breaks it, as it does any turn later. asyncio counts it only in the turn after.
#[corio::test(virtual_time)]
async fn test_reset_barrier_while_tasks_draining() {
    let (barrier, left) = (barrier(N), Rc::new(Cell::new(0)));
    let (second, third) = (Seen::new(), Seen::new());
    run(N, || {
        let (barrier, left) = (barrier.clone(), left.clone());
        let (second, third) = (second.clone(), third.clone());
        async move {
            barrier.wait().await.unwrap();
            left.set(left.get() + 1);
            if left.get() == N {
                assert_eq!(barrier.n_waiting(), N - 1);
                barrier.reset();
            } else {
                second.push(barrier.wait().await.unwrap_err());
            }
            barrier.wait().await.unwrap();
            third.push(());
        }
    })
    .await;
    assert_eq!(second.all(), [BrokenBarrier::Reset; N - 1]);
    assert_eq!(third.len(), N);
    assert_at_rest(&barrier);
}

#[corio::test(virtual_time)]
async fn test_abort_barrier() {
    let barrier = barrier(1);
    let aborting = barrier.clone();
    spawn_local(async move { aborting.abort() });
    turn().await;
    assert_eq!(barrier.n_waiting(), 0);
    assert!(barrier.is_broken());
    assert_eq!(barrier.wait().await, Err(BrokenBarrier::Aborted));
}

#[corio::test(virtual_time)]
async fn test_abort_barrier_when_tasks_half_draining_half_blocking() {
    const BLOCKED: usize = N / 2;
    let (barrier, left) = (barrier(N), Rc::new(Cell::new(0)));
    let (in_round, blocked) = (Seen::new(), Seen::new());
    run(N, || {
        let (barrier, left) = (barrier.clone(), left.clone());
        let (in_round, blocked) = (in_round.clone(), blocked.clone());
        async move {
            if let Err(error) = barrier.wait().await {
                in_round.push(error);
                return;
            }
            left.set(left.get() + 1);
            if left.get() > BLOCKED {
                barrier.abort();
            } else if let Err(error) = barrier.wait().await {
                blocked.push(error);
            }
        }
    })
    .await;
    assert_eq!(in_round.all(), [BrokenBarrier::Aborted; BLOCKED]);
    assert_eq!(blocked.all(), [BrokenBarrier::Aborted; N - BLOCKED - 1]);
    assert!(barrier.is_broken());
    assert_eq!(barrier.n_waiting(), 0);
    assert_eq!(format!("{barrier:?}"), "Barrier [broken]");
}

#[corio::test(virtual_time)]
async fn test_abort_barrier_when_exception_then_resetting() {
    let (first, second) = (barrier(N), barrier(N));
    let (twice, broken, end) = (Seen::new(), Seen::new(), Seen::new());
    run(N, || {
        let (first, second) = (first.clone(), second.clone());
        let (twice, broken, end) = (twice.clone(), broken.clone(), end.clone());
        async move {
            let both_rounds = async {
                if first.wait().await?.index() == N / 2 {
                    first.abort();
                } else {
                    first.wait().await?;
                    twice.push(());
                }
                Ok::<_, BrokenBarrier>(())
            };
            if let Err(error) = both_rounds.await {
                broken.push(error);
            }
            // All have left before the reset, and nobody comes back before it.
            if second.wait().await.unwrap().index() == N / 2 {
                first.reset();
            }
            second.wait().await.unwrap();
            first.wait().await.unwrap();
            end.push(());
        }
    })
    .await;
    assert_eq!(twice.len(), 0);
    assert_eq!(broken.all(), [BrokenBarrier::Aborted; N - 1]);
    assert_eq!(end.len(), N);
    assert_at_rest(&first);
}
