//! asyncio's semaphore: [`Semaphore`].
//!
//! `forget` and `add_permits` stand for asyncio's bare `acquire` and `release`. As with the lock,
//! those who are cancelled wait for something behind the permit.

use std::future::pending;
use std::rc::Rc;

use corio::sync::Semaphore;
use corio::{JoinHandle, sleep, spawn_local};

use crate::support::{Seen, implements, join_all, turn};

/// A task that takes a permit for good and writes its number down.
fn taker(semaphore: &Rc<Semaphore>, seen: &Seen<u32>, number: u32) -> JoinHandle<()> {
    let (semaphore, seen) = (semaphore.clone(), seen.clone());
    spawn_local(async move {
        semaphore.acquire().await.unwrap().forget();
        seen.push(number);
    })
}

/// A task that takes a permit and keeps it until it is cancelled.
fn keeper(semaphore: &Rc<Semaphore>) -> JoinHandle<()> {
    let semaphore = semaphore.clone();
    spawn_local(async move {
        let _permit = semaphore.acquire().await.unwrap();
        pending().await
    })
}

#[test]
fn test_initial_value_zero() {
    let semaphore = Semaphore::new(0);
    assert!(semaphore.locked());
    assert!(semaphore.try_acquire().is_err());
}

#[corio::test(virtual_time)]
async fn test_repr() {
    let (semaphore, seen) = (Rc::new(Semaphore::new(1)), Seen::new());
    assert_eq!(format!("{semaphore:?}"), "Semaphore [unlocked, value:1]");
    semaphore.acquire().await.unwrap().forget();
    assert_eq!(format!("{semaphore:?}"), "Semaphore [locked]");
    let first = taker(&semaphore, &seen, 1);
    turn().await;
    assert_eq!(format!("{semaphore:?}"), "Semaphore [locked, waiters:1]");
    let second = taker(&semaphore, &seen, 2);
    turn().await;
    assert_eq!(format!("{semaphore:?}"), "Semaphore [locked, waiters:2]");
    semaphore.add_permits(2);
    join_all([first, second]).await;
}

/// The semaphore itself cannot be awaited, and what can be takes nothing before it is.
#[corio::test(virtual_time)]
async fn test_semaphore() {
    assert!(!implements!(Semaphore: std::future::Future));
    assert!(implements!(corio::sync::Acquire<'_>: std::future::Future));
    let semaphore = Semaphore::new(1);
    assert_eq!(semaphore.available_permits(), 1);
    drop(semaphore.acquire());
    assert!(!semaphore.locked());
    assert_eq!(semaphore.available_permits(), 1);
}

#[corio::test(virtual_time)]
async fn test_acquire() {
    let (semaphore, seen) = (Rc::new(Semaphore::new(3)), Seen::new());
    semaphore.acquire().await.unwrap().forget();
    semaphore.acquire().await.unwrap().forget();
    assert!(!semaphore.locked());
    let first = taker(&semaphore, &seen, 1);
    let second = taker(&semaphore, &seen, 2);
    let third = taker(&semaphore, &seen, 3);

    turn().await;
    assert_eq!(seen.all(), [1]);
    assert!(semaphore.locked());
    assert_eq!(format!("{semaphore:?}"), "Semaphore [locked, waiters:2]");
    assert_eq!(semaphore.available_permits(), 0);

    let fourth = taker(&semaphore, &seen, 4);
    semaphore.add_permits(1);
    semaphore.add_permits(1);
    assert_eq!(semaphore.available_permits(), 0, "both are on their way");

    turn().await;
    assert_eq!(semaphore.available_permits(), 0);
    assert_eq!(seen.len(), 3);
    assert_eq!(format!("{semaphore:?}"), "Semaphore [locked, waiters:1]");
    assert!(first.is_finished() && second.is_finished() && third.is_finished());
    assert!(!fourth.is_finished());

    semaphore.add_permits(1);
    fourth.await.unwrap();
}

/// A permit passes those who are cancelled by, to the first who is not.
#[corio::test(virtual_time)]
async fn test_acquire_cancel_before_awoken() {
    let (semaphore, seen) = (Rc::new(Semaphore::new(0)), Seen::new());
    let (first, second) = (keeper(&semaphore), keeper(&semaphore));
    let (third, fourth) = (taker(&semaphore, &seen, 3), taker(&semaphore, &seen, 4));
    turn().await;

    first.task().cancel(());
    second.task().cancel(());
    semaphore.add_permits(1);
    turn().await;
    turn().await;
    assert!(first.task().is_cancelled() && second.task().is_cancelled());
    assert!(third.is_finished());
    assert!(!fourth.is_finished());

    fourth.task().cancel(());
    turn().await;
    assert!(fourth.task().is_cancelled());
    assert_eq!(seen.all(), [3]);
}

#[corio::test(virtual_time)]
async fn test_acquire_hang() {
    let (semaphore, seen) = (Rc::new(Semaphore::new(0)), Seen::new());
    let (first, second) = (keeper(&semaphore), taker(&semaphore, &seen, 2));
    turn().await;
    first.task().cancel(());
    semaphore.add_permits(1);
    turn().await;
    turn().await;
    assert!(semaphore.locked());
    assert!(second.is_finished());
    assert!(first.task().is_cancelled());
}

#[corio::test(virtual_time)]
async fn test_release_no_waiters() {
    let semaphore = Semaphore::new(1);
    let permit = semaphore.acquire().await.unwrap();
    assert!(semaphore.locked());
    drop(permit);
    assert!(!semaphore.locked());
}

#[corio::test(virtual_time)]
async fn test_acquire_fifo_order() {
    const WORK: std::time::Duration = std::time::Duration::from_millis(10);
    let (semaphore, seen) = (Rc::new(Semaphore::new(1)), Seen::new());
    let tasks = ["c1", "c2", "c3"].map(|tag| {
        let (semaphore, seen) = (semaphore.clone(), seen.clone());
        spawn_local(async move {
            for round in ["1", "2"] {
                let _permit = semaphore.acquire().await.unwrap();
                seen.push(format!("{tag}_{round}"));
                sleep(WORK).await;
            }
        })
    });
    join_all(tasks).await;
    assert_eq!(seen.all(), ["c1_1", "c2_1", "c3_1", "c1_2", "c2_2", "c3_2"]);
}

/// Both waiters have got their permits when the first of them gives its own back: nobody waits for
/// that one, so it is there for who comes first. asyncio lets it wait for the other's turn.
#[corio::test(virtual_time)]
async fn test_acquire_fifo_order_2() {
    let (semaphore, seen) = (Rc::new(Semaphore::new(1)), Seen::new());
    let first = taker(&semaphore, &seen, 1);
    let second = {
        let (semaphore, seen) = (semaphore.clone(), seen.clone());
        spawn_local(async move {
            semaphore.acquire().await.unwrap().forget();
            seen.push(2);
            semaphore.add_permits(1);
            semaphore.acquire().await.unwrap().forget();
            seen.push(4);
        })
    };
    let third = taker(&semaphore, &seen, 3);
    turn().await;
    semaphore.add_permits(1);
    semaphore.add_permits(1);
    join_all([first, second, third]).await;
    assert_eq!(seen.all(), [1, 2, 4, 3]);
}

#[corio::test(virtual_time)]
async fn test_acquire_fifo_order_3() {
    let (semaphore, seen) = (Rc::new(Semaphore::new(0)), Seen::new());
    let tasks = [1, 2, 3].map(|number| taker(&semaphore, &seen, number));
    turn().await;
    tasks[0].task().cancel(());
    turn().await;
    semaphore.add_permits(1);
    semaphore.add_permits(1);
    let results = join_all(tasks).await;
    assert!(results[0].as_ref().unwrap_err().is_cancelled());
    assert!(results[1].is_ok() && results[2].is_ok());
    assert_eq!(seen.all(), [2, 3]);
}
