//! One of many tasks that are waited for together.

use std::fmt;
use std::task::Context;

use corio_task::{Forward, JoinError, JoinHandle};

/// A task that is waited for, or what it left.
pub struct Member<T>(State<T>);

enum State<T> {
    Waiting(JoinHandle<T>),
    Ended(Option<Result<T, JoinError>>),
}

/// What those who wait for many need of each, whatever its type.
pub trait AnyMember {
    /// Whether it has ended; if not, the context's waker is woken at its end.
    fn poll_end(&mut self, context: &mut Context<'_>) -> bool;
    /// As [`AnyMember::poll_end`], for one whose waker is in place.
    fn look(&mut self) -> bool;
    /// Passes a request on, unless it has ended.
    fn forward(&self, request: &Forward);
    /// Whether it ended as cancelled.
    fn is_cancelled(&self) -> bool;
    /// Nobody will ask for it any more, and nobody has to be told how it ends.
    fn let_go(&self);
}

impl<T> Member<T> {
    pub(super) fn new(handle: JoinHandle<T>) -> Self {
        Member(State::Waiting(handle))
    }

    /// What it left, if it has ended and nobody took it.
    pub(super) fn result(&self) -> Option<&Result<T, JoinError>> {
        match &self.0 {
            State::Ended(result) => result.as_ref(),
            State::Waiting(_) => None,
        }
    }

    /// What it left.
    pub(super) fn take(&mut self) -> Result<T, JoinError> {
        match &mut self.0 {
            State::Ended(result) => result.take().expect("a result is taken once"),
            State::Waiting(_) => unreachable!("only those that have ended are taken"),
        }
    }

    fn end(&mut self, result: Result<T, JoinError>) -> bool {
        self.0 = State::Ended(Some(result));
        true
    }
}

impl<T> AnyMember for Member<T> {
    fn poll_end(&mut self, context: &mut Context<'_>) -> bool {
        let State::Waiting(handle) = &mut self.0 else { return true };
        match handle.poll_unheld(context) {
            std::task::Poll::Ready(result) => self.end(result),
            std::task::Poll::Pending => false,
        }
    }

    fn look(&mut self) -> bool {
        let State::Waiting(handle) = &mut self.0 else { return true };
        match handle.try_take() {
            Some(result) => self.end(result),
            None => false,
        }
    }

    fn forward(&self, request: &Forward) {
        if let State::Waiting(handle) = &self.0 {
            handle.task().forward(request);
        }
    }

    fn let_go(&self) {
        if let State::Waiting(handle) = &self.0 {
            handle.task().mark_retrieved();
        }
    }

    fn is_cancelled(&self) -> bool {
        matches!(&self.0, State::Ended(Some(Err(error))) if error.is_cancelled())
    }
}

impl<T> fmt::Debug for Member<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            State::Waiting(handle) => f.debug_tuple("Waiting").field(handle).finish(),
            State::Ended(_) => f.write_str("Ended"),
        }
    }
}
