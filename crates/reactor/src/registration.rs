//! A descriptor's place in a reactor.
//!
//! [`Io`](crate::Io) keeps it beside the descriptor's owner and drops it first, so a descriptor is
//! always deleted before it is closed. Waiting goes through here, because where the system has to be
//! asked for each wait, it is asked by number.
#![expect(unsafe_code, reason = "a descriptor is borrowed by its number")]

use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::panic::Location;
use std::task::{Context, Poll, ready};

use corio_base::loom::sync::Arc as SourceArc;

use crate::ready::{Direction, Ready};
use crate::source::Source;
use crate::state::Snapshot;
use crate::waiter_id::WaiterId;

/// A descriptor's place in a reactor; given up when dropped.
pub(crate) struct Registration {
    pub(crate) source: SourceArc<Source>,
    /// # Invariant
    /// Open, and the same descriptor, for as long as this lives: the promise made to `new`.
    fd: RawFd,
}

impl Registration {
    /// # Safety
    /// `fd` is open and registered as `source`, and stays so until the value is dropped.
    pub(crate) unsafe fn new(source: SourceArc<Source>, fd: RawFd) -> Self {
        Registration { source, fd }
    }

    #[inline]
    pub(crate) fn poll_ready(
        &self,
        id: &mut WaiterId,
        context: &Context<'_>,
        place: &'static Location<'static>,
    ) -> Poll<io::Result<Snapshot>> {
        let poll = self.source.poll_ready(id, context);
        if poll.is_pending() {
            if let Err(error) = self.source.shared.arm(&self.source, self.fd()) {
                return Poll::Ready(Err(error));
            }
            if corio_trace::enabled() {
                self.record(id.direction(), place);
            }
        }
        poll
    }

    /// [`Registration::poll_ready`] for those who make their attempts by themselves: what is ready
    /// and stays so makes their task yield in the end.
    pub(crate) fn poll_ready_in_budget(
        &self,
        id: &mut WaiterId,
        context: &mut Context<'_>,
        place: &'static Location<'static>,
    ) -> Poll<io::Result<Ready>> {
        let budget = self.source.budget(id.direction());
        ready!(budget.poll_available(context));
        let seen = ready!(self.poll_ready(id, context, place))?;
        budget.spend();
        Poll::Ready(Ok(seen.ready()))
    }

    /// Leaves word of what the task waits for.
    #[cold]
    fn record(&self, direction: Direction, place: &'static Location<'static>) {
        let kind = match direction {
            Direction::Read => corio_trace::WaitKind::Readable,
            Direction::Write => corio_trace::WaitKind::Writable,
        };
        corio_trace::record(&corio_trace::Wait {
            kind,
            object: self.fd as usize,
            owner: None,
            place,
        });
    }

    fn fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the field's invariant.
        unsafe { BorrowedFd::borrow_raw(self.fd) }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.source.shared.deregister(&self.source, self.fd());
    }
}
