//! Tasks, jobs and loops that end before their time.

use std::future::pending;
use std::thread;
use std::time::Duration;

use corio::{Builder, Runtime, blocking, spawn, spawn_blocking, yield_now};

use crate::harness::{Case, Told};

const TASK: Told = Told::error("corio::task");
const LOOP: Told = Told::error("corio::loop");
const UNCLOSED: Told = Told::warning("corio::loop");
const PENDING: &str = "Task was destroyed but it is pending!\ntask: <Task pending name=\"waits\"";
/// What is said of a runtime that goes with its tasks: of the one, and of the others.
const DROPPED: &[&str] =
    &["ResourceWarning: unclosed event loop", "Task was destroyed but it is pending!"];
const GRACE: Duration = Duration::from_millis(20);

pub(crate) const CASES: &[Case] = &[
    TASK.case(
        "a runtime that is dropped with a task",
        &[PENDING],
        || drop(waiting(1)),
        || {
            waiting(1).shutdown_timeout(LONG);
        },
    )
    .also(DROPPED),
    UNCLOSED
        .case(
            "a runtime that nobody ends",
            &[
                "ResourceWarning: unclosed event loop of the runtime made at ",
                file!(),
                "with 1 tasks",
            ],
            || drop(waiting(1)),
            || waiting(1).shutdown_background(),
        )
        .also(DROPPED),
    TASK.case(
        "a crowd of tasks",
        &["4 more than were named"],
        || drop(waiting(20)),
        || {
            waiting(20).shutdown_timeout(LONG);
        },
    )
    .also(DROPPED),
    TASK.case(
        "a loop that is closed by hand",
        &[PENDING],
        || {
            waiting(1).event_loop().close().unwrap();
        },
        || {
            let runtime = waiting(1);
            runtime.block_on(async {
                let main = corio::task::current();
                for task in corio::task::all() {
                    if Some(&task) != main.as_ref() {
                        task.cancel("the program ends");
                    }
                }
                yield_now().await;
                yield_now().await;
            });
            runtime.event_loop().close().unwrap();
        },
    )
    .also(DROPPED),
    LOOP.case(
        "a job that does not end",
        &["1 jobs on other threads did not end within 20ms", "naps", file!()],
        || {
            Builder::new().shutdown_grace(GRACE).run(async {
                let (begin, begun) = corio::sync::oneshot::channel();
                let naps = blocking::Builder::new().name("naps");
                drop(naps.spawn(|| {
                    begin.send(()).unwrap();
                    thread::sleep(LONG);
                }));
                begun.await.unwrap();
            });
        },
        || {
            Builder::new().shutdown_grace(LONG).run(async {
                drop(spawn_blocking(|| {
                    while corio::from_thread::check_cancelled().is_ok() {
                        thread::sleep(Duration::from_millis(1));
                    }
                }));
                corio::sleep(GRACE).await;
            });
        },
    ),
];

/// Longer than any of this takes.
const LONG: Duration = Duration::from_secs(10);

/// A runtime in which so many tasks wait.
fn waiting(count: usize) -> Runtime {
    let runtime = Builder::new().build().unwrap();
    runtime.block_on(async {
        for _ in 0..count {
            drop(corio::task::Builder::new().name("waits").spawn(pending::<()>()));
        }
        spawn(async {}).await.unwrap();
    });
    runtime
}
