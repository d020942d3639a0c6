//! Cancelling: code that is asked to stop cleans up first, with `await`.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use corio::cancel;

use crate::page::Page;

const SOURCE: &str = include_str!("cancel.rs");

/// Cancels a task that has something to put away.
pub async fn stop(page: &mut Page) {
    page.stop("Cancel asks: catch, clean up, go on unwinding");
    page.say("What waits is dropped up to the catch; the cleanup is not disturbed.");
    page.code(SOURCE, "catch");
    let notes = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&notes);
    // [catch]
    let task = corio::spawn_local(async move {
        let hour = corio::sleep(Duration::from_secs(3600));
        if let Err(cancelled) = cancel::catch(hour).await {
            log.borrow_mut().push(format!("asked to stop: {}", cancelled.reason()));
            corio::sleep(Duration::from_millis(20)).await; // put things away
            log.borrow_mut().push("all put away".to_owned());
            cancelled.resume().await // or suppress it, and stay
        }
    });
    corio::yield_now().await; // the task begins
    task.task().cancel("the shop closes");
    let result = task.await;
    // [end]
    for note in notes.borrow().iter() {
        page.result(note);
    }
    if let Err(error) = result {
        page.result(error);
    }
}
