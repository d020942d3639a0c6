//! How a task begins.
#![expect(unsafe_code, reason = "fills blocks, and gives out the first references")]

use std::panic::Location;

use corio_base::loom::sync::atomic::Ordering;

use crate::bound::{self, Raw, header};
use crate::call::{self, Call, CallFuture};
use crate::callbacks;
use crate::cell::TaskCell;
use crate::context::Context;
use crate::context::place::{self, Own};
use crate::flags::Flags;
use crate::free::State;
use crate::header::{Birth, Cold, Flavour};
use crate::home::{Home, HomeLocal, HomeRef, RemoteHome};
use crate::job::Job;
use crate::join::{JoinError, JoinHandle};
use crate::ledger::Ledger;
use crate::mail::Mail;
use crate::more::{self, More};
use crate::pool;
use crate::quietly;
use crate::runnable::{FreeRunnable, Runnable};
use crate::task::current_raw;
use crate::waker;
use crate::watch;

/// What a task is called and how it begins, before there is one.
#[derive(Clone, Debug)]
#[must_use = "a task begins with `spawn`"]
pub struct Spawn {
    name: Option<Box<str>>,
    context: Option<Context>,
    /// `None`: not asked for, and not refused either.
    eager: Option<bool>,
    location: &'static Location<'static>,
}

impl Spawn {
    /// A task without a name of its own, spawned where this is called.
    #[track_caller]
    #[inline]
    pub fn new() -> Self {
        Spawn::from(Location::caller())
    }

    /// Gives the task a name.
    pub fn name(mut self, name: impl Into<Box<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Has the task run in `context` itself, not in a copy of the current one: what it sets is seen
    /// there. Several tasks may run in one.
    pub fn context(mut self, context: Context) -> Self {
        place::note_use();
        self.context = Some(context);
        self
    }

    /// Whether the task is to be polled at once, before the spawn returns, where that is possible: who
    /// owns the loop decides ([`Spawn::eager`]).
    pub fn eager_start(mut self, eager: bool) -> Self {
        self.eager = Some(eager);
        self
    }

    /// Asks for an [eager start](Spawn::eager_start), unless that was asked for or refused before: what a
    /// task factory does with spawns whose own word goes first.
    pub fn eager_start_by_default(mut self) -> Self {
        self.eager = self.eager.or(Some(true));
        self
    }

    /// Whether an [eager start](Spawn::eager_start) is asked for.
    #[inline]
    pub fn is_eager(&self) -> bool {
        self.eager == Some(true)
    }

    /// Gives the task the place it was spawned at, where `#[track_caller]` cannot.
    pub fn location(mut self, location: &'static Location<'static>) -> Self {
        self.location = location;
        self
    }

    /// What the task's header says of it.
    #[inline]
    pub(crate) fn describe(self, id: u64) -> Description {
        let parent = current_raw().map_or(0, |task| header(task).cold.id);
        let location = self.location;
        let more = if place::is_in_use() || self.name.is_some() { self.more() } else { None };
        (Cold { id, parent, location }, more)
    }

    /// What the task has beyond what all have.
    #[cold]
    #[inline(never)]
    fn more(self) -> Option<Box<More>> {
        let own = match self.context {
            Some(context) => Own::given(context),
            None => match place::current_map() {
                map if map.is_empty() && self.name.is_none() => return None,
                map => Own::inheriting(map),
            },
        };
        Some(More::born(self.name, own))
    }

    /// Begins a task on this thread, bound to `home`; it may be `!Send`.
    #[inline]
    pub fn bound<F>(self, home: &Home, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        // SAFETY: F is 'static.
        let task = unsafe { self.begin(home, Flags::INITIAL, future) };
        arrive(task, home.local());
        // SAFETY: F's cell, with the handle's reference and bit.
        unsafe { JoinHandle::new(task) }
    }

    /// A task that nobody knows of yet, with the home's reference and a handle's.
    ///
    /// # Safety
    /// `F` is `'static`, or the task has ended (its handle says so) before anything that the future or
    /// its output borrows goes.
    #[inline(always)]
    pub(crate) unsafe fn begin<F: Future>(self, home: &Home, flags: u8, future: F) -> Raw {
        let (cold, more) = self.describe(home.next_id());
        let birth = Birth {
            vtable: &TaskCell::<F>::VTABLE,
            home: home.to_ref(),
            flavour: Flavour::Bound,
            word: 0,
            refs: 2,
            flags,
            call: 0,
            cold,
            more,
        };
        let block = home.local().pool.take(TaskCell::<F>::SHAPE);
        // SAFETY: taken for this layout.
        unsafe { TaskCell::write(block, birth, future) }
    }

    /// Begins a task bound to `home`, from any thread. A closed home ends it at once, as cancelled.
    pub fn remote<F>(self, home: &RemoteHome, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        // In the ledger the handle's reference; with the home, the one it finds when the task arrives.
        let handle = self.away(home, Flavour::Bound, Ledger::initial(1), 1, future);
        if corio_trace::enabled() {
            watch::announce(handle.raw());
        }
        bound::post(handle.raw(), Mail::spawned(handle.raw()));
        handle
    }

    /// Has `function` called on this thread in its turn among the tasks of `home`, which come and go in
    /// one queue, first in, first out. It is no task: none is current while it runs, and no list has it.
    ///
    /// It is called in a copy of the current context, or in the [given](Spawn::context) one. Its panic
    /// goes to [`Schedule::call_panicked`](crate::Schedule::call_panicked). A home that is being closed
    /// cancels it.
    #[inline]
    pub fn call<F>(self, home: &Home, function: F) -> Call
    where
        F: FnOnce() + 'static,
    {
        let local = home.local();
        let call = call_here(self.describe_call(), home.to_ref(), local, 2, function);
        call::arrive(call, local.closing.get());
        // SAFETY: made with a reference for it.
        unsafe { Call::new(call) }
    }

    /// As [`Spawn::call`], from any thread. A closed home cancels it.
    pub fn remote_call<F>(self, home: &RemoteHome, function: F) -> Call
    where
        F: FnOnce() + Send + 'static,
    {
        if let Some(local) = home.home.local().filter(|local| !local.closing.get()) {
            // At home it comes in the order of this thread's calls, not after the mail.
            let own = home.home.clone_here(local);
            let call = call_here(self.describe_call(), own, local, 2, function);
            call::arrive(call, false);
            // SAFETY: made with a reference for it.
            return unsafe { Call::new(call) };
        }
        let home = home.home.clone_away();
        // In the ledger the handle's reference; with the home, its own.
        let call = call_away(self.describe_call(), home, Ledger::initial(1), 1, function);
        bound::post(call, Mail::spawned(call));
        // SAFETY: made with a reference for it.
        unsafe { Call::new(call) }
    }

    /// Calls have no number: those of the tasks follow each other.
    #[inline]
    pub(crate) fn describe_call(self) -> Description {
        self.describe(0)
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

    /// Begins a function that blocks its thread, as a free task of a home [without
    /// turns](crate::Schedule::has_turns): run on whichever thread takes it, to its end. While it runs no
    /// task is current, but the context is the job's, a copy of the one that is current now.
    pub fn job<F, T>(self, home: &RemoteHome, function: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.free(home, Job::new(function))
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
            call: 0,
            cold,
            more,
        };
        let block = pool::allocate(TaskCell::<F>::SHAPE);
        // SAFETY: allocated for this shape.
        let task = unsafe { TaskCell::write(block, birth, future) };
        if corio_trace::enabled() {
            watch::begin_page(task);
        }
        // SAFETY: F's cell, with the handle's reference and bit.
        unsafe { JoinHandle::new(task) }
    }
}

/// What is known of a task or a call before there is one.
pub(crate) type Description = (Cold, Option<Box<More>>);

/// A call made on its home's thread, with `refs` references: one is the home's.
#[inline]
pub(crate) fn call_here<F: FnOnce() + 'static>(
    about: Description,
    home: HomeRef,
    local: &HomeLocal,
    refs: u32,
    function: F,
) -> Raw {
    let birth = birth_of_call::<F>(about, home, 0, refs);
    let block = local.pool.take(TaskCell::<CallFuture<F>>::SHAPE);
    // SAFETY: taken for this layout.
    unsafe { TaskCell::write(block, birth, CallFuture(Some(function))) }
}

/// A call made anywhere, to be sent to its home.
pub(crate) fn call_away<F: FnOnce() + Send + 'static>(
    about: Description,
    home: HomeRef,
    word: u32,
    refs: u32,
    function: F,
) -> Raw {
    let birth = birth_of_call::<F>(about, home, word, refs);
    let block = pool::allocate(TaskCell::<CallFuture<F>>::SHAPE);
    // SAFETY: allocated for this layout.
    unsafe { TaskCell::write(block, birth, CallFuture(Some(function))) }
}

#[inline]
fn birth_of_call<F: FnOnce()>(about: Description, home: HomeRef, word: u32, refs: u32) -> Birth {
    let (cold, more) = about;
    Birth {
        vtable: &TaskCell::<CallFuture<F>>::VTABLE,
        home,
        flavour: Flavour::Bound,
        word,
        refs,
        flags: Flags::CALL,
        call: call::WAITING,
        cold,
        more,
    }
}

impl From<&'static Location<'static>> for Spawn {
    #[inline]
    fn from(location: &'static Location<'static>) -> Self {
        Spawn { name: None, context: None, eager: None, location }
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
    header(task).home.ready(unsafe { Runnable::new(task) });
}

/// A task found its home closed: it ends at once. On its home's thread, or on the thread that makes
/// it, before anybody has its handle.
#[cold]
pub(crate) fn refuse(task: Raw) {
    let header = header(task);
    call::refuse(header);
    let error = JoinError::cancelled(header.cold.id, None);
    // SAFETY: nobody has polled it; if this is not its home's thread, its future is Send.
    let ended = unsafe { (header.vtable.cancel)(task, error) };
    // SAFETY: this is the home's thread, or the task never reached it.
    let (flags, refs) = unsafe { (Flags::new(&header.flags), header.refs.get()) };
    flags.unqueue();
    let drop_output = flags.finish();
    flags.settle();
    // Release: pairs with a handle's Acquire.
    header.done.store(ended as u8, Ordering::Release);
    if drop_output {
        // SAFETY: the output is stored; the handle, which could take it, went before the task came.
        quietly(|| unsafe { (header.vtable.drop_output)(task) });
    }
    // SAFETY: as for the flags.
    if let Some(joiner) = unsafe { header.joiner.replace(None) } {
        waker::wake_any(joiner);
    }
    if let Some(more) = more::get(header) {
        more.page().close();
    }
    callbacks::flush(task);
    // Without the home's own reference, which ends here.
    bound::settled(task, refs - 1);
}
