//! What was made to be done, and was not.

use std::future::ready;

use corio::TaskGroup;
use corio::sync::{Queue, mpsc};

use crate::harness::{Case, Told};

/// All are told of in one place.
const fn case(name: &'static str, says: &'static [&'static str], bug: fn(), fixed: fn()) -> Case {
    Told::warning("corio::coroutine").case(name, says, bug, fixed)
}

const SAVE: &[&str] = &["coroutine 'save' was never awaited\nCoroutine created at ", file!()];

pub(crate) const CASES: &[Case] = &[
    case(
        "a coroutine that is called",
        SAVE,
        || corio::run(async { drop(save()) }),
        || {
            corio::run(async { save().await });
        },
    ),
    case(
        "a coroutine whose future is kept for later",
        SAVE,
        || {
            corio::run(async {
                let _saved = save();
            });
        },
        || {
            corio::run(async {
                save().await;
            });
        },
    ),
    case(
        "coroutines that are collected",
        SAVE,
        || {
            corio::run(async { drop([1, 2].map(|_| save())) });
        },
        || {
            corio::run(async {
                let saving = [1, 2].map(|_| corio::spawn(save()));
                assert_eq!(corio::gather(saving).await.unwrap().len(), 2);
            });
        },
    ),
    case(
        "a coroutine that an early return forgets",
        SAVE,
        || corio::run(forgets()),
        || {
            corio::run(remembers());
        },
    ),
    case(
        "a method that takes its object",
        &["coroutine 'close' was never awaited"],
        || {
            corio::run(async { drop(Account.close()) });
        },
        || {
            corio::run(async { Account.close().await });
        },
    ),
    case(
        "Queue::put",
        &["action 'Queue::put' was never awaited\nAction created at "],
        || {
            corio::run(async { drop(Queue::unbounded().put(1)) });
        },
        || {
            corio::run(async { Queue::unbounded().put(1).await.unwrap() });
        },
    ),
    case(
        "Sender::send",
        &["action 'Sender::send' was never awaited"],
        || {
            corio::run(async {
                let (sender, _receiver) = mpsc::channel(1);
                drop(sender.send(1));
            });
        },
        || {
            corio::run(async {
                let (sender, _receiver) = mpsc::channel(1);
                sender.send(1).await.unwrap();
            });
        },
    ),
    case(
        "a group of tasks",
        &["action 'TaskGroup::scope' was never awaited"],
        || {
            corio::run(async { drop(TaskGroup::scope(|_| ready(()))) });
        },
        || {
            corio::run(async { TaskGroup::scope(|_| ready(())).await.unwrap() });
        },
    ),
    case(
        "a scope of tasks",
        &["action 'scope' was never awaited"],
        || {
            corio::run(async { drop(corio::scope(|_| async {})) });
        },
        || {
            corio::run(async { corio::scope(|_| async {}).await });
        },
    ),
    case(
        "a race",
        &["action 'staggered_race' was never awaited"],
        || {
            corio::run(async { drop(corio::staggered_race([ready(Ok::<u8, u8>(1))], None)) });
        },
        || {
            corio::run(async {
                assert!(
                    corio::staggered_race([ready(Ok::<u8, u8>(1))], None).await.winner.is_some()
                );
            });
        },
    ),
    case(
        "a task that is built",
        &["action 'task::Builder' was never spawned"],
        || {
            corio::run(async { drop(corio::task::Builder::new().name("forgotten")) });
        },
        || {
            corio::run(async {
                corio::task::Builder::new().name("spawned").spawn(async {}).await.unwrap();
            });
        },
    ),
];

#[corio::coroutine]
async fn save() {}

async fn forgets() {
    let saving = save();
    if "x".parse::<u32>().is_err() {
        return;
    }
    saving.await;
}

async fn remembers() {
    if "x".parse::<u32>().is_err() {
        return;
    }
    save().await;
}

struct Account;

impl Account {
    #[corio::coroutine]
    async fn close(self) {}
}
