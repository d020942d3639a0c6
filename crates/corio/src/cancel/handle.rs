//! The right to cancel, apart from what is cancelled: clonable, for any thread, with children.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use corio_task::Reason;

use super::node::Node;

/// Cancels what runs under it: scopes, other handles, and whoever waits for [`CancelHandle::cancelled`].
///
/// Clones are one handle. A [child](CancelHandle::child) is cancelled with its parent, and can be
/// cancelled without it. Dropping handles cancels nothing.
///
/// ```
/// use corio::cancel::{CancelHandle, CancelScope};
///
/// corio::run(async {
///     let server = CancelHandle::new();
///     let scope = CancelScope::under(&server);
///     let connection = corio::spawn(scope.run(std::future::pending::<()>()));
///     server.cancel("shutting down");
///     let stopped = connection.await.unwrap().unwrap_err();
///     assert_eq!(stopped.reason().message(), Some("shutting down"));
/// });
/// ```
#[derive(Clone)]
pub struct CancelHandle(Arc<Node>);

impl CancelHandle {
    /// A handle with nothing under it yet.
    pub fn new() -> Self {
        CancelHandle(Node::new(None))
    }

    pub(crate) fn of(node: Arc<Node>) -> Self {
        CancelHandle(node)
    }

    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.0
    }

    /// A handle that is cancelled when this one is; at once, if this one is already.
    pub fn child(&self) -> CancelHandle {
        CancelHandle(self.0.child())
    }

    /// Cancels everything under it, and says whether it was the first to do so: the reason given first
    /// is the one that counts.
    #[track_caller]
    pub fn cancel(&self, reason: impl Into<Reason>) -> bool {
        self.0.cancel(&reason.into())
    }

    /// Whether it was cancelled, or its scope's deadline has passed and was acted upon.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Why it was cancelled, if it was.
    pub fn reason(&self) -> Option<Reason> {
        self.0.reason()
    }

    /// When its scope will be cancelled for want of time.
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline()
    }

    /// Moves its scope's deadline, earlier or later; `None`: no deadline. Without effect on a scope that
    /// is being cancelled, and on handles that have no scope of their own.
    pub fn set_deadline(&self, deadline: Option<Instant>) {
        self.0.set_deadline(deadline);
    }

    /// Waits until it is cancelled: for code that wants to know, and not to be unwound.
    ///
    /// # Cancel safety
    /// Dropping it has no effect.
    pub fn cancelled(&self) -> WaitCancelled {
        WaitCancelled { node: self.0.child(), seen: 0 }
    }
}

impl Default for CancelHandle {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CancelHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelHandle")
            .field("reason", &self.reason())
            .field("deadline", &self.deadline())
            .finish()
    }
}

/// The future of [`CancelHandle::cancelled`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct WaitCancelled {
    /// A child of the handle's, with a place for this future's waker.
    node: Arc<Node>,
    seen: u32,
}

impl Future for WaitCancelled {
    type Output = Reason;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Reason> {
        let this = &mut *self;
        let _changed = this.node.look(context.waker(), &mut this.seen);
        match this.node.reason() {
            Some(reason) => Poll::Ready(reason),
            None => Poll::Pending,
        }
    }
}
