//! A future that returns a `Result`, and that a plain spawn sees through: what `#[corio::coroutine]` makes of
//! a function that may fail.
//!
//! A spawn takes futures of any output and cannot ask whether one is an `Err`. A [`Failing`] can, when it
//! comes; but only where it is the whole task, for within another future nobody knows what became of the
//! error:
//!
//! ```text
//!   spawn(f())                    Failing is the task's future  ──▶ the error's words are kept: unseen, it is told of
//!   spawn(async { f().await })    Failing is in another one     ──▶ nothing: its awaiter has it
//! ```
//!
//! It is the task's future if it lies where that lies and is of its type. The address alone would not do: an
//! `async` block may have what it awaits at its own beginning.
//!
//! Nothing is asked unless there is an error. [`Fallible`](crate::Fallible) is the same by the spawner's
//! word, without the question.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::bound::header;
use crate::task::current_raw;
use crate::unseen;

pin_project! {
    /// The future of a coroutine that may fail: spawned as it is, its error is told of if nobody takes it.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited"]
    pub struct Failing<F> {
        #[pin]
        future: F,
    }
}

impl<F, T, E> Future for Failing<F>
where
    F: Future<Output = Result<T, E>>,
    E: fmt::Debug,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.as_mut().project().future.poll(context);
        if let Poll::Ready(Err(error)) = &polled
            && is_whole_task(ptr::from_ref(&*self).addr(), std::any::type_name::<Self>())
        {
            unseen::note(error);
        }
        polled
    }
}

/// Whether the future at `address`, of the type of this name, is the current task's own.
#[cold]
#[inline(never)]
fn is_whole_task(address: usize, type_name: &str) -> bool {
    let Some(task) = current_raw() else { return false };
    let vtable = header(task).vtable;
    address == task.addr().get() + vtable.stage_offset && (vtable.type_name)() == type_name
}

/// What a function returns, of which [`ReturnsResult`] and [`ReturnsAny`] know whether it may fail: the
/// compiler takes the first of them that fits, without a reference before the second.
///
/// ```
/// use corio_task::failing::{Returns, ReturnsAny as _, ReturnsResult as _};
///
/// let plain = (&Returns::<u8>::NEW).wrap(async { 7 });
/// let fails = (&Returns::<Result<(), u8>>::NEW).wrap(async { Err(7) });
/// # fn is_failing<F>(_: &corio_task::failing::Failing<F>) {}
/// is_failing(&fails);
/// # drop(plain);
/// ```
#[derive(Debug)]
pub struct Returns<T>(PhantomData<fn() -> T>);

impl<T> Returns<T> {
    /// It has no contents.
    pub const NEW: Self = Returns(PhantomData);
}

/// It is a `Result` whose error can be shown.
pub trait ReturnsResult<T> {
    /// `future`, which sees when it fails.
    fn wrap<F: Future<Output = T>>(&self, future: F) -> Failing<F>;
}

impl<T, E: fmt::Debug> ReturnsResult<Result<T, E>> for Returns<Result<T, E>> {
    #[inline]
    fn wrap<F: Future<Output = Result<T, E>>>(&self, future: F) -> Failing<F> {
        Failing { future }
    }
}

/// It is anything else.
pub trait ReturnsAny {
    /// `future` itself.
    fn wrap<F: Future>(&self, future: F) -> F;
}

impl<T> ReturnsAny for &Returns<T> {
    #[inline]
    fn wrap<F: Future>(&self, future: F) -> F {
        future
    }
}
