//! Combinators that end their poll before they have polled all who were woken: nobody goes before who
//! was asked is polled.
//!
//! `FuturesUnordered` does so when two of its futures were woken while they were polled.

use std::future::pending;
use std::pin::Pin;

use corio_task::{JoinHandle, catch};
use futures::stream::{FuturesUnordered, StreamExt};

use crate::scopes::{Flag, Log, assert_cancelled, flagged, inner, outer, raise, turn};
use crate::support::{Door, Loop};

type Boxed<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

async fn all(futures: impl IntoIterator<Item = Boxed<'_>>) {
    futures.into_iter().collect::<FuturesUnordered<_>>().collect::<Vec<_>>().await;
}

/// Holds the first request until the second one comes, then goes on unwinding with both: which wakes
/// whoever polls it.
async fn stubborn() {
    let body = async {
        let _guard = catch(pending::<()>()).await.unwrap_err();
        pending::<()>().await;
    };
    let _ = catch(body).await;
    pending::<()>().await;
}

/// Waits for the first request, and then for `then`: too late for that request.
async fn young(then: impl Future<Output = ()>) {
    drop(catch(pending::<()>()).await);
    then.await;
}

/// Two of the first, and one of the second, who swallows the request that it gets.
async fn unquiet(log: &Log) {
    all([Box::pin(stubborn()) as Boxed<'_>, Box::pin(stubborn()), Box::pin(young(inner(log)))])
        .await;
}

#[test]
fn before_a_task_ends_by_one_request_a_later_one_is_passed_on() {
    let home = Loop::new();
    let child = home.spawn(pending::<()>());
    let child_task = child.task();
    let mut handle = home.spawn(all([
        Box::pin(stubborn()) as Boxed<'_>,
        Box::pin(stubborn()),
        Box::pin(young(async { drop(child.await) })),
    ]));
    home.settle();
    let task = handle.task();
    task.cancel("one");
    home.settle();
    assert!(!child_task.is_done(), "it is younger than that");
    task.cancel("two");
    home.settle();
    assert!(child_task.is_cancelled(), "its awaiter was cancelled while it was awaited");
    assert_cancelled(&mut handle, Some("one"));
}

#[test]
fn before_a_body_goes_by_one_request_a_later_one_reaches_who_was_not_polled_yet() {
    let home = Loop::new();
    let log = Log::default();
    let mut handle = home.spawn({
        let log = log.clone();
        async move { outer(&log, unquiet(&log)).await }
    });
    home.settle();
    let task = handle.task();
    task.cancel("one");
    home.settle();
    log.assert(&[]);
    task.cancel("two");
    home.settle();
    log.assert(&["inner cancelled: two", "outer cancelled: one"]);
    assert_cancelled::<()>(&mut handle, Some("one"));
}

#[test]
fn before_a_body_goes_by_one_request_that_of_a_target_in_it_reaches_all_scopes_there() {
    let home = Loop::new();
    let log = Log::default();
    let flag = Flag::default();
    let mut handle = home.spawn({
        let (log, flag) = (log.clone(), flag.clone());
        async move { outer(&log, flagged(&flag, unquiet(&log))).await }
    });
    home.cancel(&handle, "one");
    log.assert(&[]);
    raise(&flag);
    home.settle();
    log.assert(&["inner cancelled: flag", "outer cancelled: one"]);
    assert_cancelled::<()>(&mut handle, Some("one"));
}

#[test]
fn who_is_asked_and_goes_unpolled_is_not_waited_for() {
    let home = Loop::new();
    let log = Log::default();
    let flag = Flag::default();
    let door = Door::new();
    let mut handle = home.spawn({
        let (log, flag, door) = (log.clone(), flag.clone(), door.clone());
        async move {
            let holds = async {
                let guard = catch(pending::<()>()).await.unwrap_err();
                door.pass().await;
                guard.resume().await
            };
            // Stands in the tree, and is polled by nobody from then on.
            let mut parked = FuturesUnordered::new();
            parked.push(flagged(&flag, catch(pending::<()>())));
            let body = async {
                let first = std::future::poll_fn(|context| {
                    std::task::Poll::Ready(parked.poll_next_unpin(context))
                });
                assert!(first.await.is_pending());
                holds.await
            };
            outer(&log, body).await
        }
    });
    home.settle();
    let task = handle.task();
    task.cancel("one");
    home.settle();
    raise(&flag);
    task.cancel("two");
    door.open_and_wake();
    home.settle();
    log.assert(&["outer cancelled: one"]);
    assert_cancelled::<()>(&mut handle, Some("one"));
}

#[test]
fn a_handle_that_waits_far_is_passed_on_to_behind_those_that_give_way() {
    let home = Loop::new();
    let child = home.spawn(pending::<()>());
    let child_task = child.task();
    let task = child_task.clone();
    let busy = || {
        let task = task.clone();
        async move {
            while !task.is_done() {
                turn().await;
            }
            pending().await
        }
    };
    let handle: JoinHandle<()> = home.spawn(all([
        Box::pin(busy()) as Boxed<'_>,
        Box::pin(busy()),
        Box::pin(async { drop(child.await) }),
    ]));
    for _ in 0..8 {
        home.turn();
    }
    handle.task().cancel("x");
    let mut turns = 0;
    while !handle.is_finished() {
        home.turn();
        turns += 1;
        assert!(turns < 1000, "bounded");
    }
    assert!(child_task.is_cancelled(), "its awaiter was cancelled while it was awaited");
}
