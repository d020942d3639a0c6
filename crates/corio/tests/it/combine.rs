//! Several futures in one task: `join!`, `try_join!`, `select!`, borrowing scopes.

use std::future::{pending, ready};

use corio::cancel::catch;
use corio::time::now;
use corio::{join, scope, select, sleep, spawn_local, try_join, yield_now};

use crate::util::{HOUR, Log, MS, run};

#[test]
fn join_awaits_all_at_once() {
    run(async || {
        let begun = now();
        let text = String::from("borrowed");
        let (one, two, ()) = join!(async { text.len() }, async { sleep(MS).await }, sleep(2 * MS),);
        assert_eq!((one, two), (8, ()));
        assert_eq!(now() - begun, 2 * MS);
        assert_eq!(join!(ready(1)), (1,));
    });
}

#[test]
fn try_join_gives_the_first_error() {
    run(async || {
        let begun = now();
        let fails = async {
            sleep(MS).await;
            Err::<(), _>("no")
        };
        let slow = async {
            sleep(HOUR).await;
            Ok(1)
        };
        assert_eq!(try_join!(slow, fails), Err("no"));
        assert_eq!(now() - begun, MS);
        assert_eq!(try_join!(ready(Ok::<_, ()>(1)), ready(Ok("two"))), Ok((1, "two")));
    });
}

#[test]
fn select_gives_the_first_and_drops_the_rest() {
    run(async || {
        let log = Log::default();
        let dropped = log.on_drop("dropped");
        let mut count = 0;
        let value = select! {
            n = async { sleep(MS).await; 7 } => {
                count += n;
                log.take().len()
            }
            () = async { let _dropped = dropped; pending().await } => unreachable!(),
        };
        assert_eq!((value, count), (1, 7), "the other one was gone before the code ran");
    });
}

#[test]
fn select_in_order_or_by_turns() {
    run(async || {
        for _ in 0..50 {
            let first = select! { biased; _ = ready(()) => 1, _ = ready(()) => 2 };
            assert_eq!(first, 1);
        }
        let mut counts = [0; 3];
        for _ in 0..300 {
            let at = select! {
                _ = ready(()) => 0,
                _ = ready(()) => 1,
                _ = ready(()) => 2,
            };
            counts[at] += 1;
        }
        assert!(counts.iter().all(|&count| count > 50), "{counts:?}");
    });
}

#[test]
fn select_with_conditions() {
    run(async || {
        let (no, yes) = (false, true);
        let value = select! {
            n = ready(1), if no => n,
            n = ready(2), if yes => { n }
        };
        assert_eq!(value, 2);
        let value = select! {
            n = ready(1), if no => n,
            else => 9,
        };
        assert_eq!(value, 9);
        // In a loop, with futures that go on.
        let mut slow = Box::pin(sleep(3 * MS));
        let mut ticks = 0;
        loop {
            select! {
                () = &mut slow => break,
                () = sleep(MS) => ticks += 1,
            }
        }
        assert!((2..=3).contains(&ticks));
    });
}

#[test]
fn a_scope_waits_for_children_that_borrow() {
    run(async || {
        let begun = now();
        let numbers = vec![1_u32, 2, 3];
        let sum = scope(|scope| {
            let numbers = &numbers;
            async move {
                for &n in numbers {
                    let inner = scope.clone();
                    drop(scope.spawn(async move {
                        sleep(n * MS).await;
                        drop(inner.spawn(sleep(HOUR)));
                    }));
                }
                scope.spawn(async move { numbers.iter().sum::<u32>() }).await
            }
        })
        .await;
        assert_eq!(sum, 6);
        assert_eq!(now() - begun, HOUR + 3 * MS);
    });
}

#[test]
fn a_cancel_reaches_the_children_of_a_scope() {
    run(async || {
        let log = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let inside = log.clone();
        let task = spawn_local(async move {
            scope(|scope| async move {
                for n in 0..3 {
                    let log = inside.clone();
                    drop(scope.spawn(async move {
                        if let Err(cancelled) = catch(pending::<()>()).await {
                            for _ in 0..n {
                                yield_now().await;
                            }
                            log.lock().unwrap().push(n);
                            cancelled.resume().await
                        }
                    }));
                }
            })
            .await;
        });
        yield_now().await;
        yield_now().await;
        task.task().cancel(());
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(*log.lock().unwrap(), [0, 1, 2]);
    });
}

#[test]
fn only_woken_children_of_a_scope_are_polled() {
    run(async || {
        let polls = std::sync::atomic::AtomicU32::new(0);
        let counted = || async {
            let mut waits = Box::pin(sleep(HOUR));
            std::future::poll_fn(|context| {
                polls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                waits.as_mut().poll(context)
            })
            .await;
        };
        scope(|scope| {
            let children = [counted(), counted()];
            async move {
                for child in children {
                    drop(scope.spawn(child));
                }
                for _ in 0..100 {
                    yield_now().await;
                }
            }
        })
        .await;
        assert_eq!(polls.into_inner(), 4);
    });
}
