//! What few tasks have: a name of their own, requests and the scopes they concern, a context, callbacks.
//!
//! A task begins without; the first who needs a place for such a thing makes it, on any thread, and it
//! lasts as long as the task's block.
//!
//! **The race** of two who make it: one `compare_exchange` wins, the other's is dropped and the
//! winner's used. Nobody replaces it afterwards, so whoever has the task may keep a reference to it.
#![expect(unsafe_code, reason = "a box behind an atomic pointer, freed with the task")]

use std::cell::RefCell;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering as StdOrdering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use corio_base::loom::sync::atomic::Ordering;
use corio_trace::book::{LeafCell, PanickedFrame, TaskPage};

use crate::callbacks::Callbacks;
use crate::context::place::Own;
use crate::header::Header;
use crate::scope::Hold;
use crate::scope::tree::Tree;

/// The parts of a task that most do without.
#[derive(Debug, Default)]
pub(crate) struct More {
    name: Mutex<Option<Box<str>>>,
    tree: Mutex<Option<Box<Tree>>>,
    /// Of whoever awaits the task.
    hold: Mutex<Option<Box<Hold>>>,
    /// There may be one: so that an awaiter of a task that is watched, and has this for that, need not lock.
    has_hold: AtomicBool,
    own: Own,
    callbacks: Mutex<Callbacks>,
    /// There may be some, as for `has_hold`.
    has_callbacks: AtomicBool,
    /// Its record in debug mode.
    page: TaskPage,
    /// The record of whoever awaits it; its handle's.
    awaited: LeafCell,
    /// In debug mode: where the panic went through that ended it.
    panicked: Mutex<Vec<PanickedFrame>>,
    /// What the error said of itself that a [fallible](crate::Fallible) task has returned.
    failure: Mutex<Option<Box<str>>>,
    /// Nobody has to be told how the task ended: somebody looked, or looks after it.
    retrieved: AtomicBool,
    /// A shield around its handle was given up while it ran.
    shielded: AtomicBool,
    /// Handles that the task awaits may wait far: see [`crate::awaiting`]. Only its own polls ask.
    far: AtomicBool,
}

/// Locks, also what a panic left locked: nothing here is left half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl More {
    /// For a task that is spawned with a name or into a context.
    #[cold]
    pub(crate) fn born(name: Option<Box<str>>, own: Own) -> Box<More> {
        Box::new(More { name: Mutex::new(name), own, ..More::default() })
    }

    pub(crate) fn name(&self) -> Option<Box<str>> {
        lock(&self.name).clone()
    }

    pub(crate) fn set_name(&self, name: Box<str>) {
        let before = lock(&self.name).replace(name);
        drop(before);
    }

    pub(crate) fn page(&self) -> &TaskPage {
        &self.page
    }

    pub(crate) fn awaited(&self) -> &LeafCell {
        &self.awaited
    }

    pub(crate) fn panicked(&self) -> Vec<PanickedFrame> {
        lock(&self.panicked).clone()
    }

    pub(crate) fn set_panicked(&self, frames: Vec<PanickedFrame>) {
        // Asked again, those who noted them have none any more.
        if !frames.is_empty() {
            *lock(&self.panicked) = frames;
        }
    }

    pub(crate) fn failure(&self) -> Option<Box<str>> {
        lock(&self.failure).clone()
    }

    pub(crate) fn set_failure(&self, words: Box<str>) {
        let before = lock(&self.failure).replace(words);
        drop(before);
    }

    pub(crate) fn mark_retrieved(&self) {
        // Relaxed: whoever drops the output has synchronized with the handle, or with the end of the
        // task; a mark made beside that comes in time or not.
        self.retrieved.store(true, StdOrdering::Relaxed);
    }

    pub(crate) fn is_retrieved(&self) -> bool {
        self.retrieved.load(StdOrdering::Relaxed)
    }

    pub(crate) fn mark_shielded(&self) {
        // Relaxed, as above.
        self.shielded.store(true, StdOrdering::Relaxed);
    }

    pub(crate) fn is_shielded(&self) -> bool {
        self.shielded.load(StdOrdering::Relaxed)
    }

    pub(crate) fn mark_far(&self) {
        // Relaxed, as below: only the thread that polls the task reads it.
        self.far.store(true, StdOrdering::Relaxed);
    }

    pub(crate) fn take_far(&self) -> bool {
        self.far.swap(false, StdOrdering::Relaxed)
    }

    /// The task's context.
    pub(crate) fn own(&self) -> &Own {
        &self.own
    }

    /// Calls `change` with the task's callbacks. No foreign code may run in it.
    pub(crate) fn with_callbacks<R>(&self, change: impl FnOnce(&mut Callbacks) -> R) -> R {
        change(&mut lock(&self.callbacks))
    }

    /// Calls `change` with the task's scopes, if there ever were any. No foreign code may run in it.
    pub(crate) fn with_tree<R>(&self, change: impl FnOnce(&mut Tree) -> R) -> Option<R> {
        lock(&self.tree).as_deref_mut().map(change)
    }

    /// Calls `add` with the task's callbacks, to which it adds one.
    pub(crate) fn add_callback<R>(&self, add: impl FnOnce(&mut Callbacks) -> R) -> R {
        // Relaxed: who adds from away makes the task's end look again after this, by a mail or by a
        // read-modify-write of the task's word.
        self.has_callbacks.store(true, StdOrdering::Relaxed);
        self.with_callbacks(add)
    }

    /// Whether callbacks were added, as far as the caller can know.
    #[inline]
    pub(crate) fn has_callbacks(&self) -> bool {
        // Relaxed: as in `add_callback`.
        self.has_callbacks.load(StdOrdering::Relaxed)
    }

    pub(crate) fn take_hold(&self) -> Option<Box<Hold>> {
        // Relaxed, as in `put_hold`: only the handle asks, and puts one in.
        if !self.has_hold.load(StdOrdering::Relaxed) {
            return None;
        }
        lock(&self.hold).take()
    }

    pub(crate) fn put_hold(&self, hold: Box<Hold>) {
        self.has_hold.store(true, StdOrdering::Relaxed);
        let before = lock(&self.hold).replace(hold);
        debug_assert!(before.is_none(), "a task has one handle");
    }

    /// As [`More::with_tree`]; makes the place for them.
    pub(crate) fn with_new_tree<R>(&self, change: impl FnOnce(&mut Tree) -> R) -> R {
        change(lock(&self.tree).get_or_insert_default())
    }
}

/// What `header`'s task has of it, if anything.
#[inline]
pub(crate) fn get(header: &Header) -> Option<&More> {
    // Acquire: pairs with the Release in `get_or_new`; what it points to is made by then.
    let more = header.more.load(Ordering::Acquire);
    // SAFETY: null, or made by `get_or_new` or at birth, and freed only with the header.
    unsafe { more.as_ref() }
}

/// A new one for `header`'s task, with nothing in it.
#[inline]
fn make(header: &Header) -> *mut More {
    let place = match header.home.local() {
        Some(local) => local.spare.take(),
        None => Box::new_uninit(),
    };
    Box::into_raw(Box::write(place, More::default()))
}

/// As [`get_or_new`], for a task that was just made and that no other thread knows: nobody else makes one, and
/// the read-modify-write that would decide takes as long as all the rest.
#[inline]
pub(crate) fn get_or_new_unshared(header: &Header) -> &More {
    if let Some(more) = get(header) {
        return more;
    }
    let new = make(header);
    // Release: publishes it, as in `get_or_new`, to who is told of the task later.
    header.more.store(new, Ordering::Release);
    // SAFETY: made above, and as in `get`.
    unsafe { &*new }
}

/// What `header`'s task has of it, made now if there was nothing.
pub(crate) fn get_or_new(header: &Header) -> &More {
    if let Some(more) = get(header) {
        return more;
    }
    let new = make(header);
    // Release: publishes the new one; Acquire: pairs with the Release of whoever was first.
    let outcome =
        header.more.compare_exchange(ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire);
    match outcome {
        // SAFETY: as in `get`.
        Ok(_) => unsafe { &*new },
        Err(first) => {
            // SAFETY: `new` was not published; `first` is not null, and as in `get`.
            unsafe {
                drop(Box::from_raw(new));
                &*first
            }
        }
    }
}

/// Frees it, with the header that the caller alone has.
#[inline]
pub(crate) fn free(header: &mut Header) {
    // Relaxed: the last reference is gone, and its going was an Acquire for this thread.
    let more = header.more.load(Ordering::Relaxed);
    if !more.is_null() {
        free_made(header, more);
    }
}

#[cold]
#[inline(never)]
fn free_made(header: &Header, more: *mut More) {
    // Wakers may be in it: foreign code.
    // SAFETY: made by `get_or_new` or at birth, dropped once: the header goes.
    crate::quietly(|| unsafe { ptr::drop_in_place(more) });
    // SAFETY: from a box of that layout, and nothing is in it any more.
    let place = unsafe { Box::from_raw(more.cast::<MaybeUninit<More>>()) };
    match header.home.local() {
        Some(local) => local.spare.put(place),
        None => drop(place),
    }
}

/// What ended tasks of a home leave to the next ones: in debug mode each task has such a place, and the
/// allocator would take longer for it than all else that is recorded of a short one.
#[expect(clippy::vec_box, reason = "each was a task's box, and is the box of the next")]
#[derive(Debug, Default)]
pub(crate) struct Spare(RefCell<Vec<Box<MaybeUninit<More>>>>);

/// What a home keeps: for a thousand tasks that come and go at a time, some 300 KiB.
const SPARE_MAX: usize = 1024;

impl Spare {
    fn take(&self) -> Box<MaybeUninit<More>> {
        self.0.borrow_mut().pop().unwrap_or_else(Box::new_uninit)
    }

    fn put(&self, place: Box<MaybeUninit<More>>) {
        let mut spare = self.0.borrow_mut();
        if spare.len() < SPARE_MAX {
            spare.push(place);
        }
    }
}
