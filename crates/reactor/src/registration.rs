//! A descriptor's place in a reactor, taken at once or by the first use.
//!
//! [`Io`](crate::Io) keeps it beside the descriptor's owner and drops it first, so a descriptor is
//! always deleted before it is closed. Waiting goes through here, because where the system has to be
//! asked for each wait, it is asked by number.
//!
//! ```text
//!   Unregistered ──1 register_now──▶ Registered ──2 drop──▶ gone
//!        │   ▲                            ▲
//!        └───┘ 1 it failed: the caller    └── new, which begins here
//!              hears why, the next use
//!              tries again
//! ```
#![expect(unsafe_code, reason = "a descriptor is borrowed by its number")]

use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use corio_base::loom::sync::Arc as SourceArc;
use corio_trace::book::PlacedLeaf;
use corio_trace::{Wait, WaitKind};

use crate::current;
use crate::first_use::FirstUse;
use crate::ready::{Direction, Ready};
use crate::slot::Slot;
use crate::source::Source;
use crate::state::Snapshot;
use crate::waiter_id::WaiterId;

/// Held by whoever registers a descriptor at its first use. One for the process: it is held for one
/// system call, once in a descriptor's life, and one in each descriptor would cost every idle
/// connection eight bytes. Taken before the locks of a reactor, never after.
///
/// Std's also under loom: the models drive [`Slot`] with a lock of theirs.
static FIRST_USE: Mutex<()> = Mutex::new(());

/// A descriptor's place in a reactor; given up when dropped.
pub(crate) struct Registration {
    slot: Slot<Source>,
    /// # Invariant
    /// Open, and the same descriptor, for as long as this lives: the promise made to `new` and
    /// `unregistered`.
    fd: RawFd,
}

// Every descriptor has one, beside its owner.
#[cfg(all(not(loom), target_pointer_width = "64"))]
const _: () = assert!(size_of::<Registration>() == 16);

impl Registration {
    /// # Safety
    /// `fd` is open and registered as `source`, and stays so until the value is dropped.
    pub(crate) unsafe fn new(source: SourceArc<Source>, fd: RawFd) -> Self {
        Registration { slot: Slot::filled(source), fd }
    }

    /// A place that the first use will take, in the reactor of the thread that makes it.
    ///
    /// # Safety
    /// `fd` is open, and stays so and the same descriptor until the value is dropped.
    pub(crate) unsafe fn unregistered(fd: RawFd) -> Self {
        Registration { slot: Slot::empty(), fd }
    }

    /// The descriptor as it is registered; the first use registers it.
    #[inline]
    pub(crate) fn source(&self) -> io::Result<&Source> {
        match self.slot.get() {
            Some(source) => Ok(source),
            None => self.register_now(),
        }
    }

    /// The descriptor as it is registered, if it is.
    #[inline]
    pub(crate) fn source_if_registered(&self) -> Option<&Source> {
        self.slot.get()
    }

    /// Edge 1: registers the descriptor with this thread's reactor, unless another thread was quicker.
    #[cold]
    fn register_now(&self) -> io::Result<&Source> {
        let failed = |doing| move |error| FirstUse::failed(self.fd, doing, error);
        // All that may take long or run other code comes before the lock.
        rustix::io::ioctl_fionbio(self.fd(), true)
            .map_err(|errno| failed("made non-blocking")(errno.into()))?;
        let reactor = current::handle().map_err(failed("given an event loop"))?;
        self.slot
            .get_or_fill(
                || FIRST_USE.lock().unwrap_or_else(PoisonError::into_inner),
                || reactor.shared.register(self.fd(), Ready::EMPTY),
            )
            .map_err(failed("registered with the event loop"))
    }

    #[inline]
    pub(crate) fn poll_ready(
        &self,
        source: &Source,
        id: &mut WaiterId,
        context: &Context<'_>,
        leaf: &PlacedLeaf,
    ) -> Poll<io::Result<Snapshot>> {
        let poll = source.poll_ready(id, context);
        if poll.is_pending() {
            if let Err(error) = source.shared.arm(source, self.fd()) {
                return Poll::Ready(Err(error));
            }
            if corio_trace::enabled() {
                self.record(*id, leaf);
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
        leaf: &PlacedLeaf,
    ) -> Poll<io::Result<Ready>> {
        let source = self.source()?;
        let budget = source.budget(id.direction());
        ready!(budget.poll_available(context));
        let seen = ready!(self.poll_ready(source, id, context, leaf))?;
        budget.spend();
        Poll::Ready(Ok(seen.ready()))
    }

    /// For a descriptor that is watched: asks the system, where it has to be asked for each wait, with a
    /// waiter that nobody is.
    #[cold]
    pub(crate) fn poll_watched(
        &self,
        source: &Source,
        direction: Direction,
    ) -> Poll<io::Result<Snapshot>> {
        let context = Context::from_waker(Waker::noop());
        let poll = source.poll_ready(&mut WaiterId::poll_form(direction), &context);
        if poll.is_pending()
            && let Err(error) = source.shared.arm(source, self.fd())
        {
            return Poll::Ready(Err(error));
        }
        poll
    }

    /// Takes the waiter back, if it ever waited.
    #[inline]
    pub(crate) fn forget(&self, id: WaiterId) {
        // Who waited has found the descriptor registered.
        if id.is_numbered()
            && let Some(source) = self.source_if_registered()
        {
            source.waitable.remove(id);
        }
    }

    /// Leaves word of what the task waits for: for as long as the future lives or, where a poll form waits,
    /// for this poll.
    #[cold]
    fn record(&self, id: WaiterId, leaf: &PlacedLeaf) {
        let kind = match id.direction() {
            Direction::Read => WaitKind::Readable,
            Direction::Write => WaitKind::Writable,
        };
        let object = self.fd as usize;
        if id.is_numbered() {
            leaf.wait(kind, object, None);
        } else {
            corio_trace::record(&Wait { kind, object, owner: None, place: leaf.place() });
        }
    }

    fn fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the field's invariant.
        unsafe { BorrowedFd::borrow_raw(self.fd) }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(source) = self.source_if_registered() {
            source.shared.deregister(source, self.fd());
        }
    }
}
