//! `run`: a loop for one future, and its end.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use corio::cancel::catch;
use corio::task::Task;
use corio::{Builder, Clock, EventLoop, run, sleep, spawn_local, try_run};
use futures::{StreamExt as _, stream};

use super::{assert_passed, in_child};
use crate::support::{Seen, implements, turn};

const TENTH: Duration = Duration::from_millis(100);

#[test]
fn test_asyncio_run_return() {
    let value = run(async {
        turn().await;
        42
    });
    assert_eq!(value, 42);
}

/// An error is a value; what is more than that goes through.
#[test]
fn test_asyncio_run_raises() {
    let failed = run(async {
        turn().await;
        Err::<(), _>("spam")
    });
    assert_eq!(failed, Err("spam"));
    let panicked: Result<(), _> = catch_unwind(|| {
        run(async {
            turn().await;
            panic!("spam")
        })
    });
    assert_eq!(*panicked.unwrap_err().downcast::<&str>().unwrap(), "spam");
    let failed: Result<(), _> = try_run(async { panic!("spam") });
    let error = failed.unwrap_err();
    assert!(error.is_panic() && error.to_string().contains("spam"));
}

/// The compiler refuses what is no future.
#[test]
fn test_asyncio_run_only_coro() {
    assert!(!implements!(i32: Future));
    assert!(!implements!(fn() -> (): Future));
}

#[test]
fn test_asyncio_run_debug() {
    const TEST: &str = "test_runners::run_tests::test_asyncio_run_debug";
    async fn main(expected: bool) {
        assert_eq!(EventLoop::current().debug(), expected);
    }
    for environment in [None, Some("0"), Some("1")] {
        let output = in_child(TEST, environment, || {
            let said = std::env::var("CORIO_DEBUG").ok();
            run(main(said.as_deref() == Some("1")));
            Builder::new().debug(false).run(main(false));
            Builder::new().debug(true).run(main(true));
        });
        let is_inside = output.is_none();
        assert_passed(output);
        if is_inside {
            // Only the test itself tries the other environments.
            return;
        }
    }
}

/// Who fails while it is cancelled at the end is told to the loop's handler, and harms nobody.
#[test]
fn test_asyncio_run_reports_hanging_tasks_errors() {
    let told = Seen::new();
    let tells = told.clone();
    let left = Rc::new(Cell::new(None));
    let leaves = left.clone();
    let value = run(async move {
        EventLoop::current().set_exception_handler(Some(Rc::new(move |_, context| {
            tells.push((context.message.clone().unwrap(), context.task.clone()));
        })));
        leaves.set(Some(spawn_local(async {
            if let Err(_cancelled) = catch(sleep(TENTH)).await {
                panic!("division by zero");
            }
        })));
        turn().await;
        123
    });
    assert_eq!(value, 123);
    let mut left = left.take().unwrap();
    assert!(left.is_finished());
    let told = told.all();
    assert_eq!(told.len(), 1);
    let (message, task) = &told[0];
    assert!(message.contains("corio::run") && message.contains("shutdown"), "{message}");
    assert_eq!(*task, Some(left.task()));
    let error = left.try_take().unwrap().unwrap_err();
    assert!(error.is_panic() && error.to_string().contains("division by zero"));
}

/// A stream that is read by a task ends with it, also if main and that task panic.
#[test]
fn test_asyncio_run_closes_gens_after_hanging_tasks_errors() {
    let lazyboy: RefCell<Option<Task>> = RefCell::default();
    let inside = Rc::new(());
    let fidget = {
        let inside = inside.clone();
        stream::unfold(inside, |inside| async move {
            sleep(TENTH).await;
            Some((1, inside))
        })
    };
    let main = async {
        EventLoop::current().set_exception_handler(Some(Rc::new(|_, _| ())));
        let spin = spawn_local(async move {
            let caught = {
                let mut spinner = pin!(fidget);
                catch(async move { while spinner.next().await.is_some() {} }).await
            };
            if let Err(_cancelled) = caught {
                panic!("division by zero");
            }
        });
        lazyboy.replace(Some(spin.task()));
        turn().await;
        panic!("fancy exit")
    };
    let exit: Result<(), _> = catch_unwind(AssertUnwindSafe(|| run(main)));
    assert_eq!(*exit.unwrap_err().downcast::<&str>().unwrap(), "fancy exit");
    assert!(lazyboy.take().unwrap().is_done());
    assert_eq!(Rc::strong_count(&inside), 1);
}

/// While it runs, and only then, its loop is the thread's.
#[test]
fn test_asyncio_run_set_event_loop() {
    assert!(EventLoop::try_current().is_none());
    let event_loop = run(async {
        turn().await;
        EventLoop::current()
    });
    assert!(EventLoop::try_current().is_none());
    assert!(event_loop.is_closed());
}

/// The loop of the builder is the one that runs.
#[test]
fn test_asyncio_run_loop_factory() {
    let runner = Builder::new().clock(Clock::virtual_time()).runner().unwrap();
    let event_loop = runner.event_loop();
    runner.run(async {
        assert_eq!(EventLoop::current(), event_loop);
        let begun = std::time::Instant::now();
        sleep(Duration::from_secs(3600)).await;
        assert!(begun.elapsed() < Duration::from_secs(60), "it is the virtual clock");
    });
}

/// The loop unless said otherwise waits for descriptors, as asyncio's selector loop does.
#[test]
fn test_loop_factory_default_event_loop() {
    use std::io::Write as _;
    use std::os::unix::net::UnixStream;

    run(async {
        let (reader, mut writer) = UnixStream::pair().unwrap();
        let event_loop = EventLoop::current();
        let (promise, readable) = event_loop.create_future::<(), String>();
        event_loop.add_reader(&reader, move || drop(promise.set_result(()))).unwrap();
        writer.write_all(b"x").unwrap();
        readable.await.unwrap();
        assert!(event_loop.remove_reader(&reader));
    });
}
