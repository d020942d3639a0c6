//! Scopes that nobody awaits: parked, leaked, in a task that is never quiet; and foreign executors.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use corio_task::{Target, Triggered, catch, mask};
use futures::FutureExt;
use futures::executor::block_on;
use futures::future::join;
use futures::stream::{FuturesUnordered, StreamExt};

use crate::scopes::{Log, assert_cancelled, turn};
use crate::support::{Door, Loop, keep_for_ever};

#[test]
fn a_parked_catch_does_not_hold_back_a_task_that_is_never_quiet() {
    let home = Loop::new();
    let mut handle = home.spawn(async {
        let mut parked = FuturesUnordered::new();
        parked.push(catch(pending::<()>()));
        assert!(poll_fn(|context| Poll::Ready(parked.poll_next_unpin(context))).await.is_pending());
        loop {
            turn().await;
        }
    });
    home.turn();
    handle.task().cancel("x");
    let mut turns = 0;
    while !handle.is_finished() {
        home.turn();
        turns += 1;
        assert!(turns < 200_000, "bounded");
    }
    assert_cancelled::<()>(&mut handle, Some("x"));
}

#[test]
fn a_parked_catch_polled_in_the_cleanup_is_not_asked_by_the_same_request() {
    let home = Loop::new();
    let log = Log::default();
    let door = Door::new();
    let mut handle = home.spawn({
        let (log, door) = (log.clone(), door.clone());
        async move {
            let mut parked = pin!(catch(async {
                turn().await;
                turn().await;
                3
            }));
            assert!((&mut parked).now_or_never().is_none());
            let guard = catch(pending::<()>()).await.unwrap_err();
            door.pass().await;
            log.add(format!("{:?}", parked.await.map_err(|_| "disturbed")));
            guard.resume().await
        }
    });
    home.cancel(&handle, "x");
    door.open_and_wake();
    home.settle();
    log.assert(&["Ok(3)"]);
    assert_cancelled::<()>(&mut handle, Some("x"));
}

#[test]
fn leaked_scopes_are_passed_over() {
    let home = Loop::new();
    let log = Log::default();
    let mut handle = home.spawn({
        let log = log.clone();
        async move {
            for _ in 0..3 {
                let mut leaked = Box::pin(catch(mask(catch(pending::<()>()))));
                let mut all = FuturesUnordered::new();
                all.push(leaked.as_mut());
                assert!(all.next().now_or_never().is_none());
                drop(all);
                keep_for_ever(leaked);
            }
            let guard = catch(pending::<()>()).await.unwrap_err();
            log.add("awaited");
            guard.resume().await
        }
    });
    home.cancel(&handle, "x");
    log.assert(&["awaited"]);
    assert_cancelled::<()>(&mut handle, Some("x"));
}

#[test]
fn outside_a_task_scopes_are_plain_futures() {
    let value = block_on(async {
        let value = catch(mask(async { 1 })).await.unwrap();
        let mut target = pin!(Target::new(catch(pending::<()>())));
        let mut polls = 0;
        let ended = poll_fn(|context| {
            polls += 1;
            context.waker().wake_by_ref();
            target.as_mut().poll_with(context, |_| {
                (polls == 3).then(|| Triggered { reason: "late".into(), level: false })
            })
        });
        let reason = ended.await.map(drop).unwrap_err();
        assert_eq!(reason.message(), Some("late"));
        value
    });
    assert_eq!(value, 1);
}

#[test]
#[should_panic(expected = "outside a task")]
fn a_guard_is_not_resumed_outside_a_task() {
    let home = Loop::new();
    let slot = Rc::new(std::cell::RefCell::new(None));
    let handle = home.spawn({
        let slot = slot.clone();
        async move {
            let guard = catch(pending::<()>()).await.unwrap_err();
            slot.borrow_mut().replace(guard);
        }
    });
    home.cancel(&handle, "x");
    let guard = slot.borrow_mut().take().unwrap();
    block_on(guard.resume());
}

#[test]
fn block_on_within_a_task_finds_its_own_scopes() {
    let home = Loop::new();
    let mut handle = home.spawn(async {
        let value = block_on(catch(join(async { 1 }, catch(async { 2 })))).unwrap();
        (value.0, value.1.unwrap())
    });
    home.settle();
    assert_eq!(handle.try_take().unwrap().unwrap(), (1, 2));
}
