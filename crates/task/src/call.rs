//! A function that has its turn in the queue among the tasks.
//!
//! A call is a task's block whose future runs a function when it is polled. It stands in the queue from
//! its beginning to its end, so nobody ever wakes it, nobody awaits it, and its home has it in no list:
//! it is no task to anybody outside.
//!
//! ```text
//!               2 start (home)
//!   WAITING ─────────────────────▶ STARTED
//!      │
//!      └────1 cancel (anybody)───▶ CANCELLED ────3 empty (home)───▶ EMPTY
//! ```
//!
//! The state is one byte of the header, 0 in tasks. **The race** of a cancel from another thread with
//! the call's turn: both change WAITING by one `compare_exchange`, so one of them is the first; a call
//! that says it is cancelled never runs.
//!
//! CANCELLED, the function is still there: it may not be `Send`, so only the home drops it, at once if
//! the cancel came from there, else at the call's turn.
#![expect(unsafe_code, reason = "polls what it took from the queue, and frees blocks")]

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::Poll;

use corio_base::current;
use corio_base::loom::sync::atomic::{AtomicU8, Ordering};
use corio_trace::disarm;

use crate::bound::{self, Raw, flags, header};
use crate::cell;
use crate::context::{Context, place};
use crate::header::{Header, Polled};
use crate::ledger::Ledger;
use crate::more;
use crate::quietly;
use crate::runnable::{Ran, Runnable, enter};
use crate::task::current_raw;
use crate::waker;

/// Not run yet; also what the header of a call begins with.
pub(crate) const WAITING: u8 = 1;
const STARTED: u8 = 2;
const CANCELLED: u8 = 3;
const EMPTY: u8 = 4;

/// Whether `task` is a call.
#[inline(always)]
pub(crate) fn is_call(task: Raw) -> bool {
    // Relaxed: what is no call never becomes one.
    header(task).call.load(Ordering::Relaxed) != 0
}

fn state<'a>(call: Raw) -> &'a AtomicU8 {
    &header(call).call
}

/// Edges 1 and 2: from WAITING on. `false`: somebody else was first.
fn leave_waiting(call: Raw, next: u8) -> bool {
    // Relaxed: the byte decides who is first, and publishes nothing: the function is the home's.
    state(call).compare_exchange(WAITING, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

/// The future of a call: polled once, it runs the function or drops it.
pub(crate) struct CallFuture<F>(pub(crate) Option<F>);

// The function is moved out before it is called.
impl<F> Unpin for CallFuture<F> {}

impl<F: FnOnce()> Future for CallFuture<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<()> {
        let function = self.0.take();
        match (current_raw(), function) {
            (Some(call), Some(function)) if state(call).load(Ordering::Relaxed) == STARTED => {
                // To the function, no task is current, but the call's context is.
                let _poll = current::enter_without_task();
                place::within_call(call, function);
            }
            (_, function) => drop_uncalled(function),
        }
        Poll::Ready(())
    }
}

/// The function goes with what it would have begun, and nobody is wrong for that.
#[cold]
fn drop_uncalled<F>(function: Option<F>) {
    let _disarmed = disarm::guard();
    drop(function);
}

/// Runs a call that was taken from the queue, of which RUNNING is set, and ends it.
pub(crate) fn run(call: Raw) -> Ran {
    let closing = header(call).home.local().is_none_or(|local| local.closing.get());
    leave_waiting(call, if closing { CANCELLED } else { STARTED });
    if state(call).load(Ordering::Relaxed) != EMPTY {
        finish_function(call);
    }
    end(call);
    Ran::Called
}

/// A queue entry goes without having been run.
#[cold]
pub(crate) fn drop_entry(call: Raw) {
    leave_waiting(call, CANCELLED);
    let _ = flags(call).start();
    run(call);
}

/// Runs the function, or drops it if the call is cancelled, and tells the home of its panic.
fn finish_function(call: Raw) {
    // SAFETY: RUNNING is set and the function is there: nobody else is at the future, and its output,
    // which takes its place, is taken once.
    let output = unsafe {
        enter(call, |context| {
            let _ = (header(call).vtable.poll)(call, context);
        });
        cell::take_output::<()>(call)
    };
    let Err(error) = output else { return };
    let panic = CallPanic {
        location: header(call).cold.location,
        type_name: function_name(call),
        payload: error.into_panic(),
    };
    let home = header(call).home.clone_away();
    let _poll = current::enter_without_task();
    quietly(|| place::within_call(call, || home.schedule().call_panicked(panic)));
}

/// The type of the function, out of that of its future.
fn function_name(call: Raw) -> &'static str {
    let future = (header(call).vtable.type_name)();
    let function = future.split_once('<').and_then(|(_, rest)| rest.strip_suffix('>'));
    function.unwrap_or(future)
}

/// The call is over: gives up the home's reference. Not in the home's list, it settles its count itself.
fn end(call: Raw) {
    let header = header(call);
    let _ = flags(call).finish();
    // Release: as in `bound::finish`.
    header.done.store(Polled::Returned as u8, Ordering::Release);
    // SAFETY: on the home's thread.
    let refs = unsafe { header.refs.get() };
    if refs == 1 && Ledger(&header.word).is_at_rest() {
        // SAFETY: the home's reference was the last one.
        unsafe { cell::free(call) };
    } else {
        flags(call).settle();
        bound::settled(call, refs - 1);
    }
}

/// A call found its home closed, before or after it got there.
pub(crate) fn refuse(call: &Header) {
    // Relaxed: see `leave_waiting`.
    let _ = call.call.compare_exchange(WAITING, CANCELLED, Ordering::Relaxed, Ordering::Relaxed);
}

/// A call comes to its home, and is ready.
#[inline]
pub(crate) fn arrive(call: Raw, closing: bool) {
    if closing {
        return crate::spawn::refuse(call);
    }
    // SAFETY: born SCHEDULED: this is the one entry.
    header(call).home.ready(unsafe { Runnable::new(call) });
}

/// A function that is to be called in its turn; see [`Spawn::call`](crate::Spawn::call). Dropped, it
/// changes nothing.
pub struct Call(Raw);

// SAFETY: counted; its state is atomic, the function is reached on the home's thread only.
unsafe impl Send for Call {}
// SAFETY: as above.
unsafe impl Sync for Call {}

impl Call {
    /// # Safety
    /// One reference is given to it.
    #[inline]
    pub(crate) unsafe fn new(call: Raw) -> Call {
        Call(call)
    }

    /// Sees to it that the function is not called, and says whether that is so: `false` if it was
    /// called, or is being called, already.
    ///
    /// On the loop's thread the function is dropped here; from another one, at its turn.
    pub fn cancel(&self) -> bool {
        let call = self.0;
        if !leave_waiting(call, CANCELLED) {
            return self.is_cancelled();
        }
        if header(call).home.is_here() && !flags(call).is_done() && !flags(call).is_running() {
            flags(call).begin_cancel();
            finish_function(call);
            // Edge 3. Relaxed: only the home looks for it.
            state(call).store(EMPTY, Ordering::Relaxed);
            flags(call).stop();
        }
        true
    }

    /// Whether it was cancelled before its turn came; then the function is never called.
    pub fn is_cancelled(&self) -> bool {
        // Relaxed: see `leave_waiting`.
        matches!(state(self.0).load(Ordering::Relaxed), CANCELLED | EMPTY)
    }

    /// Where it was asked for.
    pub fn location(&self) -> &'static Location<'static> {
        header(self.0).cold.location
    }

    /// The type of the function.
    pub fn type_name(&self) -> &'static str {
        function_name(self.0)
    }

    /// The context it is called in.
    pub fn context(&self) -> Context {
        more::get_or_new(header(self.0)).own().context()
    }
}

impl Clone for Call {
    fn clone(&self) -> Self {
        waker::add_ref(self.0);
        Call(self.0)
    }
}

impl Drop for Call {
    #[inline]
    fn drop(&mut self) {
        waker::release(self.0);
    }
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Call {}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match state(self.0).load(Ordering::Relaxed) {
            WAITING => "waiting",
            STARTED => "called",
            _ => "cancelled",
        };
        write!(f, "<Call {state} {} made at {}>", self.type_name(), self.location())
    }
}

/// A panic of a [`Call`]'s function, which has no handle to go to.
pub struct CallPanic {
    location: &'static Location<'static>,
    type_name: &'static str,
    payload: Box<dyn Any + Send>,
}

impl CallPanic {
    pub(crate) fn new(
        location: &'static Location<'static>,
        type_name: &'static str,
        payload: Box<dyn Any + Send>,
    ) -> Self {
        CallPanic { location, type_name, payload }
    }

    /// Where the call was asked for.
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// The type of the function.
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// What it panicked with, if that is a text.
    pub fn message(&self) -> Option<&str> {
        match self.payload.downcast_ref::<&'static str>() {
            Some(text) => Some(text),
            None => self.payload.downcast_ref::<String>().map(String::as_str),
        }
    }

    /// What it panicked with.
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload
    }
}

impl fmt::Display for CallPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message().unwrap_or("a value");
        write!(f, "a call made at {} panicked with {message:?}", self.location)
    }
}

impl fmt::Debug for CallPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallPanic")
            .field("location", &format_args!("{}", self.location))
            .field("type_name", &self.type_name)
            .field("message", &self.message())
            .finish()
    }
}
