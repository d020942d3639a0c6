//! To know that somebody waits, without a pause that is hoped to be long enough: for the tests of every crate in
//! which one thread waits and another ends that, which take this file in as a module of theirs.

use std::future::poll_fn;
use std::pin::pin;

/// `future`, which calls `tell` once it has been polled and has to wait.
pub(crate) async fn telling<F: Future>(future: F, tell: impl FnOnce()) -> F::Output {
    let mut future = pin!(future);
    let mut tell = Some(tell);
    poll_fn(|context| {
        let polled = future.as_mut().poll(context);
        if polled.is_pending()
            && let Some(tell) = tell.take()
        {
            tell();
        }
        polled
    })
    .await
}
