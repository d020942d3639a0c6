//! Cancel scopes, their handles, and cleanup with a limit.

use std::future::pending;
use std::time::Duration;

use corio::cancel::{CancelHandle, CancelScope, catch, clean_up};
use corio::time::now;
use corio::{sleep, spawn_local, yield_now};

use crate::util::{HOUR, Log, MS, run};

#[test]
fn a_handle_cancels_from_outside() {
    run(async || {
        let scope = CancelScope::new();
        let handle = scope.handle();
        spawn_local(async move {
            sleep(MS).await;
            assert!(handle.cancel("stop"));
            assert!(!handle.cancel("again"), "the first one counts");
        });
        let begun = now();
        let stopped = scope.run(pending::<()>()).await.unwrap_err();
        assert_eq!(stopped.reason().message(), Some("stop"));
        assert!(!stopped.is_deadline() && !stopped.is_dropped());
        assert!(scope.cancel_called() && scope.cancelled_caught());
        assert_eq!(now() - begun, MS);
    });
}

#[test]
fn cancelled_before_it_is_entered_it_runs_to_the_first_wait() {
    run(async || {
        let log = Log::default();
        let scope = CancelScope::new();
        scope.cancel(());
        let result = scope
            .run(async {
                log.push("ran");
                pending::<()>().await;
            })
            .await;
        assert!(result.is_err());
        assert_eq!(log.take(), ["ran"]);
        let scope = CancelScope::new();
        scope.cancel(());
        assert_eq!(scope.run(async { 1 }).await.unwrap(), 1);
        assert!(scope.cancel_called() && !scope.cancelled_caught());
    });
}

#[test]
fn children_go_with_their_parents_and_alone() {
    run(async || {
        let root = CancelHandle::new();
        let (left, right) = (root.child(), root.child());
        let leaf = left.child();
        left.cancel("left");
        assert!(leaf.is_cancelled() && !right.is_cancelled() && !root.is_cancelled());
        root.cancel("root");
        assert_eq!(right.reason().unwrap().message(), Some("root"));
        assert_eq!(leaf.reason().unwrap().message(), Some("left"));
        assert!(root.child().is_cancelled(), "one that comes late, too");
    });
}

#[test]
fn many_short_children_do_not_pile_up_and_all_are_told() {
    run(async || {
        let root = CancelHandle::new();
        for _ in 0..10_000 {
            drop(root.child());
        }
        let waiting: Vec<_> = (0..100)
            .map(|_| {
                let waits = root.cancelled();
                spawn_local(async move { waits.await.message().map(str::to_owned) })
            })
            .collect();
        yield_now().await;
        root.cancel("all");
        for task in waiting {
            assert_eq!(task.await.unwrap().as_deref(), Some("all"));
        }
    });
}

#[test]
fn a_deadline_can_be_moved_by_anybody() {
    run(async || {
        let begun = now();
        let scope = CancelScope::new().with_timeout(HOUR);
        let handle = scope.handle();
        spawn_local(async move {
            sleep(MS).await;
            handle.set_deadline(Some(begun + 2 * MS));
        });
        let stopped = scope.run(pending::<()>()).await.unwrap_err();
        assert!(stopped.is_deadline());
        assert_eq!(now() - begun, 2 * MS);
    });
}

#[test]
fn a_body_that_does_not_end_is_dropped_after_its_grace() {
    run(async || {
        for (grace, least) in [(Duration::ZERO, MS), (HOUR, HOUR + MS)] {
            let begun = now();
            let log = Log::default();
            let dropped = log.on_drop("dropped");
            let scope = CancelScope::new().with_timeout(MS).with_grace(grace);
            let body = async {
                let _dropped = dropped;
                loop {
                    match catch(pending::<()>()).await {
                        Ok(()) => {}
                        Err(cancelled) => {
                            log.push("asked");
                            pending::<()>().await;
                            cancelled.suppress();
                        }
                    }
                }
            };
            let result: Result<(), _> = scope.run(body).await;
            assert!(result.unwrap_err().is_dropped());
            assert_eq!(now() - begun, least);
            assert_eq!(log.take(), ["asked", "dropped"]);
        }
    });
}

#[test]
fn cleanup_within_its_grace_is_awaited() {
    run(async || {
        let begun = now();
        let scope = CancelScope::new().with_timeout(MS).with_grace(HOUR);
        let result = scope
            .run(async {
                if let Err(cancelled) = catch(pending::<()>()).await {
                    sleep(MS).await;
                    cancelled.resume().await
                }
            })
            .await;
        assert!(!result.unwrap_err().is_dropped());
        assert_eq!(now() - begun, 2 * MS);
    });
}

#[test]
fn a_cleanup_with_a_limit_is_not_disturbed_and_ends() {
    run(async || {
        let log = Log::default();
        let inside = log.clone();
        let task = spawn_local(async move {
            if let Err(cancelled) = catch(pending::<()>()).await {
                let quick = clean_up(HOUR, sleep(MS)).await;
                inside.push(format!("quick {}", quick.is_ok()));
                let slow = clean_up(HOUR, pending::<()>()).await;
                inside.push(format!("slow {}", slow.is_ok()));
                cancelled.resume().await
            }
        });
        yield_now().await;
        let begun = now();
        task.task().cancel("first");
        yield_now().await;
        task.task().cancel("second");
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(log.take(), ["quick true", "slow false"]);
        assert_eq!(now() - begun, HOUR + MS);
    });
}

#[test]
fn an_outer_cancel_goes_through_a_scope() {
    run(async || {
        let scope = CancelScope::new();
        let caught = scope.handle();
        let task = spawn_local(async move {
            let _ = scope.run(pending::<()>()).await;
            unreachable!("the task was cancelled");
        });
        yield_now().await;
        task.task().cancel(());
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(!caught.is_cancelled());
    });
}
