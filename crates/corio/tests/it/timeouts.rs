//! Deadlines on bodies: who gets a value, who an error, and when.

use std::future::pending;
use std::time::Duration;

use corio::cancel::{catch, mask};
use corio::time::now;
use corio::{Timeout, move_on_after, sleep, spawn_local, timeout, timeout_at, wait_for, yield_now};

use crate::util::{HOUR, Log, MS, bounded, panic_text, run};

#[test]
fn a_value_in_time_is_given_and_costs_no_time() {
    run(async || {
        let begun = now();
        assert_eq!(timeout(HOUR, async { 1 }).await, Ok(1));
        assert_eq!(timeout(Duration::ZERO, async { 1 }).await, Ok(1));
        assert_eq!(timeout_at(begun, async { 1 }).await, Ok(1));
        assert_eq!(now(), begun);
        assert_eq!(timeout(HOUR, async { sleep(MS).await }).await, Ok(()));
        assert_eq!(now() - begun, MS);
    });
}

#[test]
fn a_body_that_takes_too_long_is_dropped_to_the_nanosecond() {
    run(async || {
        let log = Log::default();
        let begun = now();
        let dropped = log.on_drop("dropped");
        let result = timeout(HOUR, async {
            let _dropped = dropped;
            pending::<()>().await
        })
        .await;
        assert_eq!(result.unwrap_err().limit(), Some(HOUR));
        assert_eq!(now() - begun, HOUR);
        assert_eq!(log.take(), ["dropped"]);
    });
}

#[test]
fn no_time_lets_it_run_to_its_first_wait() {
    run(async || {
        let log = Log::default();
        let begun = now();
        for _ in 0..2 {
            let body = async {
                log.push("ran");
                sleep(MS).await;
                log.push("not reached");
            };
            assert!(timeout(Duration::ZERO, body).await.is_err());
            assert_eq!(log.take(), ["ran"]);
        }
        assert!(timeout_at(begun, sleep(MS)).await.is_err());
        assert_eq!(now(), begun);
    });
}

#[test]
fn wait_for_does_not_begin_without_time() {
    run(async || {
        let error = wait_for(async { unreachable!() }, Some(Duration::ZERO)).await;
        let _: &Result<(), _> = &error;
        assert!(error.is_err());
        assert_eq!(wait_for(async { 3 }, Some(MS)).await, Ok(3));
        assert_eq!(wait_for(sleep(HOUR), None).await, Ok(()));
        assert!(wait_for(sleep(HOUR), Some(MS)).await.is_err());
    });
}

#[test]
fn cleanup_is_awaited_and_a_suppressed_request_gives_the_value() {
    run(async || {
        let begun = now();
        let cleaned = timeout(MS, async {
            match catch(pending::<()>()).await {
                Ok(()) => {}
                Err(cancelled) => {
                    sleep(HOUR).await;
                    cancelled.resume().await
                }
            }
        })
        .await;
        assert!(cleaned.is_err());
        assert_eq!(now() - begun, HOUR + MS);
        let kept = timeout(MS, async {
            if let Err(cancelled) = catch(pending::<()>()).await {
                cancelled.suppress();
            }
            sleep(MS).await;
            5
        })
        .await;
        assert_eq!(kept, Ok(5), "it asks once");
    });
}

#[test]
fn a_task_in_it_is_cancelled_and_waited_for() {
    run(async || {
        let mut task = spawn_local(async {
            match catch(pending::<()>()).await {
                Ok(()) => 0,
                Err(cancelled) => {
                    sleep(MS).await;
                    cancelled.resume().await
                }
            }
        });
        let begun = now();
        assert!(timeout(MS, &mut task).await.is_err());
        assert_eq!(now() - begun, 2 * MS);
        assert!(task.await.unwrap_err().is_cancelled());

        let mut stubborn = spawn_local(async {
            if let Err(cancelled) = catch(pending::<()>()).await {
                cancelled.suppress();
            }
            7
        });
        yield_now().await;
        assert_eq!(timeout(Duration::ZERO, &mut stubborn).await.unwrap().unwrap(), 7);

        let mut done = spawn_local(async { 8 });
        yield_now().await;
        assert_eq!(timeout(Duration::ZERO, &mut done).await.unwrap().unwrap(), 8);
    });
}

#[test]
fn nested_only_the_one_whose_time_is_over_says_so() {
    run(async || {
        let inner = timeout(HOUR, async { timeout(MS, pending::<()>()).await }).await;
        assert!(inner.unwrap().is_err());
        let outer = timeout(MS, async { timeout(HOUR, pending::<()>()).await }).await;
        assert!(outer.is_err());
        // Both at once: the outermost wins.
        let both = timeout(MS, async { timeout(MS, pending::<()>()).await }).await;
        assert!(both.is_err());
    });
}

#[test]
fn a_cancel_of_the_task_is_not_taken_for_a_timeout() {
    run(async || {
        let log = Log::default();
        let inside = log.clone();
        let task = spawn_local(async move {
            let result = timeout(HOUR, pending::<()>()).await;
            inside.push(format!("{result:?}"));
        });
        yield_now().await;
        task.task().cancel("enough");
        assert_eq!(task.await.unwrap_err().reason().unwrap().message(), Some("enough"));
        assert!(log.take().is_empty());
        // In the same turn as the deadline, too.
        let task = spawn_local(async { timeout(MS, pending::<()>()).await });
        sleep(MS).await;
        task.task().cancel("enough");
        match task.await {
            Ok(result) => assert!(result.is_err(), "its timer was first"),
            Err(error) => assert!(error.is_cancelled()),
        }
    });
}

#[test]
fn a_mask_makes_it_wait() {
    run(async || {
        let begun = now();
        let result = timeout(MS, async {
            mask(sleep(HOUR)).await;
            pending::<()>().await
        })
        .await;
        assert!(result.is_err());
        assert_eq!(now() - begun, HOUR);
    });
}

#[test]
fn move_on_asks_until_it_is_heard() {
    run(async || {
        let begun = now();
        let log = Log::default();
        let result = move_on_after(MS, async {
            for _ in 0..3 {
                if let Err(cancelled) = catch(pending::<()>()).await {
                    log.push("asked");
                    cancelled.suppress();
                }
                yield_now().await;
            }
            1
        })
        .await;
        assert_eq!(log.take().len(), 3);
        assert_eq!(result, Some(1));
        assert_eq!(move_on_after(MS, pending::<()>()).await, None);
        assert_eq!(now() - begun, 2 * MS);
    });
}

#[test]
fn a_deadline_can_be_moved_while_it_lies_ahead() {
    run(async || {
        let begun = now();
        let limit = Timeout::after(MS);
        assert_eq!(limit.when(), Some(begun + MS));
        assert!(limit.reschedule(None).is_err(), "not entered yet");
        let inside = limit.clone();
        let result = limit
            .run(async {
                inside.reschedule(Some(begun + HOUR)).unwrap();
                sleep(2 * MS).await;
                assert!(!inside.expired());
                inside.reschedule(Some(begun + 3 * MS)).unwrap();
                pending::<()>().await
            })
            .await;
        assert!(result.is_err());
        assert!(limit.expired());
        assert_eq!(now() - begun, 3 * MS);
        let error = limit.reschedule(None).unwrap_err().to_string();
        assert!(error.contains("has expired"), "{error}");

        let off = Timeout::never();
        assert_eq!(off.when(), None);
        assert_eq!(off.run(sleep(HOUR)).await, Ok(()));
        assert!(!off.expired());
        assert!(off.reschedule(None).unwrap_err().to_string().contains("has ended"));
    });
}

#[test]
fn it_says_that_it_has_expired_also_where_a_value_came() {
    run(async || {
        let limit = Timeout::after(MS);
        let result = limit
            .run(async {
                if let Err(cancelled) = catch(pending::<()>()).await {
                    cancelled.suppress();
                }
                1
            })
            .await;
        assert_eq!(result, Ok(1));
        assert!(limit.expired());
    });
}

#[test]
fn entered_twice_it_panics() {
    run(async || {
        let limit = Timeout::after(MS);
        limit.run(async {}).await.unwrap();
        let twice = limit.run(async {});
        let said = panic_text(move || futures::executor::block_on(twice));
        assert!(said.contains("was entered before"), "{said}");
    });
}

#[test]
fn outside_a_runtime_it_works_too() {
    bounded(|| {
        let result = futures::executor::block_on(timeout(MS, pending::<()>()));
        assert!(result.is_err());
        assert_eq!(futures::executor::block_on(timeout(HOUR, async { 1 })), Ok(1));
    });
}
