//! `Runner`: several runs on one loop, and Ctrl-C.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use corio::cancel::catch;
use corio::event_loop::RunError;
use corio::task::current;
use corio::{Builder, Clock, Context, EventLoop, Runner, context_var, sleep, spawn};

use super::{assert_interrupted, assert_passed, in_child, interrupt_self};
use crate::support::{Seen, implements, turn};

const TENTH: Duration = Duration::from_millis(100);

#[test]
fn test_debug() {
    const TEST: &str = "test_runners::runner_tests::test_debug";
    assert_passed(in_child(TEST, Some("0"), || {
        let runner = Builder::new().debug(true).runner().unwrap();
        assert!(runner.event_loop().debug());
    }));
}

#[test]
fn test_custom_factory() {
    let runtime = Builder::new().clock(Clock::virtual_time()).build().unwrap();
    let other = runtime.event_loop();
    let runner = Builder::new().clock(Clock::virtual_time()).runner().unwrap();
    let event_loop = runner.event_loop();
    assert!(event_loop != other && event_loop == runner.event_loop());
    runner.run(async { assert_eq!(EventLoop::current(), event_loop) });
}

/// What is left of a runner that was closed is its loop, which is closed, too.
#[test]
fn test_run() {
    let runner = Runner::new().unwrap();
    let done = runner.run(async {
        turn().await;
        "done"
    });
    assert_eq!(done, "done");
    let event_loop = runner.event_loop();
    assert!(!event_loop.is_closed());
    drop(runner);
    assert!(event_loop.is_closed());
    let refused = event_loop.run_until_complete(async {});
    assert!(matches!(refused, Err(RunError::Closed)), "{refused:?}");
}

/// The compiler refuses what is no future.
#[test]
fn test_run_non_coro() {
    assert!(!implements!(u32: Future));
}

/// What can be awaited can be run: a future that is done, and one that will be.
#[test]
fn test_run_future() {
    let runner = Runner::new().unwrap();
    let (promise, future) = runner.event_loop().create_future::<_, String>();
    promise.set_result("done").unwrap();
    assert_eq!(runner.run(future).unwrap(), "done");

    let (promise, future) = runner.event_loop().create_future::<_, String>();
    runner.event_loop().call_soon(move || promise.set_result(7).unwrap());
    assert_eq!(runner.run((&future).into_future()).unwrap(), 7);
}

/// A runner that was closed is used up, which the compiler sees to.
#[test]
fn test_explicit_close() {
    let runner = Runner::new().unwrap();
    let event_loop = runner.event_loop();
    runner.close();
    assert!(event_loop.is_closed());
    let refused = catch_unwind(AssertUnwindSafe(|| event_loop.call_soon(|| ())));
    assert!(refused.is_err());
}

#[test]
fn test_double_close() {
    let runner = Runner::new().unwrap();
    let event_loop = runner.event_loop();
    event_loop.close().unwrap();
    assert!(event_loop.is_closed());
    // Neither the loop's second time nor the runner's does anything.
    event_loop.close().unwrap();
    runner.close();
    assert!(event_loop.is_closed());
}

#[test]
fn test_second_with_block_raises() {
    let seen = Seen::new();
    let runner = Runner::new().unwrap();
    let event_loop = runner.event_loop();
    runner.run(async { seen.push(1) });
    event_loop.close().unwrap();
    let refused = catch_unwind(AssertUnwindSafe(|| runner.run(async { seen.push(2) })));
    let words = refused.unwrap_err().downcast::<&str>().unwrap();
    assert!(words.contains("is closed"), "{words}");
    assert_eq!(seen.all(), [1]);
}

#[test]
fn test_run_keeps_context() {
    context_var! { static NUMBER: i32 = -1; }
    async fn replace(number: i32) -> i32 {
        let old = NUMBER.get();
        turn().await;
        NUMBER.set(number);
        old
    }
    let runner = Runner::new().unwrap();
    assert_eq!(runner.run(replace(1)), -1);
    assert_eq!(runner.run(replace(2)), 1);
    assert_eq!(runner.run(async { Context::copy() }).get(&NUMBER), Some(2));
    assert_eq!(NUMBER.get(), -1, "this thread's own is another one");
}

/// A future that only yields is cancelled at a yield.
#[test]
fn test_interrupt_call_soon() {
    const TEST: &str = "test_runners::runner_tests::test_interrupt_call_soon";
    let output = in_child(TEST, None, || {
        let runner = Runner::new().unwrap();
        runner.event_loop().call_later(Duration::from_millis(1), interrupt_self);
        runner.run(async {
            let caught: Result<(), _> = catch(async {
                loop {
                    turn().await;
                }
            })
            .await;
            let cancelled = caught.unwrap_err();
            println!("caught: {cancelled}");
            cancelled.resume().await
        });
    });
    assert_interrupted(output, "caught: cancelled: interrupted by Ctrl-C");
}

/// Cancelled while it waits for a future, main has that cancelled, too.
#[test]
fn test_interrupt_wait() {
    const TEST: &str = "test_runners::runner_tests::test_interrupt_wait";
    assert_passed(in_child(TEST, None, || {
        let runner = Runner::new().unwrap();
        let (_promise, future) = runner.event_loop().create_future::<(), String>();
        runner.event_loop().call_later(Duration::from_millis(1), interrupt_self);
        let awaits = future.clone();
        let main = async {
            let cancelled = catch(awaits).await.map(drop).unwrap_err();
            cancelled.resume().await
        };
        let error = runner.try_run(main).unwrap_err();
        assert_eq!(error.reason().unwrap().message(), Some("interrupted by Ctrl-C"));
        assert!(future.is_cancelled());
    }));
}

/// A main that somebody else has cancelled is not taken for an interrupted one.
#[test]
fn test_interrupt_cancelled_task() {
    const TEST: &str = "test_runners::runner_tests::test_interrupt_cancelled_task";
    assert_passed(in_child(TEST, None, || {
        let runner = Runner::new().unwrap();
        let error = runner
            .try_run(async {
                let main = current().unwrap();
                spawn(async move {
                    turn().await;
                    main.cancel("by the subtask");
                    interrupt_self();
                });
                sleep(100 * TENTH).await;
            })
            .unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(error.reason().unwrap().message(), Some("by the subtask"));
    }));
}

/// All runs of a runner are on one loop.
#[test]
fn test_set_event_loop_called_once() {
    let runner = Runner::new().unwrap();
    let seen = [(); 2].map(|()| runner.run(async { EventLoop::current() }));
    assert_eq!(seen[0], seen[1]);
    assert!(EventLoop::try_current().is_none());
    runner.close();
}

/// Nobody looks at a result but who asked for it, also in debug mode.
#[test]
fn test_no_repr_is_call_on_the_task_result() {
    struct MyResult<'a>(&'a Cell<u32>);
    impl fmt::Debug for MyResult<'_> {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.set(self.0.get() + 1);
            Ok(())
        }
    }
    let shown = Cell::new(0);
    let runner = Builder::new().debug(true).runner().unwrap();
    let result = runner.run(async { MyResult(&shown) });
    runner.close();
    assert_eq!(shown.get(), 0);
    assert_eq!(format!("{result:?}"), "");
    assert_eq!(shown.get(), 1);
}
