//! Gatherings of tasks that do something.

use std::cell::Cell;
use std::rc::Rc;

use corio::{JoinHandle, eventual, gather, spawn_local};

use crate::support::{Seen, implements, turn, turns};

/// A handle is awaited once, and the compiler sees to it. What several wait for is given to each by
/// an `Eventual`.
#[corio::test(virtual_time)]
async fn test_duplicate_coroutines() {
    assert!(!implements!(JoinHandle<u32>: Clone));
    let (abc, once) = eventual::<&str, String>();
    let (def, other) = eventual::<&str, String>();
    let members = [&once, &once, &other, &once].map(|one| spawn_local(one.clone()));
    abc.set_result("abc").unwrap();
    def.set_result("def").unwrap();
    let values = gather(members).await.unwrap().into_iter().map(Result::unwrap);
    assert_eq!(values.collect::<Vec<_>>(), ["abc", "abc", "def", "abc"]);
}

#[corio::test(virtual_time)]
async fn test_cancellation_broadcast() {
    let proof = Rc::new(Cell::new(0));
    let (_promises, waiters): (Vec<_>, Vec<_>) = (0..2).map(|_| eventual::<(), String>()).unzip();
    let children: Vec<_> = waiters
        .iter()
        .map(|waiter| {
            let (proof, waiter) = (proof.clone(), waiter.clone());
            spawn_local(async move {
                let _ = waiter.await;
                proof.set(proof.get() + 1);
            })
        })
        .collect();
    let tasks: Vec<_> = children.iter().map(JoinHandle::task).collect();
    let outer_proof = proof.clone();
    let outer = spawn_local(async move {
        let _ = gather(children).await;
        outer_proof.set(outer_proof.get() + 100);
    });
    turn().await;
    assert!(outer.task().cancel("all of them"));
    let error = outer.await.unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(error.reason().unwrap().message(), Some("all of them"));
    assert!(waiters.iter().all(corio::Eventual::is_cancelled));
    assert!(tasks.iter().all(corio::task::Task::is_cancelled));
    turn().await;
    assert_eq!(proof.get(), 0);
}

/// The first panic is the gathering's. The second comes when nobody waits for it any more.
#[corio::test(virtual_time)]
async fn test_exception_marking() {
    let told = Seen::new();
    let tells = told.clone();
    corio::EventLoop::current().set_exception_handler(Some(Rc::new(move |_, context| {
        tells.push(context.to_string());
    })));
    let (a, waits_a) = eventual::<(), String>();
    let (b, waits_b) = eventual::<(), String>();
    let inner = |waits: corio::Eventual<(), String>| {
        spawn_local(async move {
            waits.await.unwrap();
            panic!("should not be ignored")
        })
    };
    let children: [JoinHandle<()>; 2] = [inner(waits_a), inner(waits_b)];
    let second = children[1].task();
    let mut outer = spawn_local(async { gather(children).await.map(drop) });
    turn().await;
    a.set_result(()).unwrap();
    turns(2).await;
    b.set_result(()).unwrap();
    turns(2).await;
    assert!(second.is_done() && !second.is_cancelled());
    assert!(outer.is_finished());
    let error = (&mut outer).await.unwrap().unwrap_err();
    assert_eq!(*error.into_panic().downcast::<&str>().unwrap(), "should not be ignored");
    assert!(told.all().is_empty());
}

/// What cannot be gathered is refused before anything is.
#[test]
fn test_issue46672() {
    use corio::many::IntoCrowd;
    assert!(implements!((JoinHandle<u8>, JoinHandle<&'static str>): IntoCrowd));
    assert!(!implements!((JoinHandle<u8>, &'static str): IntoCrowd));
}
