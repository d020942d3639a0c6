//! What the tests share.

use std::any::Any;
use std::cell::RefCell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Output};
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use corio::cancel::catch;
use corio::{Builder, Clock, GroupError, yield_now};

use crate::default_actions;

pub(crate) const MS: Duration = Duration::from_millis(1);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// What happened, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    pub(crate) fn push(&self, line: impl Into<String>) {
        self.0.borrow_mut().push(line.into());
    }

    /// What was pushed since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        self.0.take()
    }

    /// A value that writes its name down when it is dropped.
    pub(crate) fn on_drop(&self, name: &'static str) -> OnDrop {
        let log = self.clone();
        OnDrop(Some(Box::new(move || log.push(name))))
    }
}

/// Does something when it is dropped.
pub(crate) struct OnDrop(Option<Box<dyn FnOnce()>>);

impl OnDrop {
    pub(crate) fn new(work: impl FnOnce() + 'static) -> Self {
        OnDrop(Some(Box::new(work)))
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(work) = self.0.take() {
            work();
        }
    }
}

/// Runs `main` on a virtual clock.
pub(crate) fn run<T: Send + 'static>(main: impl AsyncFnOnce() -> T + Send + 'static) {
    bounded(|| {
        Builder::new().clock(Clock::virtual_time()).run(async { main().await });
    });
}

/// So many turns of the loop.
pub(crate) async fn turns(count: u32) {
    for _ in 0..count {
        yield_now().await;
    }
}

/// Waits to be cancelled, cleans up for so many turns, and writes that down.
pub(crate) async fn cleans_up(log: Log, name: &'static str, count: u32) {
    if let Err(cancelled) = catch(pending::<()>()).await {
        turns(count).await;
        log.push(name);
        cancelled.resume().await
    }
}

/// What the children of a group ended with, none of them with a panic.
#[track_caller]
pub(crate) fn numbers(error: &GroupError<u32>) -> Vec<u32> {
    error.errors().iter().map(|child| *child.error().expect("no panic")).collect()
}

/// Runs `test` on a thread of its own and fails if it hangs.
pub(crate) fn bounded(test: impl FnOnce() + Send + 'static) {
    const LIMIT: Duration = Duration::from_secs(60);
    let (send, receive) = mpsc::channel();
    let runner = std::thread::spawn(move || {
        test();
        // The receiver is gone only if the limit has passed.
        let _ = send.send(());
    });
    match receive.recv_timeout(LIMIT) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("the test has not ended after {LIMIT:?}"),
        _ => runner.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload)),
    }
}

/// What `f` panics with.
#[track_caller]
pub(crate) fn panic_of<T>(f: impl FnOnce() -> T) -> Box<dyn Any + Send> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("it was to panic"),
        Err(payload) => payload,
    }
}

/// The words that `f` panics with.
#[track_caller]
pub(crate) fn panic_text<T>(f: impl FnOnce() -> T) -> String {
    text(&*panic_of(f))
}

pub(crate) fn text(payload: &(dyn Any + Send)) -> String {
    match payload.downcast_ref::<&'static str>() {
        Some(text) => (*text).to_owned(),
        None => payload.downcast_ref::<String>().expect("a panic with a message").clone(),
    }
}

/// Set in a process made by [`in_child`].
const INSIDE: &str = "CORIO_TEST_IN_CHILD";

/// Runs the test of this name in a process of its own, where `inside_child` says so, with
/// `variables` in its environment and signals that have their default actions.
pub(crate) fn in_child(test: &str, variables: &[(&str, &str)]) -> Output {
    in_child_of(&mut Command::new(std::env::current_exe().unwrap()), test, variables)
}

/// As [`in_child`]: `command` starts this test program, with what is added to its arguments.
pub(crate) fn in_child_of(command: &mut Command, test: &str, variables: &[(&str, &str)]) -> Output {
    default_actions::restore();
    command.args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
    for name in ["CORIO_DEBUG", "CORIO_DRIVER"] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied()).output().unwrap()
}

/// Fails with what the child wrote unless its test passed.
#[track_caller]
pub(crate) fn assert_passed(output: &Output) {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{out}\n{err}");
}

pub(crate) fn inside_child() -> bool {
    std::env::var_os(INSIDE).is_some()
}
