//! Awaited handles and masks: what is passed on, and what waits.

use std::cell::RefCell;
use std::future::pending;
use std::pin::Pin;
use std::rc::Rc;

use corio_task::{JoinHandle, catch, mask};
use futures::future::{Either, join, join_all, select};
use futures::stream::{FuturesUnordered, StreamExt};

use crate::scopes::{Flag, Log, assert_cancelled, flagged, inner, outer, raise, turn};
use crate::support::{Bomb, Door, Loop, away};

#[test]
fn cleanup_may_cancel_a_child_and_await_it() {
    let home = Loop::new();
    let log = Log::default();
    let child = home.spawn(pending::<()>());
    let mut handle = home.spawn({
        let log = log.clone();
        async move {
            let guard = catch(pending::<()>()).await.unwrap_err();
            child.task().cancel("mine");
            let ended = child.await;
            log.add(format!("{}", ended.unwrap_err().is_cancelled()));
            guard.resume().await
        }
    });
    home.cancel(&handle, "x");
    assert_cancelled::<()>(&mut handle, Some("x"));
    log.assert(&["true"]);
}

#[test]
fn cleanup_that_spawns_and_awaits_is_not_disturbed() {
    let home = Rc::new(Loop::new());
    let log = Log::default();
    let mut handle = home.spawn({
        let (log, weak) = (log.clone(), Rc::downgrade(&home));
        async move {
            let guard = catch(pending::<()>()).await.unwrap_err();
            let child = weak.upgrade().unwrap().spawn({
                let log = log.clone();
                async move {
                    turn().await;
                    log.add("child cleaned");
                }
            });
            child.await.unwrap();
            guard.resume().await
        }
    });
    home.cancel(&handle, "x");
    assert_cancelled::<()>(&mut handle, Some("x"));
    log.assert(&["child cleaned"]);
}

#[test]
fn a_handle_beside_a_catch_is_passed_on_to_as_well() {
    for handle_first in [true, false] {
        let home = Loop::new();
        let child = home.spawn(pending::<()>());
        let task = child.task();
        let scope = async {
            let guard = catch(pending::<()>()).await.unwrap_err();
            turn().await;
            guard.resume().await
        };
        let mut handle = match handle_first {
            true => home.spawn(async { drop(join(child, scope).await) }),
            false => home.spawn(async { drop(join(scope, child).await) }),
        };
        home.cancel(&handle, "x");
        assert_cancelled(&mut handle, Some("x"));
        assert!(task.is_done(), "it was cancelled with its awaiter");
    }
}

#[test]
fn a_handle_that_is_being_unwound_lets_a_later_request_pass_whatever_its_siblings_suppress() {
    for (wakes, handle_first) in [(false, false), (false, true), (true, false), (true, true)] {
        let home = Loop::new();
        let log = Log::default();
        let child = home.spawn(pending::<()>());
        // Cleans up for "one" until "two" cuts that, and then swallows both.
        let sibling = async {
            let guard = catch(async {
                let _guard = catch(pending::<()>()).await.unwrap_err();
                pending::<()>().await;
            });
            guard.await.unwrap_err().suppress();
        };
        let handle = async { drop(child.await) };
        let pair: [Pin<Box<dyn Future<Output = ()>>>; 2] = match handle_first {
            true => [Box::pin(handle), Box::pin(sibling)],
            false => [Box::pin(sibling), Box::pin(handle)],
        };
        let task = home.spawn({
            let log = log.clone();
            async move {
                let both = async {
                    match wakes {
                        true => pair.into_iter().collect::<FuturesUnordered<_>>().collect().await,
                        false => drop(join_all(pair).await),
                    }
                };
                let guard = catch(both).await.unwrap_err();
                log.add(guard.message().unwrap());
                turn().await;
                guard.suppress();
                pending::<()>().await;
            }
        });
        home.settle();
        let task = task.task();
        task.cancel("one");
        home.settle();
        assert_eq!(task.unwinding().guards, 1, "the sibling's cleanup is not cut");
        task.cancel("two");
        let _ = home.turn();
        log.assert(&["one"]);
        assert_eq!(task.cancelling(), 2, "wakes {wakes}, handle first {handle_first}");
        home.settle();
        assert_eq!(task.cancelling(), 0, "suppressed together");
        assert!(!task.is_done());
    }
}

#[test]
fn before_a_body_goes_by_one_request_a_later_one_reaches_the_catches_in_it() {
    let home = Loop::new();
    let log = Log::default();
    let door = Door::new();
    let child = home.spawn(pending::<()>());
    let mut handle = home.spawn({
        let (log, door) = (log.clone(), door.clone());
        async move {
            // Holds "one" until "two" comes.
            let first = catch(async {
                let _guard = catch(pending::<()>()).await.unwrap_err();
                pending::<()>().await;
            });
            let first = async { first.await.unwrap_err().suppress() };
            // Too young for "one".
            let second = async {
                door.pass().await;
                inner(&log).await;
            };
            // Has let "one" pass, so the catch around takes it as soon as the first branch lets go.
            let third = async { drop(child.await) };
            outer(&log, join(join(first, second), third)).await
        }
    });
    home.settle();
    let task = handle.task();
    task.cancel("one");
    home.settle();
    door.open_and_wake();
    home.settle();
    log.assert(&[]);
    task.cancel("two");
    home.settle();
    log.assert(&["inner cancelled: two", "outer cancelled: one"]);
    assert_cancelled::<()>(&mut handle, Some("one"));
}

#[test]
fn a_catch_takes_before_the_target_in_it_though_a_sibling_has_the_request() {
    let home = Loop::new();
    let log = Log::default();
    let (door, flag) = (Door::new(), Flag::default());
    let handle = home.spawn({
        let (log, door, flag) = (log.clone(), door.clone(), flag.clone());
        async move {
            let first = async {
                let body = flagged(&flag, async {
                    mask(door.pass()).await;
                    pending::<()>().await;
                });
                let guard = catch(body).await.expect_err("the outer request goes first");
                log.add(format!("{guard}"));
                guard.resume().await
            };
            let second = async {
                let _guard = catch(pending::<()>()).await.unwrap_err();
                pending::<()>().await;
            };
            join(first, second).await
        }
    });
    home.settle();
    raise(&flag);
    home.cancel(&handle, "x");
    log.assert(&[]);
    assert_eq!(handle.task().unwinding().guards, 1, "the sibling cleans up");
    door.open_and_wake();
    home.settle();
    log.assert(&["cancelled: x"]);
    assert!(!handle.is_finished(), "the sibling still cleans up");
}

#[test]
fn a_handle_that_a_combinator_awaits_is_passed_on_to_behind_a_catch_that_takes_first() {
    let home = Loop::new();
    let child = home.spawn(pending::<()>());
    let task = child.task();
    let handle = home.spawn(async move {
        let scope = async {
            let _guard = catch(pending::<()>()).await.unwrap_err();
            pending::<()>().await;
        };
        // One future of the combinator polls both, the catch before the handle.
        let both = std::iter::once(join(scope, child)).collect::<FuturesUnordered<_>>();
        both.collect::<Vec<_>>().await;
    });
    home.cancel(&handle, "x");
    assert!(task.is_done(), "it was waited for before the request came");
    assert!(!handle.is_finished(), "the cleanup is not cut");
}

/// A task that selects between a child which goes on unwinding, and one which swallows what it is asked
/// and returns. Both end in the turn before its next poll. `Ok`: it ended with the value.
fn select_between_two_that_end_in_one_turn(cancelled_first: bool) -> (Result<(), ()>, Log) {
    let home = Loop::new();
    let log = Log::default();
    let goes_on = home.spawn(pending::<()>());
    let returns = home.spawn(async { catch(pending::<()>()).await.unwrap_err().suppress() });
    let (first, second) = if cancelled_first { (goes_on, returns) } else { (returns, goes_on) };
    let child = home.spawn(async move { drop(select(first, second).await) });
    let task = child.task();
    let handle = home.spawn({
        let log = log.clone();
        async move {
            let both = async {
                let inner = async {
                    let _guard = match catch(child).await {
                        Ok(ended) => return log.add(format!("inner {}", ended.is_ok())),
                        Err(guard) => guard,
                    };
                    log.add("inner caught");
                    pending::<()>().await;
                };
                join(inner, pending::<()>()).await
            };
            let _guard = catch(both).await.unwrap_err();
            log.add("outer caught");
            pending::<()>().await;
        }
    });
    home.cancel(&handle, "x");
    assert!(task.is_done() && !handle.is_finished());
    (if task.is_cancelled() { Err(()) } else { Ok(()) }, log)
}

#[test]
fn a_handle_that_ends_cancelled_lets_the_request_go_on_in_its_poll() {
    let (ended, log) = select_between_two_that_end_in_one_turn(true);
    assert_eq!(ended, Err(()), "delivered by the first handle: the second one's value is too late");
    log.assert(&["inner caught"]);
}

#[test]
fn a_value_that_is_polled_before_the_handle_that_ended_cancelled_stands() {
    let (ended, log) = select_between_two_that_end_in_one_turn(false);
    assert_eq!(ended, Ok(()), "never delivered: the other handle was not polled");
    log.assert(&["inner true", "outer caught"]);
}

#[test]
fn a_catch_that_takes_and_swallows_goes_before_the_handles_that_are_polled_after_it() {
    let home = Loop::new();
    let log = Log::default();
    let (first, second) = (home.spawn(pending::<()>()), home.spawn(pending::<()>()));
    let tasks = [first.task(), second.task()];
    let handle = home.spawn({
        let log = log.clone();
        async move {
            // Both children end in one turn, and each of the two catches could take the request.
            let swallows = async {
                catch(first).await.unwrap_err().suppress();
                log.add("swallowed");
            };
            let goes_on = async {
                let _guard = catch(second).await.unwrap_err();
                log.add("not reached");
            };
            drop(select(Box::pin(swallows), Box::pin(goes_on)).await);
            pending::<()>().await;
        }
    });
    home.cancel(&handle, "x");
    assert!(tasks.iter().all(|task| task.is_cancelled()), "both were asked");
    log.assert(&["swallowed"]);
    assert!(!handle.is_finished(), "whoever else was asked is gone, and has said nothing");
    assert_eq!(handle.task().cancelling(), 0);
}

#[test]
fn a_handle_that_takes_the_place_of_a_catch_which_has_answered_is_waited_for() {
    let home = Loop::new();
    let door = Door::new();
    let child = home.spawn({
        let door = door.clone();
        async move {
            let _guard = catch(pending::<()>()).await.unwrap_err();
            door.pass().await;
        }
    });
    let task = child.task();
    let handle = home.spawn(async move {
        // Both leave the tree in the poll in which the handle enters it.
        let scopes = async {
            let inner = async { catch(pending::<()>()).await.unwrap_err().postpone() };
            catch(inner).await.expect("the inner one has answered");
        };
        // A combinator that has polled all of its futures wakes its task: not so with a second one.
        let futures: [Pin<Box<dyn Future<Output = ()>>>; 2] =
            [Box::pin(async { drop(join(scopes, child).await) }), Box::pin(pending())];
        futures.into_iter().collect::<FuturesUnordered<_>>().collect::<Vec<_>>().await;
    });
    home.cancel(&handle, "x");
    assert_eq!(task.unwinding().guards, 1, "the child cleans up");
    assert!(!handle.is_finished(), "unwinding waits for it");
    door.open_and_wake();
    home.settle();
    assert!(handle.task().is_cancelled());
}

#[test]
fn what_a_select_lost_does_not_hold_anything_back() {
    let home = Loop::new();
    let log = Log::default();
    let (door, mask_door) = (Door::new(), Door::new());
    let mut handle = home.spawn({
        let (log, door, mask_door) = (log.clone(), door.clone(), mask_door.clone());
        async move {
            let held = Box::pin(mask(mask_door.pass()));
            let Either::Right((_, lost)) = select(held, Box::pin(door.pass())).await else {
                panic!("the mask has not ended");
            };
            log.add("on");
            pending::<()>().await;
            drop(lost);
        }
    });
    home.cancel(&handle, "x");
    assert!(!handle.is_finished(), "the mask is waited for");
    door.open_and_wake();
    home.settle();
    log.assert(&["on"]);
    assert_cancelled(&mut handle, Some("x"));
}

#[test]
fn a_handle_that_is_parked_is_not_passed_on_to() {
    let home = Loop::new();
    let mut child = home.spawn(pending::<()>());
    let task = child.task();
    let mut handle = home.spawn(async move {
        {
            let lost = select(&mut child, Box::pin(turn())).await;
            assert!(matches!(lost, Either::Right(_)));
        }
        pending::<()>().await;
    });
    home.cancel(&handle, "x");
    assert_cancelled(&mut handle, Some("x"));
    assert!(!task.is_done(), "detached");
}

#[test]
fn three_that_await_each_other_end() {
    for cancelled in 0..3 {
        let home = Loop::new();
        let slots: Vec<Rc<RefCell<Option<JoinHandle<()>>>>> =
            (0..3).map(|_| Rc::default()).collect();
        let handles: Vec<_> = (0..3)
            .map(|n| {
                let slot = slots[n].clone();
                home.spawn(async move {
                    let other = slot.borrow_mut().take().unwrap();
                    let _ = other.await;
                })
            })
            .collect();
        let tasks: Vec<_> = handles.iter().map(JoinHandle::task).collect();
        for (n, handle) in handles.into_iter().enumerate() {
            *slots[(n + 1) % 3].borrow_mut() = Some(handle);
        }
        home.settle();
        tasks[cancelled].cancel("x");
        home.settle();
        assert!(tasks.iter().all(|task| task.is_done()), "cancelled {cancelled}");
    }
}

#[test]
fn a_chain_of_a_hundred_is_unwound_from_its_end() {
    let home = Loop::new();
    let log = Log::default();
    let mut last = home.spawn(pending::<()>());
    for n in 0..100 {
        let log = log.clone();
        last = home.spawn(async move {
            let guard = catch(last).await.expect_err("the child ends cancelled");
            log.add(format!("{n}"));
            guard.resume().await
        });
    }
    home.cancel(&last, "x");
    assert_cancelled(&mut last, Some("x"));
    let expected: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    log.assert(&expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn a_child_that_panics_in_cleanup_tells_its_awaiter() {
    let home = Loop::new();
    let child = home.spawn(async {
        let _guard = catch(pending::<()>()).await;
        panic!("in cleanup");
    });
    let log = Log::default();
    let mut handle = home.spawn({
        let log = log.clone();
        async move {
            log.add(format!("{}", child.await.unwrap_err().is_panic()));
            turn().await;
            log.add("not reached");
        }
    });
    home.cancel(&handle, "x");
    log.assert(&["true"]);
    assert_cancelled(&mut handle, Some("x"));
}

#[test]
fn a_body_that_panics_when_it_is_dropped_ends_the_task_with_that() {
    let home = Loop::new();
    let mut handle = home.spawn(async {
        let body = async {
            let _bomb = Bomb("destructor");
            pending::<()>().await;
        };
        let _ = catch(body).await;
    });
    home.settle();
    let task = handle.task();
    task.cancel("x");
    home.settle();
    assert!(handle.try_take().unwrap().unwrap_err().is_panic());
    assert_eq!(task.unwinding().scopes, 0);
    assert_eq!(task.unwinding().guards, 0);
}

#[test]
fn masks_nest_and_catches_in_them_see_only_what_comes_from_inside() {
    let home = Loop::new();
    let log = Log::default();
    let (door, flag) = (Door::new(), Flag::default());
    let mut handle = home.spawn({
        let (log, door, flag) = (log.clone(), door.clone(), flag.clone());
        async move {
            mask(mask(async {
                let inner = flagged(&flag, async {
                    let guard = catch(pending::<()>()).await.unwrap_err();
                    log.add(format!("{guard}"));
                    turn().await;
                    guard.resume().await
                });
                log.add(format!("{:?}", inner.await));
                door.pass().await;
            }))
            .await;
            log.add("out");
            turn().await;
            log.add("not reached");
        }
    });
    home.cancel(&handle, "outside");
    log.assert(&[]);
    raise(&flag);
    home.settle();
    log.assert(&["cancelled: flag", "Err(\"flag\")"]);
    door.open_and_wake();
    home.settle();
    log.assert(&["cancelled: flag", "Err(\"flag\")", "out"]);
    assert_cancelled(&mut handle, Some("outside"));
}

#[test]
fn after_a_mask_the_request_asks_a_catch_that_is_awaited_only_then() {
    let home = Loop::new();
    let log = Log::default();
    let door = Door::new();
    let mut handle = home.spawn({
        let (log, door) = (log.clone(), door.clone());
        async move {
            let mut later = Box::pin(catch(pending::<()>()));
            assert!(futures::poll!(&mut later).is_pending());
            mask(door.pass()).await;
            let guard = later.await.unwrap_err();
            log.add("cleaned");
            guard.resume().await
        }
    });
    home.cancel(&handle, "x");
    door.open_and_wake();
    home.settle();
    log.assert(&["cleaned"]);
    assert_cancelled::<()>(&mut handle, Some("x"));
}

#[test]
fn cancelled_from_another_thread_it_cleans_up_at_home() {
    let home = Loop::new();
    let log = Log::default();
    let mut handle = home.spawn({
        let log = log.clone();
        async move {
            let guard = catch(pending::<()>()).await.unwrap_err();
            turn().await;
            log.add("cleaned");
            guard.resume().await
        }
    });
    home.settle();
    let task = handle.task();
    away(move || assert!(task.cancel("away")));
    home.settle();
    log.assert(&["cleaned"]);
    assert_cancelled::<()>(&mut handle, Some("away"));
}
