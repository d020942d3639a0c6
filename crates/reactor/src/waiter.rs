//! One waiter of an [`Io`], for whoever writes futures with names.
//!
//! [`Io::with`] makes a future of a closure, and such a future has no name. A [`Waiter`] is what is
//! left without the closure: it is kept in a future of one's own and given the operation at each
//! poll. The poll forms go through it, too, so there is one way to make an attempt.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::task::{Context, Poll};

use corio_trace::action::{Deed, report_undone};
use corio_trace::book::PlacedLeaf;

use crate::io::{After, Io};
use crate::ready::Direction;
use crate::waiter_id::WaiterId;

/// One waiter of an [`Io`] in one direction; made by [`Io::waiter`] and [`Io::poll_waiter`].
///
/// ```
/// use corio_base::park::block_on;
/// use corio_reactor::{After, Direction, Io, Waiter};
/// use std::io::{PipeReader, Read, Write};
/// use std::pin::Pin;
/// use std::task::{Context, Poll};
///
/// /// Reads one byte.
/// struct OneByte<'a>(Waiter<'a, PipeReader>);
///
/// impl Future for OneByte<'_> {
///     type Output = std::io::Result<u8>;
///
///     fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
///         let mut byte = [0];
///         self.0.poll_with(context, |mut pipe| {
///             pipe.read_exact(&mut byte)?;
///             Ok((byte[0], After::MaybeMore))
///         })
///     }
/// }
///
/// # fn main() -> std::io::Result<()> {
/// let (reader, mut writer) = std::io::pipe()?;
/// let reader = Io::new(reader)?;
/// writer.write_all(b"x")?;
/// assert_eq!(block_on(OneByte(reader.waiter(Direction::Read)))?, b'x');
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
/// Dropped, it is forgotten and nothing is lost.
pub struct Waiter<'a, T> {
    io: &'a Io<T>,
    id: WaiterId,
    /// Where the program made it and, once it has waited in debug mode, the record of that.
    ///
    /// # Invariant
    /// Without a record while `id` has no number, so that nothing is left in it to be dropped.
    leaf: ManuallyDrop<PlacedLeaf>,
}

impl<'a, T> Waiter<'a, T> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(io: &'a Io<T>, id: WaiterId) -> Self {
        Waiter { io, id, leaf: ManuallyDrop::new(PlacedLeaf::new(Location::caller())) }
    }

    /// What it waits for.
    #[inline]
    pub fn direction(&self) -> Direction {
        self.id.direction()
    }

    /// Makes the attempt `op` once it does not block, as [`Io::with`] does. After `Pending` the waker
    /// is called when it is worth another poll, which need not be with the same `op`.
    ///
    /// # Errors
    /// As [`Io::read_with`].
    #[inline]
    pub fn poll_with<R>(
        &mut self,
        context: &mut Context<'_>,
        mut op: impl FnMut(&T) -> io::Result<(R, After)>,
    ) -> Poll<io::Result<R>> {
        self.io.poll_op(&mut self.id, context, &self.leaf, &mut op)
    }
}

impl<T> Drop for Waiter<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.id.is_numbered() {
            self.leaf.clear();
            self.io.registration().forget(self.id);
        }
    }
}

impl<T> fmt::Debug for Waiter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter").field("direction", &self.direction()).finish_non_exhaustive()
    }
}

/// The waiter of a future that does something; made by [`Io::action_waiter`].
///
/// In debug mode, one that is dropped before it was [begun](ActionWaiter::begun) is told of, as
/// [`Action`](corio_trace::action::Action) has it. It is no larger than a [`Waiter`], and with debug mode off
/// it costs a relaxed load where it is made and a comparison at each poll.
pub struct ActionWaiter<'a, T, D: Deed> {
    waiter: Waiter<'a, T>,
    deed: PhantomData<fn() -> D>,
}

impl<'a, T, D: Deed> ActionWaiter<'a, T, D> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(io: &'a Io<T>, direction: Direction) -> Self {
        let waiter = Waiter::new(io, WaiterId::of_action(direction));
        ActionWaiter { waiter, deed: PhantomData }
    }

    /// The waiter, for a poll.
    #[inline]
    pub fn begun(&mut self) -> &mut Waiter<'a, T> {
        self.waiter.id.begin();
        &mut self.waiter
    }

    #[cold]
    #[inline(never)]
    fn look_if_undone(&mut self) {
        if self.waiter.id.is_undone() {
            // Before the report, which is other people's code: nothing is left to be forgotten.
            self.waiter.id.begin();
            report_undone::<D>(self.waiter.leaf.place());
        }
    }
}

impl<T, D: Deed> Drop for ActionWaiter<'_, T, D> {
    #[inline]
    fn drop(&mut self) {
        // What the waiter asks when it is dropped: so that it is asked once.
        if self.waiter.id.is_numbered() {
            self.look_if_undone();
        }
    }
}

impl<T, D: Deed> fmt::Debug for ActionWaiter<'_, T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActionWaiter")
            .field("deed", &D::NAME)
            .field("waiter", &self.waiter)
            .finish()
    }
}
