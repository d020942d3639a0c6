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
use corio_executor::{CallPanic, Task};
use corio_trace::emit::TARGET_LOOP;

use super::EventLoop;

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
}

impl ExceptionContext {
    /// One with only a message; the rest can be set.
    pub fn new(message: impl Into<String>) -> Self {
        ExceptionContext { message: Some(message.into()), ..Self::default() }
    }

    /// A callback has panicked.
    pub(super) fn of_call(panic: CallPanic) -> Self {
        let (type_name, location) = (panic.type_name(), panic.location());
        ExceptionContext {
            message: Some(format!("Exception in callback {type_name} at {location}")),
            handle: Some(type_name),
            location: Some(location),
            panic: Some(panic.into_payload()),
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
        if let Some(location) = self.location {
            write!(f, "\nlocation: {location}")?;
        }
        if let Some(task) = &self.task {
            write!(f, "\ntask: {task:?}")?;
        }
        if let Some(error) = &self.error {
            write!(f, "\nerror: {error}")?;
        }
        if self.panic.is_some() {
            write!(f, "\npanicked with: {:?}", self.panic_message().unwrap_or("a value"))?;
        }
        Ok(())
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
    pub fn exception_handler(&self) -> Option<ExceptionHandler> {
        self.data.exception_handler.borrow().clone()
    }

    /// Logs `context` as an error, on the target `corio::loop`.
    pub fn default_exception_handler(&self, context: &ExceptionContext) {
        corio_trace::report_error(TARGET_LOOP, format_args!("{context}"));
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
            corio_trace::report_error(
                TARGET_LOOP,
                format_args!(
                    "Unhandled error in exception handler\npanicked with: {words:?}\ncontext: {context}"
                ),
            );
            drop_quietly(payload);
        }
    }
}
