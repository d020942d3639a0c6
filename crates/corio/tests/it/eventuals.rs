//! `Promise` and `Eventual`: outcomes, errors, callbacks, awaiting by many, and the order of it all.

use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use corio::eventual::{EventualError, ResultError};
use corio::{Eventual, Promise, eventual};

use crate::util::{Log, bounded, panic_text};

type Text = Result<u32, String>;

fn of(outcome: Text) -> Eventual<u32, String> {
    let (promise, eventual) = eventual();
    match outcome {
        Ok(value) => promise.set_result(value).unwrap(),
        Err(error) => promise.set_error(error).unwrap(),
    }
    eventual
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<Promise<u32, String>>();
const _: () = assert_send_sync::<Eventual<u32, String>>();

/// Debug mode, which another test may turn on, shows more behind it.
#[track_caller]
fn assert_shows(shown: &str, beginning: &str) {
    let rest = shown.strip_prefix(beginning);
    let is_right = rest.is_some_and(|rest| rest == ">" || rest.starts_with(" created at "));
    assert!(is_right, "{shown} is not {beginning}>");
}

#[test]
fn what_it_says_in_each_state() {
    let (promise, eventual) = eventual::<u32, String>();
    assert!(!promise.is_done() && !eventual.is_done() && !eventual.is_cancelled());
    assert!(matches!(eventual.result(), Err(ResultError::NotDone)));
    assert!(matches!(eventual.error(), Err(ResultError::NotDone)));
    assert!(eventual.result().unwrap_err().to_string().contains("await it"));
    promise.set_result(3).unwrap();
    assert!(promise.is_done() && eventual.is_done() && !eventual.is_cancelled());
    assert_eq!(eventual.result().unwrap(), &3);
    assert_eq!(eventual.error().unwrap(), None);

    let failed = of(Err("bad".into()));
    assert!(matches!(failed.result(), Err(ResultError::Error(error)) if error == "bad"));
    assert_eq!(failed.error().unwrap().unwrap(), "bad");

    let (promise, cancelled) = corio::eventual::<u32, String>();
    assert!(cancelled.cancel("enough"));
    assert!(!cancelled.cancel("again") && !promise.cancel("again"));
    assert!(cancelled.is_cancelled() && promise.is_cancelled() && cancelled.is_done());
    assert_eq!(cancelled.reason().unwrap().message(), Some("enough"));
    assert_eq!(cancelled.reason().unwrap().location().file(), file!());
    assert!(cancelled.result().unwrap_err().is_cancelled());
    assert!(cancelled.error().unwrap_err().is_cancelled());
}

#[test]
fn a_second_outcome_comes_back() {
    let (promise, eventual) = eventual::<String, String>();
    promise.set_result("first".into()).unwrap();
    let refused = promise.set_result("second".into()).unwrap_err();
    assert!(refused.to_string().contains("given before") && !refused.was_cancelled());
    assert_eq!(refused.into_inner(), "second");
    assert_eq!(promise.set_error("late".into()).unwrap_err().into_inner(), "late");
    assert!(!promise.cancel("late"));
    assert_eq!(eventual.result().unwrap(), "first");

    let (promise, eventual) = corio::eventual::<u32, String>();
    eventual.cancel(());
    let refused = promise.set_result(1).unwrap_err();
    assert!(refused.was_cancelled() && refused.to_string().contains("cancelled"));
}

#[test]
fn a_promise_that_is_dropped_cancels_and_says_where_it_was_made() {
    bounded(|| {
        corio::run(async {
            let (promise, eventual) = eventual::<u32, String>();
            let place = eventual.location();
            drop(promise);
            let Err(EventualError::Cancelled(reason)) = eventual.await else { panic!("cancelled") };
            assert!(reason.message().unwrap().contains(&place.to_string()), "{reason}");
        });
    });
}

#[test]
fn many_await_it_and_run_in_the_order_in_which_they_came() {
    bounded(|| {
        corio::run(async {
            let log = Log::default();
            let (promise, eventual) = eventual::<u32, Infallible>();
            let tasks: Vec<_> = (0..3)
                .map(|n| {
                    let (log, eventual) = (log.clone(), eventual.clone());
                    corio::spawn_local(async move {
                        log.push(format!("{n}: {}", eventual.await.unwrap()));
                    })
                })
                .collect();
            corio::yield_now().await;
            promise.set_result(7).unwrap();
            assert_eq!(log.take(), [""; 0], "never inline");
            corio::yield_now().await;
            assert_eq!(log.take(), ["0: 7", "1: 7", "2: 7"]);
            drop(tasks);
            // By reference, and again, and a done one does not suspend.
            assert_eq!((&eventual).await.unwrap(), 7);
            assert_eq!(eventual.await.unwrap(), 7);
        });
    });
}

#[test]
fn given_on_another_thread_it_wakes_the_task_here() {
    bounded(|| {
        let (promise, eventual) = eventual::<u32, String>();
        let giver = std::thread::spawn(move || promise.set_error("far".into()));
        let error = corio::run(async { eventual.await.unwrap_err() });
        assert_eq!(error.into_error().unwrap(), "far");
        giver.join().unwrap().unwrap();
    });
}

#[test]
fn callbacks_run_in_the_next_turn_in_order_with_the_outcome() {
    bounded(|| {
        corio::run(async {
            let log = Arc::new(Mutex::new(Vec::new()));
            let push = |name: &'static str| {
                let log = log.clone();
                move |done: Eventual<u32, String>| {
                    assert!(corio::task::current().is_none(), "a callback is no task");
                    log.lock().unwrap().push(format!("{name} {:?}", done.result().unwrap()));
                }
            };
            let (promise, eventual) = eventual::<u32, String>();
            eventual.add_done_callback(push("first"));
            let second = eventual.add_done_callback(push("second"));
            eventual.add_done_callback(push("third"));
            assert!(eventual.remove_done_callback(second));
            assert!(!eventual.remove_done_callback(second));
            promise.set_result(1).unwrap();
            drop(promise);
            let late = eventual.add_done_callback(push("late"));
            assert!(!eventual.remove_done_callback(late), "it is in the queue");
            assert!(log.lock().unwrap().is_empty(), "never inline");
            corio::yield_now().await;
            assert_eq!(*log.lock().unwrap(), ["first 1", "third 1", "late 1"]);
        });
    });
}

#[test]
fn a_callback_runs_although_every_end_is_gone() {
    bounded(|| {
        corio::run(async {
            let seen = Arc::new(Mutex::new(None));
            let (promise, eventual) = eventual::<u32, String>();
            let into = seen.clone();
            eventual.add_done_callback(move |done| {
                *into.lock().unwrap() = Some(done.is_cancelled());
            });
            drop((promise, eventual));
            corio::yield_now().await;
            assert_eq!(*seen.lock().unwrap(), Some(true));
        });
    });
}

#[test]
fn a_callback_outside_a_runtime_is_refused() {
    let (_promise, eventual) = eventual::<u32, String>();
    let text = panic_text(|| eventual.add_done_callback(|_| {}));
    assert!(text.contains("Eventual::add_done_callback") && text.contains("corio::run"), "{text}");
}

#[test]
fn a_task_that_is_cancelled_cancels_what_it_awaits() {
    bounded(|| {
        corio::run(async {
            let (promise, eventual) = eventual::<u32, String>();
            let task = corio::spawn_local((&eventual).into_future());
            corio::yield_now().await;
            task.task().cancel("both");
            let error = task.await.unwrap_err();
            assert_eq!(error.reason().unwrap().message(), Some("both"));
            assert_eq!(eventual.reason().unwrap().message(), Some("both"));
            assert!(promise.set_result(1).unwrap_err().was_cancelled());
        });
    });
}

#[test]
fn a_timeout_cancels_what_it_awaits_but_a_shielded_one_not() {
    bounded(|| {
        corio::Builder::new().clock(corio::Clock::virtual_time()).run(async {
            let (_promise, eventual) = eventual::<u32, String>();
            let second = Duration::from_secs(1);
            assert!(corio::timeout(second, eventual.shielded()).await.is_err());
            assert!(!eventual.is_done());
            assert!(corio::timeout(second, (&eventual).into_future()).await.is_err());
            assert!(eventual.is_cancelled());
        });
    });
}

#[test]
fn a_value_that_is_there_wins_over_a_cancel() {
    bounded(|| {
        corio::run(async {
            let (promise, eventual) = eventual::<u32, String>();
            let task = corio::spawn_local((&eventual).into_future());
            corio::yield_now().await;
            promise.set_result(5).unwrap();
            task.task().cancel("too late");
            // It was ready when the request came, and there was no wait after it.
            assert_eq!(task.await.unwrap().unwrap(), 5);
        });
    });
}

#[test]
fn dropped_while_awaited_it_is_forgotten() {
    bounded(|| {
        corio::run(async {
            let (promise, eventual) = eventual::<u32, String>();
            for _ in 0..3 {
                let task = corio::spawn_local((&eventual).into_future());
                corio::yield_now().await;
                task.abort();
                task.await.unwrap_err();
            }
            assert_shows(&format!("{eventual:?}"), "<Eventual pending");
            assert_shows(&format!("{promise:?}"), "<Promise pending");
        });
    });
}

#[test]
fn it_shows_what_asyncio_shows() {
    let (promise, eventual) = eventual::<String, String>();
    assert_shows(&format!("{promise:?}"), "<Promise pending");
    promise.set_result("x".repeat(200)).unwrap();
    let shown = format!("{eventual:?}");
    assert!(shown.starts_with("<Eventual finished result=\"xxx") && shown.len() < 200, "{shown}");
    assert_shows(&format!("{:?}", of(Err("bad".into()))), "<Eventual finished error=\"bad\"");
    eventual.result().unwrap();
    let cancelled = corio::eventual::<u32, u32>().1;
    assert_shows(&format!("{cancelled:?}"), "<Eventual cancelled");
    assert_shows(&format!("{:?}", Eventual::<u32, u32>::ready(3)), "<Eventual finished result=3");
}

#[test]
fn two_callbacks_of_two_loops_each_run_on_their_own() {
    bounded(|| {
        let background = corio::Builder::new().start().unwrap();
        let (promise, eventual) = eventual::<u32, String>();
        let threads = Arc::new(Mutex::new(Vec::new()));
        let (there, into) = (eventual.clone(), threads.clone());
        let added = background.handle().spawn(async move {
            there.add_done_callback(move |_| {
                into.lock().unwrap().push(std::thread::current().name().map(str::to_owned));
            });
        });
        background.handle().block_on(added).unwrap();
        corio::run(async move {
            promise.set_result(1).unwrap();
            let _ = eventual.await;
        });
        // It runs its callback before it is told to end.
        let last = background.handle().spawn(async {});
        background.handle().block_on(last).unwrap();
        assert_eq!(*threads.lock().unwrap(), [Some("corio".to_owned())]);
    });
}

#[test]
fn one_that_never_comes_does_not_keep_the_run() {
    bounded(|| {
        corio::run(async {
            let (promise, eventual) = eventual::<u32, String>();
            drop(corio::spawn(async move {
                let _promise = promise;
                pending::<()>().await;
            }));
            drop(corio::spawn(async move { eventual.await.map(drop) }));
            corio::yield_now().await;
        });
    });
}
