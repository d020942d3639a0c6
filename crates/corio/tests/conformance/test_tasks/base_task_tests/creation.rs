//! How tasks are made, and what becomes of those that nobody has.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use corio::cancel::catch;
use corio::task::{self, Builder, Task};
use corio::{JoinHandle, eventual, spawn_local};

use crate::support::{Seen, implements, turn};

/// The runtime owns its tasks: one that nobody has a handle of, and that only it could wake, is still
/// there, and is cancelled at the end of the run, so that its cleanup runs.
#[test]
fn test_log_destroyed_pending_task() {
    let seen = Seen::new();
    let task: Rc<RefCell<Option<Task>>> = Rc::default();
    corio::run(async {
        let cleaned = seen.clone();
        let handle = spawn_local(async move {
            let (_promise, future) = eventual::<(), String>();
            let cancelled = catch(future).await.unwrap_err();
            turn().await;
            cleaned.push("cleaned up");
            cancelled.resume().await
        });
        let pending = handle.task();
        assert_eq!(task::all(), [task::current().unwrap(), pending.clone()]);
        drop(handle);
        turn().await;
        assert!(!pending.is_done());
        assert!(task::all().contains(&pending), "not lost");
        assert!(seen.all().is_empty());
        task.replace(Some(pending));
    });
    assert_eq!(seen.all(), ["cleaned up"]);
    assert!(task.take().unwrap().is_cancelled());
}

/// What stands in a traceback there, stands here in the words of the error: the task, and its panic.
#[corio::test(virtual_time)]
async fn test_exception_traceback() {
    let mut task = Builder::new().name("divider").spawn_local(async { panic!("division by zero") });
    turn().await;
    let error = task.try_result().done().expect("one turn later").unwrap_err();
    assert!(error.is_panic());
    let shown = error.to_string();
    assert!(shown.contains("division by zero"), "{shown}");
}

/// A loop that takes no more calls takes no task, either: it ends as cancelled, its future is dropped,
/// and it is in no list.
#[test]
fn test_error_in_call_soon() {
    struct OnDrop(std::sync::mpsc::Sender<()>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }
    let runtime = corio::Builder::new().build().unwrap();
    let handle = runtime.handle().clone();
    drop(runtime);
    assert!(handle.call_soon_threadsafe(|| ()).is_err());
    let (drops, dropped) = std::sync::mpsc::channel();
    let on_drop = OnDrop(drops);
    let mut task = handle.spawn(async move {
        let _on_drop = on_drop;
        turn().await;
    });
    assert!(task.is_finished());
    assert!(task.try_take().unwrap().unwrap_err().is_cancelled());
    dropped.try_recv().unwrap();
    assert!(task::all().is_empty());
}

/// The compiler refuses what is no future.
#[test]
fn test_create_task_with_noncoroutine() {
    assert!(!implements!(i32: Future));
    assert!(!implements!(fn() -> i32: Future));
    assert!(implements!(std::future::Ready<i32>: Future));
}

#[corio::test(virtual_time)]
async fn test_create_task_with_async_function() {
    async fn function() {}
    for _ in 0..2 {
        let task: JoinHandle<()> = spawn_local(function());
        task.await.unwrap();
    }
}

/// A future written by hand.
struct FutureLike;

impl Future for FutureLike {
    type Output = i32;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<i32> {
        Poll::Ready(42)
    }
}

#[corio::test(virtual_time)]
async fn test_create_task_with_asynclike_function() {
    for _ in 0..2 {
        assert_eq!(spawn_local(FutureLike).await.unwrap(), 42);
    }
}

#[corio::test(virtual_time)]
async fn test_bare_create_task() {
    assert_eq!(corio::spawn(async { 1 }).await.unwrap(), 1);
}

#[corio::test(virtual_time)]
async fn test_bare_create_named_task() {
    let task = Builder::new().name("No-op").spawn(async {});
    assert_eq!(task.task().name(), "No-op");
    task.await.unwrap();
}

/// A task that writes down what it is called, started eagerly or not.
fn spawn_named(eager: bool) -> (JoinHandle<()>, Rc<RefCell<Option<String>>>) {
    let name = Rc::new(RefCell::new(None));
    let writes = name.clone();
    let task = Builder::new().name("example").eager_start(eager).spawn_local(async move {
        writes.replace(Some(task::current().unwrap().name()));
    });
    (task, name)
}

#[corio::test(virtual_time)]
async fn test_eager_start_true() {
    let me = task::current();
    let (task, name) = spawn_named(true);
    assert!(task.is_finished());
    assert_eq!(name.take().as_deref(), Some("example"));
    assert_eq!(task::current(), me);
    task.await.unwrap();
}

#[corio::test(virtual_time)]
async fn test_eager_start_false() {
    let (task, name) = spawn_named(false);
    assert!(!task.is_finished());
    assert_eq!(*name.borrow(), None);
    task.await.unwrap();
    assert_eq!(name.take().as_deref(), Some("example"));
}

/// A future moves into its task and is in nobody else's hands; its type stays to be seen.
#[corio::test(virtual_time)]
async fn test_get_coro() {
    async fn coroutine_function() {}
    let task = spawn_local(coroutine_function());
    let task_of = task.task();
    assert!(task_of.type_name().contains("coroutine_function"));
    task.await.unwrap();
    assert!(task_of.is_done() && task_of.type_name().contains("coroutine_function"));
}
