//! Task groups: who waits for whom, who is cancelled for whom, and what comes back.

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;

use corio::cancel::catch;
use corio::group::{GroupResult, NotStarted};
use corio::time::now;
use corio::{JoinHandle, TaskGroup, sleep, spawn_local, timeout, yield_now};

use crate::util::{HOUR, Log, MS, bounded, cleans_up, numbers, panic_of, run, text};

#[test]
fn it_waits_for_all_children_and_gives_the_bodys_value() {
    run(async || {
        let begun = now();
        let value = TaskGroup::scope(|group| async move {
            group.spawn_local(sleep(2 * MS));
            group.spawn_local(sleep(HOUR));
            group.spawn_local(async move { sleep(MS).await });
            5
        })
        .await
        .unwrap();
        assert_eq!(value, 5);
        assert_eq!(now() - begun, HOUR);
        assert_eq!(TaskGroup::scope(|_| async { 6 }).await.unwrap(), 6);
    });
}

#[test]
fn an_error_cancels_siblings_and_body_and_their_cleanup_is_awaited() {
    run(async || {
        let log = Log::default();
        let inside = log.clone();
        let error = TaskGroup::try_scope(|group| async move {
            group.spawn_local(cleans_up(inside.clone(), "left", 3));
            group.spawn_local(cleans_up(inside.clone(), "right", 1));
            group.try_spawn_local(async {
                sleep(MS).await;
                Err::<(), _>(7)
            });
            cleans_up(inside, "body", 2).await;
            Ok(())
        })
        .await
        .unwrap_err();
        assert_eq!(numbers(&error), [7]);
        assert!(error.errors()[0].task().is_some());
        let mut names = log.take();
        names.sort();
        assert_eq!(names, ["body", "left", "right"]);
    });
}

#[test]
fn all_errors_come_back_in_the_order_they_came_the_bodys_last() {
    run(async || {
        let error = TaskGroup::try_scope(|group| async move {
            for n in [3_u32, 1, 2] {
                group.try_spawn_local(async move {
                    if let Err(cancelled) = catch(sleep(n * HOUR)).await {
                        for _ in 0..n {
                            yield_now().await;
                        }
                        cancelled.suppress();
                    }
                    Err::<(), _>(n)
                });
            }
            yield_now().await;
            Err::<(), _>(9)
        })
        .await
        .unwrap_err();
        assert_eq!(numbers(&error), [1, 2, 3, 9]);
        let said = error.to_string();
        assert!(said.starts_with("4 errors in a task group: Task-"), "{said}");
        assert!(said.ends_with("the body: 9"), "{said}");
        let (even, odd) = error.split(|child| child.error().is_some_and(|n| n % 2 == 0));
        assert_eq!(numbers(&even.unwrap()), [2]);
        assert_eq!(numbers(&odd.unwrap()), [1, 3, 9]);
    });
}

#[test]
fn a_panic_of_a_child_counts_as_an_error() {
    run(async || {
        let begun = now();
        let error = TaskGroup::scope(|group| async move {
            let child = group.spawn_local(async {
                sleep(MS).await;
                panic!("oops");
            });
            let other = group.spawn_local(sleep(HOUR));
            let (_, _): (Result<(), _>, _) = (child.await, other.await);
        })
        .await
        .unwrap_err();
        assert_eq!(now() - begun, MS);
        assert!(error.to_string().contains("panicked with \"oops\""), "{error}");
        assert_eq!(text(&*panic_of(|| error.resume_panic())), "oops");
    });
}

#[test]
fn the_bodys_panic_goes_on_when_the_children_have_ended() {
    run(async || {
        let log = Log::default();
        let inside = log.clone();
        let task = spawn_local(async move {
            let body = |group: TaskGroup| async move {
                group.spawn_local(cleans_up(inside, "child", 3));
                yield_now().await;
                panic!("body");
            };
            let _: Result<(), _> = TaskGroup::scope(body).await;
        });
        let error = task.await.unwrap_err();
        assert_eq!(text(&*error.into_panic()), "body");
        assert_eq!(log.take(), ["child"]);
    });
}

#[test]
fn a_child_that_is_cancelled_by_itself_harms_nobody() {
    run(async || {
        let value = TaskGroup::scope(|group| async move {
            let child = group.spawn_local(pending::<()>());
            let other = group.spawn_local(async { 1 });
            yield_now().await;
            child.task().cancel("not needed");
            assert!(child.await.unwrap_err().is_cancelled());
            other.await.unwrap()
        })
        .await
        .unwrap();
        assert_eq!(value, 1);
    });
}

#[test]
fn children_may_start_children_until_the_group_is_empty() {
    run(async || {
        let count = Rc::new(Cell::new(0));
        let kept = Rc::new(Cell::new(None));
        let (inside, keep) = (count.clone(), kept.clone());
        fn grow(group: &TaskGroup, count: Rc<Cell<u32>>, depth: u32) {
            let inner = group.clone();
            group.spawn_local(async move {
                count.set(count.get() + 1);
                yield_now().await;
                if depth > 0 {
                    grow(&inner, count.clone(), depth - 1);
                    grow(&inner, count, depth - 1);
                }
            });
        }
        TaskGroup::scope(|group| async move {
            grow(&group, inside, 4);
            keep.set(Some(group));
        })
        .await
        .unwrap();
        assert_eq!(count.get(), 31);
        // Afterwards it takes none.
        let group = kept.take().unwrap();
        let late = group.spawn_local(async { unreachable!("it does not begin") });
        let _: &JoinHandle<()> = &late;
        let error = late.await.unwrap_err();
        assert_eq!(error.reason().unwrap().message(), Some("its task group has ended"));
    });
}

#[test]
fn a_request_from_outside_reaches_all_and_all_are_awaited() {
    run(async || {
        let log = Log::default();
        let inside = log.clone();
        let task = spawn_local(async move {
            let scope = TaskGroup::scope(|group| async move {
                group.spawn_local(cleans_up(inside.clone(), "slow", 5));
                group.spawn_local(cleans_up(inside.clone(), "quick", 1));
                cleans_up(inside, "body", 3).await;
            });
            let _ = scope.await;
            unreachable!("unwound");
        });
        for _ in 0..3 {
            yield_now().await;
        }
        task.task().cancel("stop");
        let error = task.await.unwrap_err();
        assert_eq!(error.reason().unwrap().message(), Some("stop"));
        assert_eq!(log.take(), ["quick", "body", "slow"]);
    });
}

#[test]
fn it_reaches_children_while_the_scope_only_waits() {
    run(async || {
        let log = Log::default();
        let inside = log.clone();
        let task = spawn_local(async move {
            let _ = TaskGroup::scope(|group| async move {
                group.spawn_local(cleans_up(inside, "child", 2));
            })
            .await;
            unreachable!("unwound");
        });
        for _ in 0..3 {
            yield_now().await;
        }
        task.task().cancel("stop");
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(log.take(), ["child"]);
    });
}

#[test]
fn errors_that_meet_a_request_are_returned_and_the_request_goes_on() {
    run(async || {
        let log = Log::default();
        let inside = log.clone();
        let task = spawn_local(async move {
            let result = TaskGroup::try_scope(|group| async move {
                group.try_spawn_local(async {
                    if let Err(cancelled) = catch(pending::<()>()).await {
                        cancelled.suppress();
                    }
                    Err::<(), _>(4_u32)
                });
                pending::<()>().await;
                Ok(())
            })
            .await;
            inside.push(format!("{:?}", numbers(&result.unwrap_err())));
            yield_now().await;
            inside.push("not reached");
            pending::<()>().await;
        });
        for _ in 0..3 {
            yield_now().await;
        }
        task.task().cancel("stop");
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(log.take()[0], "[4]");
    });
}

#[test]
fn a_second_request_from_outside_reaches_them_too() {
    run(async || {
        let log = Log::default();
        let inside = log.clone();
        let task = spawn_local(async move {
            let stubborn = |name: &'static str| {
                let log = inside.clone();
                async move {
                    for _ in 0..2 {
                        if let Err(cancelled) = catch(pending::<()>()).await {
                            log.push(format!("{name} {}", cancelled.message().unwrap()));
                            cancelled.suppress();
                        }
                    }
                }
            };
            let (child, body) = (stubborn("child"), stubborn("body"));
            TaskGroup::scope(|group| async move {
                group.spawn_local(child);
                body.await;
            })
            .await
            .unwrap();
            inside.push("value");
            pending::<()>().await;
        });
        for _ in 0..3 {
            yield_now().await;
        }
        for message in ["one", "two"] {
            task.task().cancel(message);
            for _ in 0..5 {
                yield_now().await;
            }
        }
        assert!(task.await.unwrap_err().is_cancelled());
        let mut lines = log.take();
        lines.sort();
        assert_eq!(lines, ["body one", "body two", "child one", "child two", "value"]);
    });
}

#[test]
fn cancelling_the_group_leaves_it_early() {
    run(async || {
        let log = Log::default();
        let inside = log.clone();
        let result = TaskGroup::scope(|group| async move {
            group.spawn_local(cleans_up(inside, "child", 2));
            yield_now().await;
            group.cancel();
            let late = group.spawn_local(async { unreachable!() });
            let _: &JoinHandle<()> = &late;
            pending::<()>().await;
        })
        .await;
        assert_eq!(log.take(), ["child"]);
        assert!(result.or_cancelled().unwrap().is_none());

        // A child leaves; the body has returned.
        let value = TaskGroup::scope(|group| async move {
            let inner = group.clone();
            group.spawn_local(pending::<()>());
            group.spawn_local(async move { inner.cancel() });
            3
        })
        .await;
        assert_eq!(value.unwrap(), 3);
    });
}

#[test]
fn a_timeout_around_it_cancels_all() {
    run(async || {
        let begun = now();
        let log = Log::default();
        let inside = log.clone();
        let result = timeout(
            MS,
            TaskGroup::scope(|group| async move {
                group.spawn_local(cleans_up(inside, "child", 2));
                pending::<()>().await;
            }),
        )
        .await;
        assert!(result.is_err());
        assert_eq!(log.take(), ["child"]);
        assert_eq!(now() - begun, MS);
    });
}

#[test]
fn groups_nest() {
    run(async || {
        let error = TaskGroup::try_scope(|outer| async move {
            outer.try_spawn_local(async {
                TaskGroup::try_scope(|inner| async move {
                    inner.try_spawn_local(async { Err::<(), _>(1_u32) });
                    pending::<Result<(), u32>>().await
                })
                .await
                .map_err(|error| numbers(&error))
            });
            outer.spawn_local(pending::<()>());
            Ok(())
        })
        .await
        .unwrap_err();
        assert_eq!(error.errors()[0].error(), Some(&vec![1]));
    });
}

#[test]
fn a_body_that_awaits_its_children_is_unwound_with_them_once() {
    run(async || {
        let log = Log::default();
        let inside = log.clone();
        let error = TaskGroup::try_scope(|group| async move {
            let waits = group.spawn_local(cleans_up(inside, "child", 4));
            group.try_spawn_local(async {
                sleep(MS).await;
                Err::<(), _>(2_u32)
            });
            let _ = waits.await;
            Ok(())
        })
        .await
        .unwrap_err();
        assert_eq!(numbers(&error), [2]);
        assert_eq!(log.take(), ["child"], "its cleanup was not cut by a second request");
    });
}

#[test]
fn started_children_say_when_they_are_ready() {
    run(async || {
        TaskGroup::scope(|group| async move {
            let begun = now();
            let port = group.start(|ready| async move {
                sleep(MS).await;
                ready.set(80);
                sleep(MS).await;
            });
            assert_eq!(port.await.unwrap(), 80);
            assert_eq!(now() - begun, MS);
            let never: Result<(), NotStarted> = group.start(|_ready| async {}).await;
            assert!(never.unwrap_err().to_string().contains("did not say that it is ready"));
            let slow = group.start(|ready| async move {
                pending::<()>().await;
                ready.set(());
            });
            assert!(timeout(MS, slow).await.is_err());
        })
        .await
        .unwrap();
    });
}

#[test]
fn results_come_as_children_end() {
    run(async || {
        let order = TaskGroup::scope(|group| async move {
            let mut results = group.results();
            for n in [3_u32, 1, 2] {
                results.spawn(async move {
                    sleep(n * MS).await;
                    n
                });
            }
            let cancelled = results.spawn(pending());
            sleep(4 * MS).await;
            cancelled.task().cancel(());
            let mut order = Vec::new();
            while let Some(n) = results.next().await {
                order.push(n);
            }
            order
        })
        .await
        .unwrap();
        assert_eq!(order, [1, 2, 3]);
    });
}

#[test]
fn dropped_before_its_end_it_cancels_its_children() {
    run(async || {
        let log = Log::default();
        let mut scope = Box::pin(TaskGroup::scope(|group| {
            let log = log.clone();
            async move {
                group.spawn_local(cleans_up(log, "child", 1));
                pending::<()>().await;
            }
        }));
        assert!(futures::poll!(&mut scope).is_pending());
        yield_now().await;
        drop(scope);
        for _ in 0..4 {
            yield_now().await;
        }
        assert_eq!(log.take(), ["child"]);
    });
}

#[test]
fn ten_thousand_children_and_a_failure_among_them() {
    run(async || {
        let error = TaskGroup::try_scope(|group| async move {
            for n in 0..10_000_u32 {
                group.try_spawn(async move {
                    yield_now().await;
                    if n == 5_000 {
                        return Err(n);
                    }
                    pending::<()>().await;
                    Ok(())
                });
            }
            Ok(())
        })
        .await
        .unwrap_err();
        assert_eq!(numbers(&error), [5_000]);
    });
}

#[test]
fn children_of_another_thread_are_awaited_too() {
    bounded(|| {
        corio::run(async {
            let sum = TaskGroup::scope(|group| async move {
                let (send, receive) = futures::channel::oneshot::channel();
                let outer = group.clone();
                std::thread::spawn(move || {
                    let handles: Vec<_> =
                        (0..100_u32).map(|n| outer.spawn(async move { n })).collect();
                    send.send(handles).unwrap();
                });
                let mut sum = 0;
                for handle in receive.await.unwrap() {
                    sum += handle.await.unwrap();
                }
                sum
            })
            .await
            .unwrap();
            assert_eq!(sum, 4950);
        });
    });
}
