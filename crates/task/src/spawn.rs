//! How a task begins.
#![expect(unsafe_code, reason = "fills blocks, and gives out the first references")]

use std::panic::Location;

use corio_base::loom::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use crate::bound::{self, Raw, header};
use crate::cell::TaskCell;
use crate::flags::Flags;
use crate::free::State;
use crate::header::{Cold, Flavour, Header, Vtable};
use crate::home::{Home, HomeLocal, HomeRef, RemoteHome};
use crate::join::{JoinError, JoinHandle};
use crate::ledger::Ledger;
use crate::local::Local;
use crate::mail::Mail;
use crate::pool;
use crate::runnable::{FreeRunnable, Runnable};
use crate::task::current_raw;

/// What a task is called, before there is one.
#[derive(Clone, Debug)]
#[must_use = "a task begins with `spawn`"]
pub struct Spawn {
    name: Option<Box<Box<str>>>,
    location: &'static Location<'static>,
}

impl Spawn {
    /// A task without a name of its own, spawned where this is called.
    #[track_caller]
    #[inline]
    pub fn new() -> Self {
        Spawn { name: None, location: Location::caller() }
    }

    /// Gives the task a name.
    pub fn name(mut self, name: impl Into<Box<str>>) -> Self {
        self.name = Some(Box::new(name.into()));
        self
    }

    /// Gives the task the place it was spawned at, where `#[track_caller]` cannot.
    pub fn location(mut self, location: &'static Location<'static>) -> Self {
        self.location = location;
        self
    }

    #[inline]
    fn into_cold(self, id: u64) -> Cold {
        let parent = current_raw().map_or(0, |task| header(task).cold.id);
        Cold { id, parent, location: self.location, name: self.name }
    }

    /// Begins a task on this thread, bound to `home`; it may be `!Send`.
    #[inline]
    pub fn bound<F>(self, home: &Home, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        // SAFETY: what is 'static may live as long as it likes.
        unsafe { self.bound_unchecked(home, future) }
    }

    /// Begins a task whose future borrows.
    ///
    /// # Safety
    /// The task has ended (its handle says so) before anything that `future` or its output borrows
    /// goes.
    #[inline]
    pub unsafe fn bound_unchecked<F>(self, home: &Home, future: F) -> JoinHandle<F::Output>
    where
        F: Future,
    {
        let cold = self.into_cold(home.next_id());
        let local = home.local();
        let header = Header {
            // One reference is the home's, one the handle's.
            refs: Local::new(2),
            ..new_header(&TaskCell::<F>::VTABLE, home.to_ref(), Flavour::Bound, 0, cold)
        };
        let block = local.pool.take(TaskCell::<F>::LAYOUT);
        // SAFETY: taken for this layout.
        let task = unsafe { TaskCell::write(block, header, future) };
        arrive(task, local);
        // SAFETY: F's cell, with the handle's reference and bit.
        unsafe { JoinHandle::new(task) }
    }

    /// Begins a task bound to `home`, from any thread. A closed home ends it at once, as cancelled.
    pub fn remote<F>(self, home: &RemoteHome, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let cold = self.into_cold(home.next_id());
        let header = Header {
            // The home's, which it finds when the task arrives.
            refs: Local::new(1),
            ..new_header(
                &TaskCell::<F>::VTABLE,
                home.home.clone_away(),
                Flavour::Bound,
                // The handle's.
                Ledger::initial(1),
                cold,
            )
        };
        let block = pool::allocate(TaskCell::<F>::LAYOUT);
        // SAFETY: allocated for this layout.
        let task = unsafe { TaskCell::write(block, header, future) };
        // SAFETY: F's cell, with the handle's reference and bit.
        let handle = unsafe { JoinHandle::new(task) };
        bound::post(task, Mail::spawned(task));
        handle
    }

    /// Begins a task that may be polled on any thread, and submits it to `home`.
    pub fn free<F>(self, home: &RemoteHome, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let cold = self.into_cold(home.next_id());
        let header = new_header(
            &TaskCell::<F>::VTABLE,
            home.home.clone_away(),
            Flavour::Free,
            State::initial(),
            cold,
        );
        let block = pool::allocate(TaskCell::<F>::LAYOUT);
        // SAFETY: allocated for this layout.
        let task = unsafe { TaskCell::write(block, header, future) };
        // SAFETY: F's cell, with the handle's reference and bit.
        let handle = unsafe { JoinHandle::new(task) };
        // SAFETY: born SCHEDULED: this is the one entry.
        home.home.schedule().submit(unsafe { FreeRunnable::new(task) });
        handle
    }
}

impl Default for Spawn {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

#[inline]
fn new_header(
    vtable: &'static Vtable,
    home: HomeRef,
    flavour: Flavour,
    word: u32,
    cold: Cold,
) -> Header {
    Header {
        vtable,
        home,
        word: AtomicU32::new(word),
        refs: Local::new(0),
        slot: Local::new(0),
        flags: Local::new(Flags::INITIAL),
        done: AtomicU8::new(0),
        flavour,
        next: Local::new(None),
        joiner: Local::new(None),
        cold,
    }
}

/// A task is at home, and ready.
#[inline]
pub(crate) fn arrive(task: Raw, local: &HomeLocal) {
    if local.closing.get() {
        return refuse(task);
    }
    // SAFETY: on the home's thread, which `local` proves.
    unsafe { header(task).slot.set(local.registry.insert(task)) };
    // SAFETY: born SCHEDULED: this is the one entry.
    header(task).home.schedule().ready(unsafe { Runnable::new(task) });
}

/// A task found its home closed: it ends at once. On its home's thread, or on the thread that makes
/// it, before anybody has its handle.
#[cold]
pub(crate) fn refuse(task: Raw) {
    let header = header(task);
    let error = JoinError::cancelled(header.cold.id);
    // SAFETY: nobody has polled it; if this is not its home's thread, its future is Send.
    unsafe { (header.vtable.cancel)(task, error) };
    // SAFETY: this is the home's thread, or the task never reached it.
    let (flags, refs) = unsafe { (Flags::new(&header.flags), header.refs.get()) };
    flags.unqueue();
    // The handle, or the mail of its end, is still to come.
    let _handle_is_there = flags.finish();
    flags.settle();
    // Release: pairs with a handle's Acquire.
    header.done.store(1, Ordering::Release);
    // Without the home's own reference, which ends here.
    bound::settled(task, refs - 1);
}
