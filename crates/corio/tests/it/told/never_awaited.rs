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
