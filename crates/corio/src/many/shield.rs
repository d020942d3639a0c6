//! Awaiting a task without taking it along when one is cancelled.

use std::borrow::BorrowMut;
use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_task::{JoinError, JoinHandle};
use corio_trace::book::{Frame, FrameKind};

/// Awaits a task that runs on if the awaiter is cancelled: that unwinds at once, and nothing is passed
/// on.
///
/// Give it `&mut handle` to await the task again afterwards; given the handle, it detaches the task. What a
/// task comes to that nobody awaits any more is told as it is of any detached one (see
/// [`try_spawn`](crate::try_spawn)), with asyncio's words for it: `panic exception in shielded future`, or
/// `error exception …`.
///
/// ```
/// use std::time::Duration;
///
/// corio::run(async {
///     let mut save = corio::spawn(async {
///         corio::sleep(Duration::from_millis(5)).await;
///         "saved"
///     });
///     assert!(corio::timeout(Duration::from_millis(1), corio::shield(&mut save)).await.is_err());
///     assert_eq!(save.await.unwrap(), "saved");
/// });
/// ```
///
/// # Errors
/// Why the task has no value; a cancellation of the task itself among them.
///
/// # Cancel safety
/// Dropping it loses nothing, if the handle was lent.
#[track_caller]
pub fn shield<T, H>(handle: H) -> Shield<T, H>
where
    H: Shieldable<T>,
{
    Shield { handle, frame: Frame::new(), place: Location::caller(), output: PhantomData }
}

/// What [`shield`] takes: the handle of a task, or one that is lent.
#[diagnostic::on_unimplemented(
    message = "the handle of a task is shielded, and this is `{Self}`",
    label = "no `JoinHandle`, and no `&mut JoinHandle`",
    note = "spawn the future first, so that there is something that can run on: `shield(corio::spawn(future))`"
)]
pub trait Shieldable<T>: BorrowMut<JoinHandle<T>> + Unpin {}

impl<T> Shieldable<T> for JoinHandle<T> {}

impl<T> Shieldable<T> for &mut JoinHandle<T> {}

/// The future of [`shield`].
#[must_use = "the task runs, but nobody gets its value unless this is awaited"]
pub struct Shield<T, H>
where
    H: Shieldable<T>,
{
    handle: H,
    frame: Frame,
    /// Where it was made.
    place: &'static Location<'static>,
    output: PhantomData<fn() -> T>,
}

impl<T, H> Future for Shield<T, H>
where
    H: Shieldable<T>,
{
    type Output = Result<T, JoinError>;

    /// # Panics
    /// If polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let place = self.place;
        let _entered = self.frame.enter(|| (FrameKind::Join, "shield", place));
        self.handle.borrow_mut().poll_unheld(context)
    }
}

impl<T, H> Drop for Shield<T, H>
where
    H: Shieldable<T>,
{
    /// Given up before the task has ended.
    fn drop(&mut self) {
        let handle = self.handle.borrow();
        if !handle.is_finished() {
            handle.task().mark_shielded();
        }
    }
}

impl<T, H> fmt::Debug for Shield<T, H>
where
    H: Shieldable<T> + fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shield").field(&self.handle).finish()
    }
}
