//! Calls on a thread where they cannot work, which only run time can know: a panic says what to do instead.

use std::thread;

use corio::{Builder, EventLoop, Handle, spawn, spawn_local};
use corio_planted_tests::PANIC;

use crate::harness::{Case, Told};

const fn case(name: &'static str, says: &'static [&'static str], bug: fn(), fixed: fn()) -> Case {
    Told::error(PANIC).case(name, says, bug, fixed)
}

const NO_RUNTIME: &str =
    "needs a runtime, and none runs on this thread: call it inside `corio::run`";
const INSTEAD: &str = "Await the future instead";

pub(crate) const CASES: &[Case] = &[
    case(
        "a task without a runtime",
        &["corio::spawn at ", file!(), NO_RUNTIME],
        || {
            drop(spawn(async {}));
        },
        || corio::run(async { drop(spawn(async {})) }),
    ),
    case(
        "a task from a thread of its own",
        &["corio::spawn at ", NO_RUNTIME],
        || {
            corio::run(async { elsewhere(|| drop(spawn(async {}))) });
        },
        || {
            corio::run(async {
                let handle = Handle::current();
                elsewhere(move || drop(handle.spawn(async {})));
            })
        },
    ),
    case(
        "a local task on another thread",
        &["corio::spawn_local at ", NO_RUNTIME],
        || {
            corio::run(async {
                let job = corio::spawn_blocking(|| drop(spawn_local(async {})));
                assert!(job.await.unwrap_err().is_panic());
            });
        },
        || {
            corio::run(async {
                let job = corio::spawn_blocking(|| {
                    corio::from_thread::run_sync(|| drop(spawn_local(async {})))
                });
                job.await.unwrap().unwrap();
            })
        },
    ),
    case(
        "the event loop where none runs",
        &["EventLoop::current", NO_RUNTIME],
        || {
            drop(EventLoop::current());
        },
        || assert!(EventLoop::try_current().is_none()),
    ),
    case(
        "a run within a run",
        &[INSTEAD, file!()],
        || {
            corio::run(async { corio::run(async {}) });
        },
        || corio::run(async { spawn(async {}).await.unwrap() }),
    ),
    case(
        "blocking on the loop itself",
        &["Handle::block_on at ", file!(), INSTEAD],
        || {
            corio::run(async { Handle::current().block_on(async {}) });
        },
        || {
            corio::run(async {
                let handle = Handle::current();
                let job = corio::spawn_blocking(move || handle.block_on(async { 7 }));
                assert_eq!(job.await.unwrap(), 7);
            })
        },
    ),
    case(
        "ending a runtime from within",
        &["use `shutdown_background` there", file!()],
        || {
            let other = Builder::new().build().unwrap();
            corio::run(async { other.shutdown_timeout(std::time::Duration::ZERO) });
        },
        || {
            let other = Builder::new().build().unwrap();
            corio::run(async { other.shutdown_background() });
        },
    ),
];

fn elsewhere(work: impl FnOnce() + Send + 'static) {
    let _ = thread::spawn(work).join();
}
