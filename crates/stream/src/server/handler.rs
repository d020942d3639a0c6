//! What a server does with a connection: the handler's task, and what is told of its failure.
//!
//! A handler that fails, by an error or a panic, ends its own connection and nothing else; the log
//! hears of it. One that is cancelled ends its connection in silence: that is what was asked for.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use corio_base::quiet::drop_quietly;
use pin_project_lite::pin_project;

use crate::TARGET;
use crate::link::Link;

/// What a handler returns: nothing, or a `Result` whose error is told to the log.
#[diagnostic::on_unimplemented(
    message = "a server's handler returns `()` or a `Result<(), E>` whose error can be displayed, and this one `{Self}`",
    label = "nobody would get its value",
    note = "end it with `Ok(())`"
)]
pub trait Outcome {
    /// The error, in words.
    fn into_error(self) -> Option<String>;
}

impl Outcome for () {
    fn into_error(self) -> Option<String> {
        None
    }
}

impl<E: fmt::Display> Outcome for Result<(), E> {
    fn into_error(self) -> Option<String> {
        self.err().map(|error| error.to_string())
    }
}

/// Calls a handler. `None`: it panicked, and has been reported; the server goes on.
pub(crate) fn begin<F>(link: &Arc<Link>, handler: impl FnOnce() -> F) -> Option<F> {
    // Unwind safe: what the handler shares between calls is its own to keep in order.
    match catch_unwind(AssertUnwindSafe(handler)) {
        Ok(future) => Some(future),
        Err(panic) => {
            report_panic(link, panic);
            None
        }
    }
}

pin_project! {
    /// A handler at work on one connection.
    pub(crate) struct Handling<F> {
        // `None`: it has ended.
        #[pin]
        future: Option<F>,
        link: Arc<Link>,
    }

    impl<F> PinnedDrop for Handling<F> {
        fn drop(this: Pin<&mut Self>) {
            if this.future.is_some() {
                // Cancelled: the writer, which is dropped next, finds the connection closed.
                this.link.close();
            }
        }
    }
}

impl<F> Handling<F> {
    pub(crate) fn new(future: F, link: Arc<Link>) -> Self {
        Handling { future: Some(future), link }
    }
}

impl<F> Future for Handling<F>
where
    F: Future<Output: Outcome>,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else { return Poll::Ready(()) };
        // Unwind safe: what has panicked is dropped, and nobody looks at it again.
        match catch_unwind(AssertUnwindSafe(|| future.poll(context))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(outcome)) => {
                if let Some(error) = outcome.into_error() {
                    report(this.link, format_args!("{error}"));
                }
            }
            Err(panic) => report_panic(this.link, panic),
        }
        this.future.set(None);
        Poll::Ready(())
    }
}

/// A handler failed: the connection is closed before what the handler still has is dropped.
#[cold]
fn report(link: &Arc<Link>, what: fmt::Arguments<'_>) {
    link.close();
    corio_trace::report_error(
        TARGET,
        format_args!(
            "Unhandled exception in client_connected_cb: {what}; the connection {:?} is closed",
            link.connection()
        ),
    );
}

#[cold]
fn report_panic(link: &Arc<Link>, panic: Box<dyn Any + Send>) {
    report(link, format_args!("panicked with {:?}", text(&*panic)));
    drop_quietly(panic);
}

fn text(payload: &(dyn Any + Send)) -> &str {
    match payload.downcast_ref::<&'static str>() {
        Some(text) => text,
        None => payload.downcast_ref::<String>().map_or("a value", String::as_str),
    }
}
