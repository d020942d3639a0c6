//! Coroutines that another thread asks for, and waits for by blocking.

use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use corio::event_loop::{ThreadsafeError, ThreadsafeFuture};
use corio::task::{self, Task};
use corio::{EventLoop, Handle, eventual, sleep};

use crate::support::{Seen, turns};

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

/// Waits, and adds, or fails.
async fn add(a: i32, b: i32, fails: bool) -> i32 {
    sleep(50 * MS).await;
    assert!(!fails, "Fail!");
    a + b
}

/// Calls `target` on a thread of its own, which the loop does not wait for by blocking.
async fn on_a_thread<T: Send + 'static>(target: impl FnOnce(Handle) -> T + Send + 'static) -> T {
    let handle = Handle::current();
    let (promise, ended) = eventual::<(), Infallible>();
    let thread = std::thread::spawn(move || {
        let result = target(handle);
        promise.set_result(()).unwrap();
        result
    });
    ended.await.unwrap();
    thread.join().unwrap()
}

/// The tasks of this loop but the test's own.
fn others() -> Vec<Task> {
    let main = task::current().unwrap();
    task::all().into_iter().filter(|task| *task != main).collect()
}

#[corio::test(virtual_time)]
async fn test_run_coroutine_threadsafe() {
    let result =
        on_a_thread(|handle| handle.run_coroutine_threadsafe(add(1, 2, false)).result(None)).await;
    assert_eq!(result.unwrap(), 3);
}

#[corio::test(virtual_time)]
async fn test_run_coroutine_threadsafe_with_exception() {
    let result =
        on_a_thread(|handle| handle.run_coroutine_threadsafe(add(1, 2, true)).result(None)).await;
    let Err(ThreadsafeError::Join(error)) = result else { panic!("not an error: {result:?}") };
    assert!(error.to_string().contains("Fail!"), "{error}");
    assert!(error.is_panic());
}

/// On the real clock, on which the coroutine would take an hour.
#[corio::test]
async fn test_run_coroutine_threadsafe_with_timeout() {
    let result = on_a_thread(|handle| {
        let mut future: ThreadsafeFuture<()> = handle.run_coroutine_threadsafe(sleep(HOUR));
        let result = future.result(Some(Duration::ZERO));
        assert!(!future.is_done());
        assert!(future.cancel("no time"));
        result
    })
    .await;
    let error = result.unwrap_err();
    assert!(matches!(error, ThreadsafeError::Timeout { after: Duration::ZERO }), "{error}");
    turns(10).await;
    assert!(others().is_empty(), "it was cancelled");
}

/// The panic of the factory goes to whoever asked for the coroutine, and is told once: the loop's
/// exception handler has no part in it.
#[corio::test(virtual_time)]
async fn test_run_coroutine_threadsafe_task_factory_exception() {
    let event_loop = EventLoop::current();
    let told = Seen::new();
    let tells = told.clone();
    event_loop.set_exception_handler(Some(Rc::new(move |_, context| {
        tells.push(context.to_string());
    })));
    let before = event_loop.task_factory();
    event_loop.set_task_factory(Some(Rc::new(|_| panic!("name error"))));
    let result =
        on_a_thread(|handle| handle.run_coroutine_threadsafe(add(1, 2, false)).result(None)).await;
    event_loop.set_task_factory(before);
    let error = result.unwrap_err();
    assert!(matches!(&error, ThreadsafeError::NotMade(words) if words == "name error"), "{error}");
    assert!(told.all().is_empty());
    assert!(others().is_empty());
}

#[corio::test(virtual_time)]
async fn test_run_coroutine_threadsafe_and_cancel() {
    let mut future: ThreadsafeFuture<()> = Handle::current().run_coroutine_threadsafe(sleep(HOUR));
    turns(2).await;
    let made = others();
    assert_eq!(made.len(), 1);
    assert!(!future.is_done() && !made[0].is_done());
    assert!(future.cancel("enough"));
    let error = (&mut future).await.unwrap_err();
    assert!(error.is_cancelled(), "{error}");
    assert!(made[0].is_cancelled());
    assert!(future.is_done() && !future.cancel("again"));
}
