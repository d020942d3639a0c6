//! Ten thousand scopes in one task: cancelling them takes time that grows with their number.

use std::future::pending;
use std::time::{Duration, Instant};

use corio_task::{JoinHandle, catch};
use futures::future::join_all;
use futures::stream::{FuturesUnordered, StreamExt};

use crate::scopes::{Flag, assert_cancelled, flagged, raise, turn};
use crate::support::{Door, Loop};

const COUNT: usize = 10_000;

/// A guard, not a measurement: four times what the sanitizer's build takes beside other builds.
const LIMIT: Duration = Duration::from_secs(20);

fn timed(what: &str, run: impl FnOnce()) {
    let start = Instant::now();
    run();
    let took = start.elapsed();
    println!("{what}: {took:?}");
    assert!(took < LIMIT, "{what}: {took:?}");
}

#[test]
fn ten_thousand_catches() {
    for turns in [0, 3] {
        let home = Loop::new();
        let mut handle = home.spawn(async move {
            let mut all: FuturesUnordered<_> = (0..COUNT)
                .map(|_| async move {
                    let guard = catch(pending::<()>()).await.unwrap_err();
                    for _ in 0..turns {
                        turn().await;
                    }
                    guard.resume().await
                })
                .collect();
            all.next().await
        });
        home.settle();
        handle.task().cancel("x");
        timed("catches", || home.settle());
        assert_cancelled::<Option<()>>(&mut handle, Some("x"));
    }
}

#[test]
fn thousands_of_handles_that_end_one_by_one() {
    let home = Loop::new();
    let doors: Vec<_> = (0..COUNT / 5).map(|_| Door::new()).collect();
    let children: Vec<_> = doors
        .iter()
        .map(|door| {
            let door = door.clone();
            home.spawn(async move {
                let guard = catch(pending::<()>()).await.unwrap_err();
                door.pass().await;
                guard.resume().await
            })
        })
        .collect();
    let tasks: Vec<_> = children.iter().map(JoinHandle::task).collect();
    let mut handle = home.spawn(async move {
        let mut all: FuturesUnordered<_> = children.into_iter().collect();
        while all.next().await.is_some() {}
    });
    home.settle();
    handle.task().cancel("x");
    timed("handles", || {
        home.settle();
        for door in &doors {
            door.open_and_wake();
            home.settle();
        }
    });
    assert!(tasks.iter().all(|task| task.is_done()));
    assert_cancelled(&mut handle, Some("x"));
}

#[test]
fn ten_thousand_targets_at_once() {
    let home = Loop::new();
    let flags: Vec<Flag> = (0..COUNT).map(|_| Flag::default()).collect();
    let mut handle = home.spawn({
        let flags = flags.clone();
        async move {
            let mut all: FuturesUnordered<_> = flags
                .iter()
                .map(|flag| {
                    flagged(flag, async {
                        let guard = catch(pending::<()>()).await.unwrap_err();
                        turn().await;
                        guard.resume().await
                    })
                })
                .collect();
            let mut ended = 0;
            while let Some(result) = all.next().await {
                ended += usize::from(result.is_err());
            }
            ended
        }
    });
    home.settle();
    timed("targets", || {
        flags.iter().for_each(raise);
        home.settle();
    });
    assert_eq!(handle.try_take().unwrap().unwrap(), COUNT);
    assert_eq!(handle.task().unwinding(), corio_task::Unwinding::default());
}

/// Handles that were awaited by a combinator with no scope around are found by a request, and only then.
#[test]
fn handles_that_wait_far_are_passed_on_to() {
    let home = Loop::new();
    let children: Vec<_> = (0..100).map(|_| home.spawn(pending::<()>())).collect();
    let tasks: Vec<_> = children.iter().map(JoinHandle::task).collect();
    let bystanders: Vec<_> = (0..10).map(|_| home.spawn(pending::<()>())).collect();
    let bystander = home.spawn(join_all(bystanders));
    let parent = home.spawn(join_all(children));
    home.settle();
    assert_eq!(parent.task().unwinding().scopes, 0, "nobody registers before a request");
    parent.task().cancel("enough");
    home.settle();
    assert!(parent.is_finished() && tasks.iter().all(corio_task::Task::is_done));
    assert!(!bystander.is_finished(), "who only waits beside it is woken, and waits on");
    bystander.task().cancel(());
    home.settle();
    assert!(bystander.is_finished());
}

/// Each catch has scopes in it, and the one outside decides while most of the others are still to be polled.
#[test]
fn ten_thousand_catches_around_targets_around_catches() {
    let home = Loop::new();
    let flag = Flag::default();
    let mut handle = home.spawn({
        let flag = flag.clone();
        async move {
            let mut all: FuturesUnordered<_> = (0..COUNT)
                .map(|_| {
                    let body = async {
                        let _ = flagged(&flag, async { drop(catch(pending::<()>()).await) }).await;
                        let _ = flagged(&flag, pending::<()>()).await;
                    };
                    async { catch(body).await.unwrap_err().resume().await }
                })
                .collect();
            all.next().await
        }
    });
    home.settle();
    handle.task().cancel("x");
    timed("nested", || home.settle());
    assert_cancelled::<Option<()>>(&mut handle, Some("x"));
}
