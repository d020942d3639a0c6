//! Waiting by blocking the thread, for the `blocking_` ways of the primitives.

use std::future::Future;

use corio_base::{current, park};

/// Blocks this thread until `future` is ready.
///
/// # Panics
/// Inside a task of a loop, which would block all other tasks of that loop, and maybe for ever:
/// `instead` says what to use there.
#[track_caller]
pub(crate) fn block_on<F: Future>(future: F, instead: &str) -> F::Output {
    assert!(
        current::poll_number() == 0,
        "this would block the event loop that polls the task; use `{instead}` in tasks"
    );
    park::block_on(future)
}
