//! Circles, locks that keep others waiting, tasks that are cancelled and go on.
//!
//! The watchdog looks at them once a second of real time, so that is what these take.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use corio::cancel::catch;
use corio::sync::{Mutex, RwLock, Semaphore};
use corio::{JoinHandle, TaskGroup, debug, sleep, spawn_local, yield_now};

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
    DEADLOCK.case(
        "two tasks that await each other",
        &[
            "Deadlock: 2 tasks wait for each other and can never go on",
            " waits for the end of a task at ",
            "which is <Task name='Task-",
            file!(),
        ],
        || await_each_other(true),
        || await_each_other(false),
    ),
    DEADLOCK.case(
        "a group that waits with the lock that its child wants",
        &[
            "Deadlock: 2 tasks wait for each other and can never go on",
            " waits for the tasks of a group at ",
            "of which one is <Task name='Task-",
            " waits for a lock at ",
            file!(),
        ],
        || with_locks(|a, _| vec![has_a_group(&a, true)]),
        || {
            with_locks(|a, _| vec![has_a_group(&a, false)]);
        },
    ),
    DEADLOCK.case(
        "a reader that wants to write",
        &["Deadlock: a task waits for itself", " waits for a lock at ", file!()],
        || reads_and_writes(true),
        || reads_and_writes(false),
    ),
    DEADLOCK.case(
        "tasks that have one permit each and want two",
        &["Deadlock: 2 tasks wait for each other", " waits for a permit at ", file!()],
        || take_permits(true),
        || take_permits(false),
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
/// How long cleanup takes that does it right.
const SHORT: Duration = Duration::from_millis(100);
/// What is too long for a lock; a loop that the machine holds up while it has one is not what this is about.
const LIMIT: Duration = Duration::from_millis(500);

type Lock = Rc<Mutex<()>>;

/// Has tasks do something with two locks, for a while.
fn with_locks(begin: fn(Lock, Lock) -> Vec<JoinHandle<()>>) {
    debug::set_lock_held_limit(LIMIT);
    corio::run(async move {
        let tasks = begin(Lock::default(), Lock::default());
        sleep(LOOKS).await;
        for task in tasks {
            // Aborted, one with a group would drop it with tasks in it.
            task.task().cancel("enough");
        }
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

/// Two tasks of which the first awaits the second, which awaits the first or lets it be.
fn await_each_other(both: bool) {
    corio::run(async move {
        let later = Rc::new(RefCell::new(None::<JoinHandle<()>>));
        let given = later.clone();
        let one = spawn_local(async move {
            let two = given.take();
            drop(two.expect("it is there by now").await);
        });
        let task = one.task();
        let two = spawn_local(async move {
            match both {
                true => drop(one.await),
                false => drop(one),
            }
        });
        later.replace(Some(two));
        sleep(LOOKS).await;
        task.abort();
    });
}

/// Waits for a group of which a child wants the lock, which it has or has given back.
fn has_a_group(lock: &Lock, keeps: bool) -> JoinHandle<()> {
    let lock = lock.clone();
    spawn_local(async move {
        let held = lock.lock().await;
        let wanted = lock.clone();
        let all = TaskGroup::scope(|group| async move {
            group.spawn_local(async move { drop(wanted.lock().await) });
        });
        if keeps {
            all.await.unwrap();
            drop(held);
        } else {
            drop(held);
            all.await.unwrap();
        }
    })
}

/// Reads, and writes before or after it has read.
fn reads_and_writes(before: bool) {
    corio::run(async move {
        let lock = RwLock::new(());
        let task = spawn_local(async move {
            let read = lock.read().await;
            if before {
                drop(lock.write().await);
            }
            drop(read);
            drop(lock.write().await);
        });
        sleep(LOOKS).await;
        task.abort();
    });
}

/// Two tasks that need both of two permits: each takes them one by one, or together.
fn take_permits(one_by_one: bool) {
    corio::run(async move {
        let permits = Rc::new(Semaphore::new(2));
        let task = |permits: Rc<Semaphore>| {
            spawn_local(async move {
                let first = permits.acquire_many(if one_by_one { 1 } else { 2 }).await.unwrap();
                yield_now().await;
                if one_by_one {
                    drop(permits.acquire().await.unwrap());
                }
                drop(first);
            })
        };
        let tasks = [task(permits.clone()), task(permits)];
        sleep(LOOKS).await;
        tasks.iter().for_each(JoinHandle::abort);
    });
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
    debug::set_grant_limit(LIMIT);
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
