//! Task groups at awkward moments: starts during the end, requests that meet errors, panics in
//! destructors, combinators around them.

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, mpsc};

use corio::cancel::{CancelScope, catch, mask};
use corio::group::GroupResult;
use corio::time::now;
use corio::{JoinHandle, TaskGroup, sleep, spawn_local, timeout, yield_now};

use crate::util::{HOUR, Log, MS, OnDrop, bounded, cleans_up, numbers, panic_of, run, text, turns};

#[test]
fn once_the_body_was_cut_from_outside_no_child_begins_and_none_is_left_unasked() {
    run(async || {
        let begun = now();
        let log = Log::default();
        let inside = log.clone();
        let task = spawn_local(async move {
            let _ = TaskGroup::scope(|group| async move {
                let inner = group.clone();
                let (child, late) = (inside.clone(), inside.clone());
                group.spawn_local(async move {
                    let Err(cancelled) = catch(pending::<()>()).await else { return };
                    turns(3).await;
                    let late: JoinHandle<()> = inner.spawn_local(async move {
                        late.push("begun");
                        sleep(HOUR).await;
                    });
                    child.push(format!("open {}", inner.is_open()));
                    assert!(late.await.unwrap_err().is_cancelled());
                    cancelled.resume().await
                });
                pending::<()>().await;
            })
            .await;
        });
        turns(3).await;
        task.task().cancel("stop");
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(log.take(), ["open false"]);
        assert!(now() - begun < HOUR, "nobody waited for the late child");
    });
}

#[test]
fn a_child_begun_by_the_bodys_cleanup_is_asked_when_the_body_is_cut() {
    run(async || {
        let begun = now();
        let log = Log::default();
        let inside = log.clone();
        let task = spawn_local(async move {
            let _ = TaskGroup::scope(|group| async move {
                group.spawn_local(cleans_up(inside.clone(), "first", 6));
                let Err(cancelled) = catch(pending::<()>()).await else { return };
                // The body decides: until it has gone, the group is open.
                group.spawn_local(cleans_up(inside.clone(), "late", 2));
                turns(2).await;
                inside.push("body");
                cancelled.resume().await
            })
            .await;
        });
        turns(3).await;
        task.task().cancel("stop");
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(log.take(), ["body", "late", "first"]);
        assert!(now() - begun < HOUR);
    });
}

#[test]
fn a_child_that_begins_while_only_children_are_asked_is_refused() {
    run(async || {
        let log = Log::default();
        let inside = log.clone();
        let task = spawn_local(async move {
            TaskGroup::scope(|group| async move {
                let inner = group.clone();
                group.spawn_local(async move {
                    let Err(cancelled) = catch(pending::<()>()).await else { return };
                    let _late = inner.spawn_local(sleep(HOUR));
                    inside.push("spawned");
                    cancelled.resume().await
                });
            })
            .await
            .unwrap();
        });
        turns(3).await;
        let begun = now();
        task.task().cancel("stop");
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(now() - begun < HOUR);
        assert_eq!(log.take(), ["spawned"]);
    });
}

#[test]
fn a_body_that_suppresses_goes_on_with_an_open_group() {
    run(async || {
        let task = spawn_local(async move {
            let scope = TaskGroup::scope(|group| async move {
                let Err(cancelled) = catch(pending::<()>()).await else { return 0 };
                cancelled.suppress();
                group.spawn_local(async { 7 }).await.unwrap()
            });
            scope.await.unwrap()
        });
        turns(3).await;
        task.task().cancel("stop");
        assert_eq!(task.await.unwrap(), 7);
    });
}

#[test]
fn nested_groups_with_errors_at_both_levels() {
    run(async || {
        let error = TaskGroup::try_scope(|outer| async move {
            let inner_outer = outer.clone();
            outer.try_spawn_local(async move {
                TaskGroup::try_scope(|inner| async move {
                    for n in [1_u32, 2] {
                        inner.try_spawn_local(async move {
                            if let Err(cancelled) = catch(sleep(n * HOUR)).await {
                                cancelled.suppress();
                            }
                            Err::<(), _>(n)
                        });
                    }
                    pending::<()>().await;
                    Ok(())
                })
                .await
                .map_err(|error| numbers(&error))
            });
            inner_outer.try_spawn_local(async {
                sleep(MS).await;
                Err::<(), _>(vec![9])
            });
            Ok(())
        })
        .await
        .unwrap_err();
        let all: Vec<_> = error.errors().iter().map(|e| e.error().unwrap().clone()).collect();
        assert_eq!(all, [vec![9], vec![1, 2]]);
    });
}

#[test]
fn an_outer_failure_during_the_inner_groups_end_does_not_cut_cleanup() {
    run(async || {
        let log = Log::default();
        let inside = log.clone();
        let error = TaskGroup::try_scope(|outer| async move {
            outer.try_spawn_local(async move {
                TaskGroup::try_scope(|inner| async move {
                    inner.spawn_local(async move {
                        let Err(cancelled) = catch(pending::<()>()).await else { return };
                        inside.push("cleanup begins");
                        if let Err(again) = catch(sleep(2 * MS)).await {
                            inside.push("asked again");
                            again.resume().await
                        }
                        inside.push("cleanup ends");
                        cancelled.resume().await
                    });
                    inner.try_spawn_local(async {
                        sleep(MS).await;
                        Err::<(), _>(1_u32)
                    });
                    Ok(())
                })
                .await
                .map_err(|error| numbers(&error)[0])
            });
            outer.try_spawn_local(async {
                sleep(2 * MS).await;
                Err::<(), _>(2_u32)
            });
            Ok::<(), u32>(())
        })
        .await
        .unwrap_err();
        assert_eq!(numbers(&error), [2, 1]);
        assert_eq!(log.take(), ["cleanup begins", "asked again"], "a later request is a new one");
    });
}

#[test]
fn panics_in_body_child_cleanup_and_destructor_are_all_told() {
    run(async || {
        let error = TaskGroup::scope(|group| async move {
            group.spawn_local(async {
                let _cleanup = OnDrop::new(|| panic!("destructor"));
                pending::<()>().await;
            });
            group.spawn_local(async {
                let Err(_cancelled) = catch(pending::<()>()).await else { return };
                panic!("cleanup");
            });
            let first: JoinHandle<()> = group.spawn_local(async {
                sleep(MS).await;
                panic!("child")
            });
            drop(first);
        })
        .await
        .unwrap_err();
        let mut said: Vec<_> = error
            .into_errors()
            .into_iter()
            .map(|child| text(&*child.try_into_panic().ok().unwrap()))
            .collect();
        assert_eq!(said.remove(0), "child");
        said.sort();
        assert_eq!(said, ["cleanup", "destructor"]);

        // The body's own panic wins; its destructor's second panic adds nothing.
        let task = spawn_local(async {
            TaskGroup::scope(|group| async move {
                group.spawn_local(async {
                    let _cleanup = OnDrop::new(|| panic!("destructor"));
                    pending::<()>().await;
                });
                yield_now().await;
                panic!("body")
            })
            .await
            .unwrap()
        });
        let _: &JoinHandle<()> = &task;
        assert_eq!(text(&*task.await.unwrap_err().into_panic()), "body");
    });
}

#[test]
fn a_destructor_that_panics_while_the_body_is_cut_is_the_awaiters_panic() {
    run(async || {
        let log = Log::default();
        let inside = log.clone();
        let task = spawn_local(async move {
            TaskGroup::try_scope(|group| async move {
                group.spawn_local(cleans_up(inside, "child", 3));
                group.try_spawn_local(async { Err::<(), _>(1_u32) });
                let _cleanup = OnDrop::new(|| panic!("destructor"));
                pending::<()>().await;
                Ok(())
            })
            .await
            .unwrap();
        });
        let error = task.await.unwrap_err();
        assert_eq!(text(&*error.into_panic()), "destructor");
        assert_eq!(log.take(), ["child"], "the children were awaited");
    });
}

#[test]
fn a_panicking_argument_for_start_and_its_dead_children() {
    run(async || {
        let error = TaskGroup::try_scope(|group| async move {
            let never = group
                .try_start(|ready: corio::group::Started<()>| async move {
                    yield_now().await;
                    drop(ready);
                    Err::<(), _>(5_u32)
                })
                .await;
            assert!(never.is_err());
            pending::<()>().await;
            Ok(())
        })
        .await
        .unwrap_err();
        assert_eq!(numbers(&error), [5]);

        let error = TaskGroup::scope(|group| async move {
            let never = group
                .start(|_ready: corio::group::Started<()>| async move {
                    yield_now().await;
                    panic!("dies")
                })
                .await;
            assert!(never.is_err());
        })
        .await
        .unwrap_err();
        assert_eq!(text(&*panic_of(|| error.resume_panic())), "dies");

        // In a group that takes none.
        let result = TaskGroup::scope(|group| async move {
            let refused = group.clone();
            group.cancel();
            mask(async move { refused.start(|ready| async move { ready.set(1) }).await.is_err() })
                .await
        })
        .await;
        assert!(result.unwrap(), "refused, it does not wait for ever");
    });
}

#[test]
fn a_group_inside_select_timeout_catch_and_mask() {
    run(async || {
        let log = Log::default();
        // select: the loser is dropped, its children are cancelled.
        let inside = log.clone();
        corio::select! {
            _ = TaskGroup::scope(|group| async move {
                group.spawn_local(cleans_up(inside, "select", 1));
                pending::<()>().await;
            }) => { unreachable!() }
            () = sleep(MS) => {}
        }
        turns(4).await;
        assert_eq!(log.take(), ["select"]);

        // mask: a request waits for the whole group.
        let inside = log.clone();
        let task = spawn_local(async move {
            let child = inside.clone();
            mask(TaskGroup::scope(|group| async move {
                group.spawn_local(async move {
                    sleep(MS).await;
                    child.push("masked child");
                });
            }))
            .await
            .unwrap();
            inside.push("after");
            pending::<()>().await;
        });
        turns(3).await;
        task.task().cancel("stop");
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(log.take()[0], "masked child");

        // catch around: it catches when the children have ended.
        let inside = log.clone();
        let task = spawn_local(async move {
            let scope = TaskGroup::scope(|group| async move {
                group.spawn_local(cleans_up(inside.clone(), "child", 5));
                cleans_up(inside, "body", 1).await;
            });
            let Err(cancelled) = catch(scope).await else { return 0 };
            cancelled.suppress();
            8
        });
        turns(3).await;
        task.task().cancel("stop");
        assert_eq!(task.await.unwrap(), 8);
        assert_eq!(log.take(), ["body", "child"]);
    });
}

#[test]
fn cancel_of_the_group_at_each_moment() {
    run(async || {
        // Before the first poll of the body: that runs to its first wait.
        let inner = Rc::new(Cell::new(false));
        let ran = inner.clone();
        let result = TaskGroup::scope(|group| {
            group.cancel();
            async move {
                ran.set(true);
                pending::<()>().await;
            }
        })
        .await;
        assert!(result.or_cancelled().unwrap().is_none());
        assert!(inner.get(), "cancelled before its start, a body runs to its first wait");

        // In the last step of the body, and after the body, by a child, twice.
        let result = TaskGroup::scope(|group| async move {
            group.cancel();
            group.cancel();
            1
        })
        .await;
        assert_eq!(result.unwrap(), 1);

        // During the unwinding for an error: it changes nothing.
        let error = TaskGroup::try_scope(|group| async move {
            let inside = group.clone();
            group.spawn_local(async move {
                let Err(cancelled) = catch(pending::<()>()).await else { return };
                inside.cancel();
                turns(2).await;
                cancelled.resume().await
            });
            group.try_spawn_local(async { Err::<(), _>(1_u32) });
            Ok(())
        })
        .await
        .unwrap_err();
        assert_eq!(numbers(&error), [1]);

        // After the end.
        let kept = TaskGroup::scope(|group| async move { group }).await.unwrap();
        kept.cancel();
        assert!(!kept.is_open() && kept.is_empty());

        // With a request from outside at the same time: that goes on.
        let task = spawn_local(async {
            let _ = TaskGroup::scope(|group| async move {
                let own = corio::task::current().unwrap();
                group.cancel();
                own.cancel("outside");
                pending::<()>().await;
            })
            .await;
            yield_now().await;
            unreachable!("the request from outside goes on");
        });
        assert_eq!(task.await.unwrap_err().reason().unwrap().message(), Some("outside"));
    });
}

#[test]
fn a_group_under_a_cancel_scope_with_a_deadline_and_a_grace() {
    run(async || {
        let begun = now();
        let log = Log::default();
        let inside = log.clone();
        let scope = CancelScope::new().with_timeout(MS).with_grace(2 * MS);
        let stopped = scope
            .run(TaskGroup::scope(|group| async move {
                group.spawn_local(async move {
                    let Err(_cancelled) = catch(pending::<()>()).await else { return };
                    inside.push("asked");
                    let _told = inside.on_drop("gone");
                    sleep(HOUR).await;
                });
                pending::<()>().await;
            }))
            .await
            .unwrap_err();
        assert!(stopped.is_dropped());
        assert_eq!(now() - begun, 3 * MS);
        turns(5).await;
        assert_eq!(log.take(), ["asked", "gone"], "the dropped group cancels its children again");
    });
}

#[test]
fn timeouts_inside_and_around() {
    run(async || {
        // The inner one's Elapsed is a value; the group goes on.
        let value = TaskGroup::scope(|group| async move {
            let child = group.spawn_local(async { timeout(MS, sleep(HOUR)).await.is_err() });
            child.await.unwrap()
        })
        .await
        .unwrap();
        assert!(value);
        // Around, at the same moment as an error: the errors are returned.
        let result = timeout(
            MS,
            TaskGroup::try_scope(|group| async move {
                group.try_spawn_local(async {
                    if let Err(cancelled) = catch(pending::<()>()).await {
                        cancelled.suppress();
                    }
                    Err::<(), _>(3_u32)
                });
                pending::<()>().await;
                Ok(())
            }),
        )
        .await;
        match result {
            Ok(Err(error)) => assert_eq!(numbers(&error), [3]),
            other => panic!("the errors were lost: {other:?}"),
        }
    });
}

#[test]
fn other_threads_spawn_while_the_group_ends() {
    bounded(|| {
        for round in 0..20_u32 {
            let begun = Arc::new(AtomicU32::new(0));
            let ended = Arc::new(AtomicU32::new(0));
            let (send, receive) = mpsc::channel::<TaskGroup>();
            let (counts, over) = ((begun.clone(), ended.clone()), Arc::new(AtomicBool::new(false)));
            let stop = over.clone();
            let other = std::thread::spawn(move || {
                let group = receive.recv().unwrap();
                let mut refused = 0;
                while refused < 10 && !stop.load(Ordering::Relaxed) {
                    let (begun, ended) = counts.clone();
                    if !group.is_open() {
                        refused += 1;
                    }
                    drop(group.spawn(async move {
                        begun.fetch_add(1, Ordering::Relaxed);
                        struct Ends(Arc<AtomicU32>);
                        impl Drop for Ends {
                            fn drop(&mut self) {
                                self.0.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                        let _ends = Ends(ended);
                        pending::<()>().await;
                    }));
                }
            });
            let (asked, left) = (begun.clone(), ended.clone());
            corio::run(async move {
                let task = spawn_local(async move {
                    let _ = TaskGroup::scope(|group| async move {
                        send.send(group.clone()).unwrap();
                        while asked.load(Ordering::Relaxed) < 20 {
                            yield_now().await;
                        }
                        if round % 2 == 0 {
                            group.cancel();
                        } else {
                            corio::task::current().unwrap().cancel("outside");
                        }
                        pending::<()>().await;
                    })
                    .await;
                });
                let _ = task.await;
                assert_eq!(
                    begun.load(Ordering::Relaxed),
                    left.load(Ordering::Relaxed),
                    "who has begun has ended"
                );
            });
            over.store(true, Ordering::Relaxed);
            other.join().unwrap();
        }
    });
}

#[test]
fn ten_thousand_children_that_clean_up_and_some_that_refuse() {
    run(async || {
        let count = Rc::new(Cell::new(0));
        let inside = count.clone();
        let result = timeout(
            MS,
            TaskGroup::scope(|group| async move {
                for n in 0..10_000_u32 {
                    let count = inside.clone();
                    group.spawn_local(async move {
                        let Err(cancelled) = catch(pending::<()>()).await else { return };
                        turns(n % 7).await;
                        count.set(count.get() + 1);
                        if n % 3 == 0 {
                            cancelled.suppress();
                        }
                    });
                }
                pending::<()>().await;
            }),
        )
        .await;
        assert!(result.is_err());
        assert_eq!(count.get(), 10_000);
    });
}
