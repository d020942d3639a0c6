//! Why something is cancelled, and where that was asked for.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// Why a task or a scope is to unwind: a message, if one was given, and the place of the call.
///
/// Made from a text, or from `()` where there is nothing to say:
///
/// ```
/// use corio_task::Reason;
///
/// assert_eq!(Reason::from("shutting down").message(), Some("shutting down"));
/// assert_eq!(Reason::from(()).message(), None);
/// ```
#[derive(Clone)]
pub struct Reason {
    message: Option<Arc<str>>,
    location: &'static Location<'static>,
}

impl Reason {
    #[track_caller]
    fn new(message: Option<Arc<str>>) -> Self {
        Reason { message, location: Location::caller() }
    }

    /// With the place that asked for it, where `#[track_caller]` cannot tell.
    pub fn located(mut self, location: &'static Location<'static>) -> Self {
        self.location = location;
        self
    }

    /// What the canceller said.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Where it was asked for.
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }
}

impl From<&str> for Reason {
    #[track_caller]
    fn from(message: &str) -> Self {
        Reason::new(Some(message.into()))
    }
}

impl From<String> for Reason {
    #[track_caller]
    fn from(message: String) -> Self {
        Reason::new(Some(message.into()))
    }
}

impl From<()> for Reason {
    #[track_caller]
    fn from(_: ()) -> Self {
        Reason::new(None)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{message} (at {})", self.location),
            None => write!(f, "no reason given (at {})", self.location),
        }
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reason")
            .field("message", &self.message)
            .field("location", &format_args!("{}", self.location))
            .finish()
    }
}
