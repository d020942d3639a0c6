//! The handle by which a task's result is awaited, and what comes instead of one.
//!
//! The output belongs to the handle once the task is done; before, dropping the handle detaches it.
//! Where the joiner's waker goes depends on where the handle is polled:
//!
//! - **a bound task, at its home**: into the header, by plain stores. Completion happens on the same
//!   thread, so nothing can come between the look and the store.
//! - **a bound task, from away**: by [mail](crate::Mail). The race is a completion between the look
//!   (`is_done`) and the arrival: whoever opens the mail finds the task done and wakes at once. A
//!   closed home drops the mail: that wakes too, after the home's last look at its mail. A handle that has asked by mail once goes on
//!   asking by mail, also back at home, so that an older waker under way cannot replace a newer one.
//! - **a free task**: into the header, under the JOINER bit of [`crate::free`].
#![expect(unsafe_code, reason = "takes the output with the proof that the task is done")]

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::ptr;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use corio_base::loom::thread;

use crate::awaiting;
use crate::bound::{self, Raw, header};
use crate::cell;
use crate::free::{Detached, State};
use crate::header::Flavour;
use crate::mail::Mail;
use crate::scope::reason::Reason;
use crate::task::{Task, TaskInfo};
use crate::unseen;
use crate::waker;

/// Awaits a task: `Ok` with what its future returned, or why there is nothing.
///
/// Dropping the handle detaches the task, which runs on; its output is dropped when it ends. A panic that
/// nobody took, or looked at, is reported when it is dropped, to
/// [`Schedule::unseen`](crate::Schedule::unseen); so is an error of a [fallible](crate::Fallible) task. The
/// handle may be polled, moved and dropped on any thread (if `T` is `Send`).
///
/// # Cancel safety
/// Dropping a `&mut JoinHandle` that is being awaited loses nothing: await it again.
pub struct JoinHandle<T> {
    task: Raw,
    asked: Asked,
    _output: PhantomData<T>,
}

/// What a handle remembers, in one word: so the handle is two, and travels in registers.
///
/// Null: nothing. [`Asked::TAKEN`]: the output was taken. Else the waker that was last asked for by
/// mail, boxed.
struct Asked(*mut Waker);

impl Asked {
    const NOTHING: Asked = Asked(ptr::null_mut());
    /// No box is ever here.
    const TAKEN: *mut Waker = ptr::dangling_mut();

    #[inline]
    fn is_nothing(&self) -> bool {
        self.0.is_null()
    }

    #[inline]
    fn is_taken(&self) -> bool {
        self.0 == Self::TAKEN
    }

    fn waker(&self) -> Option<&Waker> {
        // SAFETY: neither null nor TAKEN: a box of this handle's.
        (!self.is_nothing() && !self.is_taken()).then(|| unsafe { &*self.0 })
    }

    fn by_mail(waker: Waker) -> Asked {
        Asked(Box::into_raw(Box::new(waker)))
    }
}

impl Drop for Asked {
    #[inline]
    fn drop(&mut self) {
        if !self.is_nothing() && !self.is_taken() {
            // SAFETY: made by `by_mail`, dropped once.
            drop(unsafe { Box::from_raw(self.0) });
        }
    }
}

// SAFETY: the handle moves a T between threads; the rest of it is counted, atomic or by mail.
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: `&JoinHandle` gives no access to the T.
unsafe impl<T: Send> Sync for JoinHandle<T> {}

impl<T> Unpin for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// # Safety
    /// The task's output is `Result<T, JoinError>`, and one reference and the HANDLE bit are given
    /// to this handle.
    #[inline]
    pub(crate) unsafe fn new(task: Raw) -> Self {
        JoinHandle { task, asked: Asked::NOTHING, _output: PhantomData }
    }

    pub(crate) fn raw(&self) -> Raw {
        self.task
    }

    /// Drops the task's future at its next turn in the queue, without asking it. The handle then
    /// says [`JoinError::is_cancelled`]. Does nothing to a task that has ended.
    pub fn abort(&self) {
        waker::abort(self.task);
    }

    /// Whether the task has ended.
    #[doc(alias = "done")]
    pub fn is_finished(&self) -> bool {
        waker::is_done(self.task)
    }

    /// Lets the task run on by itself, its outcome is not wanted: what dropping the handle does, but it says
    /// that it is meant.
    ///
    /// It silences nothing. A panic, or an error of a [fallible](crate::Fallible) task, is still told of, as
    /// it is of a task whose handle was dropped: nobody else would ever hear of it. Where that is not
    /// wanted either, call [`mark_retrieved`](Task::mark_retrieved) on the [task](JoinHandle::task) before.
    pub fn detach(self) {
        drop(self);
    }

    /// The task itself, without its result.
    #[doc(alias("cancel", "add_done_callback", "set_name", "get_name"))]
    pub fn task(&self) -> Task {
        Task::of(self.task)
    }

    /// What the task is called.
    pub fn info(&self) -> TaskInfo<'_> {
        TaskInfo::of(self.task)
    }

    /// The result, if the task has ended and it was not taken before.
    pub fn try_take(&mut self) -> Option<Result<T, JoinError>> {
        if !self.asked.is_taken() && waker::is_done(self.task) {
            // SAFETY: done, and not taken.
            Some(unsafe { self.take() })
        } else {
            None
        }
    }

    /// Looks at the result without awaiting it and without taking it. An error or a panic that was looked
    /// at counts as seen: it is not reported when the handle goes.
    #[doc(alias("result", "exception"))]
    pub fn try_result(&mut self) -> TryResult<'_, T> {
        if self.asked.is_taken() {
            TryResult::Taken
        } else if waker::is_done(self.task) {
            // SAFETY: done, and not taken; of this type by the claim of `new`. The handle is borrowed
            // for as long as the output is.
            let result = unsafe { cell::look_at_output(self.task) }.as_ref();
            unseen::seen(self.task, result.is_err());
            TryResult::Done(result)
        } else {
            TryResult::NotDone
        }
    }

    /// # Safety
    /// The task is done and the output has not been taken.
    #[inline]
    unsafe fn take(&mut self) -> Result<T, JoinError> {
        self.asked = Asked(Asked::TAKEN);
        if awaiting::may_stand(self.task) {
            awaiting::forget(self.task);
        }
        // SAFETY: the output is there (the caller's claim), the handle's alone, and of this type (the
        // claim of `new`).
        unsafe { cell::take_output(self.task) }
    }

    /// Asks for `waker` to be woken at the end. `true`: the task has ended meanwhile.
    #[inline]
    fn ask(&mut self, context: &mut Context<'_>) -> bool {
        let header = header(self.task);
        if header.flavour == Flavour::Bound && self.asked.is_nothing() && header.home.is_here() {
            if awaiting::is_in_scope() {
                self.ask_in_scope(context);
            } else if bound::set_joiner(self.task, context.waker()) {
                awaiting::wait_far();
            }
            return false;
        }
        self.ask_from_away(context)
    }

    /// The task, which was awaited within a scope, has ended. `true`: the awaiter is being unwound.
    #[cold]
    #[inline(never)]
    fn goes_on_unwinding(&self) -> bool {
        awaiting::goes_on_unwinding(self.task, || {
            // SAFETY: done, and nothing was taken; of this type by the claim of `new`.
            let output = unsafe { cell::look_at_output::<T>(self.task) };
            output.as_ref().is_err_and(JoinError::is_cancelled)
        })
    }

    /// As the rest of [`JoinHandle::ask`], with a scope around, or requests.
    #[cold]
    #[inline(never)]
    fn ask_in_scope(&mut self, context: &mut Context<'_>) {
        // SAFETY: on the home's thread.
        let begun = unsafe { header(self.task).joiner.look(Option::is_some) };
        bound::set_joiner(self.task, context.waker());
        awaiting::stand(self.task, context, begun);
    }

    #[cold]
    #[inline(never)]
    fn ask_from_away(&mut self, context: &mut Context<'_>) -> bool {
        let begun = match header(self.task).flavour {
            Flavour::Bound => !self.asked.is_nothing(),
            Flavour::Free => State(&header(self.task).word).has_joiner(),
        };
        self.ask_elsewhere(context.waker());
        awaiting::stand(self.task, context, begun);
        // Another thread may have completed it before the waker was in place.
        waker::is_done(self.task)
    }

    fn ask_elsewhere(&mut self, waker: &Waker) {
        match header(self.task).flavour {
            Flavour::Bound => self.ask_by_mail(waker),
            Flavour::Free => self.ask_free(waker),
        }
    }

    /// As polling it, but nothing is passed on to the task, and unwinding does not wait for it: what
    /// shields are made of, and waits for many that hold for all of them together.
    ///
    /// # Panics
    /// If polled again after it was ready; if a task polls its own handle.
    pub fn poll_unheld(&mut self, context: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        assert!(!self.asked.is_taken(), "a JoinHandle was polled after it had given its result");
        if !self.poll_end(context) {
            return Poll::Pending;
        }
        // SAFETY: done, and not taken.
        Poll::Ready(unsafe { self.take() })
    }

    /// As [`JoinHandle::poll_unheld`], but the result stays. `true`: the task has ended.
    ///
    /// # Panics
    /// If a task polls its own handle.
    pub fn poll_end(&mut self, context: &mut Context<'_>) -> bool {
        if !self.asked.is_taken() && !waker::is_done(self.task) {
            let header = header(self.task);
            if header.flavour == Flavour::Bound && self.asked.is_nothing() && header.home.is_here()
            {
                bound::set_joiner(self.task, context.waker());
                awaiting::tell(self.task);
                return false;
            }
            self.ask_elsewhere(context.waker());
            if !waker::is_done(self.task) {
                awaiting::tell(self.task);
                return false;
            }
        }
        if awaiting::may_stand(self.task) {
            awaiting::leave(self.task);
        }
        true
    }

    fn ask_by_mail(&mut self, waker: &Waker) {
        if self.asked.waker().is_some_and(|asked| asked.will_wake(waker)) {
            return;
        }
        // Cloned first: a clone is foreign code.
        let (kept, sent) = (waker.clone(), waker.clone());
        self.asked = Asked::by_mail(kept);
        waker::add_ref(self.task);
        bound::post(self.task, Mail::join(self.task, sent));
    }

    fn ask_free(&mut self, waker: &Waker) {
        let header = header(self.task);
        let state = State(&header.word);
        // A set slot is the completer's, who empties it: it is taken back even to be looked at.
        if state.has_joiner() && !state.clear_joiner() {
            return;
        }
        // SAFETY: JOINER is clear: the slot is the handle's.
        let same =
            unsafe { header.joiner.look(|j| j.as_ref().is_some_and(|j| j.will_wake(waker))) };
        if !same {
            let waker = waker.clone();
            // SAFETY: as above.
            drop(unsafe { header.joiner.replace(Some(waker)) });
        }
        if !state.set_joiner() {
            // SAFETY: complete before the slot was given away: still the handle's.
            drop(unsafe { header.joiner.replace(None) });
        }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    /// # Panics
    /// If polled again after it was ready.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        assert!(!this.asked.is_taken(), "a JoinHandle was polled after it had given its result");
        if waker::is_done(this.task) || this.ask(context) {
            if awaiting::may_stand(this.task) && this.goes_on_unwinding() {
                return Poll::Pending;
            }
            // SAFETY: done, and not taken.
            Poll::Ready(unsafe { this.take() })
        } else {
            awaiting::tell(this.task);
            Poll::Pending
        }
    }
}

impl<T> Drop for JoinHandle<T> {
    #[inline]
    fn drop(&mut self) {
        if self.asked.is_taken() {
            waker::release(self.task);
        } else {
            detach(self.task);
        }
    }
}

/// A handle that has not taken the output goes.
fn detach(task: Raw) {
    if awaiting::may_stand(task) {
        awaiting::leave(task);
    }
    match header(task).flavour {
        Flavour::Bound if header(task).home.is_here() => bound::detach(task),
        Flavour::Bound if bound::is_done(task) => drop_output_away(task),
        Flavour::Bound => bound::post(task, Mail::detach(task)),
        Flavour::Free => {
            match State(&header(task).word).drop_handle() {
                Detached::DropOutput => {
                    // SAFETY: complete and not taken: the output is the handle's, as the reference is.
                    unsafe { unseen::drop_output(task) }
                }
                // SAFETY: the slot is the handle's.
                Detached::EmptySlot => bound::let_go(unsafe { header(task).joiner.replace(None) }),
            }
            waker::release(task);
        }
    }
}

/// Waits for the end of a bound task whose home has closed.
///
/// It has ended already, unless it was sent to the home in the moment that one closed: then the
/// home's last look at its mail, which is under way on another thread, ends it.
pub(crate) fn await_last_look(task: Raw) {
    while !bound::is_done(task) {
        thread::yield_now();
    }
}

/// A handle's question that found the home closed. Gives up one reference.
pub(crate) fn answer_away(task: Raw, waker: Waker) {
    if header(task).home.is_here() {
        // The last look is further up the stack: what it ends, it tells.
        return bound::open_join(task, waker);
    }
    // Woken before the end, the handle would ask no second time.
    await_last_look(task);
    waker::wake_any(waker);
    bound::release(task);
}

/// The handle of a bound task, away from home, gives up an output that it did not take.
pub(crate) fn drop_output_away(task: Raw) {
    await_last_look(task);
    // SAFETY: done and not taken: the output is the handle's, as the reference is.
    unsafe { unseen::drop_output(task) };
    bound::release(task);
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("task", &self.info())
            .field("finished", &self.is_finished())
            .finish()
    }
}

/// What [`JoinHandle::try_result`] finds.
#[derive(Debug)]
pub enum TryResult<'a, T> {
    /// The task has not ended.
    NotDone,
    /// It has ended, and this is its result.
    Done(Result<&'a T, &'a JoinError>),
    /// The handle was awaited, or [`JoinHandle::try_take`] called: the result is gone.
    Taken,
}

impl<'a, T> TryResult<'a, T> {
    /// The result, if it is there.
    pub fn done(self) -> Option<Result<&'a T, &'a JoinError>> {
        match self {
            TryResult::Done(result) => Some(result),
            TryResult::NotDone | TryResult::Taken => None,
        }
    }
}

/// Why a task has no result.
pub struct JoinError {
    repr: Box<Repr>,
}

struct Repr {
    id: u64,
    why: Why,
}

enum Why {
    /// With the reason, where it was asked to unwind; without, where it was dropped by force.
    Cancelled(Option<Reason>),
    /// In a mutex only to be `Sync`; it is never locked by two.
    Panicked(Mutex<Box<dyn Any + Send>>),
}

impl JoinError {
    pub(crate) fn cancelled(id: u64, reason: Option<Reason>) -> Self {
        JoinError { repr: Box::new(Repr { id, why: Why::Cancelled(reason) }) }
    }

    pub(crate) fn panicked(id: u64, payload: Box<dyn Any + Send>) -> Self {
        JoinError { repr: Box::new(Repr { id, why: Why::Panicked(Mutex::new(payload)) }) }
    }

    /// The number of the task.
    pub fn task_id(&self) -> u64 {
        self.repr.id
    }

    /// Whether the task was ended from outside: cancelled, aborted, or its runtime ended.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.repr.why, Why::Cancelled(_))
    }

    /// Why it was cancelled; `None` if it panicked, or was dropped without being asked.
    pub fn reason(&self) -> Option<&Reason> {
        match &self.repr.why {
            Why::Cancelled(reason) => reason.as_ref(),
            Why::Panicked(_) => None,
        }
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.repr.why, Why::Panicked(_))
    }

    /// What the task panicked with.
    ///
    /// # Errors
    /// The error itself, if the task did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, JoinError> {
        match self.repr.why {
            Why::Panicked(payload) => {
                Ok(payload.into_inner().unwrap_or_else(PoisonError::into_inner))
            }
            Why::Cancelled(_) => Err(self),
        }
    }

    /// What the task panicked with, to be given to [`std::panic::resume_unwind`].
    ///
    /// # Panics
    /// If the task did not panic; ask [`JoinError::is_panic`] first, or use
    /// [`JoinError::try_into_panic`].
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        match self.try_into_panic() {
            Ok(payload) => payload,
            Err(error) => panic!("{error}, and did not panic: ask `is_panic` first"),
        }
    }

    /// The words of a panic.
    pub(crate) fn message(&self) -> Option<String> {
        let Why::Panicked(payload) = &self.repr.why else { return None };
        let payload = payload.lock().unwrap_or_else(PoisonError::into_inner);
        Some(match payload.downcast_ref::<&'static str>() {
            Some(text) => (*text).to_owned(),
            None => payload.downcast_ref::<String>().cloned().unwrap_or_else(|| "a value".into()),
        })
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.repr.id;
        match (self.message(), self.reason().and_then(Reason::message)) {
            (Some(message), _) => write!(f, "task {id} panicked with {message:?}"),
            (None, Some(reason)) => write!(f, "task {id} was cancelled: {reason}"),
            (None, None) => write!(f, "task {id} was cancelled"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.repr.id;
        match (self.message(), self.reason()) {
            (Some(message), _) => write!(f, "JoinError::Panicked(task {id}, {message:?})"),
            (None, Some(reason)) => write!(f, "JoinError::Cancelled(task {id}, {reason:?})"),
            (None, None) => write!(f, "JoinError::Cancelled(task {id})"),
        }
    }
}

impl std::error::Error for JoinError {}
