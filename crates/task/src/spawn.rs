//! How a task begins.
#![expect(unsafe_code, reason = "fills blocks, and gives out the first references")]

use std::panic::Location;

use corio_base::loom::sync::atomic::Ordering;

use crate::bound::{self, Raw, header};
use crate::cell::TaskCell;
use crate::flags::Flags;
use crate::free::State;
use crate::header::{Birth, Cold, Flavour};
use crate::home::{Home, HomeLocal, RemoteHome};
use crate::join::{JoinError, JoinHandle};
use crate::ledger::Ledger;
use crate::mail::Mail;
use crate::more::More;
use crate::pool;
use crate::quietly;
use crate::runnable::{FreeRunnable, Runnable};
use crate::task::current_raw;
use crate::waker;

/// What a task is called, before there is one.
#[derive(Clone, Debug)]
#[must_use = "a task begins with `spawn`"]
pub struct Spawn {
    name: Option<Box<str>>,
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
        self.name = Some(name.into());
        self
    }

    /// Gives the task the place it was spawned at, where `#[track_caller]` cannot.
    pub fn location(mut self, location: &'static Location<'static>) -> Self {
        self.location = location;
        self
    }

    /// What the task's header says of it.
    #[inline]
    fn describe(self, id: u64) -> (Cold, Option<Box<More>>) {
        let parent = current_raw().map_or(0, |task| header(task).cold.id);
        let more = self.name.map(More::named);
        (Cold { id, parent, location: self.location }, more)
    }

    /// Begins a task on this thread, bound to `home`; it may be `!Send`.
    #[inline]
    pub fn bound<F>(self, home: &Home, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        let (cold, more) = self.describe(home.next_id());
        let local = home.local();
        let birth = Birth {
            vtable: &TaskCell::<F>::VTABLE,
            home: home.to_ref(),
            flavour: Flavour::Bound,
            word: 0,
            // One reference is the home's, one the handle's.
            refs: 2,
            flags: Flags::INITIAL,
            cold,
            more,
        };
        let block = local.pool.take(TaskCell::<F>::SHAPE);
        // SAFETY: taken for this layout.
        let task = unsafe { TaskCell::write(block, birth, future) };
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
        // In the ledger the handle's reference; with the home, the one it finds when the task arrives.
        let handle = self.away(home, Flavour::Bound, Ledger::initial(1), 1, future);
        bound::post(handle.raw(), Mail::spawned(handle.raw()));
        handle
    }

    /// Begins a task that may be polled on any thread, and submits it to `home`.
    pub fn free<F>(self, home: &RemoteHome, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let handle = self.away(home, Flavour::Free, State::initial(), 0, future);
        // SAFETY: born SCHEDULED: this is the one entry.
        home.home.schedule().submit(unsafe { FreeRunnable::new(handle.raw()) });
        handle
    }

    /// A task made without its home's pool and counts; its word says what references there are.
    fn away<F: Future>(
        self,
        home: &RemoteHome,
        flavour: Flavour,
        word: u32,
        refs: u32,
        future: F,
    ) -> JoinHandle<F::Output> {
        let (cold, more) = self.describe(home.next_id());
        let birth = Birth {
            vtable: &TaskCell::<F>::VTABLE,
            home: home.home.clone_away(),
            flavour,
            word,
            refs,
            // A free task's says only whether it was polled.
            flags: if flavour == Flavour::Bound { Flags::INITIAL } else { 0 },
            cold,
            more,
        };
        let block = pool::allocate(TaskCell::<F>::SHAPE);
        // SAFETY: allocated for this shape; F's cell, with the handle's reference and bit.
        unsafe { JoinHandle::new(TaskCell::write(block, birth, future)) }
    }
}

/// The task of a root future, not yet registered, with the home's reference and a handle's.
///
/// # Safety
/// The task has ended (its handle says so) before anything that `future` or its output borrows goes.
pub(crate) unsafe fn root<F: Future>(
    home: &Home,
    id: u64,
    location: &'static Location<'static>,
    flags: u8,
    future: F,
) -> Raw {
    let (cold, more) = Spawn { name: None, location }.describe(id);
    let birth = Birth {
        vtable: &TaskCell::<F>::VTABLE,
        home: home.to_ref(),
        flavour: Flavour::Bound,
        word: 0,
        refs: 2,
        flags,
        cold,
        more,
    };
    let block = home.local().pool.take(TaskCell::<F>::SHAPE);
    // SAFETY: taken for this layout.
    unsafe { TaskCell::write(block, birth, future) }
}

impl From<&'static Location<'static>> for Spawn {
    #[inline]
    fn from(location: &'static Location<'static>) -> Self {
        Spawn { name: None, location }
    }
}

impl Default for Spawn {
    #[track_caller]
    fn default() -> Self {
        Self::new()
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
    let error = JoinError::cancelled(header.cold.id, None);
    // SAFETY: nobody has polled it; if this is not its home's thread, its future is Send.
    unsafe { (header.vtable.cancel)(task, error) };
    // SAFETY: this is the home's thread, or the task never reached it.
    let (flags, refs) = unsafe { (Flags::new(&header.flags), header.refs.get()) };
    flags.unqueue();
    let drop_output = flags.finish();
    flags.settle();
    // Release: pairs with a handle's Acquire.
    header.done.store(1, Ordering::Release);
    if drop_output {
        // SAFETY: the output is stored; the handle, which could take it, went before the task came.
        quietly(|| unsafe { (header.vtable.drop_output)(task) });
    }
    // SAFETY: as for the flags.
    if let Some(joiner) = unsafe { header.joiner.replace(None) } {
        waker::wake_any(joiner);
    }
    // Without the home's own reference, which ends here.
    bound::settled(task, refs - 1);
}
