//! `shield`: a result, an error and a cancel come through; a cancel of the awaiter does not.

use std::cell::RefCell;
use std::rc::Rc;

use corio::event_loop::ExceptionHandler;
use corio::{EventLoop, Eventual, eventual, shield, spawn_local};

use crate::support::{Seen, errors_logged, runtime, turn};

#[corio::test(virtual_time)]
async fn test_shield_result() {
    let (promise, inner) = eventual::<u32, ()>();
    let outer = inner.shielded();
    promise.set_result(42).unwrap();
    assert_eq!(outer.await.unwrap(), 42);
    // And of a task.
    assert_eq!(shield(spawn_local(async { 42 })).await.unwrap(), 42);
}

#[corio::test(virtual_time)]
async fn test_shield_exception() {
    let (promise, inner) = eventual::<(), Rc<str>>();
    let mut outer = spawn_local(inner.shielded());
    turn().await;
    let error = Rc::from("expected");
    promise.set_error(Rc::clone(&error)).unwrap();
    turn().await;
    let found = outer.try_take().expect("a turn later").unwrap().unwrap_err();
    assert!(Rc::ptr_eq(&found.into_error().unwrap(), &error));

    let mut task = spawn_local(async { panic!("expected") });
    let error = shield(&mut task).await.unwrap_err();
    assert!(error.to_string().contains("expected"));
}

/// The shield says that its inner one was cancelled; its own task was not asked for anything.
#[corio::test(virtual_time)]
async fn test_shield_cancel_inner() {
    let (_promise, inner) = eventual::<(), ()>();
    let mut outer = spawn_local(inner.shielded());
    turn().await;
    inner.cancel("inner");
    turn().await;
    let error = outer.try_take().expect("a turn later").unwrap().unwrap_err();
    assert!(error.is_cancelled());

    let inner = spawn_local(std::future::pending::<()>());
    let inner_task = inner.task();
    let outer = spawn_local(shield(inner));
    turn().await;
    inner_task.cancel("inner");
    let error = outer.await.unwrap().unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(error.reason().unwrap().message(), Some("inner"));
}

#[corio::test(virtual_time)]
async fn test_shield_cancel_outer() {
    let (_promise, inner) = eventual::<(), ()>();
    let outer = spawn_local(inner.shielded());
    turn().await;
    assert!(format!("{inner:?}").contains("waiters=1"));
    outer.task().cancel(());
    turn().await;
    assert!(outer.task().is_cancelled());
    assert!(!inner.is_done());
    assert!(!format!("{inner:?}").contains("waiters"), "it stands in no line: {inner:?}");
}

/// A shield that is given up before what it shields has an outcome.
async fn give_up(inner: &Eventual<u32, &'static str>) {
    let outer = spawn_local(inner.shielded());
    turn().await;
    outer.task().cancel(());
    turn().await;
    assert!(outer.task().is_cancelled());
}

/// Writes down what the loop's exception handler is told.
fn watch() -> Seen<String> {
    let told = Seen::new();
    let handler: ExceptionHandler = Rc::new({
        let told = told.clone();
        move |_, context| told.push(context.to_string())
    });
    EventLoop::current().set_exception_handler(Some(handler));
    told
}

#[test]
fn test_shield_cancel_outer_result() {
    let logged = errors_logged(|| {
        runtime().block_on(async {
            let told = watch();
            let (promise, inner) = eventual();
            give_up(&inner).await;
            promise.set_result(1).unwrap();
            turn().await;
            drop((inner, promise));
            assert!(told.all().is_empty());
        });
    });
    assert_eq!(logged, [""; 0]);
}

/// However many shields were given up, an error that nobody has seen is told of once; not before the
/// last who could look at it has gone.
#[test]
fn test_shield_duplicate_log_once() {
    let logged = errors_logged(|| {
        runtime().block_on(async {
            let told = watch();
            let (promise, inner) = eventual();
            give_up(&inner).await;
            give_up(&inner).await;
            promise.set_error("foo").unwrap();
            turn().await;
            drop((inner, promise));
            assert!(told.all().is_empty(), "it belongs to no loop");
        });
    });
    assert_eq!(logged.len(), 1, "{logged:?}");
    assert!(logged[0].contains("exception was never retrieved"), "{logged:?}");
}

#[corio::test(virtual_time)]
async fn test_shield_shortcut() {
    let inner = Eventual::<u32, ()>::ready(42);
    let mut outer = Box::pin(inner.shielded());
    assert!(futures::poll!(&mut outer).is_ready(), "at once");

    let mut task = spawn_local(async { 42 });
    turn().await;
    let mut outer = shield(&mut task);
    let polled = futures::poll!(&mut outer);
    assert!(matches!(polled, std::task::Poll::Ready(Ok(42))));
}

#[corio::test(virtual_time)]
async fn test_shield_effect() {
    let (promise, waiter) = eventual::<(), ()>();
    let proof = Seen::new();
    let inner_task = Rc::new(RefCell::new(None));
    let outer = spawn_local({
        let (waiter, proof, inner_task) = (waiter.clone(), proof.clone(), inner_task.clone());
        async move {
            let of_inner = proof.clone();
            let inner = spawn_local(async move {
                waiter.await.unwrap();
                of_inner.push(1);
            });
            inner_task.replace(Some(inner.task()));
            shield(inner).await.unwrap();
            proof.push(100);
        }
    });
    turn().await;
    outer.task().cancel(());
    assert!(outer.await.unwrap_err().is_cancelled());
    let inner = inner_task.take().unwrap();
    assert!(!inner.is_done());
    assert_eq!(inner.cancelling(), 0);
    promise.set_result(()).unwrap();
    turn().await;
    assert_eq!(proof.all(), [1]);
    assert!(inner.is_done() && !inner.is_cancelled());
}
