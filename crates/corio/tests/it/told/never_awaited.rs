//! What was made to be done and never awaited; and all the ways in which that is right.

use std::future::{pending, ready};
use std::time::Duration;

use corio::combine::Disarmed;
use corio::{Builder, TaskGroup, cancel, timeout, wait_for};
use log::Level;

use super::{alone, line, silence};

#[corio::coroutine]
async fn save(text: &str) -> usize {
    text.len()
}

#[corio::coroutine]
async fn owned() {}

struct Account;

impl Account {
    #[corio::coroutine]
    async fn close(self) {}
}

#[track_caller]
fn check(what: &str, line_number: u32) {
    let text = line(Level::Warn, "coroutine");
    let made = if what.starts_with("action") { "Action" } else { "Coroutine" };
    let begins = format!("{what}\n{made} created at {}:{line_number}:", file!());
    assert!(text.starts_with(&begins), "{text}");
}

#[test]
fn coroutines() {
    alone("never_awaited::coroutines", || {
        Builder::new().debug(true).run(async {
            drop(save("text"));
            check("coroutine 'save' was never awaited", line!() - 1);
            drop(Account.close());
            check("coroutine 'close' was never awaited", line!() - 1);
            assert_eq!(save("text").await, 4);
            Account.close().await;
            silence();
        });
    });
}

#[test]
fn actions() {
    alone("never_awaited::actions", || {
        Builder::new().debug(true).run(async {
            let queue = corio::sync::Queue::unbounded();
            drop(queue.put(1));
            check("action 'Queue::put' was never awaited", line!() - 1);
            queue.put(1).await.unwrap();
            let (sender, mut receiver) = corio::sync::mpsc::channel(1);
            drop(sender.send(1));
            check("action 'Sender::send' was never awaited", line!() - 1);
            sender.send(1).await.unwrap();
            // Full: it waits, and is dropped where it waits.
            assert!(timeout(Duration::ZERO, sender.send(2)).await.is_err());
            drop(TaskGroup::scope(|_| async {}));
            check("action 'TaskGroup::scope' was never awaited", line!() - 1);
            drop(corio::scope(|_| async {}));
            check("action 'scope' was never awaited", line!() - 1);
            drop(corio::staggered_race([ready(Ok::<u8, u8>(1))], None));
            check("action 'staggered_race' was never awaited", line!() - 1);
            drop(corio::task::Builder::new().name("forgotten"));
            check("action 'task::Builder' was never spawned", line!() - 1);
            corio::task::Builder::new().spawn(async {}).await.unwrap();
            // Waits do nothing, so nothing is lost.
            drop((corio::sleep(Duration::ZERO), receiver.recv(), queue.get(), corio::yield_now()));
            silence();
        });
    });
}

/// Each of these drops what it was given without ever polling it.
#[test]
fn what_takes_a_future_may_drop_it() {
    alone("never_awaited::what_takes_a_future_may_drop_it", || {
        Builder::new().debug(true).run(async {
            // Select: biased, the first is ready at once.
            corio::select! {
                biased;
                () = ready(()) => {}
                () = owned() => {}
            }
            corio::select! {
                () = ready(()) => {}
                () = owned(), if false => {}
            }
            let failed = corio::try_join!(ready(Err::<u8, u8>(1)), async {
                owned().await;
                Ok(1)
            });
            assert!(failed.is_err());
            assert!(corio::try_join!(ready(Err::<u8, u8>(1)), fails()).is_err());
            // Timeouts without time.
            assert!(wait_for(owned(), Some(Duration::ZERO)).await.is_err());
            // Tasks that end before they begin.
            let task = corio::spawn(owned());
            task.task().cancel("before it began");
            assert!(task.await.unwrap_err().is_cancelled());
            corio::spawn(owned()).abort();
            corio::yield_now().await;
            // Bodies that are cut where they wait, with something left to do.
            let cut = async {
                let left = owned();
                pending::<()>().await;
                left.await;
            };
            assert!(timeout(Duration::ZERO, cut).await.is_err());
            let caught = corio::spawn(async {
                let body = async {
                    let left = owned();
                    pending::<()>().await;
                    left.await;
                };
                drop(cancel::catch(body).await);
            });
            corio::yield_now().await;
            caught.task().cancel("in a catch");
            assert!(caught.await.unwrap_err().is_cancelled());
            // Groups that are closed.
            let refused = TaskGroup::scope(|group| async move {
                group.cancel();
                drop(group.spawn(owned()));
            });
            drop(refused.await);
            // Races that are won.
            let attempts = [1, 2].map(attempt);
            assert_eq!(corio::staggered_race(attempts, None).await.winner, Some((0, 1)));
            // What a caller means to drop.
            drop(Disarmed::new(owned()));
            silence();
        });
    });
}

#[corio::coroutine]
async fn fails() -> Result<u8, u8> {
    Err(2)
}

#[corio::coroutine]
async fn attempt(number: u8) -> Result<u8, u8> {
    Ok(number)
}

#[test]
fn the_end_of_a_run_drops_what_has_not_begun() {
    alone("never_awaited::the_end_of_a_run_drops_what_has_not_begun", || {
        Builder::new().debug(true).run(async {
            drop(corio::spawn(owned()));
            let (left, never) = (owned(), pending::<()>());
            drop(corio::spawn(async move {
                never.await;
                left.await;
            }));
        });
        // Also a task that comes when its loop has gone.
        let handle = Builder::new().debug(true).run(async { corio::Handle::current() });
        drop(handle.spawn(owned()));
        silence();
    });
}

#[test]
fn off_nothing_is_said() {
    alone("never_awaited::off_nothing_is_said", || {
        Builder::new().debug(false).run(async {
            drop(save("text"));
            drop(corio::task::Builder::new());
        });
        silence();
    });
}

/// What is made of other futures speaks for them, or lets them speak: one line each.
#[test]
fn what_is_made_of_others_is_told_of_once() {
    alone("never_awaited::what_is_made_of_others_is_told_of_once", || {
        Builder::new().debug(true).run(async {
            drop(timeout(Duration::ZERO, owned()));
            check("coroutine 'owned' was never awaited", line!() - 1);
            drop(wait_for(owned(), None));
            check("coroutine 'owned' was never awaited", line!() - 1);
            drop(Some(Box::pin(futures::FutureExt::map(owned(), |()| 1))));
            check("coroutine 'owned' was never awaited", line!() - 1);
            drop(TaskGroup::scope(|_| owned()));
            check("action 'TaskGroup::scope' was never awaited", line!() - 1);
            drop(corio::scope(|_| owned()));
            check("action 'scope' was never awaited", line!() - 1);
            drop(corio::staggered_race([1, 2].map(attempt), None));
            check("action 'staggered_race' was never awaited", line!() - 1);
        });
    });
}

/// A body with something left to do.
async fn waits() -> Result<u8, u8> {
    let left = owned();
    pending::<()>().await;
    left.await;
    Ok(1)
}

/// Begun, and dropped by hand where they wait, as a `select!` of somebody else's would do.
#[test]
fn what_is_dropped_halfway_says_nothing_of_its_rest() {
    alone("never_awaited::what_is_dropped_halfway_says_nothing_of_its_rest", || {
        Builder::new().debug(true).run(async {
            let mut group = Box::pin(TaskGroup::scope(|_| waits()));
            assert!(futures::poll!(&mut group).is_pending());
            drop(group);
            let mut scope = Box::pin(corio::scope(|_| waits()));
            assert!(futures::poll!(&mut scope).is_pending());
            drop(scope);
            // The second has not begun.
            let mut race = Box::pin(corio::staggered_race([waits(), waits()], None));
            assert!(futures::poll!(&mut race).is_pending());
            drop(race);
            let unbegun: [futures::future::BoxFuture<'static, Result<u8, u8>>; 2] =
                [Box::pin(pending()), Box::pin(attempt(1))];
            let mut race = Box::pin(corio::staggered_race(unbegun, None));
            assert!(futures::poll!(&mut race).is_pending());
            drop(race);
            silence();
        });
    });
}

/// A callback that is never called drops what it would have begun.
#[test]
fn what_callbacks_have_goes_with_them() {
    alone("never_awaited::what_callbacks_have_goes_with_them", || {
        let handle = Builder::new().debug(true).run(async {
            let event_loop = corio::EventLoop::current();
            let begins = |future| move || drop(corio::spawn(future));
            event_loop.call_soon(begins(owned())).cancel();
            event_loop.call_later(Duration::from_secs(3600), begins(owned())).cancel();
            corio::yield_now().await;
            silence();
            event_loop.call_later(Duration::from_secs(3600), begins(owned()));
            drop(event_loop.handle().run_coroutine_threadsafe(owned()));
            event_loop.call_soon(begins(owned()));
            event_loop.handle()
        });
        assert!(handle.call_soon_threadsafe(|| drop(corio::spawn(owned()))).is_err());
        let late = owned();
        assert!(handle.call_soon_threadsafe(move || drop(corio::spawn(late))).is_err());
        drop(handle.run_coroutine_threadsafe(owned()));
        silence();
    });
}

/// In a pool, a job that never begins drops what it has.
#[test]
fn what_jobs_have_goes_with_them() {
    alone("never_awaited::what_jobs_have_goes_with_them", || {
        Builder::new().debug(true).max_blocking_threads(1).run(async {
            let (go, wait) = std::sync::mpsc::channel::<()>();
            let busy = corio::spawn_blocking(move || wait.recv());
            let future = owned();
            let cancelled = corio::spawn_blocking(move || drop(future));
            cancelled.task().cancel(());
            assert!(cancelled.await.unwrap_err().is_cancelled());
            drop(go);
            assert!(busy.await.unwrap().is_err());
            silence();
        });
    });
}
