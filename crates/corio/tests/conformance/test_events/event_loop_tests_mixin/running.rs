//! Running a loop, calls from its own thread and from others, jobs on other threads.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use corio::blocking::Pool;
use corio::event_loop::RunError;
use corio::{Builder, EventLoop, run_in_executor, spawn_blocking};

use crate::sockets::until;
use crate::support::{Seen, runtime, turn};

const MS: Duration = Duration::from_millis(1);

#[test]
fn test_run_until_complete() {
    let runtime = runtime();
    let event_loop = runtime.event_loop();
    let begun = event_loop.time();
    event_loop.run_until_complete(corio::sleep(100 * MS)).unwrap();
    assert_eq!(event_loop.time() - begun, 100 * MS);
}

#[test]
fn test_run_until_complete_stopped() {
    let runtime = runtime();
    let event_loop = runtime.event_loop();
    let stops = event_loop.clone();
    let task = async {
        stops.stop();
        corio::sleep(100 * MS).await;
    };
    assert!(matches!(event_loop.run_until_complete(task), Err(RunError::Stopped)));
}

#[corio::test(virtual_time)]
async fn test_call_soon() {
    let seen = Seen::new();
    let push = seen.clone();
    let (one, two) = ("hello", "world");
    EventLoop::current().call_soon(move || push.push((one, two)));
    turn().await;
    assert_eq!(seen.all(), [("hello", "world")]);
}

/// A list that callbacks of any thread push to.
type Order = Arc<Mutex<Vec<&'static str>>>;

fn push(order: &Order, name: &'static str) -> impl FnOnce() + Send + 'static {
    let order = order.clone();
    move || order.lock().unwrap().push(name)
}

#[test]
fn test_call_soon_threadsafe() {
    let runtime = Builder::new().build().unwrap();
    let event_loop = runtime.event_loop();
    let order = Order::default();
    let (handle, calls) = (event_loop.handle(), push(&order, "other thread"));
    let thread = std::thread::spawn(move || handle.call_soon_threadsafe(calls).map(drop));
    thread.join().unwrap().unwrap();
    let (last, stops) = (push(&order, "own thread"), event_loop.clone());
    event_loop.call_soon(move || {
        last();
        stops.stop();
    });
    event_loop.run_forever().unwrap();
    assert_eq!(order.lock().unwrap().len(), 2);
}

#[corio::test]
async fn test_call_soon_threadsafe_handle_cancel_same_thread() {
    let order = Order::default();
    let event_loop = EventLoop::current();
    let call = event_loop.call_soon_threadsafe(push(&order, "cancelled")).unwrap();
    call.cancel();
    assert!(call.is_cancelled());
    event_loop.call_soon_threadsafe(push(&order, "kept")).unwrap();
    until(|| order.lock().unwrap().len() == 1).await;
    assert_eq!(*order.lock().unwrap(), ["kept"]);
}

#[corio::test]
async fn test_call_soon_threadsafe_handle_cancel_other_thread() {
    let order = Order::default();
    let handle = EventLoop::current().handle();
    let (never, last) = (push(&order, "cancelled"), push(&order, "kept"));
    let thread = std::thread::spawn(move || {
        // The loop stands still meanwhile: who spawned waits below, without a turn.
        let call = handle.call_soon_threadsafe(never).unwrap();
        call.cancel();
        assert!(call.is_cancelled());
        handle.call_soon_threadsafe(last).map(drop).unwrap();
    });
    thread.join().unwrap();
    until(|| !order.lock().unwrap().is_empty()).await;
    assert_eq!(*order.lock().unwrap(), ["kept"]);
}

#[corio::test]
async fn test_call_soon_threadsafe_same_thread() {
    let order = Order::default();
    let event_loop = EventLoop::current();
    event_loop.call_soon_threadsafe(push(&order, "first")).unwrap();
    event_loop.call_soon(push(&order, "second"));
    assert!(order.lock().unwrap().is_empty());
    until(|| order.lock().unwrap().len() == 2).await;
}

#[corio::test]
async fn test_run_in_executor() {
    let own = std::thread::current().id();
    let run = |text: &'static str| move || (text, std::thread::current().id());
    let (text, thread) = spawn_blocking(run("yo")).await.unwrap();
    assert!(text == "yo" && thread != own);
    let pool: Pool = corio::Handle::current().blocking_pool().clone();
    let (text, thread) = run_in_executor(&pool, run("again")).await.unwrap();
    assert!(text == "again" && thread != own);
}

/// A request to cancel does not wait for what the task waits for.
#[corio::test]
async fn test_prompt_cancellation() {
    let (stream, _silent) = corio::net::UnixStream::pair().unwrap();
    let task = corio::spawn(async move {
        let mut buffer = [0; 16];
        stream.read(&mut buffer).await
    });
    corio::sleep(MS).await;
    assert!(task.task().cancel("enough"));
    turn().await;
    turn().await;
    assert!(task.is_finished(), "in the next turn");
    assert!(task.await.unwrap_err().is_cancelled());
}

#[test]
fn test_close_running_event_loop() {
    let runtime = runtime();
    let event_loop = runtime.event_loop();
    let inside = event_loop.clone();
    event_loop.run_until_complete(async move { assert!(inside.close().is_err()) }).unwrap();
    assert!(!event_loop.is_closed());
}

#[test]
fn test_close() {
    let runtime = runtime();
    let event_loop = runtime.event_loop();
    event_loop.close().unwrap();
    assert!(event_loop.is_closed());
    event_loop.close().unwrap();
    assert!(matches!(event_loop.run_forever(), Err(RunError::Closed)));
    assert!(matches!(event_loop.run_until_complete(async {}), Err(RunError::Closed)));
    assert!(event_loop.call_soon_threadsafe(|| ()).is_err());
    for refused in [
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            event_loop.call_soon(|| ());
        })),
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            event_loop.call_later(MS, || ());
        })),
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            event_loop.call_at(event_loop.time(), || ());
        })),
    ] {
        let text = *refused.unwrap_err().downcast::<String>().unwrap();
        assert!(text.contains("closed"), "{text}");
    }
}
