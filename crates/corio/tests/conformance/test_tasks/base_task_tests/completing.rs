//! `as_completed`: handles in the order in which their tasks end.

use std::panic::catch_unwind;
use std::rc::Rc;
use std::time::Duration;

use corio::sync::Mutex;
use corio::time::{now, sleep_with};
use corio::{AsCompleted, JoinHandle, as_completed, spawn, spawn_local, wait};
use futures::StreamExt;

use crate::support::implements;

const MS: Duration = Duration::from_millis(1);

fn after<T: 'static>(delay: Duration, value: T) -> JoinHandle<T> {
    spawn_local(sleep_with(delay, value))
}

#[corio::test(virtual_time)]
async fn test_as_completed_with_unused_timeout() {
    let begun = now();
    let mut completed = as_completed([after(10 * MS, 'a')]).timeout(Duration::from_secs(1));
    while let Some(handle) = completed.next().await {
        assert_eq!(handle.unwrap().await.unwrap(), 'a');
    }
    assert_eq!(now() - begun, 10 * MS);

    // As a stream of others.
    let completed = as_completed([after(10 * MS, 'a')]).timeout(Duration::from_secs(1));
    let handles: Vec<_> = completed.collect().await;
    assert_eq!(handles.len(), 1);
    assert!(handles.into_iter().all(|handle| handle.unwrap().is_finished()));
    assert_eq!(now() - begun, 20 * MS);
}

/// A place in the line that was handed out before anything has ended.
async fn place<T>(completed: Rc<Mutex<AsCompleted<T>>>) -> T {
    let handle = completed.lock().await.next().await;
    handle.expect("as many as tasks").await.unwrap()
}

/// Who asks first gets the first that ends, whatever the order of the handles or of the places.
#[corio::test(virtual_time)]
async fn test_as_completed_reverse_wait() {
    let begun = now();
    let tasks = [after(100 * MS, 'b'), after(50 * MS, 'a')];
    let completed = Rc::new(Mutex::new(as_completed(tasks)));
    let (place0, place1) = (place(completed.clone()), place(completed.clone()));
    assert_eq!(completed.lock().await.len(), 2);
    assert_eq!(place1.await, 'a');
    assert_eq!(now() - begun, 50 * MS);
    assert_eq!(place0.await, 'b');
    assert_eq!(now() - begun, 100 * MS);
    assert!(completed.lock().await.next().await.is_none());
}

#[corio::test(virtual_time)]
async fn test_as_completed_concurrent() {
    let begun = now();
    let tasks = || [after(50 * MS, 'a'), after(50 * MS, 'b')];
    let completed = Rc::new(Mutex::new(as_completed(tasks())));
    let mut places = (0..2).map(|_| spawn_local(place(completed.clone()))).collect();
    let done = wait(&mut places).await.unwrap();
    let mut values = Vec::new();
    for handle in done {
        values.push(handle.await.unwrap());
    }
    assert_eq!(values, ['a', 'b']);
    assert_eq!(now() - begun, 50 * MS);

    // As a stream of others, whose items are waited for together.
    let mut handles = as_completed(tasks()).collect::<Vec<_>>().await;
    assert_eq!(wait(&mut handles).await.unwrap().len(), 2);
    assert_eq!(now() - begun, 100 * MS);
}

/// The same task cannot be given twice: its handle is moved, and has no clones.
#[corio::test(virtual_time)]
async fn test_as_completed_duplicate_coroutines() {
    assert!(!implements!(JoinHandle<()>: Clone));
    let handles = ["ham", "spam"].map(|text| spawn_local(async move { text }));
    let mut completed = as_completed(handles);
    let mut result = Vec::new();
    while let Some(handle) = completed.next().await {
        result.push(handle.await.unwrap());
    }
    assert_eq!(result, ["ham", "spam"]);
}

/// Where no loop runs, there is no task to give it: the panic says what to do.
#[test]
fn test_as_completed_coroutine_without_loop() {
    let panic = catch_unwind(|| as_completed([spawn(async { 42 })])).map(|_| ()).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("needs a runtime, and none runs"), "{message}");
}

#[corio::test(virtual_time)]
async fn test_as_completed_coroutine_use_running_loop() {
    let mut completed = as_completed([spawn(async { 42 })]);
    assert_eq!(completed.len(), 1);
    assert_eq!(completed.next().await.unwrap().await.unwrap(), 42);
    assert!(completed.next().await.is_none() && completed.is_empty());
}
