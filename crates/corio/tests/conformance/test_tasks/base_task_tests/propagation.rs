//! How a cancel goes through coroutines, tasks and waits.

use corio::cancel::catch;
use corio::{eventual, spawn_local, wait};

use crate::support::{Seen, turn};

/// outer's request goes to inner, and on to what that awaits.
#[corio::test(virtual_time)]
async fn test_yield_future_passes_cancel() {
    let (_promise, waiter) = eventual::<(), ()>();
    let proof = Seen::new();
    let inner = {
        let (waiter, proof) = (waiter.clone(), proof.clone());
        async move {
            match catch(waiter).await {
                Ok(_) => unreachable!("nobody gives a value"),
                Err(cancelled) => {
                    proof.push(1);
                    cancelled.resume().await
                }
            }
        }
    };
    let outer = spawn_local({
        let proof = proof.clone();
        async move {
            match catch(inner).await {
                Ok(()) => proof.push(10),
                Err(cancelled) => {
                    proof.push(100);
                    cancelled.suppress();
                }
            }
        }
    });
    turn().await;
    outer.task().cancel(());
    outer.await.unwrap();
    assert_eq!(proof.all(), [1, 100]);
    assert!(waiter.is_cancelled());
}

/// A cancelled wait ends early, and leaves the tasks alone.
#[corio::test(virtual_time)]
async fn test_yield_wait_does_not_shield_cancel() {
    let (promise, waiter) = eventual::<(), ()>();
    let proof = Seen::new();
    let outer = spawn_local({
        let (waiter, proof) = (waiter.clone(), proof.clone());
        async move {
            let of_inner = proof.clone();
            let mut tasks = vec![spawn_local(async move {
                waiter.await.unwrap();
                of_inner.push(1);
            })];
            wait(&mut tasks).await.unwrap();
            proof.push(100);
        }
    });
    turn().await;
    turn().await;
    outer.task().cancel(());
    assert!(outer.await.unwrap_err().is_cancelled());
    assert!(!waiter.is_cancelled());
    promise.set_result(()).unwrap();
    turn().await;
    assert_eq!(proof.all(), [1]);
}
