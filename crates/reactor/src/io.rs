//! [`Io`]: a descriptor registered with a reactor.
//!
//! It owns the descriptor, so that the registration ends before the descriptor is closed. Every
//! operation has two forms. The **futures** may wait side by side, any number of them in each
//! direction, and a dropped one is forgotten. The **poll forms** are for those who write their own
//! futures: all of one direction are one waiter, and the last waker wins.
//!
//! One attempt goes so, and the order is what makes it right (`state` tells why):
//!
//! ```text
//! look at the word ──not ready──▶ store the waker, look again ──not ready──▶ Pending
//!        │ ready: keep the snapshot                │ ready
//!        ▼ ◀───────────────────────────────────────┘
//! try ──WouldBlock──▶ clear, if no edge came since the snapshot ──▶ from the top
//!  └──done──▶ Ready; a short one clears, too, if that proves something
//! ```
#![expect(unsafe_code, reason = "the promise of OwnsFd, made by the type or by the caller")]

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::panic::Location;
use std::task::{Context, Poll, ready};

use corio_trace::action::Deed;
use corio_trace::book::PlacedLeaf;

use crate::current;
use crate::owns_fd::OwnsFd;
use crate::reactor::ReactorHandle;
use crate::ready::{Direction, Ready};
use crate::registration::Registration;
use crate::source;
use crate::wait::{ReadyFuture, With};
use crate::waiter::{ActionWaiter, Waiter};
use crate::waiter_id::WaiterId;

/// What an operation that went well says about the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing: there may be more.
    MaybeMore,
    /// It moved fewer bytes than asked, and more than none, through a *stream*: the queue was empty
    /// (or full). Saves the attempt that would say `WouldBlock`, where the driver can tell an
    /// empty queue from an ended one. Never true of datagrams, or of messages that end a read; nor of a
    /// read of a Unix socket that ends where the peer has passed descriptors.
    Drained,
}

impl After {
    /// What a stream operation that was to move `wanted` bytes and moved `moved` says.
    ///
    /// ```
    /// use corio_reactor::After;
    /// assert_eq!(After::stream(10, 64), After::Drained);
    /// assert_eq!(After::stream(64, 64), After::MaybeMore);
    /// assert_eq!(After::stream(0, 64), After::MaybeMore); // the end, which stays readable
    /// ```
    #[inline]
    pub fn stream(moved: usize, wanted: usize) -> After {
        if 0 < moved && moved < wanted { After::Drained } else { After::MaybeMore }
    }
}

/// A registered descriptor and its owner.
///
/// `Io::new` registers it, and says at once if that fails. `Io::from` cannot fail and leaves it to the
/// first use: whoever first waits for the descriptor or tries an operation on it registers it, with
/// the reactor of *that* thread ([`current::handle`]: the loop's, or else the process's own), and the
/// error is the first use's. It stays there for good. Two threads that use it first at once
/// register it once.
///
/// ```
/// use corio_base::park::block_on;
/// use corio_reactor::Io;
/// use std::io::{Read, Write};
///
/// # fn main() -> std::io::Result<()> {
/// let (reader, writer) = std::io::pipe()?;
/// let (reader, writer) = (Io::new(reader)?, Io::new(writer)?);
/// block_on(async {
///     writer.write_with(|mut pipe| pipe.write(b"through a pipe")).await?;
///     let mut buffer = [0; 64];
///     let n = reader.read_with(|mut pipe| pipe.read(&mut buffer)).await?;
///     assert_eq!(&buffer[..n], b"through a pipe");
///     Ok(())
/// })
/// # }
/// ```
pub struct Io<T> {
    // Dropped in this order: deregistered, then closed.
    registration: Registration,
    inner: T,
}

impl<T: OwnsFd> Io<T> {
    /// Makes `inner` non-blocking and registers it with this thread's reactor
    /// ([`current::handle`]), now.
    ///
    /// # Errors
    /// `Unsupported` for regular files and directories; what the system says otherwise; and an
    /// error that says so if the thread's loop has ended.
    pub fn new(inner: T) -> io::Result<Io<T>> {
        rustix::io::ioctl_fionbio(&inner, true)?;
        Self::register(inner, &current::handle()?, Ready::EMPTY)
    }

    /// Registers `inner`, which is non-blocking already and known to be `ready`, with `reactor`.
    ///
    /// `ready` saves a turn of the loop: a socket just accepted is writable, for one.
    ///
    /// # Errors
    /// As [`Io::new`].
    pub fn register(inner: T, reactor: &ReactorHandle, ready: Ready) -> io::Result<Io<T>> {
        // SAFETY: `OwnsFd` is the promise.
        unsafe { Self::register_unchecked(inner, reactor, ready) }
    }
}

impl<T: AsFd> Io<T> {
    /// As [`Io::register`], for types that have not made the promise of [`OwnsFd`].
    ///
    /// # Errors
    /// As [`Io::new`].
    ///
    /// # Safety
    /// Until the `Io` is dropped or taken apart, `inner.as_fd()` gives the same descriptor each time
    /// and that stays open.
    pub unsafe fn register_unchecked(
        inner: T,
        reactor: &ReactorHandle,
        ready: Ready,
    ) -> io::Result<Io<T>> {
        let source = reactor.shared.register(inner.as_fd(), ready)?;
        let fd = inner.as_fd().as_raw_fd();
        // SAFETY: the caller's promise, or the type's; `inner` is dropped after the registration.
        let registration = unsafe { Registration::new(source, fd) };
        Ok(Io { registration, inner })
    }
}

/// Makes `inner` non-blocking, and leaves it to the first use to register it.
///
/// Where the first use cannot, it says what failed: the error has the system's kind, names the
/// descriptor, and has the system's own error as its source. Nothing else is affected by that:
/// [`Io::get_ref`], [`Io::into_inner`] and dropping work, and the next use tries again.
///
/// ```
/// use corio_reactor::{Io, Reactor, current};
/// use std::task::{Context, Waker};
///
/// # fn main() -> std::io::Result<()> {
/// let (reader, _writer) = std::io::pipe()?;
/// let reader = Io::from(reader);
/// let reactor = Reactor::new()?;
/// let _installed = current::install(reactor.handle());
/// assert_eq!(reactor.handle().registered(), 0);
/// assert!(reader.poll_readable(&mut Context::from_waker(Waker::noop())).is_pending());
/// assert_eq!(reactor.handle().registered(), 1);
/// # Ok(())
/// # }
/// ```
impl<T: OwnsFd> From<T> for Io<T> {
    fn from(inner: T) -> Io<T> {
        // Here already, for those who take it apart again before they use it. If it fails, the first
        // use does it again and says why.
        let _ = rustix::io::ioctl_fionbio(&inner, true);
        let fd = inner.as_fd().as_raw_fd();
        // SAFETY: `OwnsFd` is the promise; `inner` is dropped after the registration.
        let registration = unsafe { Registration::unregistered(fd) };
        Io { registration, inner }
    }
}

impl<T> Io<T> {
    /// The owner of the descriptor.
    ///
    /// Bytes read or written past the `Io` are nobody's loss, but only [`Io::try_io`] and its like
    /// keep the readiness right.
    #[inline]
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// The owner of the descriptor, to be changed.
    ///
    /// # Safety
    /// The descriptor must not be changed or closed: the reactor knows it by its number.
    pub unsafe fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// Deregisters the descriptor and gives its owner back. It stays non-blocking.
    pub fn into_inner(self) -> T {
        self.inner
    }

    /// Waits until a read is worth trying.
    ///
    /// It may be said of a descriptor from which somebody else has read meanwhile, so an attempt may
    /// still block: see [`Io::try_io`].
    ///
    /// # Errors
    /// If the loop that the descriptor was registered with has ended.
    ///
    /// # Cancel safety
    /// Dropped, it is forgotten and nothing is lost.
    #[track_caller]
    pub fn readable(&self) -> ReadyFuture<'_> {
        ReadyFuture::new(&self.registration, Direction::Read)
    }

    /// Waits until a write is worth trying; otherwise as [`Io::readable`].
    ///
    /// # Errors
    /// As [`Io::readable`].
    ///
    /// # Cancel safety
    /// Dropped, it is forgotten and nothing is lost.
    #[track_caller]
    pub fn writable(&self) -> ReadyFuture<'_> {
        ReadyFuture::new(&self.registration, Direction::Write)
    }

    /// The poll form of [`Io::readable`]: the last waker given to a poll form of reading wins.
    ///
    /// # Errors
    /// As [`Io::readable`].
    #[track_caller]
    pub fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.poll_ready(Direction::Read, context)
    }

    /// The poll form of [`Io::writable`]: the last waker given to a poll form of writing wins.
    ///
    /// # Errors
    /// As [`Io::readable`].
    #[track_caller]
    pub fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.poll_ready(Direction::Write, context)
    }

    #[track_caller]
    fn poll_ready(
        &self,
        direction: Direction,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Ready>> {
        let id = &mut WaiterId::poll_form(direction);
        let leaf = PlacedLeaf::new(Location::caller());
        self.registration.poll_ready_in_budget(id, context, &leaf)
    }

    /// Tries `op` now, if the descriptor is ready for `direction`; notes it if `op` would block.
    ///
    /// ```
    /// use corio_base::park::block_on;
    /// use corio_reactor::{Direction, Io};
    /// use std::io::{Read, Write};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (reader, mut writer) = std::io::pipe()?;
    /// let reader = Io::new(reader)?;
    /// writer.write_all(b"x")?;
    /// let mut buffer = [0; 1];
    /// loop {
    ///     block_on(reader.readable())?;
    ///     match reader.try_io(Direction::Read, |mut pipe| pipe.read(&mut buffer)) {
    ///         Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
    ///         result => break assert_eq!(result?, 1),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `WouldBlock` if it is not ready, or `op` said so; else what `op` says, and an error that
    /// says so if the loop has ended.
    pub fn try_io<R>(
        &self,
        direction: Direction,
        op: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let source = self.registration.source()?;
        let state = &source.waitable.state;
        let mut seen = state.load();
        if !seen.ends_wait(direction) && !seen.was_waited_for() {
            // If it is watched, its word may not have been told so far.
            source.shared.speak_up(source.key);
            seen = state.load();
        }
        if seen.is_shut_down() {
            return Err(source::ended());
        }
        if !seen.ends_wait(direction) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let result = op(&self.inner);
        if matches!(&result, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            // Cleared or overtaken by an edge: the caller hears the same, and waits or tries again.
            let _ = state.clear(direction, seen);
        }
        result
    }

    /// Waits until `op`, which reads, does not block, and gives its result.
    ///
    /// `op` is called again after `WouldBlock`, and at once after `Interrupted`.
    ///
    /// # Errors
    /// What `op` says, and an error that says so if the loop has ended.
    ///
    /// # Cancel safety
    /// As `op`'s: it is not suspended between an `op` that did something and its result.
    #[track_caller]
    pub fn read_with<R>(
        &self,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> With<'_, T, impl FnMut(&T) -> io::Result<(R, After)>> {
        self.with(Direction::Read, move |inner| Ok((op(inner)?, After::MaybeMore)))
    }

    /// Waits until `op`, which writes, does not block; otherwise as [`Io::read_with`].
    ///
    /// # Errors
    /// As [`Io::read_with`].
    ///
    /// # Cancel safety
    /// As [`Io::read_with`].
    #[track_caller]
    pub fn write_with<R>(
        &self,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> With<'_, T, impl FnMut(&T) -> io::Result<(R, After)>> {
        self.with(Direction::Write, move |inner| Ok((op(inner)?, After::MaybeMore)))
    }

    /// As [`Io::read_with`] and [`Io::write_with`], for operations that know what they leave behind.
    ///
    /// # Errors
    /// As [`Io::read_with`].
    ///
    /// # Cancel safety
    /// As [`Io::read_with`].
    #[track_caller]
    pub fn with<R, F>(&self, direction: Direction, op: F) -> With<'_, T, F>
    where
        F: FnMut(&T) -> io::Result<(R, After)>,
    {
        With::new(self.waiter(direction), op)
    }

    /// The poll form of [`Io::read_with`]: the last waker given to a poll form of reading wins.
    ///
    /// # Errors
    /// As [`Io::read_with`].
    #[track_caller]
    pub fn poll_read_with<R>(
        &self,
        context: &mut Context<'_>,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll_with(Direction::Read, context, |inner| Ok((op(inner)?, After::MaybeMore)))
    }

    /// The poll form of [`Io::write_with`]: the last waker given to a poll form of writing wins.
    ///
    /// # Errors
    /// As [`Io::read_with`].
    #[track_caller]
    pub fn poll_write_with<R>(
        &self,
        context: &mut Context<'_>,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll_with(Direction::Write, context, |inner| Ok((op(inner)?, After::MaybeMore)))
    }

    /// The poll form of [`Io::with`].
    ///
    /// # Errors
    /// As [`Io::read_with`].
    #[inline]
    #[track_caller]
    pub fn poll_with<R>(
        &self,
        direction: Direction,
        context: &mut Context<'_>,
        op: impl FnMut(&T) -> io::Result<(R, After)>,
    ) -> Poll<io::Result<R>> {
        self.poll_waiter(direction).poll_with(context, op)
    }

    /// A waiter of its own, to be kept in a future: any number of them wait side by side.
    #[inline]
    #[track_caller]
    pub fn waiter(&self, direction: Direction) -> Waiter<'_, T> {
        Waiter::new(self, WaiterId::new(direction))
    }

    /// As [`Io::waiter`], for a future that does something: in debug mode it says so if nobody polls it.
    ///
    /// ```
    /// use corio_reactor::{ActionWaiter, Direction, Io};
    ///
    /// corio_trace::deeds! {
    ///     WriteDeed = "write";
    /// }
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (_reader, writer) = std::io::pipe()?;
    /// let writer = Io::new(writer)?;
    /// let waiter: ActionWaiter<'_, _, WriteDeed> = writer.action_waiter(Direction::Write);
    /// drop(waiter); // in debug mode: action 'write' was never awaited
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn action_waiter<D: Deed>(&self, direction: Direction) -> ActionWaiter<'_, T, D> {
        ActionWaiter::new(self, direction)
    }

    /// The waiter that all poll forms of `direction` are together: the last waker wins, and who drops it
    /// leaves the waker where it is.
    #[inline]
    #[track_caller]
    pub fn poll_waiter(&self, direction: Direction) -> Waiter<'_, T> {
        Waiter::new(self, WaiterId::poll_form(direction))
    }

    #[inline]
    pub(crate) fn poll_op<R>(
        &self,
        id: &mut WaiterId,
        context: &mut Context<'_>,
        leaf: &PlacedLeaf,
        op: &mut impl FnMut(&T) -> io::Result<(R, After)>,
    ) -> Poll<io::Result<R>> {
        let direction = id.direction();
        let source = self.registration.source()?;
        let budget = source.budget(direction);
        ready!(budget.poll_available(context));
        loop {
            let seen = ready!(self.registration.poll_ready(source, id, context, leaf))?;
            match op(&self.inner) {
                Ok((output, after)) => {
                    budget.spend();
                    if after == After::Drained {
                        // Whether it was cleared or an edge came in between: the next attempt sees.
                        let _ = source.waitable.state.clear_after_short(direction, seen);
                    }
                    return Poll::Ready(Ok(output));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // Cleared, the next look waits; overtaken by an edge, it tries again.
                    let _ = source.waitable.state.clear(direction, seen);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    pub(crate) fn registration(&self) -> &Registration {
        &self.registration
    }
}

impl<T: AsFd> AsFd for Io<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl<T: AsFd> AsRawFd for Io<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_fd().as_raw_fd()
    }
}

impl<T: fmt::Debug> fmt::Debug for Io<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nothing, where the first use is yet to come.
        let source = self.registration.source_if_registered();
        let ready = source.map(|source| source.waitable.state.load().ready());
        f.debug_struct("Io").field("inner", &self.inner).field("ready", &ready).finish()
    }
}
