//! Where a future that was never polled is dropped rightly, and nothing is to be said of it.
//!
//! A task that is cancelled before it begins, the branches of a `select!` that another one overtook, a
//! body whose time was over: each drops futures that nobody will ever poll, and no program is wrong for
//! that. The futures are anybody's, so they cannot be told; the thread is, while they are dropped:
//!
//! ```text
//!   guard() ──▶ depth 1 ──▶ drop of a body ──▶ drop of what is in it ──▶ is_disarmed(): silence
//!   drop of the guard ──▶ depth 0
//! ```
//!
//! Used by the tasks and by everything of corio's that takes a future and may never poll it. What the
//! program drops by itself is not disarmed: that is what [`crate::coroutine`] and [`crate::action`] look
//! for.
//!
//! With the switch off, entering costs one relaxed load, and leaving nothing or one load of the thread's.
//!
//! **The switch turned meanwhile** must not leave the depth wrong. So who drops in two steps, by [`Enters`] and
//! [`Leaves`], counts from the moment on in which the switch was first turned on, whatever it says after that. Those
//! who were under way then did not enter, and leave: they are the outermost, so they leave last, at depth 0.

use std::cell::Cell;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

std::thread_local! {
    /// How many who drop rightly are under way on this thread.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Whether what is dropped on this thread now is dropped rightly.
pub fn is_disarmed() -> bool {
    // Without a destructor of its own it is there as long as the thread: the end of a thread is no excuse.
    DEPTH.with(|depth| depth.get() > 0)
}

fn enter() {
    DEPTH.with(|depth| depth.set(depth.get() + 1));
}

fn leave() {
    // Not below 0: whoever entered before the switch was ever on did not count.
    DEPTH.with(|depth| depth.set(depth.get().saturating_sub(1)));
}

/// What is dropped on this thread while it lives is dropped rightly.
#[derive(Debug)]
#[must_use = "it holds for as long as the guard lives"]
pub struct Guard {
    has_entered: bool,
    /// It speaks of the thread that made it.
    _not_send: PhantomData<*const ()>,
}

/// From now on, and until the guard goes, nothing is said of futures that are dropped on this thread
/// without having been polled.
///
/// ```
/// let never_polled = async {};
/// let guard = corio_trace::disarm::guard();
/// drop(never_polled);
/// drop(guard);
/// ```
#[inline]
pub fn guard() -> Guard {
    let has_entered = crate::enabled();
    if has_entered {
        enter();
    }
    Guard { has_entered, _not_send: PhantomData }
}

impl Drop for Guard {
    #[inline]
    fn drop(&mut self) {
        if self.has_entered {
            leave();
        }
    }
}

/// The first field of what drops its other fields rightly, or the last variable of code that drops its
/// variables so.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Enters;

impl Enters {
    /// Enters when it is dropped.
    #[inline]
    pub const fn new() -> Self {
        Enters
    }
}

impl Drop for Enters {
    #[inline]
    fn drop(&mut self) {
        if crate::switch::was_on() {
            enter();
        }
    }
}

/// The last field, or the first variable, beside [`Enters`]. Fields are dropped in their order, variables
/// the other way round, and the later ones also where one of them panics.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Leaves;

impl Leaves {
    /// Leaves when it is dropped.
    #[inline]
    pub const fn new() -> Self {
        Leaves
    }
}

impl Drop for Leaves {
    #[inline]
    fn drop(&mut self) {
        leave();
    }
}

pin_project! {
    /// A future that may be dropped unpolled: nothing is said of it, or of what is in it.
    ///
    /// For futures that are made to be polled perhaps: those of a `select!` of somebody else's, of a list
    /// that is thrown away. corio's own combinators do this by themselves.
    ///
    /// ```
    /// let perhaps = corio_trace::disarm::Disarmed::new(async { 7 });
    /// drop(perhaps);
    /// ```
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited"]
    pub struct Disarmed<F> {
        // Dropped before the future ...
        enters: Enters,
        #[pin]
        future: F,
        // ... and after it.
        leaves: Leaves,
    }
}

impl<F> Disarmed<F> {
    /// `future`, which may be dropped.
    #[inline]
    pub fn new(future: F) -> Self {
        Disarmed { enters: Enters, future, leaves: Leaves }
    }
}

impl<F: Future> Future for Disarmed<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(context)
    }
}
