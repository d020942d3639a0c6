//! Where the panics of callbacks go, and other things that went wrong with nobody to tell.
//!
//! ```text
//!   a callback panics ──▶ call_exception_handler ──┬─ none is set ──▶ the default one: the log
//!                                                  └─ set ──▶ it ── panics ──▶ the log, both
//! ```

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::rc::Rc;

use corio_base::quiet::drop_quietly;
use corio_executor::{CallPanic, Task, Unseen};
use corio_trace::targets;

use super::EventLoop;
use super::boxed;

/// What [`EventLoop::set_exception_handler`] takes.
pub type ExceptionHandler = Rc<dyn Fn(&EventLoop, &ExceptionContext)>;

/// What went wrong, as far as that is known.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ExceptionContext {
    /// In words.
    pub message: Option<String>,
    /// The error.
    pub error: Option<Box<dyn Error>>,
    /// What was panicked with.
    pub panic: Option<Box<dyn Any + Send>>,
    /// The task it happened in.
    pub task: Option<Task>,
    /// The callback it happened in: the type of its function.
    pub handle: Option<&'static str>,
    /// Where the callback, or whatever else it was, was made.
    pub location: Option<&'static Location<'static>>,
    /// The task ended with an error that nobody retrieved.
    is_unseen: bool,
}

impl ExceptionContext {
    /// One with only a message; the rest can be set.
    pub fn new(message: impl Into<String>) -> Self {
        ExceptionContext { message: Some(message.into()), ..Self::default() }
    }

    /// A callback has panicked.
    pub(super) fn of_call(panic: CallPanic) -> Self {
        let location = panic.location();
        let type_name = boxed::panicked(panic.type_name());
        ExceptionContext {
            message: Some(format!("Exception in callback {type_name} at {location}")),
            handle: Some(type_name),
            location: Some(location),
            panic: Some(panic.into_payload()),
            ..Self::default()
        }
    }

    /// A task has ended with a panic, or an error, that nobody retrieved.
    pub(super) fn of_unseen(unseen: &Unseen<'_>) -> Self {
        let words = unseen.words();
        let error =
            if unseen.is_panic() { format!("panicked with {words:?}") } else { words.to_owned() };
        ExceptionContext {
            message: Some(unseen.message().to_owned()),
            error: Some(error.into()),
            task: Some(unseen.task().task()),
            location: Some(unseen.task().location()),
            is_unseen: true,
            ..Self::default()
        }
    }

    /// What was panicked with, if that was a text.
    pub fn panic_message(&self) -> Option<&str> {
        text(self.panic.as_deref()?)
    }
}

fn text(payload: &(dyn Any + Send)) -> Option<&str> {
    match payload.downcast_ref::<&'static str>() {
        Some(text) => Some(text),
        None => payload.downcast_ref::<String>().map(String::as_str),
    }
}

/// As the default handler logs it: the message, then what else is known, a line each.
impl fmt::Display for ExceptionContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message.as_deref().unwrap_or("Unhandled exception in event loop"))?;
        if let Some(handle) = self.handle {
            write!(f, "\nhandle: {handle}")?;
        }
        if let Some(task) = &self.task {
            let key = if self.is_unseen { "future" } else { "task" };
            write!(f, "\n{key}: {task:?}")?;
        }
        if let Some(location) = self.location {
            write!(f, "\nlocation: {location}")?;
        }
        if let Some(error) = &self.error {
            write!(f, "\nerror: {error}")?;
        }
        if self.panic.is_some() {
            write!(f, "\npanicked with: {:?}", self.panic_message().unwrap_or("a value"))?;
        }
        // Known in debug mode: what a panic went through within the task.
        let stack = self.task.as_ref().filter(|_| self.is_unseen).map(Task::stack);
        let stack = stack.unwrap_or_default();
        let mut frames = stack.iter().skip(1).peekable();
        if frames.peek().is_some() {
            f.write_str("\nstack (most recent call last):")?;
        }
        frames.try_for_each(|frame| write!(f, "\n  {frame}"))
    }
}

impl EventLoop {
    /// Has `handler` told of what goes wrong on this loop with nobody to tell, in place of the log;
    /// `None`: the log again. It may call [`EventLoop::default_exception_handler`].
    ///
    /// ```
    /// use corio::EventLoop;
    /// use std::{cell::Cell, rc::Rc};
    ///
    /// corio::run(async {
    ///     let seen = Rc::new(Cell::new(0));
    ///     let event_loop = EventLoop::current();
    ///     let handler = seen.clone();
    ///     event_loop.set_exception_handler(Some(Rc::new(move |_, context| {
    ///         assert_eq!(context.panic_message(), Some("oops"));
    ///         handler.set(handler.get() + 1);
    ///     })));
    ///     event_loop.call_soon(|| panic!("oops"));
    ///     corio::yield_now().await;
    ///     assert_eq!(seen.get(), 1);
    /// });
    /// ```
    pub fn set_exception_handler(&self, handler: Option<ExceptionHandler>) {
        let before = self.data.exception_handler.replace(handler);
        drop(before);
    }

    /// The handler that is set.
    #[doc(alias = "get_exception_handler")]
    pub fn exception_handler(&self) -> Option<ExceptionHandler> {
        self.data.exception_handler.borrow().clone()
    }

    /// Logs `context` as an error, on the target `corio::loop`, or `corio::task` for what nobody retrieved
    /// of a task. An error in it that panics when it is shown is logged, too.
    pub fn default_exception_handler(&self, context: &ExceptionContext) {
        log(context, "Exception in default exception handler");
    }

    /// Tells the handler that is set, or the default one. Never panics: a handler that does is logged,
    /// with what it was told.
    pub fn call_exception_handler(&self, context: &ExceptionContext) {
        let Some(handler) = self.exception_handler() else {
            return self.default_exception_handler(context);
        };
        let handled = catch_unwind(AssertUnwindSafe(|| handler(self, context)));
        if let Err(payload) = handled {
            let words = text(&*payload).unwrap_or("a value");
            let broken = ExceptionContext {
                error: Some(format!("panicked with {words:?}, told of: {}", Shown(context)).into()),
                ..ExceptionContext::new("Unhandled error in exception handler")
            };
            drop_quietly(payload);
            log(
                &broken,
                "Exception in default exception handler while handling an unexpected error in custom \
                 exception handler",
            );
        }
    }
}

/// What a context says, also if something in it panics when it is asked.
struct Shown<'a>(&'a ExceptionContext);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match show(self.0) {
            Ok(line) => f.write_str(&line),
            Err(words) => write!(f, "what panics when it is shown, with {words:?}"),
        }
    }
}

/// What `context` says, or the words of a panic while it was asked.
fn show(context: &ExceptionContext) -> Result<String, String> {
    catch_unwind(AssertUnwindSafe(|| context.to_string())).map_err(|payload| {
        let words = text(&*payload).unwrap_or("a value").to_owned();
        drop_quietly(payload);
        words
    })
}

/// Logs `context`; if it cannot be shown, `otherwise`.
fn log(context: &ExceptionContext, otherwise: &str) {
    let target = if context.is_unseen { targets::TASK } else { targets::LOOP };
    match show(context) {
        Ok(line) => corio_trace::report_error(target, format_args!("{line}")),
        Err(words) => {
            corio_trace::report_error(
                target,
                format_args!("{otherwise}\npanicked with: {words:?}"),
            );
        }
    }
}
