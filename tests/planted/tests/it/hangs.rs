//! Circles, locks that keep others waiting, tasks that are cancelled and go on.
//!
//! The watchdog looks at them once a second of real time, so that is what these take.

use std::rc::Rc;
use std::time::Duration;

use corio::cancel::catch;
use corio::sync::Mutex;
use corio::{JoinHandle, debug, sleep, spawn_local, yield_now};

use crate::harness::{Case, Told};

const DEADLOCK: Told = Told::error("corio::deadlock");
const LOCK: Told = Told::warning("corio::lock");
const CANCEL: Told = Told::warning("corio::cancel");

pub(crate) const CASES: &[Case] = &[
    DEADLOCK.case(
        "two locks in two orders",
        &[
            "Deadlock: 2 tasks wait for each other and can never go on",
            " waits for a lock at ",
            file!(),
        ],
        || with_locks(|a, b| vec![takes_both(&a, &b), takes_both(&b, &a)]),
        || {
            with_locks(|a, b| vec![takes_both(&a, &b), takes_both(&a, &b)]);
        },
    ),
    DEADLOCK.case(
        "a lock that is taken twice",
        &["Deadlock: a task waits for itself"],
        || {
            with_locks(|a, _| vec![takes_both(&a, &a)]);
        },
        || {
            with_locks(|a, _| {
                vec![spawn_local(async move {
                    drop(a.lock().await);
                    drop(a.lock().await);
                })]
            })
        },
    ),
    LOCK.case(
        "a lock that is kept for a long wait",
        &[" has held a lock for ", "with 1 task behind it", file!()],
        || with_locks(|a, _| vec![keeps(&a, true), takes(&a)]),
        || {
            with_locks(|a, _| vec![keeps(&a, false), takes(&a)]);
        },
    ),
    LOCK.case(
        "a lock that is granted to a future that nobody polls",
        &[" was granted a lock ", "with 1 task behind it"],
        || granted(true),
        || granted(false),
    ),
    CANCEL.case(
        "cleanup that goes on for ever",
        &[" was cancelled ", " ago and has not ended: it waits for", file!()],
        || cleans_up(HOUR),
        || cleans_up(SHORT),
    ),
];

const HOUR: Duration = Duration::from_secs(3600);
/// As long as three looks and some.
const LOOKS: Duration = Duration::from_millis(3500);
/// What is too long here, and for how long a task has a lock that does it right.
const SHORT: Duration = Duration::from_millis(100);

type Lock = Rc<Mutex<()>>;

/// Has tasks do something with two locks, for a while.
fn with_locks(begin: fn(Lock, Lock) -> Vec<JoinHandle<()>>) {
    debug::set_lock_held_limit(SHORT);
    corio::run(async move {
        let tasks = begin(Lock::default(), Lock::default());
        sleep(LOOKS).await;
        tasks.iter().for_each(JoinHandle::abort);
    });
}

fn takes_both(first: &Lock, second: &Lock) -> JoinHandle<()> {
    let (first, second) = (first.clone(), second.clone());
    spawn_local(async move {
        let _first = first.lock().await;
        yield_now().await;
        let _second = second.lock().await;
    })
}

fn takes(lock: &Lock) -> JoinHandle<()> {
    let lock = lock.clone();
    spawn_local(async move { drop(lock.lock().await) })
}

/// Waits for long, with the lock or without it.
fn keeps(lock: &Lock, with_it: bool) -> JoinHandle<()> {
    let lock = lock.clone();
    spawn_local(async move {
        let held = lock.lock().await;
        if with_it {
            sleep(HOUR).await;
        }
        drop(held);
        sleep(HOUR).await;
    })
}

/// A lock's turn comes to a future; its task polls it no more, or drops it.
fn granted(keeps_it: bool) {
    debug::set_grant_limit(SHORT);
    corio::run(async move {
        let lock = Lock::default();
        let held = lock.lock().await;
        let keeps = lock.clone();
        let keeps = spawn_local(async move {
            let mut locking = Box::pin(keeps.lock());
            assert!(futures::poll!(&mut locking).is_pending());
            if !keeps_it {
                drop(locking);
                return sleep(HOUR).await;
            }
            sleep(HOUR).await;
            drop(locking.await);
        });
        yield_now().await;
        let behind = takes(&lock);
        yield_now().await;
        drop(held);
        sleep(LOOKS).await;
        keeps.abort();
        behind.abort();
    });
}

/// A task is cancelled, and takes so long for its cleanup.
fn cleans_up(time: Duration) {
    debug::set_cancel_limit(Duration::from_secs(1));
    corio::run(async move {
        let task = spawn_local(async move {
            if let Err(cancelled) = catch(sleep(HOUR)).await {
                sleep(time).await;
                cancelled.resume().await;
            }
        });
        yield_now().await;
        task.task().cancel("enough");
        sleep(LOOKS).await;
        task.abort();
    });
}
