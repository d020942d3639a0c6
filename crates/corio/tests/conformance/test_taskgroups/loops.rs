//! What the tests of groups share: both kinds of loop, errors that are words, children that fail.

use std::rc::Rc;
use std::time::Duration;

use corio::cancel::catch;
use corio::event_loop::eager_task_factory;
use corio::{Builder, Clock, EventLoop, GroupError, sleep};

/// A tenth of a second: CPython's tests count in these.
pub(super) const TENTH: Duration = Duration::from_millis(100);
pub(super) const SECOND: Duration = Duration::from_secs(1);

/// An error.
pub(super) type Word = &'static str;

/// Runs `test` on a loop of its own, and again on one whose tasks start eagerly, as CPython does.
pub(super) fn on_both_loops(test: impl AsyncFn()) {
    on_a_loop(async || test().await);
    on_an_eager_loop(async || test().await);
}

/// Runs `test` on a loop of its own.
pub(super) fn on_a_loop(test: impl AsyncFnOnce()) {
    Builder::new().clock(Clock::virtual_time()).debug(true).run(async { test().await });
}

/// Runs `test` on a loop of its own, whose tasks start eagerly.
pub(super) fn on_an_eager_loop(test: impl AsyncFnOnce()) {
    Builder::new().clock(Clock::virtual_time()).debug(true).run(async {
        EventLoop::current().set_task_factory(Some(eager_task_factory()));
        test().await;
    });
}

/// The errors of a group, in the order in which they came; of a panic, "panic".
pub(super) fn words(error: &GroupError<Word>) -> Vec<Word> {
    error.errors().iter().map(|child| child.error().copied().unwrap_or("panic")).collect()
}

/// Gives `value` after a while.
pub(super) async fn after<T>(delay: Duration, value: T) -> T {
    sleep(delay).await;
    value
}

/// Fails after a while, unless it is cancelled before.
pub(super) async fn fails_after(delay: Duration, error: Word) -> Result<(), Word> {
    after(delay, Err(error)).await
}

/// Waits for ten seconds, and fails also if it is cut there: `finally: raise`.
pub(super) async fn fails_at_last(error: Word) -> Result<(), Word> {
    if let Err(cancelled) = catch(sleep(10 * SECOND)).await {
        cancelled.suppress();
    }
    Err(error)
}

/// Waits for ten seconds; if it is cut there, calls `note` and goes on unwinding.
pub(super) async fn notes_a_cancel(note: impl FnOnce()) {
    if let Err(cancelled) = catch(sleep(10 * SECOND)).await {
        note();
        cancelled.resume().await
    }
}

/// As [`notes_a_cancel`], taking a moment for its cleanup.
pub(super) async fn cleans_up_for(duration: Duration, note: impl FnOnce()) {
    if let Err(cancelled) = catch(sleep(10 * SECOND)).await {
        sleep(duration).await;
        note();
        cancelled.resume().await
    }
}

/// A variable that counts, for closures that are called once each.
pub(super) type Count = Rc<std::cell::Cell<u32>>;

/// Adds to it.
pub(super) fn add(count: &Count, number: u32) {
    count.set(count.get() + number);
}
