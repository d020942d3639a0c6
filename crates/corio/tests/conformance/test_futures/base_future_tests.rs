//! The states of a value that is given later, and what is said of them.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};

use corio::eventual::{EventualError, ResultError};
use corio::{Builder, EventLoop, Eventual, Promise, eventual};

use crate::support::{errors_logged, implements, turn, turns};

type Text = Eventual<u32, String>;

fn text() -> (Promise<u32, String>, Text) {
    eventual()
}

/// What runs on a thread of its own gives its value, and the thread it ran on.
fn on_a_thread(argument: &'static str) -> Eventual<(&'static str, ThreadId), ()> {
    let (promise, eventual) = eventual();
    thread::spawn(move || promise.set_result((argument, thread::current().id())));
    eventual
}

/// One end is a future, the other is not, and the rest is as the compiler knows it.
#[test]
fn test_isfuture() {
    assert!(implements!(Text: std::future::Future));
    assert!(!implements!(Promise<u32, String>: std::future::Future));
    assert!(!implements!(u32: std::future::Future));
}

#[test]
fn test_initial_state() {
    let (_promise, eventual) = text();
    assert!(!eventual.is_cancelled() && !eventual.is_done());
    assert!(eventual.cancel(()));
    assert!(eventual.is_cancelled());
}

/// No loop is needed to make one, or to give its value.
#[test]
fn test_constructor_without_loop() {
    assert!(EventLoop::try_current().is_none());
    let (promise, eventual) = text();
    promise.set_result(1).unwrap();
    assert_eq!(eventual.result().unwrap(), &1);
}

/// Made on one loop, awaited on another: it belongs to neither.
#[test]
fn test_constructor_use_running_loop() {
    let (promise, eventual) = corio::run(async { EventLoop::current().create_future::<u32, ()>() });
    promise.set_result(2).unwrap();
    assert_eq!(corio::run(eventual).unwrap(), 2);
}

/// A promise takes nothing; one that has its value from the beginning says so in its name.
#[test]
fn test_constructor_positional() {
    let make: fn() -> Promise<u32, String> = Promise::new;
    assert!(!make().is_done());
    let done: fn(u32) -> Text = Eventual::ready;
    assert_eq!(done(42).result().unwrap(), &42);
}

#[corio::test(virtual_time)]
async fn test_future_cancel_message_getter() {
    let (_promise, eventual) = text();
    assert!(eventual.reason().is_none());
    eventual.cancel("my message");
    let Err(EventualError::Cancelled(reason)) = (&eventual).await else { panic!("cancelled") };
    assert_eq!(reason.message(), Some("my message"));
    assert_eq!(eventual.reason().unwrap().message(), Some("my message"));
}

#[test]
fn test_cancel() {
    let (promise, eventual) = text();
    assert!(eventual.cancel(()));
    assert!(eventual.is_cancelled() && eventual.is_done());
    assert!(eventual.result().unwrap_err().is_cancelled());
    assert!(eventual.error().unwrap_err().is_cancelled());
    assert!(promise.set_result(1).unwrap_err().was_cancelled());
    assert!(promise.set_error("late".to_owned()).unwrap_err().was_cancelled());
    assert!(!eventual.cancel(()));
}

#[test]
fn test_exception() {
    let (promise, eventual) = text();
    assert!(eventual.error().unwrap_err().is_not_done());
    promise.set_error("bad".to_owned()).unwrap();
    assert!(!eventual.is_cancelled() && eventual.is_done());
    assert!(matches!(eventual.result(), Err(ResultError::Error(error)) if error == "bad"));
    assert_eq!(eventual.error().unwrap().unwrap(), "bad");
    assert_eq!(promise.set_result(1).unwrap_err().into_inner(), 1);
    assert_eq!(promise.set_error("late".to_owned()).unwrap_err().into_inner(), "late");
    assert!(!eventual.cancel(()));
}

/// What it shows of itself, without the place that debug mode adds: that is on or off for the process.
fn shown(eventual: &Text) -> String {
    let shown = format!("{eventual:?}");
    match shown.split_once(" created at ") {
        Some((before, _)) => format!("{before}>"),
        None => shown,
    }
}

fn first_callback(_: Text) {}
fn between(_: Text) {}
fn last_callback(_: Text) {}

#[corio::test(virtual_time)]
async fn test_future_repr() {
    let (promise, eventual) = text();
    assert_eq!(shown(&eventual), "<Eventual pending>");
    let added_at = |line: u32, name: &str, column: u32| {
        format!("{}::{name} at {}:{line}:{column}", module_path!(), file!())
    };
    let line = line!();
    eventual.add_done_callback(first_callback);
    let first = added_at(line + 1, "first_callback", 14);
    assert_eq!(shown(&eventual), format!("<Eventual pending cb=[{first}]>"));
    let second = eventual.add_done_callback(last_callback);
    let last = added_at(line + 4, "last_callback", 27);
    assert_eq!(shown(&eventual), format!("<Eventual pending cb=[{first}, {last}]>"));
    eventual.remove_done_callback(second);
    for _ in 0..8 {
        eventual.add_done_callback(between);
    }
    eventual.add_done_callback(last_callback);
    let last = added_at(line + 11, "last_callback", 14);
    assert_eq!(shown(&eventual), format!("<Eventual pending cb=[{first}, <8 more>, {last}]>"));
    promise.set_result(4).unwrap();
    assert_eq!(shown(&eventual), "<Eventual finished result=4>");
    assert_eq!(eventual.result().unwrap(), &4);

    let (_promise, cancelled) = text();
    cancelled.add_done_callback(|_| ());
    cancelled.cancel(());
    assert_eq!(shown(&cancelled), "<Eventual cancelled>");

    let failed = Eventual::<u32, String>::failed("bad".to_owned());
    assert_eq!(shown(&failed), "<Eventual finished error=\"bad\">");
    assert_eq!(failed.error().unwrap().unwrap(), "bad");
}

#[test]
fn test_tb_logger_abandoned() {
    assert_eq!(errors_logged(|| drop(text())), [""; 0]);
}

#[test]
fn test_tb_logger_result_unretrieved() {
    assert_eq!(errors_logged(|| drop(Text::ready(42))), [""; 0]);
}

#[test]
fn test_tb_logger_result_retrieved() {
    let logged = errors_logged(|| {
        let eventual = Text::ready(42);
        assert_eq!(eventual.result().unwrap(), &42);
    });
    assert_eq!(logged, [""; 0]);
}

#[test]
fn test_tb_logger_exception_unretrieved() {
    assert_eq!(errors_logged(|| drop(Text::failed("boom".to_owned()))).len(), 1);
    // Whoever asks only whether it is done has not seen it.
    let logged = errors_logged(|| {
        let (promise, eventual) = text();
        promise.set_error("boom".to_owned()).unwrap();
        assert!(eventual.is_done() && !eventual.is_cancelled());
    });
    assert_eq!(logged.len(), 1);
}

#[test]
fn test_tb_logger_exception_retrieved() {
    let logged = errors_logged(|| {
        assert!(Text::failed("boom".to_owned()).error().is_ok());
        assert!(Text::failed("boom".to_owned()).result().is_err());
    });
    assert_eq!(logged, [""; 0]);
}

#[test]
fn test_wrap_future() {
    let (argument, ran_on) = corio::run(on_a_thread("oi")).unwrap();
    assert_eq!(argument, "oi");
    assert_ne!(ran_on, thread::current().id());
}

/// No loop is needed to ask another thread for a value.
#[test]
fn test_wrap_future_without_loop() {
    let eventual = on_a_thread("oi");
    assert!(EventLoop::try_current().is_none());
    assert_eq!(corio::run(eventual).unwrap().0, "oi");
}

/// Whoever gives it, a callback runs on the loop it was added on.
#[test]
fn test_wrap_future_use_running_loop() {
    corio::run(async {
        let (give, given) = std::sync::mpsc::channel::<()>();
        let (promise, eventual) = text();
        let giver = thread::spawn(move || {
            given.recv().unwrap();
            promise.set_result(1).unwrap();
        });
        let called_on = Arc::new(Mutex::new(None));
        let calling = called_on.clone();
        eventual.add_done_callback(move |_| {
            *calling.lock().unwrap() =
                Some((thread::current().id(), EventLoop::try_current().is_some()));
        });
        give.send(()).unwrap();
        eventual.await.unwrap();
        giver.join().unwrap();
        // Given by another thread, the callback comes by mail: opened in one turn, run in the next.
        turns(2).await;
        assert_eq!(*called_on.lock().unwrap(), Some((thread::current().id(), true)));
    });
}

/// A loop that is entered and does not run yet will do.
#[test]
fn test_wrap_future_use_global_loop() {
    let runtime = Builder::new().build().unwrap();
    let eventual = on_a_thread("oi");
    let called = Arc::new(Mutex::new(Vec::new()));
    let calling = called.clone();
    {
        let _entered = runtime.enter();
        eventual.add_done_callback(move |done| {
            calling.lock().unwrap().push(done.result().unwrap().0);
        });
    }
    runtime.block_on(async {
        eventual.await.unwrap();
        turn().await;
    });
    assert_eq!(*called.lock().unwrap(), ["oi"]);
}

/// The end that gives learns that nobody waits any more.
#[corio::test(virtual_time)]
async fn test_wrap_future_cancel() {
    let (promise, eventual) = text();
    assert!(eventual.cancel(()));
    turn().await;
    assert!(promise.is_cancelled());
    assert!(eventual.is_cancelled());
}

/// The place where it was made; shown in debug mode, in which tests are.
#[corio::test(virtual_time)]
async fn test_future_source_traceback() {
    let line = line!() + 1;
    let (_promise, eventual) = eventual::<u32, String>();
    assert_eq!((eventual.location().file(), eventual.location().line()), (file!(), line));
    let shown = format!("<Eventual pending created at {}>", eventual.location());
    assert_eq!(format!("{eventual:?}"), shown);
}

#[test]
fn test_future_exception_never_retrieved() {
    let line = line!() + 2;
    let logged = errors_logged(|| {
        let (promise, eventual) = eventual::<u32, std::io::Error>();
        promise.set_error(std::io::ErrorKind::OutOfMemory.into()).unwrap();
        drop((promise, eventual));
    });
    assert_eq!(logged.len(), 1);
    assert!(logged[0].starts_with("Future exception was never retrieved"), "{}", logged[0]);
    assert!(logged[0].contains("io::error::Error"), "{}", logged[0]);
    assert!(logged[0].contains(&format!("{}:{line}", file!())), "{}", logged[0]);
}

/// A value that is a tuple comes as one value, and without a wait.
#[test]
fn test_future_stop_iteration_args() {
    let eventual = Eventual::<(u32, u32), String>::ready((1, 2));
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(value)) = pin!(eventual).poll(&mut context) else { panic!("it is ready") };
    assert_eq!(value, (1, 2));
}
