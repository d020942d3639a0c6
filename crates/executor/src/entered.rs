//! Which loop this thread works for, and which one it runs.

use std::cell::Cell;
use std::panic::Location;
use std::rc::Rc;

use corio_base::ambient::{self, ActiveGuard, LoopId, Table};

use corio_task::{JoinHandle, Spawn};

use crate::core::{Core, Factory};

std::thread_local! {
    static LOOPS: Table<Rc<Core>> = const { Table::new() };
    /// Those whose tasks are not spawned the short way: they close, or have a task factory.
    static ASIDE: Table<Rc<Core>> = const { Table::new() };
    /// Where the loop that runs on this thread was started.
    static RUNNING: Cell<Option<&'static Location<'static>>> = const { Cell::new(None) };
}

/// Enters a loop among those of this thread.
pub(crate) fn put(id: LoopId, core: Rc<Core>) {
    LOOPS.with(|table| table.put(id, core));
}

/// Closes the loop `id`, with it as the active one, and takes it out of the thread's loops.
pub(crate) fn close(id: LoopId) {
    let Some(core) = take(id) else { return };
    // At the end of the thread there may be no table left; what destructors spawn then finds no loop.
    let entered = ASIDE.try_with(|table| table.put(id, core.clone())).is_ok();
    {
        let _active = ambient::activate(id);
        core.close();
    }
    if entered {
        let core = ASIDE.try_with(|table| table.take(id));
        drop(core);
    }
    drop(core.replace_factory(None));
}

/// Takes a loop that is open out of this thread's.
fn take(id: LoopId) -> Option<Rc<Core>> {
    let short = LOOPS.try_with(|table| table.take(id)).ok().flatten();
    short.or_else(|| ASIDE.try_with(|table| table.take(id)).ok().flatten())
}

/// Sends what every task of `core` is asked for with (name, place, context, eager start) through
/// `factory`; `None`: no more. It concerns what is spawned on the loop's own thread as the current one
/// ([`spawn_current`]); a panic of the factory is the spawner's. A loop without a factory pays nothing for
/// there being such a thing.
///
/// Does nothing to a loop that has ended, or is ending.
pub fn set_task_factory(core: &Rc<Core>, factory: Option<Factory>) {
    if core.is_closed() || take(core.id()).is_none() {
        return;
    }
    let table = if factory.is_some() { &ASIDE } else { &LOOPS };
    let before = core.replace_factory(factory);
    table.with(|table| table.put(core.id(), core.clone()));
    drop(before);
}

/// Marks a loop as running until dropped.
#[derive(Debug)]
pub(crate) struct RunningGuard {
    _active: ActiveGuard,
}

/// Makes the loop `id` the active one, and the one that runs on this thread.
///
/// # Panics
/// If a loop runs on this thread already: names where that one was started, where this one is asked
/// for, and the remedy.
#[inline]
pub(crate) fn enter_running(id: LoopId, place: &'static Location<'static>) -> RunningGuard {
    if let Some(outer) = running_since() {
        refuse_to_nest(place, outer);
    }
    RUNNING.with(|slot| slot.set(Some(place)));
    RunningGuard { _active: ambient::activate(id) }
}

#[cold]
fn refuse_to_nest(place: &Location<'_>, outer: &Location<'_>) -> ! {
    panic!(
        "block_on at {place} is called inside the loop that runs on this thread since {outer}: \
         blocking here would stop the loop, and with it what is waited for. Await the future \
         instead; from a synchronous callback, spawn it, or block on a thread of its own",
    )
}

impl Drop for RunningGuard {
    #[inline]
    fn drop(&mut self) {
        RUNNING.with(|slot| slot.set(None));
    }
}

/// Where the loop that runs on this thread was started; `None` if none runs.
#[inline]
pub fn running_since() -> Option<&'static Location<'static>> {
    RUNNING.with(Cell::get)
}

/// Calls `f` with this thread's active loop, if there is one.
#[inline]
pub fn with_current<R>(f: impl FnOnce(&Core) -> R) -> Option<R> {
    current().map(|core| f(&core))
}

/// Begins a task on this thread's active loop; it may be `!Send`. Where no loop is active, calls
/// `otherwise` with what was given. A place serves for a [`Spawn`] without a name.
#[inline]
pub fn spawn_current<S, F>(
    spawn: S,
    future: F,
    otherwise: impl FnOnce(S, F) -> JoinHandle<F::Output>,
) -> JoinHandle<F::Output>
where
    S: Into<Spawn>,
    F: Future + 'static,
{
    LOOPS.with(|table| {
        table.lend_active(|core| match core {
            Some(core) => core.spawn_with(spawn.into(), future),
            None => spawn_elsewhere(spawn, future, otherwise),
        })
    })
}

/// A loop that closes refuses the task, whose destructor may do anything, also make a loop, and so may a
/// factory: so such a loop is not found in the table that is lent meanwhile.
#[cold]
#[inline(never)]
fn spawn_elsewhere<S, F>(
    spawn: S,
    future: F,
    otherwise: impl FnOnce(S, F) -> JoinHandle<F::Output>,
) -> JoinHandle<F::Output>
where
    S: Into<Spawn>,
    F: Future + 'static,
{
    match current() {
        Some(core) => core.spawn_with(core.in_factory(spawn.into()), future),
        None => otherwise(spawn, future),
    }
}

/// This thread's active loop, also while it closes. `None` also while the thread ends.
#[inline]
pub fn current() -> Option<Rc<Core>> {
    let open = LOOPS.try_with(Table::active).ok().flatten();
    open.or_else(|| ASIDE.try_with(Table::active).ok().flatten())
}
