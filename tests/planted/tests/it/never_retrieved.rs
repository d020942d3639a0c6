//! Errors and panics that nobody looks at.

use std::io;

use corio::{TaskGroup, spawn, try_spawn, yield_now};

use crate::harness::{Case, Told};

const fn case(name: &'static str, says: &'static [&'static str], bug: fn(), fixed: fn()) -> Case {
    Told::error("corio::task").case(name, says, bug, fixed)
}

const fn of_group(
    name: &'static str,
    says: &'static [&'static str],
    bug: fn(),
    fixed: fn(),
) -> Case {
    Told::error("corio::group").case(name, says, bug, fixed)
}

const NEVER: &str = "Task exception was never retrieved";
const FAILS: &[&str] = &[NEVER, " spawned at ", file!(), "disk full"];
const PANICS: &[&str] = &[NEVER, " spawned at ", file!(), "panicked with", "oops"];

pub(crate) const CASES: &[Case] = &[
    case(
        "a panic of a task that is left to itself",
        PANICS,
        || {
            corio::run(async {
                drop(spawn(async { panic!("oops") }));
                yield_now().await;
            })
        },
        || {
            corio::run(async {
                drop(spawn(async {}));
                yield_now().await;
            })
        },
    ),
    case(
        "a handle that is kept and not looked at",
        PANICS,
        || {
            corio::run(async {
                let task = spawn(async { panic!("oops") });
                yield_now().await;
                drop(task);
            })
        },
        || {
            corio::run(async {
                let task = try_spawn(fails());
                yield_now().await;
                assert!(task.await.unwrap().is_err());
            })
        },
    ),
    case(
        "an error of a task that is left to itself",
        FAILS,
        || {
            corio::run(async {
                drop(try_spawn(fails()));
                yield_now().await;
            })
        },
        || {
            corio::run(async {
                assert!(try_spawn(fails()).await.unwrap().is_err());
            })
        },
    ),
    case(
        "an error of a local task",
        FAILS,
        || {
            corio::run(async {
                drop(corio::try_spawn_local(fails()));
                yield_now().await;
            })
        },
        || {
            corio::run(async {
                let task = corio::try_spawn_local(fails());
                yield_now().await;
                assert!(
                    matches!(task.task().failure(), Some(words) if words.contains("disk full"))
                );
                task.task().mark_retrieved();
            })
        },
    ),
    case(
        "a task that is waited for and not looked at",
        FAILS,
        || {
            corio::run(async {
                let mut tasks = vec![try_spawn(fails())];
                drop(corio::wait(&mut tasks).await.unwrap());
            })
        },
        || {
            corio::run(async {
                let mut tasks = vec![try_spawn(fails())];
                for done in corio::wait(&mut tasks).await.unwrap() {
                    assert!(done.await.unwrap().is_err());
                }
            })
        },
    ),
    case(
        "a panic on another thread",
        PANICS,
        || {
            corio::run(async {
                let job = corio::spawn_blocking(|| panic!("oops"));
                // The end of the run would end a job that has not begun.
                while !job.is_finished() {
                    corio::sleep(std::time::Duration::from_millis(1)).await;
                }
            })
        },
        || {
            corio::run(async {
                corio::spawn_blocking(|| {}).await.unwrap();
            })
        },
    ),
    case(
        "the way of a panic",
        &[
            NEVER,
            "stack (most recent call last):\n  coroutine 'outer' at ",
            "\n  coroutine 'inner' at ",
        ],
        || {
            corio::run(async {
                drop(spawn(outer(true)));
                yield_now().await;
            })
        },
        || {
            corio::run(async {
                drop(spawn(outer(false)));
                yield_now().await;
            })
        },
    ),
    case(
        "an error of a promise",
        &["Future exception was never retrieved", "created at "],
        || {
            let (promise, eventual) = corio::eventual::<u8, io::Error>();
            promise.set_error(io::Error::other("disk full")).unwrap();
            drop(eventual);
        },
        || {
            let (promise, eventual) = corio::eventual::<u8, io::Error>();
            promise.set_error(io::Error::other("disk full")).unwrap();
            assert!(eventual.result().is_err());
        },
    ),
    of_group(
        "a group that is dropped before its end",
        &["was dropped before its end, with 1 tasks"],
        || {
            corio::run(async {
                let group = TaskGroup::scope(|group| async move {
                    drop(group.spawn(std::future::pending::<()>()));
                    std::future::pending::<()>().await;
                });
                let mut group = Box::pin(group);
                assert!(futures::poll!(&mut group).is_pending());
            })
        },
        || {
            corio::run(async {
                let group = TaskGroup::scope(|group| async move {
                    drop(group.spawn(std::future::pending::<()>()));
                    yield_now().await;
                    group.cancel();
                });
                drop(group.await);
            })
        },
    ),
    of_group(
        "errors of children that a panic takes along",
        &["1 errors of its children are lost"],
        || {
            let group = TaskGroup::try_scope(|group| async move {
                drop(group.try_spawn(fails()));
                yield_now().await;
                panic!("oops");
                #[expect(unreachable_code, reason = "says which type it would be")]
                Ok::<(), io::Error>(())
            });
            assert!(corio::try_run(group).is_err());
        },
        || {
            let group = TaskGroup::try_scope(|group| async move {
                drop(group.try_spawn(fails()));
                yield_now().await;
                Err::<(), io::Error>(io::Error::other("oops"))
            });
            assert!(corio::run(group).is_err());
        },
    ),
];

async fn fails() -> io::Result<()> {
    Err(io::Error::other("disk full"))
}

#[corio::coroutine]
async fn outer(panics: bool) {
    inner(panics).await;
}

#[corio::coroutine]
async fn inner(panics: bool) {
    assert!(!panics, "oops");
}
