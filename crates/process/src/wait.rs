//! Waiting for a child's end: one waiter of its `exit`.

use std::fmt;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::process::ExitStatus;
use std::sync::Arc;
use std::task::{Context, Poll};

use corio_trace::WaitKind;
use corio_trace::book::PlacedLeaf;

use crate::exit::Exit;

/// Waits until a child has ended; made by [`Child::wait`](crate::Child::wait) and
/// [`ChildHandle::wait`](crate::ChildHandle::wait).
///
/// # Cancel safety
/// Dropped, it is forgotten. The child runs on.
#[must_use = "futures do nothing unless polled"]
pub struct Wait<'a> {
    exit: &'a Arc<Exit>,
    id: Option<u64>,
    leaf: PlacedLeaf,
}

impl<'a> Wait<'a> {
    #[track_caller]
    pub(crate) fn new(exit: &'a Arc<Exit>) -> Self {
        Wait { exit, id: None, leaf: PlacedLeaf::new(Location::caller()) }
    }
}

impl Future for Wait<'_> {
    type Output = io::Result<ExitStatus>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<ExitStatus>> {
        let this = &mut *self;
        let polled = this.exit.poll(&mut this.id, context.waker());
        if polled.is_ready() {
            this.leaf.clear();
            return polled;
        }
        this.leaf.wait(WaitKind::Process, this.exit.id() as usize, None);
        Poll::Pending
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.exit.forget(self.id);
    }
}

impl fmt::Debug for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("child", &self.exit.id()).finish_non_exhaustive()
    }
}
