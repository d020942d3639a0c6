//! The token of a future that *does* something (sends, puts, connects), which says so if it is dropped
//! before it was polled.
//!
//! Waits carry none: a `select!`, a timeout, a plain `drop` end them rightly, and nothing is lost by it.
//! A future that would have sent something and was never awaited is a mistake each time, the same one as
//! a [coroutine](crate::coroutine) that was never awaited, and told on the same log target.
//!
//! | crate | actions | waits, and what does nothing |
//! |---|---|---|
//! | `net` | `connect`, `bind`, `write`, `write_vectored`, `write_all`, `shutdown`, `send`, `send_to`, `lookup_host`, `getaddrinfo`, `getnameinfo` | `read…`, `peek`, `recv…`, `accept`, `readable`, `writable`, `closed`; `flush` |
//! | `stream` | `open_connection` and its like, `start_server`, `create_server`, `create_connection` and their like, `serve_forever`, `drain`, `wait_closed`, `start_tls`, the handshakes of TLS and its `shutdown` | `read…` |
//! | `io` | `copy`, `copy_bidirectional`, `DuplexStream::{write, write_all, shutdown}`, `FramedWrite::{flush, close}` | `DuplexStream::read`; the methods of the `futures` traits, which are not ours |
//! | `fs` | every operation, reading a file too | reading the standard input |
//! | `process` | `status`, `output`, `communicate`, `wait_with_output`, `kill`, `terminate_with_grace` and its like, `ChildStdin::{write, write_all}` | `wait`, reading a pipe |
//! | `sync` | `Queue::put`, `Sender::send` | `get`, `recv`, `lock`, `acquire`, `reserve`, `wait`, `join` |
//! | `corio` | `TaskGroup::scope`, `scope`, `staggered_race`, `ToThread::run`, `task::Builder` | `sleep`, `yield_now`, handles of tasks and what gathers them; `timeout` and its like, which speak through what they are given |
//!
//! Eight bytes: the place, or null once it was polled. What is done is in the type. With the switch off it
//! costs a store where it is made, one where it is polled, and a comparison where it is dropped. A future
//! that has the place and knows by itself whether it was polled calls [`report_undone`]; one that another
//! future does is made by [`Deed::doing`].

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::disarm::{Enters, Leaves};
use crate::undone;

const NEVER_AWAITED: &str = "was never awaited";

/// What an [`Action`] would have done.
pub trait Deed {
    /// The function that made it, as the program calls it: `Queue::put`.
    const NAME: &'static str;
    /// What nobody did.
    const UNDONE: &'static str = NEVER_AWAITED;

    /// `future`, which does it, for whoever calls the function that calls this.
    ///
    /// ```
    /// use corio_trace::action::Deed;
    ///
    /// corio_trace::deeds! {
    ///     pub CloseDeed = "Box::close";
    /// }
    ///
    /// #[track_caller]
    /// fn close() -> impl Future<Output = u32> {
    ///     CloseDeed::doing(async { 7 })
    /// }
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # assert!(std::pin::pin!(close()).poll(&mut context).is_ready());
    /// ```
    #[inline]
    #[track_caller]
    fn doing<F: Future>(future: F) -> Doing<Self, F>
    where
        Self: Sized,
    {
        let action = Action::new(Location::caller());
        Doing { action, enters: Enters, future, leaves: Leaves }
    }
}

/// Makes types that are [`Deed`]s.
///
/// ```
/// corio_trace::deeds! {
///     /// Putting an item into a box.
///     pub PutDeed = "Box::put";
/// }
/// use corio_trace::action::{Action, Deed};
///
/// assert_eq!(PutDeed::NAME, "Box::put");
/// let action: Action<PutDeed> = Action::new(std::panic::Location::caller());
/// drop(action); // with the switch on: action 'Box::put' was never awaited
/// ```
#[macro_export]
macro_rules! deeds {
    ($($(#[$about:meta])* $vis:vis $Deed:ident = $name:literal;)+) => {$(
        $(#[$about])*
        #[derive(Debug)]
        $vis enum $Deed {}

        impl $crate::action::Deed for $Deed {
            const NAME: &'static str = $name;
        }
    )+};
}

/// In a future, or builder, that does something: warns when it is dropped before [`Action::begun`].
pub struct Action<D: Deed> {
    place: Option<&'static Location<'static>>,
    deed: PhantomData<fn() -> D>,
}

impl<D: Deed> Action<D> {
    /// It was made at `place`, and nobody has begun to do it.
    #[inline]
    pub fn new(place: &'static Location<'static>) -> Self {
        Action { place: Some(place), deed: PhantomData }
    }

    /// The one that takes its place: this one has nothing to say any more.
    #[inline]
    pub fn hand_over(&mut self) -> Self {
        Action { place: self.place.take(), deed: PhantomData }
    }

    /// Somebody polls it, or does it otherwise.
    #[inline]
    pub fn begun(&mut self) {
        self.place = None;
    }
}

impl<D: Deed> Drop for Action<D> {
    #[inline]
    fn drop(&mut self) {
        if let Some(place) = self.place {
            report_undone::<D>(place);
        }
    }
}

impl<D: Deed> fmt::Debug for Action<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Action").field("deed", &D::NAME).field("place", &self.place).finish()
    }
}

pin_project! {
    /// A future that does something, made by [`Deed::doing`]: it says so if nobody polls it. What it has
    /// been given by then goes without a word of its own.
    #[must_use = "futures do nothing unless awaited"]
    pub struct Doing<D: Deed, F> {
        // Dropped first: it speaks for what is in the future.
        action: Action<D>,
        enters: Enters,
        #[pin]
        future: F,
        leaves: Leaves,
    }
}

impl<D: Deed, F: Future> Future for Doing<D, F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.action.begun();
        this.future.poll(context)
    }
}

impl<D: Deed, F> fmt::Debug for Doing<D, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doing").field("action", &self.action).finish_non_exhaustive()
    }
}

/// Warns that what was made at `place` is dropped, and nobody has begun to do it; unless it is dropped
/// [rightly](crate::disarm). Does nothing while the switch is off.
#[cold]
#[inline(never)]
pub fn report_undone<D: Deed>(place: &'static Location<'static>) {
    undone::warn(ACTION, format_args!("{}", D::NAME), D::UNDONE, place);
}

/// As [`report_undone`], for what is known by other words than its function's name.
#[cold]
#[inline(never)]
pub fn report_undone_as(what: fmt::Arguments<'_>, place: &'static Location<'static>) {
    undone::warn(ACTION, what, NEVER_AWAITED, place);
}

/// What it is called in the log.
const ACTION: [&str; 2] = ["action", "Action"];
