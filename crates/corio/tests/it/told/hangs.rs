//! Circles, hangs, locks that keep others waiting, tasks that do not end: what the watchdog reads off the book.
//! Each beside its innocent twin, of which it says nothing.
//!
//! The watchdog looks once a second of real time, so that is what these take.

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use corio::sync::{Mutex, Notify, RwLock, Semaphore, oneshot};
use corio::task::{Builder as Named, Spawn};
use corio::{Builder, JoinHandle, TaskGroup, debug, sleep};
use log::Level;

use super::{Line, alone, line, lines, silence};

const HOUR: Duration = Duration::from_secs(3600);
/// Shorter than the time between two looks.
const SHORT: Duration = Duration::from_millis(200);
/// As long as three looks and some.
const THREE_LOOKS: Duration = Duration::from_millis(3500);
/// A line that has not come by then does not come.
const LOOKS_MAX: u32 = 600;

/// The first lines that come.
async fn told() -> Vec<Line> {
    for _ in 0..LOOKS_MAX {
        sleep(Duration::from_millis(50)).await;
        let lines = lines();
        if !lines.is_empty() {
            return lines;
        }
    }
    panic!("nothing was told");
}

/// The one line that comes, and comes once.
async fn told_once(level: Level, target: &str) -> String {
    let mut lines = told().await;
    assert_eq!(lines.len(), 1, "{lines:#?}");
    sleep(THREE_LOOKS).await;
    silence();
    let (of, to, text) = lines.remove(0);
    assert_eq!((of, to.as_str()), (level, target), "{text}");
    text
}

fn named<F>(name: &str, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: 'static> + 'static,
{
    Named::new().name(name).spawn_local(future)
}

/// Runs `body` in debug mode, in a process that is watched.
#[track_caller]
fn watched(test: &str, body: impl AsyncFnOnce()) {
    alone(&format!("hangs::{test}"), || {
        Builder::new().debug(true).run(body());
    });
}

#[track_caller]
fn has_all(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in: {text}");
    }
}

#[test]
fn two_locks_in_two_orders() {
    watched("two_locks_in_two_orders", async || {
        let (a, b) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let one = {
            let (a, b) = (a.clone(), b.clone());
            named("one", async move {
                let _a = a.lock().await;
                sleep(SHORT).await;
                let _b = b.lock().await;
            })
        };
        let two = named("two", async move {
            let _b = b.lock().await;
            sleep(SHORT).await;
            let _a = a.lock().await;
        });
        let text = told_once(Level::Error, "deadlock").await;
        has_all(
            &text,
            &["Deadlock: 2 tasks wait for each other and can never go on\n  <Task name='"],
        );
        has_all(&text, &["<Task name='one' spawned at ", "waits for a lock at ", "has held for "]);
        assert_eq!(text.matches("name='two'").count(), 2, "{text}");
        // Each is named with its place twice; then there are where it waits and where the other one took it.
        assert_eq!(text.matches(file!()).count(), 8, "{text}");
        one.abort();
        two.abort();
    });
}

#[test]
fn two_locks_in_one_order_and_a_way_out() {
    watched("two_locks_in_one_order_and_a_way_out", async || {
        let locks = Rc::new([Mutex::new(()), Mutex::new(())]);
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let locks = locks.clone();
                corio::spawn_local(async move {
                    let _first = locks[0].lock().await;
                    let _second = locks[1].lock().await;
                    sleep(SHORT).await;
                })
            })
            .collect();
        // In the other order, but each may leave off.
        let other = Rc::new([Mutex::new(()), Mutex::new(())]);
        let patient = |mine: usize| {
            let other = other.clone();
            named("patient", async move {
                let _mine = other[mine].lock().await;
                sleep(SHORT).await;
                corio::select! {
                    _ = other[1 - mine].lock() => {}
                    () = sleep(THREE_LOOKS) => {}
                }
            })
        };
        let patient = [patient(0), patient(1)];
        for task in tasks.into_iter().chain(patient) {
            task.await.unwrap();
        }
        silence();
    });
}

#[test]
fn a_task_that_waits_for_itself() {
    watched("a_task_that_waits_for_itself", async || {
        let lock = Rc::new(Mutex::new(()));
        let task = named("twice", async move {
            let _once = lock.lock().await;
            let _twice = lock.lock().await;
        });
        let text = told_once(Level::Error, "deadlock").await;
        has_all(&text, &["Deadlock: a task waits for itself", "<Task name='twice'"]);
        task.abort();
    });
}

/// A cell in which a task finds what is made after it.
type Later<T> = Rc<RefCell<Option<T>>>;

#[test]
fn two_tasks_that_await_each_other() {
    watched("two_tasks_that_await_each_other", async || {
        let later = Later::default();
        let given = later.clone();
        let one = named("one", async move {
            let two: JoinHandle<()> = given.take().unwrap();
            drop(two.await);
        });
        let task = one.task();
        let two = named("two", async move { drop(one.await) });
        later.replace(Some(two));
        let text = told_once(Level::Error, "deadlock").await;
        has_all(
            &text,
            &["Deadlock: 2 tasks wait for each other and can never go on\n  <Task name='"],
        );
        has_all(
            &text,
            &["waits for the end of a task at ", "which is <Task name='one' spawned at "],
        );
        has_all(&text, &["which is <Task name='two' spawned at ", file!()]);
        assert_eq!(text.matches("\n  <Task name='").count(), 2, "a line for each: {text}");
        task.abort();
    });
}

#[test]
fn two_tasks_of_which_one_awaits_the_other() {
    watched("two_tasks_of_which_one_awaits_the_other", async || {
        let later = Later::default();
        let given = later.clone();
        let one = named("one", async move {
            let two: JoinHandle<()> = given.take().unwrap();
            // It looks once in a while, and leaves off.
            corio::select! {
                ended = two => ended.unwrap(),
                () = sleep(THREE_LOOKS) => {}
            }
        });
        let two = named("two", async move { drop(one.await) });
        let task = two.task();
        later.replace(Some(two));
        sleep(THREE_LOOKS + SHORT).await;
        silence();
        assert!(task.is_done());
    });
}

/// A task that has a lock which a child of its group wants, and keeps it while it waits for the group.
fn parent(keeps: bool) -> JoinHandle<()> {
    named("parent", async move {
        let lock = Rc::new(Mutex::new(()));
        let mut held = Some(lock.lock().await);
        let wanted = lock.clone();
        let all = TaskGroup::scope(|group| async move {
            let child = Spawn::new().name("child");
            group.spawn_local_with(child, async move { drop(wanted.lock().await) });
        });
        if !keeps {
            held = None;
        }
        all.await.unwrap();
        drop(held);
    })
}

#[test]
fn a_child_that_wants_the_lock_of_its_parent() {
    watched("a_child_that_wants_the_lock_of_its_parent", async || {
        let parent = parent(true);
        let text = told_once(Level::Error, "deadlock").await;
        has_all(
            &text,
            &["Deadlock: 2 tasks wait for each other and can never go on\n  <Task name='parent'"],
        );
        has_all(
            &text,
            &["waits for the tasks of a group at ", ", of which one is <Task name='child'"],
        );
        has_all(
            &text,
            &[
                "<Task name='child' spawned at ",
                " waits for a lock at ",
                "which <Task name='parent'",
            ],
        );
        // Aborted, it would drop its group with tasks in it.
        parent.task().cancel("enough");
        assert!(parent.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn a_child_that_gets_the_lock_of_its_parent() {
    watched("a_child_that_gets_the_lock_of_its_parent", async || {
        let parent = parent(false);
        sleep(THREE_LOOKS).await;
        silence();
        parent.await.unwrap();
    });
}

#[test]
fn a_child_that_awaits_its_parent() {
    watched("a_child_that_awaits_its_parent", async || {
        let later = Later::default();
        let given = later.clone();
        let parent = named("parent", async move {
            let all = TaskGroup::scope(|group| async move {
                let parent: JoinHandle<()> = given.take().unwrap();
                group.spawn_local_with(
                    Spawn::new().name("child"),
                    async move { drop(parent.await) },
                );
            });
            all.await.unwrap();
        });
        let task = parent.task();
        later.replace(Some(parent));
        let text = told_once(Level::Error, "deadlock").await;
        has_all(&text, &["of which one is <Task name='child'", "which is <Task name='parent'"]);
        task.cancel("enough");
    });
}

#[test]
fn readers_and_writers_in_a_circle() {
    watched("readers_and_writers_in_a_circle", async || {
        let both = Rc::new([RwLock::new(()), RwLock::new(())]);
        let task = |name, reads: usize| {
            let both = both.clone();
            named(name, async move {
                let _read = both[reads].read().await;
                sleep(SHORT).await;
                let _write = both[1 - reads].write().await;
            })
        };
        let tasks = [task("one", 0), task("two", 1)];
        // Another reader, who goes on, does not help the writer.
        let reads = both.clone();
        let another = named("another", async move {
            let _read = reads[0].read().await;
            sleep(HOUR).await;
        });
        let text = told_once(Level::Error, "deadlock").await;
        has_all(&text, &["Deadlock: 2 tasks", "<Task name='one'", "<Task name='two'"]);
        assert_eq!(text.matches(" waits for a lock at ").count(), 2, "{text}");
        assert_eq!(text.matches(" has held for ").count(), 2, "{text}");
        assert!(!text.contains("another"), "{text}");
        tasks.iter().for_each(JoinHandle::abort);
        another.abort();
    });
}

#[test]
fn a_reader_that_wants_to_write() {
    watched("a_reader_that_wants_to_write", async || {
        let lock = Rc::new(RwLock::new(()));
        let task = named("upgrades", async move {
            let _read = lock.read().await;
            let _write = lock.write().await;
        });
        let text = told_once(Level::Error, "deadlock").await;
        has_all(&text, &["Deadlock: a task waits for itself", "<Task name='upgrades'"]);
        task.abort();
    });
}

/// Two tasks that have a permit each and want another one, of which there are `spare`.
fn permits(spare: usize) -> [JoinHandle<()>; 2] {
    let permits = Rc::new(Semaphore::new(2 + spare));
    ["one", "two"].map(|name| {
        let permits = permits.clone();
        named(name, async move {
            let _one = permits.acquire().await.unwrap();
            sleep(SHORT).await;
            let _another = permits.acquire().await.unwrap();
        })
    })
}

#[test]
fn permits_that_are_short_by_one() {
    watched("permits_that_are_short_by_one", async || {
        let tasks = permits(0);
        let text = told_once(Level::Error, "deadlock").await;
        let head =
            "Deadlock: 2 tasks wait for each other and can go on only if somebody adds permits\n";
        has_all(&text, &[head, "<Task name='one'", "<Task name='two'"]);
        assert_eq!(text.matches(" waits for a permit at ").count(), 2, "{text}");
        assert_eq!(text.matches(" has held for ").count(), 2, "{text}");
        tasks.iter().for_each(JoinHandle::abort);
    });
}

#[test]
fn permits_and_readers_that_go_round() {
    watched("permits_and_readers_that_go_round", async || {
        let tasks = permits(1);
        let lock = Rc::new(RwLock::new(()));
        let read = lock.read().await;
        let writer = lock.clone();
        let writes = named("writes", async move { drop(writer.write().await) });
        sleep(THREE_LOOKS).await;
        drop(read);
        writes.await.unwrap();
        for task in tasks {
            task.await.unwrap();
        }
        silence();
    });
}

/// Runs a task that waits for a message, and sends it after `rest`.
fn with_a_receiver(rest: impl FnOnce(), beside: impl AsyncFnOnce() + Send + 'static) {
    debug::set_hang_limit(SHORT);
    let (sender, receiver) = oneshot::channel::<()>();
    let runner = thread::Builder::new().name("runner".to_owned()).spawn(move || {
        Builder::new().debug(true).run(async {
            let receives = named("receives", async { receiver.await.unwrap() });
            let beside = corio::spawn_local(beside());
            receives.await.unwrap();
            beside.abort();
        });
    });
    rest();
    sender.send(()).unwrap();
    runner.unwrap().join().unwrap();
}

fn rest() {
    thread::sleep(THREE_LOOKS);
}

#[test]
fn a_loop_that_nothing_can_wake() {
    alone("hangs::a_loop_that_nothing_can_wake", || {
        let notify = Notify::new();
        with_a_receiver(rest, async move || notify.notified().await);
        let text = line(Level::Warn, "hang");
        let begins =
            "Nothing that corio knows of will ever wake the loop of thread 'runner', at rest for ";
        assert!(text.starts_with(begins), "{text}");
        has_all(
            &text,
            &["<Task name='receives'", "waits for a channel at ", "waits for an event at "],
        );
        has_all(&text, &["A thread of the program's own may still do so"]);
    });
}

#[test]
fn a_loop_that_a_timer_or_a_job_will_wake() {
    alone("hangs::a_loop_that_a_timer_or_a_job_will_wake", || {
        with_a_receiver(rest, async || sleep(HOUR).await);
        silence();
        let job = async || corio::spawn_blocking(rest).await.unwrap();
        with_a_receiver(|| thread::sleep(THREE_LOOKS - SHORT), job);
        silence();
        // Who knows what that waits for.
        with_a_receiver(rest, async || std::future::pending().await);
        silence();
        let socket = async || {
            let listener = corio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            drop(listener.accept().await);
        };
        with_a_receiver(rest, socket);
        silence();
    });
}

#[test]
fn a_lock_that_was_granted_to_a_future_that_nobody_polls() {
    let test = "a_lock_that_was_granted_to_a_future_that_nobody_polls";
    watched(test, async || {
        debug::set_grant_limit(SHORT);
        let lock = Rc::new(Mutex::new(()));
        let first = lock.clone();
        let held = first.lock().await;
        let keeps = named("keeps", {
            let lock = lock.clone();
            async move {
                let mut locking = std::pin::pin!(lock.lock());
                assert!(futures::poll!(&mut locking).is_pending());
                sleep(HOUR).await;
                drop(locking.await);
            }
        });
        corio::yield_now().await;
        let behind = named("behind", async move { drop(lock.lock().await) });
        corio::yield_now().await;
        drop(held);
        let text = told_once(Level::Warn, "lock").await;
        has_all(&text, &["<Task name='keeps'", " was granted a lock ", "with 1 task behind it"]);
        has_all(&text, &["waits for a moment at ", "<Task name='behind'", "or drop it before"]);
        keeps.abort();
        behind.await.unwrap();
    });
}

#[test]
fn a_lock_that_was_granted_and_taken() {
    watched("a_lock_that_was_granted_and_taken", async || {
        debug::set_grant_limit(SHORT);
        let lock = Rc::new(Mutex::new(()));
        let held = lock.lock().await;
        let task = || {
            let lock = lock.clone();
            corio::spawn_local(async move {
                let locking = lock.lock();
                corio::select! {
                    _ = locking => sleep(THREE_LOOKS).await,
                    () = sleep(HOUR) => {}
                }
            })
        };
        let (one, two) = (task(), task());
        corio::yield_now().await;
        drop(held);
        one.await.unwrap();
        silence();
        two.abort();
    });
}

#[test]
fn a_lock_that_is_held_while_others_wait() {
    watched("a_lock_that_is_held_while_others_wait", async || {
        debug::set_lock_held_limit(SHORT);
        let lock = Rc::new(Mutex::new(()));
        let holds = named("holds", {
            let lock = lock.clone();
            async move {
                let _held = lock.lock().await;
                sleep(HOUR).await;
            }
        });
        corio::yield_now().await;
        let waits = named("waits", async move { drop(lock.lock().await) });
        let text = told_once(Level::Warn, "lock").await;
        has_all(&text, &["<Task name='holds'", " has held a lock for ", "with 1 task behind it"]);
        has_all(
            &text,
            &["it waits for a moment at ", "<Task name='waits'", "waits for a lock at "],
        );
        holds.abort();
        waits.await.unwrap();
    });
}

#[test]
fn a_lock_that_is_held_and_nobody_wants_it() {
    watched("a_lock_that_is_held_and_nobody_wants_it", async || {
        debug::set_lock_held_limit(SHORT);
        let lock = Mutex::new(());
        let shared = RwLock::new(());
        let _held = lock.lock().await;
        let _read = shared.read().await;
        sleep(THREE_LOOKS).await;
        // A limit that is far off, with somebody waiting.
        debug::set_lock_held_limit(Duration::MAX);
        assert!(corio::timeout(THREE_LOOKS, lock.lock()).await.is_err());
        silence();
    });
}

#[test]
fn a_cancelled_task_that_does_not_end() {
    watched("a_cancelled_task_that_does_not_end", async || {
        debug::set_cancel_limit(SHORT);
        let task = named("cleans", async {
            let ended = corio::cancel::catch(sleep(HOUR)).await;
            // A connection that is to be closed in good order, and does not answer.
            sleep(HOUR).await;
            drop(ended);
        });
        corio::yield_now().await;
        task.task().cancel("enough");
        let text = told_once(Level::Warn, "cancel").await;
        has_all(
            &text,
            &["<Task name='cleans'", " was cancelled ", " ago and has not ended: it waits for"],
        );
        has_all(&text, &["a moment at ", file!()]);
        task.abort();
        let _ = task.await;
    });
}

#[test]
fn cancelled_tasks_that_end_or_go_on_rightly() {
    watched("cancelled_tasks_that_end_or_go_on_rightly", async || {
        debug::set_cancel_limit(Duration::from_secs(2));
        let cleans = named("cleans", async {
            let ended = corio::cancel::catch(sleep(HOUR)).await;
            sleep(SHORT).await;
            drop(ended);
        });
        let goes_on = named("goes on", async {
            corio::cancel::catch(sleep(HOUR)).await.unwrap_err().suppress();
            sleep(HOUR).await;
        });
        let taken_back = named("taken back", sleep(HOUR));
        corio::yield_now().await;
        cleans.task().cancel("enough");
        goes_on.task().cancel("enough");
        taken_back.task().cancel("enough");
        taken_back.task().uncancel();
        assert!(cleans.await.unwrap_err().is_cancelled());
        sleep(THREE_LOOKS).await;
        silence();
        assert!(!goes_on.is_finished() && !taken_back.is_finished());
    });
}
