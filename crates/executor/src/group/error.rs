//! The errors of a group, together.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};

use corio_task::{Reason, Task};

/// Why a task group has no value: the errors and panics of its children, and its body's, in the order
/// in which they came, the body's last.
pub struct GroupError<E> {
    errors: Vec<ChildError<E>>,
    /// It has no error, and its body was cut.
    cancelled: Option<Reason>,
}

impl<E> GroupError<E> {
    pub(super) fn new(errors: Vec<ChildError<E>>) -> Self {
        GroupError { errors, cancelled: None }
    }

    pub(super) fn cancelled(reason: Reason) -> Self {
        GroupError { errors: Vec::new(), cancelled: Some(reason) }
    }

    /// The errors, in the order in which they came.
    #[doc(alias = "exceptions")]
    pub fn errors(&self) -> &[ChildError<E>] {
        &self.errors
    }

    /// The errors, to have.
    pub fn into_errors(self) -> Vec<ChildError<E>> {
        self.errors
    }

    /// How many there are. None in a group that [was left early](GroupError::is_cancelled).
    pub fn len(&self) -> usize {
        self.errors.len()
    }

    /// Whether there are none, because the group [was left early](GroupError::is_cancelled).
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// Whether nothing went wrong: [`TaskGroup::cancel`](super::TaskGroup::cancel) cut the body, which
    /// has no value for that.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.is_some()
    }

    /// Parts the errors in two: those that `belongs` says yes to, and the others, each in their order.
    ///
    /// ```
    /// use corio_executor::TaskGroup;
    /// # use corio_executor::Executor;
    /// # let executor = Executor::new(corio_base::park::ThreadPark::new());
    /// # executor.block_on(async {
    /// let error = TaskGroup::try_scope(|group| async move {
    ///     group.try_spawn(async { Err::<(), _>(1) });
    ///     Ok(())
    /// })
    /// .await
    /// .unwrap_err();
    /// let (small, large) = error.split(|child| child.error().is_some_and(|&n| n < 10));
    /// assert_eq!(small.unwrap().len(), 1);
    /// assert!(large.is_none());
    /// # });
    /// ```
    pub fn split(
        self,
        belongs: impl FnMut(&ChildError<E>) -> bool,
    ) -> (Option<GroupError<E>>, Option<GroupError<E>>) {
        let (yes, no): (Vec<_>, Vec<_>) = self.errors.into_iter().partition(belongs);
        let group = |errors: Vec<_>| (!errors.is_empty()).then(|| GroupError::new(errors));
        (group(yes), group(no))
    }

    /// Panics with the first panic among the errors, if there is one; else gives itself back.
    #[must_use]
    pub fn resume_panic(self) -> Self {
        let GroupError { mut errors, cancelled } = self;
        if let Some(at) = errors.iter().position(ChildError::is_panic)
            && let Ok(payload) = errors.swap_remove(at).try_into_panic()
        {
            resume_unwind(payload);
        }
        GroupError { errors, cancelled }
    }
}

impl<E: fmt::Display> fmt::Display for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cancelled, self.errors.len()) {
            (Some(reason), _) => return write!(f, "the task group was cancelled: {reason}"),
            (None, 1) => f.write_str("1 error in a task group: ")?,
            (None, count) => write!(f, "{count} errors in a task group: ")?,
        }
        for (at, error) in self.errors.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl<E: fmt::Debug> fmt::Debug for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cancelled {
            Some(reason) => f.debug_tuple("GroupError::Cancelled").field(reason).finish(),
            None => f.debug_tuple("GroupError").field(&self.errors).finish(),
        }
    }
}

impl<E: Error + 'static> Error for GroupError<E> {
    /// The first error that is no panic.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.errors.iter().find_map(ChildError::error).map(|error| error as &dyn Error)
    }
}

/// What one child, or the body, ended with.
pub struct ChildError<E> {
    task: Option<Task>,
    why: Why<E>,
}

enum Why<E> {
    Failed(E),
    /// In a mutex only to be `Sync`; it is never locked by two.
    Panicked(Mutex<Box<dyn Any + Send>>),
}

impl<E> ChildError<E> {
    pub(super) fn failed(task: Option<Task>, error: E) -> Self {
        ChildError { task, why: Why::Failed(error) }
    }

    pub(super) fn panicked(task: Option<Task>, payload: Box<dyn Any + Send>) -> Self {
        ChildError { task, why: Why::Panicked(Mutex::new(payload)) }
    }

    /// The child; `None`: it is the body's error.
    pub fn task(&self) -> Option<&Task> {
        self.task.as_ref()
    }

    /// The error, if it was one and no panic.
    pub fn error(&self) -> Option<&E> {
        match &self.why {
            Why::Failed(error) => Some(error),
            Why::Panicked(_) => None,
        }
    }

    /// Whether the child panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.why, Why::Panicked(_))
    }

    /// The error, to have.
    ///
    /// # Errors
    /// Itself, if it was a panic.
    pub fn try_into_error(self) -> Result<E, Self> {
        match self.why {
            Why::Failed(error) => Ok(error),
            Why::Panicked(_) => Err(self),
        }
    }

    /// What the child panicked with, for [`std::panic::resume_unwind`].
    ///
    /// # Errors
    /// Itself, if it was no panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        match self.why {
            Why::Panicked(payload) => {
                Ok(payload.into_inner().unwrap_or_else(PoisonError::into_inner))
            }
            Why::Failed(_) => Err(self),
        }
    }

    fn who(&self) -> String {
        self.task.as_ref().map_or_else(|| "the body".into(), |task| task.info().name())
    }

    fn panic_text(&self) -> Option<String> {
        let Why::Panicked(payload) = &self.why else { return None };
        Some(text(&**payload.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// The words of a panic.
pub(super) fn text(payload: &(dyn Any + Send)) -> String {
    match payload.downcast_ref::<&'static str>() {
        Some(text) => (*text).to_owned(),
        None => payload.downcast_ref::<String>().cloned().unwrap_or_else(|| "a value".into()),
    }
}

impl<E: fmt::Display> fmt::Display for ChildError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.why, self.panic_text()) {
            (Why::Failed(error), _) => write!(f, "{}: {error}", self.who()),
            (_, text) => write!(f, "{} panicked with {:?}", self.who(), text.unwrap_or_default()),
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for ChildError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.why, self.panic_text()) {
            (Why::Failed(error), _) => write!(f, "Failed({}, {error:?})", self.who()),
            (_, text) => write!(f, "Panicked({}, {:?})", self.who(), text.unwrap_or_default()),
        }
    }
}

impl<E: Error + 'static> Error for ChildError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error().map(|error| error as &dyn Error)
    }
}
