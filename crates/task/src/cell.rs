//! A task's block of memory: the header, and the future or what it became.
//!
//! One allocation holds both. The future and its output share their place; which of the two is
//! there is the state machine's to know, so there is no tag.
#![expect(unsafe_code, reason = "a union in a block by pointer, behind a table of functions")]

use std::alloc::Layout;
use std::any::Any;
use std::cell::UnsafeCell;
use std::mem::{ManuallyDrop, needs_drop, offset_of};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll};

use corio_trace::{book, disarm};

use crate::bound::Raw;
use crate::header::{Birth, Header, Polled, Vtable};
use crate::join::JoinError;
use crate::more;
use crate::pool::{self, Shape};
use crate::quietly;

type Output<F> = Result<<F as Future>::Output, JoinError>;

#[repr(C)]
pub(crate) struct TaskCell<F: Future> {
    header: Header,
    stage: UnsafeCell<Stage<F>>,
}

union Stage<F: Future> {
    future: ManuallyDrop<F>,
    output: ManuallyDrop<Output<F>>,
}

impl<F: Future> TaskCell<F> {
    pub(crate) const SHAPE: Shape = Shape::of(Layout::new::<TaskCell<F>>());

    pub(crate) const VTABLE: Vtable = Vtable {
        poll: poll::<F>,
        cancel: cancel::<F>,
        stage_offset: offset_of!(TaskCell<F>, stage),
        look_at_error: look_at_error::<F>,
        drop_output: drop_output::<F>,
        replace_output: replace_output::<F>,
        shape: Self::SHAPE,
        type_name: std::any::type_name::<F>,
        future_size: size_of::<F>(),
    };

    /// Makes a task of `future` in `block`.
    ///
    /// # Safety
    /// `block` is as large and aligned as [`TaskCell::SHAPE`] asks, and nobody else's.
    #[inline]
    pub(crate) unsafe fn write(block: NonNull<u8>, birth: Birth, future: F) -> Raw {
        let cell: *mut TaskCell<F> = block.cast().as_ptr();
        // SAFETY: the caller's claim; every field is written, none is read.
        unsafe {
            Header::write_at(&raw mut (*cell).header, birth);
            (&raw mut (*cell).stage).cast::<F>().write(future);
        }
        block.cast()
    }

    /// Puts the output where the future was.
    ///
    /// # Safety
    /// The future is gone, or has no destructor, and the caller alone is at it.
    pub(crate) unsafe fn store(task: Raw, output: Output<F>) {
        // SAFETY: the caller's claim.
        unsafe { stage::<F>(task).write(Stage { output: ManuallyDrop::new(output) }) };
    }

    /// Makes another task in the block of one that left nothing to drop but its header.
    ///
    /// # Safety
    /// `task` is the caller's alone, its block is laid out as [`TaskCell::SHAPE`] says, and `renew`
    /// makes the header a new task's.
    #[inline]
    pub(crate) unsafe fn rewrite(task: Raw, future: F, renew: impl FnOnce(&mut Header)) {
        // SAFETY: the caller alone has the task: no other reference to the header exists.
        let header = unsafe { &mut *task.as_ptr() };
        header.vtable = &Self::VTABLE;
        renew(header);
        // SAFETY: laid out for this type; what was there has no destructor.
        unsafe { stage::<F>(task).write(Stage { future: ManuallyDrop::new(future) }) };
    }
}

fn stage<F: Future>(task: NonNull<Header>) -> *mut Stage<F> {
    let cell: NonNull<TaskCell<F>> = task.cast();
    // SAFETY: every function here is reached through the vtable of the cell's own type.
    unsafe { (*cell.as_ptr()).stage.get() }
}

/// [`Vtable::poll`].
///
/// # Safety
/// The future is there, and the caller alone is at it.
unsafe fn poll<F: Future>(task: NonNull<Header>, context: &mut Context<'_>) -> Polled {
    let stage = stage::<F>(task);
    let polled = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the future is there, alone, and does not move before it is dropped in place.
        unsafe { Pin::new_unchecked(&mut *(*stage).future) }.poll(context)
    }));
    let output = match polled {
        Ok(Poll::Pending) => return Polled::Pending,
        Ok(Poll::Ready(output)) => Ok(output),
        Err(payload) => {
            note_panic(task);
            Err(payload)
        }
    };
    // SAFETY: as above; the poll is over.
    let dropped = unsafe { drop_future(stage) };
    let id = id(task);
    let output = match (output, dropped) {
        (Ok(output), Ok(())) => Ok(output),
        (Ok(output), Err(payload)) => {
            quietly(|| drop(output));
            Err(JoinError::panicked(id, payload))
        }
        // The first panic is the one to tell of.
        (Err(payload), second) => {
            quietly(|| drop(second));
            Err(JoinError::panicked(id, payload))
        }
    };
    let polled = if output.is_ok() { Polled::Returned } else { Polled::Panicked };
    // SAFETY: the future is gone, its place is free for the output.
    unsafe { ptr::write(stage, Stage { output: ManuallyDrop::new(output) }) };
    polled
}

/// In debug mode, keeps what the panic went through, before anybody is told of it.
#[cold]
#[inline(never)]
fn note_panic(task: Raw) {
    if corio_trace::enabled() {
        more::get_or_new(crate::bound::header(task)).set_panicked(book::take_panicked());
    }
}

/// [`Vtable::cancel`].
///
/// # Safety
/// As for [`poll`].
unsafe fn cancel<F: Future>(task: NonNull<Header>, error: JoinError) -> Polled {
    let stage = stage::<F>(task);
    // SAFETY: the caller's claim.
    let dropped = unsafe { drop_future(stage) };
    let (error, ended) = match dropped {
        Ok(()) => (error, Polled::Cancelled),
        Err(payload) => (JoinError::panicked(id(task), payload), Polled::Panicked),
    };
    // SAFETY: the future is gone, its place is free for the output.
    unsafe { ptr::write(stage, Stage { output: ManuallyDrop::new(Err(error)) }) };
    ended
}

/// Drops the future in place; a panic in its destructor is the task's, not the loop's.
///
/// # Safety
/// The future is there, and the caller alone is at it.
#[inline]
unsafe fn drop_future<F: Future>(stage: *mut Stage<F>) -> Result<(), Box<dyn Any + Send>> {
    if !needs_drop::<F>() {
        return Ok(());
    }
    if corio_trace::enabled() {
        // SAFETY: the caller's claim.
        return unsafe { drop_disarmed(stage) };
    }
    // SAFETY: the caller's claim.
    unsafe { drop_caught(stage) }
}

/// As [`drop_future`], with debug mode on: what is dropped here unpolled was cancelled, or is left of one that
/// has returned.
///
/// # Safety
/// As for that.
#[cold]
#[inline(never)]
unsafe fn drop_disarmed<F: Future>(stage: *mut Stage<F>) -> Result<(), Box<dyn Any + Send>> {
    let _disarmed = disarm::guard();
    // SAFETY: the caller's claim.
    unsafe { drop_caught(stage) }
}

/// # Safety
/// As for [`drop_future`].
#[inline]
unsafe fn drop_caught<F: Future>(stage: *mut Stage<F>) -> Result<(), Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the caller's claim; dropped in place, as pinning asks.
        unsafe { ManuallyDrop::drop(&mut (*stage).future) }
    }))
}

fn id(task: NonNull<Header>) -> u64 {
    crate::bound::header(task).cold.id
}

/// Moves the output out; its place counts as empty from here on.
///
/// # Safety
/// The output is there, of this type, and the caller alone is at it.
#[inline]
pub(crate) unsafe fn take_output<T>(task: Raw) -> Result<T, JoinError> {
    let offset = crate::bound::header(task).vtable.stage_offset;
    // SAFETY: the offset is this cell's stage's, and a union's fields begin where it does.
    unsafe { task.cast::<u8>().add(offset).cast::<Result<T, JoinError>>().read() }
}

/// Looks at the output.
///
/// # Safety
/// As for [`take_output`].
#[inline]
pub(crate) unsafe fn look_at_output<'a, T>(task: Raw) -> &'a Result<T, JoinError> {
    let offset = crate::bound::header(task).vtable.stage_offset;
    // SAFETY: as in `take_output`.
    unsafe { task.cast::<u8>().add(offset).cast::<Result<T, JoinError>>().as_ref() }
}

/// [`Vtable::look_at_error`].
///
/// # Safety
/// The output is there and the caller alone is at it.
unsafe fn look_at_error<F: Future>(task: NonNull<Header>) -> *const JoinError {
    let stage = stage::<F>(task);
    // SAFETY: the caller's claim.
    match unsafe { &*(*stage).output } {
        Ok(_) => ptr::null(),
        Err(error) => error,
    }
}

/// [`Vtable::drop_output`].
///
/// # Safety
/// The output is there and the caller alone is at it.
unsafe fn drop_output<F: Future>(task: NonNull<Header>) {
    let stage = stage::<F>(task);
    // SAFETY: the caller's claim; the place counts as empty from here on.
    unsafe { ManuallyDrop::drop(&mut (*stage).output) };
}

/// [`Vtable::replace_output`].
///
/// # Safety
/// As for [`drop_output`].
unsafe fn replace_output<F: Future>(task: NonNull<Header>, error: JoinError) {
    // SAFETY: the caller's claim; the new output is stored in the place that is empty by then.
    unsafe {
        crate::quietly(|| drop_output::<F>(task));
        ptr::write(stage::<F>(task), Stage { output: ManuallyDrop::new(Err(error)) });
    }
}

/// Drops the header and gives the block back.
///
/// # Safety
/// The last reference is gone, and so are future and output.
#[inline]
pub(crate) unsafe fn free(task: Raw) {
    // SAFETY: the caller's claim: the header is the caller's alone.
    let header = unsafe { &mut *task.as_ptr() };
    more::free(header);
    // SAFETY: as above. To loom this is an access, which must come after all others.
    debug_assert!(unsafe { header.joiner.look(Option::is_none) }, "a joiner's waker is left");
    let shape = header.vtable.shape;
    // SAFETY: the block is given away below, and the field not looked at again. Of the header's other
    // fields only the joiner has a destructor, and it was taken at the task's end.
    let home = unsafe { ptr::read(&raw const header.home) };
    match home.local() {
        // SAFETY: every task's block comes from a pool or from `pool::allocate`.
        Some(local) => unsafe { local.pool.put(task.cast(), shape) },
        // SAFETY: as above.
        None => unsafe { pool::release(task.cast(), shape) },
    }
}
