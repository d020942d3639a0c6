//! What runs when: turns, and what a turn takes in first.

use std::cell::Cell;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use corio::io::Io;
use corio::{sleep, sleep_until, yield_now};

use crate::util::{Log, MS, bounded};

/// A task that counts the turns, until the run ends.
fn count_turns() -> Rc<Cell<u32>> {
    let turns = Rc::new(Cell::new(0));
    let counter = turns.clone();
    corio::spawn_local(async move {
        loop {
            yield_now().await;
            counter.set(counter.get() + 1);
        }
    });
    turns
}

#[test]
fn giving_way_costs_exactly_one_turn() {
    bounded(|| {
        corio::run(async {
            let past = Instant::now();
            let turns = count_turns();
            // The loop has looked at its clock since.
            sleep(MS).await;
            for _ in 0..3 {
                let before = turns.get();
                yield_now().await;
                assert_eq!(turns.get() - before, 1, "yield_now");
                sleep(Duration::ZERO).await;
                assert_eq!(turns.get() - before, 2, "sleep(0)");
                sleep_until(past).await;
                assert_eq!(turns.get() - before, 3, "a deadline that has passed");
                corio::time::sleep_with(Duration::ZERO, ()).await;
                assert_eq!(turns.get() - before, 4, "sleep(0) with a value");
            }
        });
    });
}

#[test]
fn what_is_ready_costs_no_turn() {
    bounded(|| {
        corio::run(async {
            let done = corio::spawn(async { 1 });
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            let ours = Io::new(ours).unwrap();
            theirs.write_all(b"x").unwrap();
            ours.readable().await.unwrap();
            while !done.is_finished() {
                yield_now().await;
            }
            let turns = count_turns();
            yield_now().await;
            let before = turns.get();
            assert_eq!(done.await.unwrap(), 1);
            ours.readable().await.unwrap();
            std::future::ready(()).await;
            assert_eq!(turns.get(), before);
        });
    });
}

#[test]
fn tasks_run_in_the_order_in_which_they_became_ready() {
    bounded(|| {
        corio::run(async {
            let log = Log::default();
            let tasks: Vec<_> = ["a", "b", "c"]
                .into_iter()
                .map(|name| {
                    let log = log.clone();
                    corio::spawn_local(async move {
                        for turn in 1..=2 {
                            log.push(format!("{name}{turn}"));
                            if name == "b" && turn == 1 {
                                // Behind all that is ready by now.
                                let log = log.clone();
                                drop(corio::spawn_local(async move { log.push("b's child") }));
                            }
                            yield_now().await;
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(log.take(), ["a1", "b1", "c1", "a2", "b's child", "b2", "c2"]);
        });
    });
}

#[test]
fn a_task_woken_twice_in_a_turn_runs_once() {
    bounded(|| {
        corio::run(async {
            let polls = Rc::new(Cell::new(0));
            let counter = polls.clone();
            let slot = Rc::new(Cell::new(None));
            let waker = slot.clone();
            let task = corio::spawn_local(async move {
                std::future::poll_fn(|context| {
                    counter.set(counter.get() + 1);
                    waker.set(Some(context.waker().clone()));
                    if counter.get() == 2 {
                        std::task::Poll::Ready(())
                    } else {
                        std::task::Poll::Pending
                    }
                })
                .await;
            });
            yield_now().await;
            let waker = slot.take().unwrap();
            waker.wake_by_ref();
            waker.wake_by_ref();
            waker.wake();
            task.await.unwrap();
            assert_eq!(polls.get(), 2);
        });
    });
}

/// Both come while a poll blocks the loop; then the descriptors have their say first, whichever of
/// the two was earlier.
#[test]
fn descriptors_come_before_timers() {
    bounded(|| {
        corio::run(async {
            let log = Log::default();
            for round in 0..5 {
                let (ours, mut theirs) = UnixStream::pair().unwrap();
                let ours = Io::new(ours).unwrap();
                let timer = corio::spawn_local({
                    let log = log.clone();
                    async move {
                        sleep(MS).await;
                        log.push("timer");
                    }
                });
                let socket = corio::spawn_local({
                    let log = log.clone();
                    async move {
                        ours.read_with(|mut socket| socket.read(&mut [0; 1])).await.unwrap();
                        log.push("socket");
                    }
                });
                // Both wait, and have done so over a turn.
                yield_now().await;
                yield_now().await;
                thread::sleep(2 * MS);
                theirs.write_all(b"x").unwrap();
                timer.await.unwrap();
                socket.await.unwrap();
                assert_eq!(log.take(), ["socket", "timer"], "round {round}");
            }
        });
    });
}

#[test]
fn a_sleep_is_never_early_and_a_shorter_one_is_not_later() {
    bounded(|| {
        corio::run(async {
            let log = Log::default();
            let begun = Instant::now();
            let tasks = [3u32, 1, 2].map(|n| {
                let log = log.clone();
                corio::spawn_local(async move {
                    sleep(n * MS).await;
                    assert!(begun.elapsed() >= n * MS);
                    log.push(n.to_string());
                })
            });
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(log.take(), ["1", "2", "3"]);
        });
    });
}
