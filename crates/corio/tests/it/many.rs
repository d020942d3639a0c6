//! Waiting for many tasks: gather, wait, as_completed, shield, races.

use std::future::pending;
use std::time::Duration;

use corio::cancel::catch;
use corio::time::now;
use corio::{
    JoinHandle, as_completed, gather, shield, sleep, spawn_local, staggered_race, timeout,
    try_gather, wait, yield_now,
};

use crate::util::{HOUR, Log, MS, run, turns};

fn after<T: 'static>(delay: Duration, value: T) -> JoinHandle<T> {
    spawn_local(async move {
        sleep(delay).await;
        value
    })
}

#[test]
fn gather_gives_values_in_the_order_of_the_tasks() {
    run(async || {
        let begun = now();
        let tasks: Vec<_> = [3, 1, 2_u32].map(|n| after(n * MS, n)).into();
        assert_eq!(gather(tasks).await.unwrap(), [3, 1, 2]);
        assert_eq!(now() - begun, 3 * MS);
        assert_eq!(gather(Vec::<JoinHandle<()>>::new()).await.unwrap(), []);
        let mixed = (after(MS, 1), after(2 * MS, "two"), after(MS, 3.0));
        assert_eq!(gather(mixed).await.unwrap(), (1, "two", 3.0));
    });
}

#[test]
fn the_first_failure_decides_and_the_others_run_on() {
    run(async || {
        let log = Log::default();
        let begun = now();
        let inside = log.clone();
        let slow = spawn_local(async move {
            sleep(HOUR).await;
            inside.push("ran on");
        });
        let fails = spawn_local(async {
            sleep(MS).await;
            panic!("oops");
        });
        assert!(gather([slow, fails]).await.unwrap_err().is_panic());
        assert_eq!(now() - begun, MS);
        sleep(HOUR).await;
        assert_eq!(log.take(), ["ran on"]);

        let error = try_gather([after(2 * MS, Ok(1)), after(MS, Err("no"))]).await.unwrap_err();
        assert_eq!(error.into_failure(), Some("no"));
        let oks = try_gather((after(MS, Ok::<_, ()>(1)), after(MS, Ok("b")))).await.unwrap();
        assert_eq!(oks, (1, "b"));
    });
}

#[test]
fn a_cancelled_member_is_a_failure_or_a_result() {
    run(async || {
        let (left, right) = (after(HOUR, 1), after(MS, 2));
        left.task().cancel(());
        assert!(gather([left, right]).await.unwrap_err().is_cancelled());
        let (left, right) = (after(HOUR, 1), after(MS, 2));
        left.task().cancel(());
        let results = gather([left, right]).return_exceptions().await;
        assert!(results[0].as_ref().unwrap_err().is_cancelled());
        assert_eq!(*results[1].as_ref().unwrap(), 2);
    });
}

#[test]
fn a_cancel_goes_to_all_of_a_gathering_and_waits_for_all() {
    run(async || {
        for everything in [false, true] {
            let log = Log::default();
            let members: Vec<_> = [4, 1]
                .map(|count| {
                    let log = log.clone();
                    spawn_local(async move {
                        if let Err(cancelled) = catch(pending::<()>()).await {
                            turns(count).await;
                            log.push(format!("{count}"));
                            cancelled.resume().await
                        }
                    })
                })
                .into();
            let outer = spawn_local(async move {
                if everything {
                    gather(members).return_exceptions().await;
                } else {
                    let _ = gather(members).await;
                }
                unreachable!("unwound");
            });
            turns(3).await;
            outer.task().cancel("stop");
            let error = outer.await.unwrap_err();
            assert_eq!(error.reason().expect("cancelled").message(), Some("stop"));
            assert_eq!(log.take(), ["1", "4"]);
        }
    });
}

#[test]
fn members_that_swallow_the_cancel_give_their_values_and_it_goes_on() {
    run(async || {
        let log = Log::default();
        let inside = log.clone();
        let members = [1, 2].map(|n| {
            spawn_local(async move {
                if let Err(cancelled) = catch(pending::<()>()).await {
                    cancelled.suppress();
                }
                n
            })
        });
        let outer = spawn_local(async move {
            inside.push(format!("{:?}", gather(members).await.unwrap()));
            pending::<()>().await;
        });
        turns(3).await;
        outer.task().cancel(());
        assert!(outer.await.unwrap_err().is_cancelled());
        assert_eq!(log.take(), ["[1, 2]"]);
    });
}

#[test]
fn members_that_end_one_by_one_are_found_by_their_own_wakers() {
    run(async || {
        let tasks: Vec<_> = (0..500_u32).map(|n| after((500 - n) * MS, n)).collect();
        let expected: Vec<_> = (0..500).collect();
        assert_eq!(gather(tasks).await.unwrap(), expected);
        // And a failure among them.
        let tasks: Vec<_> =
            (1..500_u32).map(|n| after(n * MS, if n == 400 { Err(n) } else { Ok(()) })).collect();
        let begun = now();
        assert_eq!(try_gather(tasks).await.unwrap_err().into_failure(), Some(400));
        assert_eq!(now() - begun, 400 * MS);
    });
}

#[test]
fn gather_in_a_timeout_cancels_its_tasks() {
    run(async || {
        let (left, right) = (after(HOUR, 1), after(HOUR, 2));
        let tasks = [left.task(), right.task()];
        assert!(timeout(MS, gather([left, right])).await.is_err());
        assert!(tasks.iter().all(|task| task.is_done()));
    });
}

#[test]
fn wait_takes_what_has_ended_and_leaves_the_rest() {
    run(async || {
        let begun = now();
        let mut tasks: Vec<_> = [3, 1, 2, 1_u32].map(|n| after(n * MS, n)).into();
        let done = wait(&mut tasks).first_completed().await.unwrap();
        assert_eq!(now() - begun, MS);
        let mut values = Vec::new();
        for mut task in done {
            values.push(task.try_take().unwrap().unwrap());
        }
        assert_eq!(values, [1, 1]);
        assert_eq!(tasks.len(), 2);
        assert!(wait(&mut tasks).timeout(Duration::ZERO).await.unwrap().is_empty());
        assert!(wait(&mut tasks).timeout(MS / 2).await.unwrap().is_empty());
        assert_eq!(wait(&mut tasks).await.unwrap().len(), 2);
        assert_eq!(now() - begun, 3 * MS);
        let error = wait(&mut tasks).await.unwrap_err();
        assert!(error.to_string().starts_with("0 tasks"), "{error}");
    });
}

#[test]
fn wait_for_the_first_that_fails() {
    run(async || {
        let begun = now();
        let cancelled = after(HOUR, Ok(0));
        cancelled.task().cancel(());
        let mut tasks =
            vec![cancelled, after(MS, Ok(1)), after(2 * MS, Err(2)), after(HOUR, Ok(3))];
        let done = wait(&mut tasks).first_error().await.unwrap();
        assert_eq!((done.len(), tasks.len()), (3, 1));
        assert_eq!(now() - begun, 2 * MS);

        let panics = spawn_local(async {
            sleep(MS).await;
            panic!("oops")
        });
        let mut tasks = vec![after(HOUR, ()), panics];
        assert_eq!(wait(&mut tasks).first_panic().await.unwrap().len(), 1);
        // Nothing fails: all are waited for.
        let mut tasks = vec![after(MS, Ok::<_, ()>(1)), after(2 * MS, Ok(2))];
        assert_eq!(wait(&mut tasks).first_error().await.unwrap().len(), 2);
    });
}

#[test]
fn wait_leaves_tasks_running_when_its_awaiter_is_cancelled() {
    run(async || {
        let task = after(HOUR, ());
        let about = task.task();
        let outer = spawn_local(async move {
            let mut tasks = vec![task];
            let _ = wait(&mut tasks).await;
            unreachable!();
        });
        turns(2).await;
        outer.task().cancel(());
        assert!(outer.await.unwrap_err().is_cancelled());
        assert!(!about.is_done());
        sleep(HOUR).await;
        assert!(about.is_done());
    });
}

#[test]
fn as_completed_gives_handles_in_the_order_of_their_ends() {
    run(async || {
        let mut done = as_completed([3, 1, 2_u32].map(|n| after(n * MS, n)));
        let mut order = Vec::new();
        while let Some(task) = done.next().await {
            assert!(task.is_finished());
            order.push(task.await.unwrap());
        }
        assert_eq!(order, [1, 2, 3]);
        assert!(as_completed(Vec::<JoinHandle<()>>::new()).next().await.is_none());
    });
}

#[test]
fn as_completed_with_a_timeout_errs_once_for_each_that_is_left() {
    run(async || {
        let mut done = as_completed([1, 5, 6_u32].map(|n| after(n * MS, n))).timeout(2 * MS);
        assert_eq!(done.next().await.unwrap().unwrap().await.unwrap(), 1);
        for _ in 0..2 {
            assert_eq!(done.next().await.unwrap().unwrap_err().limit(), Some(2 * MS));
        }
        assert!(done.next().await.is_none());
        for task in done.into_pending() {
            assert!(task.await.is_ok(), "they run on");
        }
    });
}

#[test]
fn as_completed_is_a_stream() {
    run(async || {
        use futures::StreamExt;
        let all: Vec<_> = as_completed([2, 1_u32].map(|n| after(n * MS, n))).collect().await;
        assert_eq!(all.len(), 2);
    });
}

#[test]
fn a_shielded_task_runs_on() {
    run(async || {
        let mut task = after(2 * MS, 5);
        let begun = now();
        assert!(timeout(MS, shield(&mut task)).await.is_err());
        assert_eq!(now() - begun, MS);
        assert_eq!(shield(task).await.unwrap(), 5);
        // The task's own cancel is seen.
        let task = after(HOUR, ());
        task.task().cancel("inner");
        assert!(shield(task).await.unwrap_err().is_cancelled());
    });
}

#[test]
fn a_cancelled_awaiter_of_a_shield_unwinds_at_once() {
    run(async || {
        let task = after(HOUR, ());
        let about = task.task();
        let outer = spawn_local(async move {
            let _ = shield(task).await;
            unreachable!();
        });
        turns(2).await;
        let begun = now();
        outer.task().cancel(());
        assert!(outer.await.unwrap_err().is_cancelled());
        assert_eq!(now(), begun);
        assert!(!about.is_done() && about.cancelling() == 0);
    });
}

#[test]
fn a_race_begins_the_next_after_the_delay_or_a_failure() {
    run(async || {
        let log = Log::default();
        let begun = now();
        let attempt = |name: &'static str, ms: u32, result: Result<u32, u32>| {
            let log = log.clone();
            async move {
                log.push(format!("{name} at {:?}", now() - begun));
                match catch(sleep(ms * MS)).await {
                    Ok(()) => result,
                    Err(cancelled) => {
                        yield_now().await;
                        log.push(format!("{name} cleaned"));
                        cancelled.resume().await
                    }
                }
            }
        };
        let attempts = [
            attempt("a", 100, Ok(1)),
            attempt("b", 5, Err(2)),
            attempt("c", 20, Ok(3)),
            attempt("d", 1, Ok(4)),
        ];
        let raced = staggered_race(attempts, Some(10 * MS)).await;
        assert_eq!(raced.winner, Some((3, 4)));
        assert_eq!(raced.errors, [(1, 2)]);
        assert_eq!(
            log.take(),
            ["a at 0ns", "b at 10ms", "c at 15ms", "d at 25ms", "a cleaned", "c cleaned"]
        );
        let raced = staggered_race([attempt("x", 1, Err(8)), attempt("y", 1, Err(9))], None).await;
        assert_eq!(raced.into_result(), Err(vec![8, 9]));
        assert_eq!(log.take().len(), 2);
        let none: [std::future::Ready<Result<(), ()>>; 0] = [];
        assert_eq!(staggered_race(none, None).await.winner, None);
    });
}
