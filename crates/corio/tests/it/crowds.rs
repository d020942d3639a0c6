//! `gather`, `wait`, `as_completed`, `shield` and borrowing scopes at awkward moments.

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use corio::cancel::{Cancelled, catch};
use corio::time::now;
use corio::{
    JoinHandle, as_completed, gather, shield, sleep, spawn, spawn_local, timeout, wait, yield_now,
};
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use crate::util::{Log, MS, cleans_up, run, text, turns};

#[test]
fn a_gathering_cancelled_after_any_number_of_turns_waits_for_all() {
    run(async || {
        for count in 0..8 {
            let log = Log::default();
            let inside = log.clone();
            let task = spawn_local(async move {
                let tasks = [3, 1, 2].map(|n| {
                    let log = inside.clone();
                    spawn_local(async move {
                        if let Err(cancelled) = catch(turns(n + 2)).await {
                            turns(n).await;
                            log.push("cleaned");
                            cancelled.resume().await
                        }
                        log.push("done");
                    })
                });
                gather(tasks).await.unwrap();
                pending::<()>().await;
            });
            turns(count).await;
            task.task().cancel("stop");
            assert!(task.await.unwrap_err().is_cancelled());
            turns(8).await;
            let lines = log.take().len();
            assert!(lines == 3 || count < 2, "after {count} turns {lines} have ended");
        }
    });
}

#[test]
fn a_gathering_whose_members_suppress_gives_its_value_and_then_unwinds() {
    run(async || {
        let log = Log::default();
        let inside = log.clone();
        let task = spawn_local(async move {
            let tasks = [1, 2].map(|n| {
                spawn_local(async move {
                    if let Err(cancelled) = catch(pending::<()>()).await {
                        cancelled.suppress();
                    }
                    n
                })
            });
            let values = gather(tasks).await.unwrap();
            inside.push(format!("{values:?}"));
            yield_now().await;
            inside.push("not reached");
        });
        turns(3).await;
        task.task().cancel("stop");
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(log.take(), ["[1, 2]"]);
    });
}

#[test]
fn members_that_others_cancel_panic_or_that_ended_before() {
    run(async || {
        let done = spawn(async { 1 });
        let killed: JoinHandle<i32> = spawn(pending());
        let panics: JoinHandle<i32> = spawn(async { panic!("oops") });
        turns(2).await;
        killed.task().cancel("by another");
        killed.task().cancel("twice");
        let results = gather([done, killed, panics]).return_exceptions().await;
        assert_eq!(*results[0].as_ref().unwrap(), 1);
        assert!(results[1].as_ref().unwrap_err().is_cancelled());
        assert!(results[2].as_ref().unwrap_err().is_panic());

        // The first to fail decides, not the first in order; the others run on.
        let log = Log::default();
        let slow = spawn_local({
            let log = log.clone();
            async move {
                sleep(2 * MS).await;
                log.push("ran on");
            }
        });
        let quick = spawn_local(async {
            sleep(MS).await;
            panic!("quick");
        });
        let error = gather([slow, quick]).await.unwrap_err();
        assert_eq!(text(&*error.into_panic()), "quick");
        sleep(2 * MS).await;
        assert_eq!(log.take(), ["ran on"]);
        // Nothing at all.
        assert!(gather(Vec::<JoinHandle<()>>::new()).await.unwrap().is_empty());
    });
}

#[test]
fn crowds_inside_futures_unordered_select_and_join() {
    run(async || {
        let mut all = FuturesUnordered::new();
        for n in 0..50_u64 {
            all.push(gather([n, n + 1].map(|n| {
                spawn(async move {
                    sleep(Duration::from_millis(n % 7)).await;
                    n
                })
            })));
        }
        let mut sum = 0;
        while let Some(values) = all.next().await {
            sum += values.unwrap().iter().sum::<u64>();
        }
        assert_eq!(sum, 50 * 50);

        // A cancel reaches gatherings in all of its branches.
        let log = Log::default();
        let inside = log.clone();
        let task = spawn_local(async move {
            let make = |name| spawn_local(cleans_up(inside.clone(), name, 2));
            let mut set: FuturesUnordered<_> =
                ["a", "b"].into_iter().map(|name| gather([make(name)])).collect();
            let (_, ()) =
                corio::join!(gather([make("c")]), async { while set.next().await.is_some() {} });
        });
        turns(4).await;
        task.task().cancel("stop");
        assert!(task.await.unwrap_err().is_cancelled());
        let mut names = log.take();
        names.sort();
        assert_eq!(names, ["a", "b", "c"]);
    });
}

#[test]
fn waiting_for_ten_thousand_that_end_one_by_one_is_quick() {
    run(async || {
        // Where each end cost a look at all of them it took seconds, and longer than gathering them.
        const SLOWER_AT_MOST: u32 = 10;
        let make = || {
            let sleepy = |n: u64| spawn(async move { sleep(Duration::from_millis(n)).await });
            (0..10_000).map(sleepy).collect::<Vec<_>>()
        };
        let begun = Instant::now();
        gather(make()).await.unwrap();
        let gathered = begun.elapsed();
        let (begun, mut tasks) = (Instant::now(), make());
        let done = wait(&mut tasks).await.unwrap();
        assert_eq!((done.len(), tasks.len()), (10_000, 0));
        let waited = begun.elapsed();
        assert!(waited < SLOWER_AT_MOST * gathered, "{waited:?}, and {gathered:?} to gather them");
    });
}

#[test]
fn waiting_for_many_again_and_again_until_enough_have_ended() {
    run(async || {
        let make = |n: u32| {
            spawn(async move {
                sleep(n * MS).await;
                if n == 150 { Err(n) } else { Ok(()) }
            })
        };
        let mut tasks: Vec<_> = (1..=200).map(make).collect();
        let begun = now();
        assert_eq!(wait(&mut tasks).first_completed().await.unwrap().len(), 1);
        assert_eq!(wait(&mut tasks).first_completed().await.unwrap().len(), 1);
        assert_eq!(wait(&mut tasks).timeout(10 * MS).await.unwrap().len(), 9 + 1);
        tasks[0].task().cancel("by another");
        assert_eq!(wait(&mut tasks).first_error().await.unwrap().len(), 150 - 12);
        assert_eq!((now() - begun, tasks.len()), (150 * MS, 50));
        // In two contexts, one after the other.
        let mut all = wait(&mut tasks);
        assert!(timeout(20 * MS, &mut all).await.is_err());
        assert_eq!(all.await.unwrap().len(), 50);
        assert_eq!(now() - begun, 200 * MS);
    });
}

#[test]
fn wait_and_as_completed_leave_their_tasks_alone_when_cancelled() {
    run(async || {
        let tasks = Rc::new(RefCell::new(vec![spawn(sleep(2 * MS)), spawn(sleep(MS))]));
        let waited = tasks.clone();
        let task = spawn_local(async move {
            let mut list = waited.take();
            let _back = {
                let result = catch(wait(&mut list)).await;
                waited.replace(list);
                result.map_err(Cancelled::suppress)
            };
        });
        turns(2).await;
        task.task().cancel(());
        task.await.unwrap();
        let mut done = as_completed(tasks.take());
        assert!(timeout(MS / 2, done.next()).await.is_err());
        assert!(done.next().await.unwrap().await.is_ok());
        assert!(done.next().await.unwrap().await.is_ok());
        assert!(done.next().await.is_none());
    });
}

#[test]
fn a_shielded_task_cancelled_by_others_and_a_shield_in_a_shield() {
    run(async || {
        let mut task = spawn(pending::<()>());
        let inner = task.task();
        spawn(async move {
            yield_now().await;
            inner.cancel("itself");
        });
        assert!(shield(&mut task).await.unwrap_err().is_cancelled(), "an error, and no unwinding");
        let mut slow = spawn(async {
            sleep(2 * MS).await;
            3
        });
        assert!(timeout(MS, shield(&mut slow)).await.is_err());
        assert!(timeout(MS / 2, async { shield(&mut slow).await }).await.is_err());
        assert_eq!(slow.await.unwrap(), 3);
    });
}

#[test]
fn a_borrowing_scope_that_lives_long_reuses_the_places_of_its_children() {
    run(async || {
        let ended = AtomicU32::new(0);
        let count = &ended;
        corio::scope(|scope| async move {
            let stays = scope.spawn(async {
                sleep(MS).await;
                1
            });
            for round in 0..100 {
                let handles: Vec<_> = (0..3)
                    .map(|n| {
                        scope.spawn(async move {
                            turns(n + round % 3).await;
                            count.fetch_add(1, Ordering::Relaxed);
                        })
                    })
                    .collect();
                for handle in handles {
                    handle.await;
                }
            }
            assert_eq!(stays.await, 1);
        })
        .await;
        assert_eq!(ended.load(Ordering::Relaxed), 300);
    });
}
